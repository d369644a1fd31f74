//! LSTM layers from weights in the order of the crate `fused-lstm`, which is Keras' and PyTorch's.

use super::builder::{Attribute, Builder, Handle};
use crate::OnnxError;

/// Weights of one direction. The columns are four blocks of `hidden`: input, forget, candidate, output gate.
#[derive(Clone, Copy, Debug)]
pub struct LstmWeights<'a> {
    /// `[input, 4 * hidden]`, row-major.
    pub input: &'a [f32],
    /// `[hidden, 4 * hidden]`, row-major.
    pub recurrent: &'a [f32],
    /// `[4 * hidden]`; PyTorch's two biases, added.
    pub bias: &'a [f32],
}

/// What a layer gives.
#[derive(Clone, Debug)]
pub struct LstmStates {
    /// The states at every frame, `[items, frames, directions * hidden]`.
    pub sequence: Handle,
    /// Each direction's state after the last frame that it read, `[items, directions * hidden]`.
    pub last: Handle,
}

/// ONNX's blocks are input, output, forget, candidate: which of ours each is.
const GATES: [usize; 4] = [0, 3, 1, 2];

impl Builder {
    /// A layer over `x [items, frames, input]`, forward with one direction's weights, of both directions with two.
    ///
    /// # Errors
    /// Where the weights are not of these sizes, or not of one or two directions.
    pub fn lstm(
        &mut self,
        x: &Handle,
        input: usize,
        hidden: usize,
        directions: &[LstmWeights<'_>],
    ) -> Result<LstmStates, OnnxError> {
        if !matches!(directions.len(), 1 | 2) {
            return Err(OnnxError::Weights {
                what: "lstm directions",
                found: directions.len(),
                expected: 2,
            });
        }
        let (mut w, mut r, mut b) = (Vec::new(), Vec::new(), Vec::new());
        for weights in directions {
            gates(&mut w, "lstm.input", weights.input, input, hidden)?;
            gates(&mut r, "lstm.recurrent", weights.recurrent, hidden, hidden)?;
            gates(&mut b, "lstm.bias", weights.bias, 1, hidden)?;
            // The bias of the recurrent part.
            b.resize(b.len() + 4 * hidden, 0.0);
        }
        let count = directions.len();
        let w = self.weights("lstm.W", &[count, 4 * hidden, input], &w)?;
        let r = self.weights("lstm.R", &[count, 4 * hidden, hidden], &r)?;
        let b = self.weights("lstm.B", &[count, 8 * hidden], &b)?;
        let by_frame = self.transpose(x, &[1, 0, 2]);
        let direction = if count == 1 {
            "forward"
        } else {
            "bidirectional"
        };
        let attributes = [
            ("hidden_size", Attribute::Int(hidden as i64)),
            ("direction", Attribute::Text(direction)),
        ];
        let outputs = self.node_with("LSTM", &[&by_frame, &w, &r, &b], &attributes, 2);
        // `[frames, directions, items, hidden]` and `[directions, items, hidden]`.
        let width = (count * hidden) as i64;
        let sequence = self.transpose(&outputs[0], &[2, 0, 1, 3]);
        let last = self.transpose(&outputs[1], &[1, 0, 2]);
        Ok(LstmStates {
            sequence: self.reshape(&sequence, &[0, 0, width]),
            last: self.reshape(&last, &[0, width]),
        })
    }
}

/// Appends `[rows, 4 * hidden]` of our gates as `[4 * hidden, rows]` of ONNX's.
fn gates(
    to: &mut Vec<f32>,
    what: &'static str,
    weights: &[f32],
    rows: usize,
    hidden: usize,
) -> Result<(), OnnxError> {
    let columns = 4 * hidden;
    if weights.len() != rows * columns {
        return Err(OnnxError::Weights {
            what,
            found: weights.len(),
            expected: rows * columns,
        });
    }
    for gate in GATES {
        for unit in 0..hidden {
            to.extend((0..rows).map(|row| weights[row * columns + gate * hidden + unit]));
        }
    }
    Ok(())
}
