//! Mean over the valid frames.

use burn::module::Module;
use burn::tensor::Tensor;
use fused_conv::ViewMut;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::{Pooling, PreparedPooling};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::layers::{Initialiser, Pass, Sequence, WrittenSequence, frame_weights};
use crate::trunks::States;

/// Mean over the valid frames. It has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanConfig {}

impl PartConfig for MeanConfig {
    type Part = Mean;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn output_width(&self, input: usize) -> usize {
        input
    }

    fn build(&self, _: usize, _: &mut Initialiser<'_>) -> Result<Mean, ModelError> {
        Ok(Mean {})
    }
}

impl Example for MeanConfig {
    fn example() -> Self {
        Self {}
    }
}

/// Mean over the valid frames.
#[derive(Module, Debug)]
pub(crate) struct Mean {}

impl Pooling for Mean {
    fn pooled(&self, states: Sequence, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(mean(&states))
    }

    fn write(&self, builder: &mut Builder, states: &WrittenSequence) -> Result<Handle, ModelError> {
        Ok(states.mean(builder))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        Ok(Some(Box::new(PreparedMean)))
    }
}

struct PreparedMean;

impl PreparedPooling for PreparedMean {
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError> {
        let states = states.into_frames()?;
        let mut mean = vec![0.0; states.channels()];
        let width = mean.len();
        fused_conv::mean(states.view(), ViewMut::new(&mut mean, width)?)?;
        Ok(mean)
    }
}

/// `[frames, batch, features]` to `[batch, features]`.
pub(crate) fn mean(sequence: &Sequence) -> Tensor<2> {
    let weights = frame_weights(sequence);
    let sum = (sequence.values().clone() * weights).sum_dim(0);
    sum.squeeze_dim(0)
}
