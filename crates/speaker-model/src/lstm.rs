//! One LSTM layer of one or both directions (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::config::{Arithmetic, Direction};
use crate::{device, fused_op, init};

/// The weights of one direction; gate order i, f, g (candidate), o as in Keras and PyTorch.
#[derive(Module, Debug)]
pub struct LstmWeights {
    /// `[input, 4 * hidden]`
    pub input: Param<Tensor<2>>,
    /// `[hidden, 4 * hidden]`
    pub recurrent: Param<Tensor<2>>,
    /// `[4 * hidden]`
    pub bias: Param<Tensor<1>>,
}

impl LstmWeights {
    fn new(name: &str, input: usize, hidden: usize, seed: Option<u64>, device: &Device) -> Self {
        let columns = 4 * hidden;
        let kernel = init::kernel(seed, &format!("{name}.input"), [input, columns]);
        let recurrent = init::recurrent(seed, &format!("{name}.recurrent"), [hidden, columns]);
        Self {
            input: Param::from_data(TensorData::new(kernel, [input, columns]), device),
            recurrent: Param::from_data(TensorData::new(recurrent, [hidden, columns]), device),
            bias: Param::from_data(TensorData::new(init::lstm_bias(hidden), [columns]), device),
        }
    }

    fn values(&self) -> DirectionTensors {
        (self.input.val(), self.recurrent.val(), self.bias.val())
    }
}

/// Input weights, recurrent weights and bias of one direction.
pub(crate) type DirectionTensors = (Tensor<2>, Tensor<2>, Tensor<1>);

/// A layer that reads its input in one or both directions.
#[derive(Module, Debug)]
pub struct Lstm {
    /// First frame to last.
    pub forward: LstmWeights,
    /// Last frame to first, if it reads that way too.
    pub backward: Option<LstmWeights>,
    /// How the fused operation multiplies.
    #[module(skip)]
    pub(crate) arithmetic: Arithmetic,
}

impl Lstm {
    pub(crate) fn new(
        name: &str,
        [input, hidden]: [usize; 2],
        direction: Direction,
        seed: Option<u64>,
        device: &Device,
    ) -> Self {
        let weights = |way| LstmWeights::new(&format!("{name}.{way}"), input, hidden, seed, device);
        Self {
            forward: weights("forward"),
            backward: (direction == Direction::Bidirectional).then(|| weights("backward")),
            arithmetic: Arithmetic::F32,
        }
    }

    /// `x` `[frames, batch, input]` to `[frames, batch, directions * hidden]`, the forward direction first.
    ///
    /// Beyond an item's entry in `lengths` (frames) its state is carried unchanged, so that the
    /// forward state of the last frame and the backward state of the first are an item's last states
    /// whatever its length.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, lengths: Option<&[usize]>) -> Tensor<3> {
        if device::has_fused_lstm(&x.device()) {
            fused_op::fused_sequence(x, self.values(), lengths, self.arithmetic)
        } else {
            self.forward_composed(x, lengths)
        }
    }

    /// The state after the last frame that each direction read: `x` `[frames, batch, input]` to
    /// `[batch, directions * hidden]`. Of [`Self::forward`] that is the forward direction's part of the last frame and the
    /// backward direction's of the first.
    #[must_use]
    pub fn forward_last(&self, x: Tensor<3>, lengths: Option<&[usize]>) -> Tensor<2> {
        if device::has_fused_lstm(&x.device()) {
            fused_op::fused_last_state(x, self.values(), lengths, self.arithmetic)
        } else {
            last_state(self.forward_composed(x, lengths), self.direction())
        }
    }

    fn values(&self) -> (DirectionTensors, Option<DirectionTensors>) {
        (
            self.forward.values(),
            self.backward.as_ref().map(LstmWeights::values),
        )
    }

    fn direction(&self) -> Direction {
        match self.backward {
            None => Direction::Forward,
            Some(_) => Direction::Bidirectional,
        }
    }

    /// [`Self::forward`] from Burn's own operations: for other backends, and the fused one's oracle.
    pub(crate) fn forward_composed(&self, x: Tensor<3>, lengths: Option<&[usize]>) -> Tensor<3> {
        let [frames, batch, _] = x.dims();
        let mask = lengths.map(|lengths| frame_mask(lengths, frames, &x.device()));
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
pub(crate) fn last_state(sequence: Tensor<3>, direction: Direction) -> Tensor<2> {
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

/// `[frames, batch]`, 1 where a frame lies within its item's length and 0 beyond.
pub(crate) fn frame_mask(lengths: &[usize], frames: usize, device: &Device) -> Tensor<2> {
    let mask: Vec<f32> = (0..frames)
        .flat_map(|t| {
            lengths
                .iter()
                .map(move |&length| f32::from(u8::from(t < length)))
        })
        .collect();
    Tensor::from_data(TensorData::new(mask, [frames, lengths.len()]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let layer = Lstm::new("layer", [input, hidden], direction, Some(seed), &device);
        let random = |name: &str, dims: [usize; 3]| -> Tensor<3> {
            let count = dims.iter().product();
            let values = init::glorot_uniform(1, count, &mut init::stream(seed, name));
            let scale = (count as f32).sqrt();
            let values: Vec<f32> = values.into_iter().map(|v| v * scale).collect();
            Tensor::from_data(TensorData::new(values, dims), &device)
        };
        let x = random("x", [frames, batch, input]).require_grad();
        let weights = random("dy", [frames, batch, direction.count() * hidden]);
        [true, false].map(|fused| {
            let (y, last) = if fused {
                (
                    layer.forward(x.clone(), lengths),
                    layer.forward_last(x.clone(), lengths),
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
        let mut layer = Lstm::new(
            "layer",
            [20, 24],
            Direction::Bidirectional,
            Some(1),
            &device,
        );
        let values = init::glorot_uniform(1, 15 * 20, &mut init::stream(1, "x"));
        let values: Vec<f32> = values.into_iter().map(|v| 10.0 * v).collect();
        let x = Tensor::<3>::from_data(TensorData::new(values, [5, 3, 20]), &device);
        let mut output = |arithmetic| {
            layer.arithmetic = arithmetic;
            let data = layer.forward(x.clone(), None).into_data();
            data.iter::<f32>().collect::<Vec<_>>()
        };
        let (exact, rounded) = (output(Arithmetic::F32), output(Arithmetic::Bf16));
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
