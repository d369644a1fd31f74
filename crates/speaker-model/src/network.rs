//! The siamese network: one encoder and one head that every segment passes through.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};

use crate::ModelError;
use crate::config::ModelConfig;
use crate::dropout::DropoutStream;
use crate::encoder::Encoder;
use crate::head::Head;
use crate::seen::{See, Seen};
use crate::weights::{self, Precision};

/// Encoder and head. Both inputs of a siamese pair go through the same weights, so that a batch of
/// segments and the pairs among them is all that the loss needs.
#[derive(Module, Debug)]
pub struct SpeakerNetwork {
    /// Features to embedding.
    pub encoder: Encoder,
    /// Embedding to logits.
    pub head: Head,
}

impl SpeakerNetwork {
    /// A network with Keras' initialisation (Glorot, orthogonal recurrent weights, forget bias 1),
    /// a function of `config` and `seed` alone.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a configuration that describes no network.
    pub fn new(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        config.validate()?;
        let network = Self {
            encoder: Encoder::new(config.num_bins, &config.encoder, Some(seed), device),
            head: Head::new(config.pooled_dim(), &config.head, seed, device),
        };
        Ok(network.map(&mut NamedIds::default()))
    }

    /// Features `[frames, batch, bins]` to logits `[batch, num_outputs]`, in training.
    #[must_use]
    pub fn logits(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        dropout: &mut DropoutStream,
    ) -> Tensor<2> {
        self.pass(features, lengths, dropout, None)
    }

    /// [`Self::logits`], which shows every layer's output to `see`, in the order in which they are computed.
    #[must_use]
    pub fn logits_seen(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        dropout: &mut DropoutStream,
        see: &mut dyn FnMut(Seen<'_>),
    ) -> Tensor<2> {
        self.pass(features, lengths, dropout, Some(see))
    }

    fn pass(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        dropout: &mut DropoutStream,
        mut see: Option<See<'_>>,
    ) -> Tensor<2> {
        let encoder = &self.encoder;
        let in_encoder = see.as_mut().map(|see| &mut **see as See<'_>);
        let embeddings = encoder.pass(features, lengths, Some(&mut *dropout), in_encoder);
        self.head.pass(embeddings, Some(dropout), see)
    }

    /// Writes every parameter, as training needs them, to a safetensors file.
    ///
    /// # Errors
    /// [`ModelError::Io`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        weights::write(path, &weights::tensors_of(self), Precision::F32)
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
    path: Vec<String>,
}

impl ModuleMapper for NamedIds {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let hash = blake3::hash(self.path.join(".").as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_bytes()[..8]);
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(u64::from_le_bytes(id)), value, mapper)
    }
}
