//! Which units of a network do nothing, from what passes through it.

use burn::tensor::Tensor;
use diagnosis::LayerUnits;
use speaker_model::{Activation, Seen, SeenValues};

/// Every so many-th state of the frames of a batch is looked at: the first of these that does not divide the number of
/// segments, so that all of them are.
const STATE_STRIDES: [usize; 3] = [7, 11, 13];

/// The state of `seen`'s units over its batch.
///
/// Vectors are seen before their activation: a unit with a rectifier is dead where it is positive for no input of
/// the batch; one with a learned slope below zero cannot die.
pub(crate) fn units(seen: &Seen<'_>) -> LayerUnits {
    match &seen.values {
        SeenValues::Sequence { values, limit } => {
            let [frames, segments, width] = values.dims();
            let states = (*values).clone().reshape([frames * segments, width]);
            let stride = STATE_STRIDES
                .into_iter()
                .find(|stride| !segments.is_multiple_of(*stride));
            LayerUnits::of(seen.layer, &rows(&states, stride.unwrap_or(1)), *limit)
        }
        SeenValues::Vectors { values, activation } => {
            let mut output = rows(values, 1);
            if *activation == Activation::Relu {
                let values = output.iter_mut().flatten();
                values.for_each(|value| *value = value.max(0.0));
            }
            LayerUnits::of(seen.layer, &output, None)
        }
    }
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

    /// Four units over three segments: never positive, positive once, always positive, always the same.
    #[test]
    fn a_unit_with_a_rectifier_that_is_never_positive_is_dead_and_one_with_a_slope_is_not() {
        let values = vec![
            -1.0_f32, -3.0, 0.5, 0.7, -2.0, 1.0, 2.5, 0.7, -0.5, -1.0, 1.5, 0.7,
        ];
        let data = TensorData::new(values, [3, 4]);
        let output = Tensor::<2>::from_data(data, &Device::flex());
        let dead = |activation| {
            let values = SeenValues::Vectors {
                values: &output,
                activation,
            };
            let seen = Seen {
                layer: "a.layer",
                values,
            };
            let units = units(&seen);
            assert_eq!(units.layer, "a.layer");
            units.num_dead
        };
        assert_eq!(dead(Activation::Relu), 2);
        assert_eq!(dead(Activation::Prelu), 1);
        assert_eq!(dead(Activation::Linear), 1);
    }
}
