//! Features to embedding: input treatment, trunk, pooling, projection.

mod config;
mod input;
mod prepared;
mod thinned;

use std::collections::BTreeMap;

use audio_features::Features;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use onnx_graph::write::{Builder, Handle};

pub use config::EncoderConfig;
pub use input::InputConfig;
pub(crate) use prepared::PreparedEncoder;
pub use thinned::ThinnedWeights;

use crate::ModelError;
use crate::bundle::weights::{NamedTensor, TakenWeights, taking, tensors_of};
use crate::choices::PartConfig;
use crate::device;
use crate::layers::{ComputeType, Initialiser, Pass, Sequence};
use crate::poolings::{AnyPooling, Pooling};
use crate::projections::{AnyProjection, LinearMap, Projection};
use crate::trunks::{AnyTrunk, Trunk};
use input::Input;

/// Features to embeddings. The order of its fields is the order in which its parameters are visited.
#[derive(Module, Debug)]
pub struct Encoder {
    trunk: AnyTrunk,
    input: Input,
    pooling: AnyPooling,
    projection: AnyProjection,
    #[module(skip)]
    config: EncoderConfig,
    #[module(skip)]
    num_bins: usize,
}

impl Encoder {
    /// The encoder that `config` describes, for feature frames of `num_bins` bins.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a configuration that describes no encoder; as [`Initialiser::kernel`].
    pub fn new(
        num_bins: usize,
        config: &EncoderConfig,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        config.validate(num_bins)?;
        let states = config.trunk.output_width(num_bins);
        let pooled = config.pooled_dim(num_bins);
        Ok(Self {
            trunk: config.trunk.build(num_bins, initialiser)?,
            input: Input::new(&config.input, initialiser)?,
            pooling: config.pooling.build(states, initialiser)?,
            projection: config.projection.build(pooled, initialiser)?,
            config: config.clone(),
            num_bins,
        })
    }

    /// What it was made from.
    #[must_use]
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Bins of a feature frame.
    #[must_use]
    pub fn num_bins(&self) -> usize {
        self.num_bins
    }

    /// Dimensions of the embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        self.config.embedding_dim(self.num_bins)
    }

    /// The same encoder with another number format of products, where its trunk has a choice.
    #[must_use]
    pub fn with_compute_type(mut self, compute_type: ComputeType) -> Self {
        self.trunk.set_compute_type(compute_type);
        self
    }

    /// Its weights by their names, as a bundle has them.
    #[must_use]
    pub fn tensors(&self) -> BTreeMap<String, NamedTensor> {
        tensors_of(self)
    }

    /// The same encoder with those of `tensors` that have the name and the sizes of one of its parameters, and what became of
    /// each.
    #[must_use]
    pub fn taking(self, tensors: BTreeMap<String, NamedTensor>) -> (Self, TakenWeights) {
        taking(self, tensors)
    }

    /// Features `[frames, batch, bins]` to embeddings `[batch, embedding_dim]`.
    ///
    /// `lengths` are the items' valid frames where they differ.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for features or lengths that do not fit.
    pub fn forward(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let pooled = self.pooled(features, lengths, pass)?;
        self.projected(pooled, pass)
    }

    /// What its projection makes of [`Self::pooled`] states.
    pub(crate) fn projected(
        &self,
        pooled: Tensor<2>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        pass.within("projection", |pass| self.projection.forward(pooled, pass))
    }

    /// Its form for inference on our own kernels, with the weights that it has now: where it is on their device and trunk
    /// and pooling have one.
    pub(crate) fn prepared(&self, device: &Device) -> Result<Option<PreparedEncoder>, ModelError> {
        if device.is_autodiff() || !device::has_kernels(device) {
            return Ok(None);
        }
        let (Some(trunk), Some(pooling)) = (self.trunk.prepared()?, self.pooling.prepared()?)
        else {
            return Ok(None);
        };
        Ok(Some(PreparedEncoder {
            input: self.input.clone(),
            trunk,
            pooling,
            num_bins: self.num_bins,
            device: device.clone(),
        }))
    }

    /// Features `[frames, batch, bins]` to pooled states, and what stands beside them, before the projection.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn pooled(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let features = Sequence::new(features, lengths.map(<[usize]>::to_vec))?;
        features.expect_width(self.num_bins)?;
        let (sequence, beside) = self.input.treat(features)?;
        let pooled = self.pooling.drawn(&self.trunk, sequence, pass)?;
        Ok(match beside {
            None => pooled,
            Some(beside) => Tensor::cat(vec![pooled, beside], 1),
        })
    }

    /// [`Self::forward`] as nodes of an ONNX graph, of `features` `[items, frames, bins]`.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] where one of its parts has no such form.
    pub(crate) fn write(
        &self,
        builder: &mut Builder,
        features: Handle,
    ) -> Result<Handle, ModelError> {
        let (sequence, beside) = self.input.write(builder, features, self.num_bins)?;
        let mut pooled = self.pooling.write_drawn(&self.trunk, builder, sequence)?;
        if let Some(beside) = beside {
            pooled = builder.concat(&[&pooled, &beside], 1);
        }
        self.projection.write(builder, pooled)
    }

    /// Whether part of its input treatment is fitted to training recordings before the first step.
    #[must_use]
    pub fn needs_fitting(&self) -> bool {
        self.input.whitens()
    }

    /// The same encoder with what [`Self::needs_fitting`] speaks of fitted to `recordings`' finished features.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a recording without a frame.
    pub fn fitted(mut self, recordings: &[Features], device: &Device) -> Result<Self, ModelError> {
        self.input.fit(recordings, device)?;
        Ok(self)
    }

    /// Whether its projection takes statistics over the batch, which a recording alone does not have.
    #[must_use]
    pub fn needs_statistics(&self) -> bool {
        self.projection.needs_statistics()
    }

    /// Puts `mean` and `variance` of training recordings' pooled states in the place of statistics over the batch.
    pub(crate) fn fix_statistics(&mut self, mean: &[f64], variance: &[f64]) {
        if let Some(config) = self.projection.fix_statistics(mean, variance) {
            self.config.projection = config;
        }
    }

    /// The projection as a linear map, where it is one.
    pub(crate) fn linear_map(&self) -> Option<LinearMap> {
        self.projection.linear_map()
    }
}
