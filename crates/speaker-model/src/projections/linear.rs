//! A linear layer.

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::{LinearMap, Projection, ProjectionConfig};
use crate::ModelError;
use crate::choices::check_size;
use crate::choices::{Example, PartConfig};
use crate::layers::{Activation, Dense, Initialiser, Pass, VARIANCE_EPSILON, standardised};

/// A linear layer on the pooled states (L4 of the paper, which found both alike). A recording's embedding is the layer's
/// output for the mean over its segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearConfig {
    /// Width of the layer.
    pub width: usize,
    /// Whether every dimension of the pooled states is brought to mean 0 and deviation 1 over the batch first. For
    /// embeddings mean and deviation of training recordings take their place, and become part of the layer.
    #[serde(default)]
    pub standardise: bool,
}

impl PartConfig for LinearConfig {
    type Part = Linear;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.projection.width", self.width)
    }

    fn output_width(&self, _: usize) -> usize {
        self.width
    }

    fn build(&self, input: usize, initialiser: &mut Initialiser<'_>) -> Result<Linear, ModelError> {
        let name = initialiser.next_dense();
        let sizes = [input, self.width];
        Ok(Linear {
            dense: Dense::new(&name, sizes, Activation::Linear, initialiser)?,
            standardise: self.standardise,
        })
    }
}

impl Example for LinearConfig {
    fn example() -> Self {
        Self {
            width: 4,
            standardise: true,
        }
    }
}

/// A linear layer, maybe behind a standardisation.
#[derive(Module, Debug)]
pub(crate) struct Linear {
    dense: Dense,
    #[module(skip)]
    standardise: bool,
}

impl Projection for Linear {
    fn forward(&self, pooled: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let pooled = match self.standardise {
            true => standardised(pooled),
            false => pooled,
        };
        pass.within("dense", |pass| self.dense.forward(pooled, pass))
    }

    fn write(&self, builder: &mut Builder, pooled: Handle) -> Result<Handle, ModelError> {
        if self.standardise {
            let part = "projection, which takes statistics over a batch,";
            return Err(ModelError::NotWritten { part });
        }
        self.dense.write(builder, &pooled)
    }

    fn linear_map(&self) -> Option<LinearMap> {
        let (weight, bias) = self.dense.values();
        (!self.standardise).then(|| LinearMap::new(weight, bias))
    }

    fn needs_statistics(&self) -> bool {
        self.standardise
    }

    fn fix_statistics(&mut self, mean: &[f64], variance: &[f64]) -> Option<ProjectionConfig> {
        if !self.standardise {
            return None;
        }
        let (mut weight, mut bias) = self.dense.values();
        let width = bias.len();
        let rows = weight.chunks_exact_mut(width.max(1));
        for (row, (mean, variance)) in rows.zip(mean.iter().zip(variance)) {
            let scale = 1.0 / (variance + VARIANCE_EPSILON).sqrt();
            for (value, bias) in row.iter_mut().zip(&mut bias) {
                *value = (f64::from(*value) * scale) as f32;
                *bias -= (f64::from(*value) * mean) as f32;
            }
        }
        self.dense = self.dense.clone().with_values(weight, bias);
        self.standardise = false;
        Some(ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }))
    }
}
