//! The siamese network: one encoder that every segment passes through, and the loss behind it.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};

use crate::ModelError;
use crate::bundle::weights::{self, WeightType};
use crate::encoder::{Encoder, EncoderConfig};
use crate::layers::{Initialiser, Pass};
use crate::losses::{AnyLoss, Loss, LossChoice, LossInput};
use crate::module_path::ModulePath;

/// Encoder and loss: everything that is trained. Both inputs of a siamese pair go through the same weights, so that a batch
/// of segments and the pairs among them is all that the loss needs.
#[derive(Module, Debug)]
pub struct SpeakerNetwork<L: Module = AnyLoss> {
    encoder: Encoder,
    loss: L,
}

impl<L: Loss> SpeakerNetwork<L> {
    /// A network for feature frames of `num_bins` bins and a training of `num_speakers` speakers, perhaps with a teacher whose
    /// embeddings have `teacher_dim` dimensions, with Keras' initialisation (Glorot, orthogonal recurrent weights, forget bias 1), a
    /// function of the configurations and `seed` alone.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a configuration that describes no network.
    pub fn new(
        num_bins: usize,
        num_speakers: usize,
        teacher_dim: Option<usize>,
        encoder: &EncoderConfig,
        loss: &impl LossChoice<Loss = L>,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ModelError> {
        loss.validate()?;
        let mut initialiser = Initialiser::seeded(seed, device);
        let encoder = Encoder::new(num_bins, encoder, &mut initialiser)?;
        let input = LossInput {
            embedding_dim: encoder.embedding_dim(),
            num_speakers,
            teacher_dim,
        };
        let loss = loss.build(input, &mut initialiser)?;
        Ok(Self { encoder, loss }.map(&mut NamedIds::default()))
    }

    /// Features to embeddings.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Embeddings to the loss.
    #[must_use]
    pub fn loss(&self) -> &L {
        &self.loss
    }

    /// The same network with what `change` makes of its encoder.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn try_map_encoder<E>(
        self,
        change: impl FnOnce(Encoder) -> Result<Encoder, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            encoder: change(self.encoder)?,
            loss: self.loss,
        })
    }

    /// The same network, with the centres of its loss, where it has some, at the speakers' `means`
    /// `[num_speakers][embedding_dim]`.
    #[must_use]
    pub fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
        Self {
            loss: self.loss.with_centres_at(means),
            ..self
        }
    }

    /// The encoder alone.
    #[must_use]
    pub fn into_encoder(self) -> Encoder {
        self.encoder
    }

    /// Features `[frames, batch, bins]` to what the loss compares, `[batch, outputs]`.
    ///
    /// `lengths` are the items' valid frames where they differ.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for features or lengths that do not fit.
    pub fn outputs(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let embeddings = pass.within("encoder", |pass| {
            self.encoder.forward(features, lengths, pass)
        })?;
        pass.within("loss", |pass| self.loss.outputs(embeddings, pass))
    }

    /// Writes every parameter, as training needs them, to a safetensors file.
    ///
    /// # Errors
    /// [`ModelError::Io`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        weights::write(path, &weights::tensors_of(self), WeightType::F32)
    }

    /// This network with the parameters that [`Self::save`] wrote.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Bundle`] for a file of another configuration.
    pub fn load(self, path: &Path) -> Result<Self, ModelError> {
        weights::with_tensors(self, &mut weights::read(path)?, path)
    }
}

/// Gives every parameter an id that follows from its name, so that an optimiser's state saved by one
/// process belongs to the parameters of another.
#[derive(Default)]
struct NamedIds {
    path: ModulePath,
}

impl ModuleMapper for NamedIds {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let hash = blake3::hash(self.path.name().as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_bytes()[..8]);
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(u64::from_le_bytes(id)), value, mapper)
    }
}
