//! Forward state after the last frame, beside the backward state after the first where there is one (the paper's).

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::{Pooling, PreparedPooling};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::layers::{Initialiser, Pass, Sequence, WrittenSequence};
use crate::trunks::{States, Trunk};

/// Forward state after the last frame, beside the backward state after the first where there is one (the paper's). It has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastStateConfig {}

impl PartConfig for LastStateConfig {
    type Part = LastState;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn output_width(&self, input: usize) -> usize {
        input
    }

    fn build(&self, _: usize, _: &mut Initialiser<'_>) -> Result<LastState, ModelError> {
        Ok(LastState {})
    }
}

impl Example for LastStateConfig {
    fn example() -> Self {
        Self {}
    }
}

/// Forward state after the last frame, beside the backward state after the first where there is one (the paper's).
#[derive(Module, Debug)]
pub(crate) struct LastState {}

impl Pooling for LastState {
    fn pooled(&self, states: Sequence, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(states.last_frames())
    }

    /// Asks the trunk, which knows where its last states stand and what it need not compute for them.
    fn drawn(
        &self,
        trunk: &impl Trunk,
        sequence: Sequence,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        pass.within("trunk", |pass| trunk.last_state(sequence, pass))
    }

    fn write(&self, builder: &mut Builder, states: &WrittenSequence) -> Result<Handle, ModelError> {
        Ok(states.last_frame(builder))
    }

    fn write_drawn(
        &self,
        trunk: &impl Trunk,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<Handle, ModelError> {
        trunk.write_last(builder, sequence)
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        Ok(Some(Box::new(PreparedLastState)))
    }
}

struct PreparedLastState;

impl PreparedPooling for PreparedLastState {
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError> {
        let states = states.into_frames()?;
        Ok(states.view().row(states.rows() - 1).to_vec())
    }
}
