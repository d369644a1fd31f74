//! The operations against the same formulae on Burn's own operations: values, and the gradient of every input.

use burn::tensor::module::{conv1d, conv2d};
use burn::tensor::ops::ConvOptions as BurnOptions;
use burn::tensor::{Device, Tensor, TensorData, activation};
use fused_conv::training::Convolution;
use fused_conv::{Activation, Conv1dShape, Conv2dShape, Grid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{ConvOptions, Rectified, fused_attend, fused_conv, fused_norm};
use crate::layers::VARIANCE_EPSILON;
use crate::layers::convolution::activated;

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|_| random.random_range(-1.0..1.0)).collect();
    Tensor::from_data(TensorData::new(values, shape), &device()).require_grad()
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

/// A sum in which every element has a weight of its own.
fn weighed<const D: usize>(y: Tensor<D>) -> Tensor<1> {
    let weights = random(99, y.dims()).detach();
    (y * weights).sum()
}

fn hold(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-4 * largest,
            "{what}: {found}, {expected}"
        );
    }
}

/// Holds values and gradients of two forms against each other; a form gives its output, as numbers and as a weighed sum.
macro_rules! hold_alike {
    ($ours:expr, $burns:expr, [$($input:ident),+]) => {{
        let (ours, burns) = ($ours, $burns);
        hold("values", &numbers(ours.clone()), &numbers(burns.clone()));
        let ours = weighed(ours).backward();
        let burns = weighed(burns).backward();
        $(
            let (Some(of_ours), Some(of_burns)) = ($input.grad(&ours), $input.grad(&burns)) else {
                panic!("no gradient of {}", stringify!($input));
            };
            hold(stringify!($input), &numbers(of_ours), &numbers(of_burns));
        )+
    }};
}

#[test]
fn convolutions_over_frames_are_those_of_burn() {
    let activations = [
        Activation::None,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
        Activation::Sigmoid,
    ];
    for (kernel, dilation, stride) in [(1, 1, 1), (3, 2, 1), (5, 1, 2)] {
        for function in activations {
            let shape = Conv1dShape {
                stride,
                ..Conv1dShape::same(6, 7, kernel, dilation)
            };
            let (x, weight) = (random(1, [3, 11, 6]), random(2, [7, 6, kernel]));
            let (bias, context) = (random(3, [7]), random(4, [3, 7]));
            let options = ConvOptions {
                convolution: Convolution::over_frames(shape, 11).unwrap(),
                has_bias: true,
                has_context: true,
                activation: function,
                is_undone: false,
            };
            let ours = fused_conv(
                x.clone(),
                weight.clone(),
                Some(bias.clone()),
                Some(context.clone()),
                options,
            );
            let padding = dilation * (kernel - 1) / 2;
            let burns = BurnOptions::new([stride], [padding], [dilation], 1);
            let sums = conv1d(
                x.clone().swap_dims(1, 2),
                weight.clone(),
                Some(bias.clone()),
                burns,
            );
            let sums = sums.swap_dims(1, 2) + context.clone().unsqueeze_dim(1);
            hold_alike!(ours, activated(sums, function), [x, weight, bias, context]);
        }
    }
}

#[test]
fn convolutions_over_planes_are_those_of_burn() {
    for stride in [[1, 1], [2, 1], [2, 2]] {
        let shape = Conv2dShape::three(5, 4, stride);
        let grid = Grid { bins: 7, frames: 9 };
        let (x, weight) = (random(1, [2, 7, 9, 5]), random(2, [4, 5, 3, 3]));
        let options = ConvOptions {
            convolution: Convolution::over_planes(shape, grid).unwrap(),
            has_bias: false,
            has_context: false,
            activation: Activation::None,
            is_undone: false,
        };
        let ours = fused_conv(x.clone(), weight.clone(), None, None, options);
        let burns = BurnOptions::new(stride, [1, 1], [1, 1], 1);
        let sums = conv2d(x.clone().permute([0, 3, 1, 2]), weight.clone(), None, burns);
        hold_alike!(ours, sums.permute([0, 2, 3, 1]), [x, weight]);
    }
}

#[test]
fn norms_are_those_of_burn() {
    for rectified in [Rectified::Not, Rectified::Before, Rectified::Behind] {
        let (raw, beside) = (random(1, [3, 5, 6]), random(2, [3, 5, 6]));
        let (scale, shift) = (random(3, [6]), random(4, [6]));
        let x = || match rectified {
            Rectified::Before => activation::relu(raw.clone()),
            _ => raw.clone(),
        };
        let (ours, statistics) = fused_norm(
            x(),
            scale.clone(),
            shift.clone(),
            Some(beside.clone()),
            rectified,
        );
        let rows = x().reshape([15, 6]);
        let mean = rows.clone().mean_dim(0);
        let offset = rows - mean.clone();
        let variance = (offset.clone() * offset.clone()).mean_dim(0);
        let found = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
        hold("mean", &found(&statistics.mean), &numbers(mean.clone()));
        hold(
            "variance",
            &found(&statistics.variance),
            &numbers(variance.clone()),
        );
        let normed = offset / variance.add_scalar(VARIANCE_EPSILON).sqrt();
        let y = normed * scale.clone().unsqueeze() + shift.clone().unsqueeze();
        let y = y.reshape([3, 5, 6]) + beside.clone();
        let burns = match rectified {
            Rectified::Behind => activation::relu(y),
            _ => y,
        };
        hold_alike!(ours, burns, [raw, scale, shift, beside]);
    }
}

#[test]
fn a_convolution_whose_activation_is_undone_behind_it_has_the_gradient_of_both() {
    let (x, weight, bias) = (random(1, [4, 9, 5]), random(2, [6, 5, 3]), random(3, [6]));
    let (scale, shift) = (random(4, [6]), random(5, [6]));
    let of = |is_undone| {
        let options = ConvOptions {
            convolution: Convolution::over_frames(Conv1dShape::same(5, 6, 3, 1), 9).unwrap(),
            has_bias: true,
            has_context: false,
            activation: Activation::Relu,
            is_undone,
        };
        let sums = fused_conv(x.clone(), weight.clone(), Some(bias.clone()), None, options);
        fused_norm(sums, scale.clone(), shift.clone(), None, Rectified::Before).0
    };
    hold_alike!(of(true), of(false), [x, weight, bias, scale, shift]);
}

#[test]
fn weighted_statistics_are_those_of_burn() {
    for has_scores in [false, true] {
        let (x, scores) = (random(1, [3, 7, 5]), random(2, [3, 7, 5]));
        let ours = fused_attend(x.clone(), has_scores.then(|| scores.clone()), 1e-12);
        let weights = match has_scores {
            true => activation::softmax(scores.clone(), 1),
            false => Tensor::ones([3, 7, 5], &device()) / 7.0,
        };
        let mean = (x.clone() * weights.clone()).sum_dim(1);
        let offset = x.clone() - mean.clone();
        let variance = (offset.clone() * offset * weights).sum_dim(1);
        let burns = Tensor::cat(vec![mean, variance.sqrt()], 2).reshape([3, 10]);
        match has_scores {
            true => hold_alike!(ours, burns, [x, scores]),
            false => hold_alike!(ours, burns, [x]),
        }
    }
}
