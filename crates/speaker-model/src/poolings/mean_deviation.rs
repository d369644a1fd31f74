//! Mean and standard deviation over the valid frames, concatenated.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Pooling, mean};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::layers::{Initialiser, Pass, Sequence, frame_weights};

/// Mean and standard deviation over the valid frames, concatenated. It has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanDeviationConfig {}

impl PartConfig for MeanDeviationConfig {
    type Part = MeanDeviation;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn output_width(&self, input: usize) -> usize {
        2 * input
    }

    fn build(&self, _: usize, _: &mut Initialiser<'_>) -> Result<MeanDeviation, ModelError> {
        Ok(MeanDeviation {})
    }
}

impl Example for MeanDeviationConfig {
    fn example() -> Self {
        Self {}
    }
}

/// Mean and standard deviation over the valid frames, concatenated.
#[derive(Module, Debug)]
pub(crate) struct MeanDeviation {}

impl Pooling for MeanDeviation {
    fn pooled(&self, states: Sequence, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(mean_and_deviation(&states))
    }
}

/// Below this a variance over time counts as that, so that the gradient of its root stays finite.
pub(crate) const VARIANCE_FLOOR: f64 = 1e-6;

/// `[frames, batch, features]` to `[batch, 2 * features]`.
pub(crate) fn mean_and_deviation(sequence: &Sequence) -> Tensor<2> {
    let weights = frame_weights(sequence);
    let mean = mean(sequence);
    let offset = sequence.values().clone() - mean.clone().unsqueeze_dim(0);
    let variance = (offset.clone() * offset * weights).sum_dim(0);
    let deviation = variance.clamp_min(VARIANCE_FLOOR).sqrt().squeeze_dim(0);
    Tensor::cat(vec![mean, deviation], 1)
}
