//! One LSTM layer of one or both directions (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005).

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::layers::{Initialiser, Sequence, fused_op};
use crate::{ModelError, device};

/// Number format of the operands of the recurrent layers' matrix products on the fused CPU path. Sums, gates, states and
/// weights are 32 bits wide in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputeType {
    /// 32-bit floats.
    #[default]
    F32,
    /// bfloat16: faster where the processor has instructions for it.
    Bf16,
}

/// Which ways a recurrent layer reads its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the first frame on and from the last frame back, each with weights of its own.
    #[default]
    Bidirectional,
    /// From the first frame on.
    Forward,
}

impl Direction {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Bidirectional => 2,
            Self::Forward => 1,
        }
    }
}

/// The weights of one direction; gate order i, f, g (candidate), o as in Keras and PyTorch.
#[derive(Module, Debug)]
pub(crate) struct LstmWeights {
    /// `[input, 4 * hidden]`
    input: Param<Tensor<2>>,
    /// `[hidden, 4 * hidden]`
    recurrent: Param<Tensor<2>>,
    /// `[4 * hidden]`
    bias: Param<Tensor<1>>,
}

impl LstmWeights {
    fn new(
        name: &str,
        [input, hidden]: [usize; 2],
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let columns = 4 * hidden;
        Ok(Self {
            input: initialiser.kernel(&format!("{name}.input"), [input, columns])?,
            recurrent: initialiser.orthogonal(&format!("{name}.recurrent"), [hidden, columns])?,
            bias: initialiser.lstm_bias(hidden)?,
        })
    }

    fn values(&self) -> DirectionTensors {
        (self.input.val(), self.recurrent.val(), self.bias.val())
    }
}

/// Input weights, recurrent weights and bias of one direction.
pub(crate) type DirectionTensors = (Tensor<2>, Tensor<2>, Tensor<1>);

/// A layer that reads its input in one or both directions.
#[derive(Module, Debug)]
pub(crate) struct LstmLayer {
    /// First frame to last.
    forward: LstmWeights,
    /// Last frame to first, if it reads that way too.
    backward: Option<LstmWeights>,
    /// How the fused operation multiplies.
    #[module(skip)]
    compute_type: ComputeType,
}

impl LstmLayer {
    /// A layer of `[input, hidden]` features, whose weights are drawn by its `name`.
    pub(crate) fn new(
        name: &str,
        sizes: [usize; 2],
        direction: Direction,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let mut weights =
            |way| LstmWeights::new(&format!("{name}.{way}"), sizes, &mut *initialiser);
        Ok(Self {
            forward: weights("forward")?,
            backward: match direction {
                Direction::Bidirectional => Some(weights("backward")?),
                Direction::Forward => None,
            },
            compute_type: ComputeType::F32,
        })
    }

    pub(crate) fn set_compute_type(&mut self, compute_type: ComputeType) {
        self.compute_type = compute_type;
    }

    /// `[frames, batch, input]` to `[frames, batch, directions * hidden]`, the forward direction first.
    ///
    /// Beyond an item's length its state is carried unchanged, so that the forward state of the last frame and the backward
    /// state of the first are an item's last states whatever its length.
    pub(crate) fn forward(&self, sequence: &Sequence) -> Result<Tensor<3>, ModelError> {
        let (x, lengths) = self.checked(sequence)?;
        Ok(if device::has_kernels(&x.device()) {
            fused_op::fused_sequence(x, self.values(), lengths, self.compute_type)
        } else {
            self.forward_composed(x, lengths)
        })
    }

    /// The state after the last frame that each direction read: `[frames, batch, input]` to
    /// `[batch, directions * hidden]`. Of [`Self::forward`] that is the forward direction's part of the last frame and the
    /// backward direction's of the first.
    pub(crate) fn forward_last(&self, sequence: &Sequence) -> Result<Tensor<2>, ModelError> {
        let (x, lengths) = self.checked(sequence)?;
        Ok(if device::has_kernels(&x.device()) {
            fused_op::fused_last_state(x, self.values(), lengths, self.compute_type)
        } else {
            last_state(self.forward_composed(x, lengths), self.direction())
        })
    }

    /// The sequence as the operations take it, of the width that the weights have: they panic at any other.
    fn checked<'a>(
        &self,
        sequence: &'a Sequence,
    ) -> Result<(Tensor<3>, Option<&'a [usize]>), ModelError> {
        let [input, _] = self.forward.input.dims();
        sequence.expect_width(input)?;
        Ok((sequence.values().clone(), sequence.lengths()))
    }

    fn values(&self) -> (DirectionTensors, Option<DirectionTensors>) {
        (
            self.forward.values(),
            self.backward.as_ref().map(LstmWeights::values),
        )
    }

    /// The same of what [`Self::forward`] gave, `[frames, batch, width]` to `[batch, width]`.
    pub(crate) fn last_state(&self, states: Tensor<3>) -> Tensor<2> {
        last_state(states, self.direction())
    }

    fn direction(&self) -> Direction {
        match self.backward {
            None => Direction::Forward,
            Some(_) => Direction::Bidirectional,
        }
    }

    /// [`Self::forward`] from Burn's own operations: for other backends, and the fused one's oracle.
    fn forward_composed(&self, x: Tensor<3>, lengths: Option<&[usize]>) -> Tensor<3> {
        let [frames, batch, _] = x.dims();
        let mask = lengths.map(|lengths| crate::layers::frame_mask(lengths, frames, &x.device()));
        let direction = |weights: &LstmWeights, order: &mut dyn Iterator<Item = usize>| {
            let (input, recurrent, bias) = weights.values();
            let [hidden, columns] = recurrent.dims();
            let projected = x.clone().matmul(input.unsqueeze()) + bias.unsqueeze();
            let mut h = Tensor::<2>::zeros([batch, hidden], &x.device());
            let mut c = h.clone();
            let mut states = vec![None; frames];
            for t in order {
                let gates = projected
                    .clone()
                    .slice([t..t + 1, 0..batch, 0..columns])
                    .reshape([batch, columns])
                    + h.clone().matmul(recurrent.clone());
                let gate = |k: usize| {
                    gates
                        .clone()
                        .slice([0..batch, k * hidden..(k + 1) * hidden])
                };
                let next_c = activation::sigmoid(gate(1)) * c.clone()
                    + activation::sigmoid(gate(0)) * activation::tanh(gate(2));
                let next_h = activation::sigmoid(gate(3)) * activation::tanh(next_c.clone());
                if let Some(mask) = &mask {
                    let valid: Tensor<2> =
                        mask.clone().slice([t..t + 1, 0..batch]).reshape([batch, 1]);
                    c = c.clone() + valid.clone() * (next_c - c);
                    h = h.clone() + valid * (next_h - h);
                } else {
                    (c, h) = (next_c, next_h);
                }
                states[t] = Some(h.clone());
            }
            Tensor::stack::<3>(states.into_iter().flatten().collect(), 0)
        };
        let forward = direction(&self.forward, &mut (0..frames));
        match &self.backward {
            None => forward,
            Some(weights) => {
                Tensor::cat(vec![forward, direction(weights, &mut (0..frames).rev())], 2)
            }
        }
    }
}

/// The state after the last frame that each direction read, `[frames, batch, width]` to `[batch, width]`.
fn last_state(sequence: Tensor<3>, direction: Direction) -> Tensor<2> {
    let [frames, batch, width] = sequence.dims();
    let hidden = width / direction.count();
    let of_frame = |frame: usize, units: std::ops::Range<usize>| {
        let state = sequence
            .clone()
            .slice([frame..frame + 1, 0..batch, units.clone()]);
        state.reshape([batch, units.len()])
    };
    let forward = of_frame(frames - 1, 0..hidden);
    match direction {
        Direction::Forward => forward,
        Direction::Bidirectional => Tensor::cat(vec![forward, of_frame(0, hidden..width)], 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::initialiser::{glorot_uniform, stream};
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    /// Values and gradients of a weighted sum of the outputs, by the fused and the composed layer.
    fn outcomes(
        shape: [usize; 4],
        direction: Direction,
        lengths: Option<&[usize]>,
        seed: u64,
    ) -> [Vec<Vec<f32>>; 2] {
        let [frames, batch, input, hidden] = shape;
        let device = Device::flex().autodiff();
        let mut initialiser = Initialiser::seeded(seed, &device);
        let layer = LstmLayer::new("layer", [input, hidden], direction, &mut initialiser).unwrap();
        let random = |name: &str, dims: [usize; 3]| -> Tensor<3> {
            let count = dims.iter().product();
            let values = glorot_uniform(1, count, &mut stream(seed, name));
            let scale = (count as f32).sqrt();
            let values: Vec<f32> = values.into_iter().map(|v| v * scale).collect();
            Tensor::from_data(TensorData::new(values, dims), &device)
        };
        let x = random("x", [frames, batch, input]).require_grad();
        let weights = random("dy", [frames, batch, direction.count() * hidden]);
        [true, false].map(|fused| {
            let (y, last) = if fused {
                let input = Sequence::new(x.clone(), lengths.map(<[usize]>::to_vec)).unwrap();
                (
                    layer.forward(&input).unwrap(),
                    layer.forward_last(&input).unwrap(),
                )
            } else {
                let y = layer.forward_composed(x.clone(), lengths);
                (y.clone(), last_state(y, direction))
            };
            let loss = (y.clone() * weights.clone()).sum()
                + (last.clone() * last_state(weights.clone(), direction)).sum() * 3.0;
            let gradients = loss.backward();
            let directions = [&layer.forward].into_iter().chain(&layer.backward);
            let values = |data: TensorData| data.iter::<f32>().collect::<Vec<_>>();
            let mut outcome = vec![values(y.into_data()), values(last.into_data())];
            outcome.extend(x.grad(&gradients).map(|g| values(g.into_data())));
            for direction in directions {
                let matrices = [&direction.input, &direction.recurrent];
                outcome.extend(
                    matrices
                        .iter()
                        .filter_map(|m| m.val().grad(&gradients))
                        .map(|g| values(g.into_data())),
                );
                outcome.extend(
                    direction
                        .bias
                        .val()
                        .grad(&gradients)
                        .map(|g| values(g.into_data())),
                );
            }
            outcome
        })
    }

    fn assert_equal(shape: [usize; 4], direction: Direction, lengths: Option<&[usize]>, seed: u64) {
        let [fused, composed] = outcomes(shape, direction, lengths, seed);
        assert_eq!(
            fused.len(),
            3 + 3 * direction.count(),
            "output, last states, input's gradient and three weights' gradients a direction"
        );
        for (index, (a, b)) in fused.iter().zip(&composed).enumerate() {
            let scale = b.iter().fold(1.0f32, |m, v| m.max(v.abs()));
            for (a, b) in a.iter().zip(b) {
                // Sums of some hundred 32-bit terms in another order, and gates to 2e-7.
                assert!(
                    (a - b).abs() < 2e-5 * scale,
                    "{shape:?} {lengths:?} [{index}] {a} {b}"
                );
            }
        }
    }

    #[test]
    fn bf16_is_near_f32_and_not_it() {
        let device = Device::flex();
        let mut initialiser = Initialiser::seeded(1, &device);
        let sizes = [20, 24];
        let mut layer =
            LstmLayer::new("layer", sizes, Direction::Bidirectional, &mut initialiser).unwrap();
        let values = glorot_uniform(1, 15 * 20, &mut stream(1, "x"));
        let values: Vec<f32> = values.into_iter().map(|v| 10.0 * v).collect();
        let x = Tensor::<3>::from_data(TensorData::new(values, [5, 3, 20]), &device);
        let x = Sequence::new(x, None).unwrap();
        let mut output = |compute_type| {
            layer.set_compute_type(compute_type);
            let data = layer.forward(&x).unwrap().into_data();
            data.iter::<f32>().collect::<Vec<_>>()
        };
        let (exact, rounded) = (output(ComputeType::F32), output(ComputeType::Bf16));
        assert_ne!(exact, rounded);
        let far = exact.iter().zip(&rounded).map(|(a, b)| (a - b).abs());
        // Operands of 8 significant bits, outputs of tanh below 1.
        assert!(far.fold(0.0, f32::max) < 2e-2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_fused_layer_equals_the_composed_one(
            shape in [1usize..7, 1usize..6, 1usize..9, 1usize..19],
            cut in prop::collection::vec(0usize..7, 6),
            masked: bool,
            both: bool,
            seed: u64,
        ) {
            let direction = if both { Direction::Bidirectional } else { Direction::Forward };
            let lengths: Vec<usize> = cut.iter().take(shape[1]).map(|&n| n.min(shape[0])).collect();
            assert_equal(shape, direction, masked.then_some(lengths.as_slice()), seed);
        }
    }
}
