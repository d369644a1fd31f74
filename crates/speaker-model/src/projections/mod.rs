//! Projections: pooled states to the embedding. One file each, and one line below.

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};

use crate::ModelError;
use crate::choices::parts;
use crate::layers::Pass;

/// What ends an encoder.
pub(crate) trait Projection: Module {
    /// Pooled states `[batch, input]` to embeddings `[batch, width]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another number of features than the projection was built for.
    fn forward(&self, pooled: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError>;

    /// [`Self::forward`] as nodes of an ONNX graph.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] for a projection that has no such form.
    fn write(&self, _: &mut Builder, _: Handle) -> Result<Handle, ModelError> {
        Err(ModelError::NotWritten { part: "projection" })
    }

    /// The projection as a linear map, where it is one: then the mean over a recording's segments may come first.
    fn linear_map(&self) -> Option<LinearMap> {
        None
    }

    /// Whether it takes statistics over the batch, which a recording alone does not have.
    fn needs_statistics(&self) -> bool {
        false
    }

    /// Puts `mean` and `variance` `[input]` of the pooled states of training recordings in the place of statistics over the
    /// batch. Gives the configuration of what it has become, where that is another.
    fn fix_statistics(&mut self, _mean: &[f64], _variance: &[f64]) -> Option<ProjectionConfig> {
        None
    }
}

/// A linear map from pooled states to embeddings, in 64 bits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinearMap {
    /// `[input, output]`, row-major
    weight: Vec<f32>,
    /// `[output]`
    bias: Vec<f32>,
}

impl LinearMap {
    /// `weight` `[input, output]`, row-major, and `bias` `[output]`.
    pub(super) fn new(weight: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { weight, bias }
    }

    /// `[input]` to `[output]`
    pub(crate) fn apply(&self, pooled: &[f64]) -> Vec<f64> {
        let mut sum: Vec<f64> = self.bias.iter().map(|&b| f64::from(b)).collect();
        for (row, &value) in self.weight.chunks_exact(self.bias.len().max(1)).zip(pooled) {
            sum.iter_mut()
                .zip(row)
                .for_each(|(s, &w)| *s += value * f64::from(w));
        }
        sum
    }
}

/// Declares the projections; a line is `file::Module(Configuration)`.
macro_rules! projections {
    ($($file:ident::$Part:ident($Config:ident)),+ $(,)?) => {
        parts! {
            /// Which projection, and its settings.
            ProjectionConfig,
            /// Any projection.
            AnyProjection;
            $($file::$Part($Config)),+
        }

        impl Projection for AnyProjection {
            fn forward(
                &self,
                pooled: Tensor<2>,
                pass: &mut Pass<'_>,
            ) -> Result<Tensor<2>, ModelError> {
                match self {
                    $(Self::$Part(projection) => projection.forward(pooled, pass),)+
                }
            }

            fn write(&self, builder: &mut Builder, pooled: Handle) -> Result<Handle, ModelError> {
                match self {
                    $(Self::$Part(projection) => projection.write(builder, pooled),)+
                }
            }

            fn linear_map(&self) -> Option<LinearMap> {
                match self {
                    $(Self::$Part(projection) => projection.linear_map(),)+
                }
            }

            fn needs_statistics(&self) -> bool {
                match self {
                    $(Self::$Part(projection) => projection.needs_statistics(),)+
                }
            }

            fn fix_statistics(&mut self, mean: &[f64], variance: &[f64]) -> Option<ProjectionConfig> {
                match self {
                    $(Self::$Part(projection) => projection.fix_statistics(mean, variance),)+
                }
            }
        }
    };
}

projections! {
    identity::Identity(IdentityConfig),
    linear::Linear(LinearConfig),
    unit_length::UnitLength(UnitLengthConfig),
}

impl Default for ProjectionConfig {
    fn default() -> Self {
        Self::Identity(IdentityConfig {})
    }
}
