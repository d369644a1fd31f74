//! Convolutions of odd sizes against the sums as they stand, in f64, with all instructions of this processor.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

mod instructions;

use fused_conv::{
    Activation, Activations, BatchNorm, Conv1d, Conv1dShape, Conv2d, Conv2dShape, ConvError,
    Epilogue, Grid, Padding, View,
};
use instructions::with_all;
use proptest::prelude::*;

/// Numbers in ± 1 that look like chance.
fn values(seed: usize, len: usize) -> Vec<f32> {
    let hash = |index: usize| ((index + seed * 7919) as u32).wrapping_mul(2_654_435_761) >> 8;
    (0..len)
        .map(|index| (hash(index * 31 + 17) % 2001) as f32 / 1000.0 - 1.0)
        .collect()
}

fn naive_1d(shape: Conv1dShape, x: &[f32], weights: &[f32], to: usize) -> Vec<f64> {
    let frames = (x.len() / shape.inputs) as i64;
    let mut out = vec![0.0; to * shape.outputs];
    for frame in 0..to {
        for output in 0..shape.outputs {
            for tap in 0..shape.kernel {
                let at = (frame * shape.stride + tap * shape.dilation) as i64;
                let source = match shape.padding {
                    Padding::Zeros(pad) => at - pad as i64,
                    Padding::Reflect(pad) => {
                        let at = (at - pad as i64).abs();
                        (frames - 1) - ((frames - 1) - at).abs()
                    }
                };
                if source < 0 || source >= frames {
                    continue;
                }
                for input in 0..shape.inputs {
                    let weight = weights[(output * shape.inputs + input) * shape.kernel + tap];
                    let x = x[source as usize * shape.inputs + input];
                    out[frame * shape.outputs + output] += f64::from(weight) * f64::from(x);
                }
            }
        }
    }
    out
}

fn close(found: &[f32], expected: &[f64], terms: usize) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= 2e-7 * (10 + terms) as f64, "{found} {expected}");
    }
}

fn shapes() -> impl Strategy<Value = (Conv1dShape, usize)> {
    let width = || prop_oneof![Just(1usize), 1usize..20, Just(32), Just(65), 60usize..140];
    (
        width(),
        width(),
        1usize..6,
        1usize..5,
        1usize..3,
        0usize..9,
        any::<bool>(),
        1usize..40,
    )
        .prop_map(
            |(inputs, outputs, kernel, dilation, stride, pad, mirrors, frames)| {
                let padding = match mirrors && pad < frames {
                    true => Padding::Reflect(pad),
                    false => Padding::Zeros(pad),
                };
                let shape = Conv1dShape {
                    inputs,
                    outputs,
                    kernel,
                    dilation,
                    stride,
                    padding,
                };
                (shape, frames)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn convolutions_over_frames_are_their_sums((shape, frames) in shapes()) {
        let x = values(1, frames * shape.inputs);
        let weights = values(2, shape.outputs * shape.inputs * shape.kernel);
        let Ok(to) = shape.output_frames(frames) else {
            return Ok(());
        };
        let expected = naive_1d(shape, &x, &weights, to);
        let layer = Conv1d::new(shape, &weights, &Epilogue::default()).expect("layer");
        with_all(|_| {
            let mut y = Activations::new(to, shape.outputs).expect("room");
            layer.forward(View::new(&x, shape.inputs).expect("view"), None, y.view_mut()).expect("forward");
            close(&y.view().to_vec(), &expected, shape.inputs * shape.kernel);
        });
    }

    #[test]
    fn convolutions_over_planes_are_their_sums(
        inputs in prop_oneof![Just(1usize), 2usize..40],
        outputs in 1usize..70,
        bins in 1usize..7,
        frames in 1usize..30,
        stride in prop_oneof![Just([1, 1]), Just([2, 2]), Just([2, 1])],
        three in any::<bool>(),
    ) {
        let shape = match three {
            true => Conv2dShape::three(inputs, outputs, stride),
            false => Conv2dShape::one(inputs, outputs, stride),
        };
        let grid = Grid { bins, frames };
        let to = shape.output_grid(grid).expect("grid");
        let x = values(3, grid.rows() * inputs);
        let weights = values(4, outputs * inputs * shape.kernel[0] * shape.kernel[1]);
        let mut expected = vec![0.0; to.rows() * outputs];
        for (bin, frame) in (0..to.bins).flat_map(|bin| (0..to.frames).map(move |frame| (bin, frame))) {
            for (i, j) in (0..shape.kernel[0]).flat_map(|i| (0..shape.kernel[1]).map(move |j| (i, j))) {
                let from_bin = (bin * stride[0] + i).wrapping_sub(shape.padding[0]);
                let from_frame = (frame * stride[1] + j).wrapping_sub(shape.padding[1]);
                if from_bin >= bins || from_frame >= frames {
                    continue;
                }
                for (output, input) in (0..outputs).flat_map(|o| (0..inputs).map(move |c| (o, c))) {
                    let weight = weights[((output * inputs + input) * shape.kernel[0] + i) * shape.kernel[1] + j];
                    let x = x[(from_bin * frames + from_frame) * inputs + input];
                    expected[(bin * to.frames + frame) * outputs + output] += f64::from(weight) * f64::from(x);
                }
            }
        }
        let layer = Conv2d::new(shape, &weights, &Epilogue::default()).expect("layer");
        with_all(|_| {
            let mut y = Activations::new(to.rows(), outputs).expect("room");
            layer.forward(View::new(&x, inputs).expect("view"), grid, None, y.view_mut()).expect("forward");
            close(&y.view().to_vec(), &expected, inputs * shape.kernel[0] * shape.kernel[1]);
        });
    }
}

#[test]
fn what_follows_a_product_follows_in_its_order() {
    let (inputs, outputs, frames) = (33, 70, 13);
    let shape = Conv1dShape::dense(inputs, outputs);
    let (x, weights, bias) = (
        values(5, frames * inputs),
        values(6, outputs * inputs),
        values(7, outputs),
    );
    let residual = values(8, frames * outputs);
    let (gamma, beta, mean) = (values(9, outputs), values(10, outputs), values(11, outputs));
    let variance: Vec<f32> = values(12, outputs).iter().map(|x| x.abs() + 0.5).collect();
    let norm = BatchNorm {
        weight: Some(&gamma),
        bias: Some(&beta),
        mean: &mean,
        variance: &variance,
        eps: 1e-5,
    };
    let plain = naive_1d(shape, &x, &weights, frames);
    let apply = |value: f64, channel: usize| {
        let deviation = (f64::from(variance[channel]) + 1e-5).sqrt();
        (value - f64::from(mean[channel])) / deviation * f64::from(gamma[channel])
            + f64::from(beta[channel])
    };
    for activation in [
        Activation::None,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
        Activation::Sigmoid,
    ] {
        let epilogue = Epilogue {
            bias: Some(&bias),
            norm: Some(norm),
            activation,
            norm_behind: Some(norm),
        };
        let expected: Vec<f64> = plain
            .iter()
            .enumerate()
            .map(|(index, sum)| {
                let channel = index % outputs;
                let value =
                    apply(sum + f64::from(bias[channel]), channel) + f64::from(residual[index]);
                let value = match activation {
                    Activation::None => value,
                    Activation::Relu => value.max(0.0),
                    Activation::LeakyRelu => value.max(0.01 * value),
                    Activation::Tanh => value.tanh(),
                    Activation::Sigmoid => 1.0 / (1.0 + (-value).exp()),
                };
                apply(value, channel)
            })
            .collect();
        let layer = Conv1d::new(shape, &weights, &epilogue).expect("layer");
        with_all(|_| {
            let mut y = Activations::new(frames, outputs).expect("room");
            let residual = View::new(&residual, outputs).expect("view");
            layer
                .forward(
                    View::new(&x, inputs).expect("view"),
                    Some(residual),
                    y.view_mut(),
                )
                .expect("forward");
            close(&y.view().to_vec(), &expected, inputs);
        });
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let shape = Conv1dShape {
        padding: Padding::Reflect(4),
        ..Conv1dShape::same(2, 3, 5, 2)
    };
    let error = shape.output_frames(4).expect_err("too short to mirror");
    assert_eq!(
        error,
        ConvError::TooShort {
            of: "frames",
            found: 4,
            needed: 5
        }
    );
    let error = Conv1d::new(shape, &[0.0; 29], &Epilogue::default()).expect_err("one too few");
    assert_eq!(
        error,
        ConvError::Size {
            what: "elements of the weights",
            found: 29,
            expected: 30
        }
    );
    let unpadded = Conv1dShape {
        padding: Padding::Zeros(0),
        ..shape
    };
    assert_eq!(unpadded.output_frames(9), Ok(1));
    assert_eq!(
        unpadded.output_frames(8),
        Err(ConvError::TooShort {
            of: "frames",
            found: 8,
            needed: 9
        })
    );
}
