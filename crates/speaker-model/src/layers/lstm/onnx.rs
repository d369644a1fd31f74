//! The layer as nodes of an ONNX graph.

use onnx_graph::write::{self, Builder, LstmStates};

use super::{LstmLayer, LstmWeights};
use crate::ModelError;
use crate::layers::WrittenSequence;
use crate::layers::written::numbers;

impl LstmLayer {
    /// The states at every frame, and those after the last frame that each direction read.
    pub(crate) fn write(
        &self,
        builder: &mut Builder,
        sequence: &WrittenSequence,
    ) -> Result<(WrittenSequence, LstmStates), ModelError> {
        let frames = sequence.frames(builder);
        let [input, columns] = self.forward.input.dims();
        let hidden = columns / 4;
        let directions: Vec<[Vec<f32>; 3]> = std::iter::once(&self.forward)
            .chain(&self.backward)
            .map(numbers_of)
            .collect();
        let weights: Vec<write::LstmWeights<'_>> = directions
            .iter()
            .map(|[input, recurrent, bias]| write::LstmWeights {
                input,
                recurrent,
                bias,
            })
            .collect();
        let states = builder.lstm(&frames, input, hidden, &weights)?;
        let width = weights.len() * hidden;
        let sequence = WrittenSequence::of_frames(states.sequence.clone(), width);
        Ok((sequence, states))
    }
}

fn numbers_of(weights: &LstmWeights) -> [Vec<f32>; 3] {
    [
        numbers(&weights.input),
        numbers(&weights.recurrent),
        numbers(&weights.bias),
    ]
}
