//! Which units of a network do nothing, from what passes through it.

use burn::tensor::Tensor;
use diagnosis::LayerUnits;
use speaker_model::{Activation, ModelConfig, Seen};

/// Every so many-th state of the frames of a batch is looked at: the first of these that does not divide the number of
/// segments, so that all of them are.
const STATE_STRIDES: [usize; 3] = [7, 11, 13];

/// The state of `seen`'s units over its batch, in a network of `model`.
///
/// Dense layers are seen before their activation: a unit with a rectifier is dead where it is positive for no input of
/// the batch; one with a learned slope below zero cannot die.
pub(crate) fn units(model: &ModelConfig, seen: &Seen<'_>) -> LayerUnits {
    match seen {
        Seen::States(index, states) => {
            let [frames, segments, width] = states.dims();
            let states = (*states).clone().reshape([frames * segments, width]);
            let name = format!("encoder.layers.{index}");
            let stride = STATE_STRIDES
                .into_iter()
                .find(|stride| !segments.is_multiple_of(*stride));
            LayerUnits::of(name, &rows(&states, stride.unwrap_or(1)), Some(1.0))
        }
        Seen::EncoderDense(output) => {
            let activation = model.encoder.dense.as_ref().map(|dense| dense.activation);
            let activation = activation.unwrap_or(Activation::Linear);
            dense("encoder.dense".to_owned(), output, activation)
        }
        Seen::HeadDense(index, output) => {
            let activation = match *index < model.head.hidden.len() {
                true => model.head.activation,
                false => Activation::Linear,
            };
            dense(format!("head.layers.{index}"), output, activation)
        }
    }
}

fn dense(name: String, output: &Tensor<2>, activation: Activation) -> LayerUnits {
    let mut output = rows(output, 1);
    if activation == Activation::Relu {
        let values = output.iter_mut().flatten();
        values.for_each(|value| *value = value.max(0.0));
    }
    LayerUnits::of(name, &output, None)
}

/// Every `stride`-th row of a tensor.
pub(crate) fn rows(tensor: &Tensor<2>, stride: usize) -> Vec<Vec<f32>> {
    let [_, width] = tensor.dims();
    let values: Vec<f32> = tensor.to_data().iter::<f32>().collect();
    let rows = values.chunks_exact(width.max(1)).step_by(stride);
    rows.map(<[f32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::TrainConfig;

    /// Four units over three segments: never positive, positive once, always positive, always the same.
    #[test]
    fn a_unit_with_a_rectifier_that_is_never_positive_is_dead_and_one_with_a_slope_is_not() {
        let mut model = TrainConfig::question().model;
        let values = vec![
            -1.0_f32, -3.0, 0.5, 0.7, -2.0, 1.0, 2.5, 0.7, -0.5, -1.0, 1.5, 0.7,
        ];
        let data = TensorData::new(values, [3, 4]);
        let output = Tensor::<2>::from_data(data, &Device::flex());
        let mut dead = |activation| {
            model.head.activation = activation;
            [0, model.head.hidden.len()].map(|layer| {
                let seen = Seen::HeadDense(layer, &output);
                units(&model, &seen).num_dead
            })
        };
        // The last layer gives the logits: nothing follows it.
        assert_eq!(dead(Activation::Relu), [2, 1]);
        assert_eq!(dead(Activation::Prelu), [1, 1]);
        assert_eq!(dead(Activation::Linear), [1, 1]);
    }
}
