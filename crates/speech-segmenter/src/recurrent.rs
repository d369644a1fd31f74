//! Four LSTM layers of both directions, over all windows of a batch at once.

use fused_lstm::{Direction, LstmError, Options, Output, Precision, Shape, Weights, forward_with};

use crate::SegmentError;
use crate::sincnet::CHANNELS;
use crate::tensors::{Tensor, Tensors, transposed};

/// Units of a direction.
const UNITS: usize = 128;
/// Features of a frame behind a layer.
pub(crate) const WIDTH: usize = 2 * UNITS;
const LAYERS: usize = 4;

/// One direction of a layer; see [`Weights`].
#[derive(Debug)]
struct OneWay {
    input: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
}

/// All layers.
#[derive(Debug)]
pub(crate) struct Recurrent(Vec<[OneWay; 2]>);

impl Recurrent {
    pub(crate) fn load<'a>(
        tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
    ) -> Result<Self, SegmentError> {
        let one_way = |layer: usize, direction: &str| -> Result<OneWay, SegmentError> {
            let inputs = if layer == 0 { CHANNELS } else { WIDTH };
            let get = |part: &str, shape: &[usize]| {
                tensors.get(&format!("lstm.{part}_l{layer}{direction}"), shape)
            };
            let input = get("weight_ih", &[4 * UNITS, inputs])?;
            let recurrent = get("weight_hh", &[4 * UNITS, UNITS])?;
            let biases = get("bias_ih", &[4 * UNITS])?
                .iter()
                .zip(get("bias_hh", &[4 * UNITS])?);
            Ok(OneWay {
                input: transposed(input, inputs),
                recurrent: transposed(recurrent, UNITS),
                bias: biases.map(|(input, recurrent)| input + recurrent).collect(),
            })
        };
        let layers =
            (0..LAYERS).map(|layer| Ok([one_way(layer, "")?, one_way(layer, "_reverse")?]));
        Ok(Self(layers.collect::<Result<_, SegmentError>>()?))
    }

    /// `[frames, windows, 256]` of `x` `[frames, windows, 60]`; to be given back by [`fused_lstm::recycle`].
    pub(crate) fn forward(
        &self,
        mut x: Vec<f32>,
        [frames, windows]: [usize; 2],
        precision: Precision,
    ) -> Result<Vec<f32>, LstmError> {
        for (layer, directions) in self.0.iter().enumerate() {
            let shape = Shape {
                frames,
                batch: windows,
                input: if layer == 0 { CHANNELS } else { WIDTH },
                hidden: UNITS,
                direction: Direction::Bidirectional,
            };
            let weights = directions.each_ref().map(|one_way| Weights {
                input: &one_way.input,
                recurrent: &one_way.recurrent,
                bias: &one_way.bias,
            });
            let options = Options {
                output: Output::Sequence,
                precision,
                simd: None,
            };
            let (y, _) = forward_with(shape, &x, None, &weights, false, options)?;
            let before = std::mem::replace(&mut x, y);
            // What the layers made came from their pool; the first input did not.
            if layer > 0 {
                fused_lstm::recycle(before);
            }
        }
        Ok(x)
    }
}
