//! Layers in training and their gradients against PyTorch's in f64; `golden/make_training_golden.py` made the files.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

use std::path::Path;

use fused_conv::training::{
    After, BatchNorm, BatchStatistics, Convolution, Relu, activation_gradient, attend,
    gate_gradient, means, scale, scale_gradient,
};
use fused_conv::{Activation, Conv1dShape, Conv2dShape, Grid, View, ViewMut};

/// f32 sums over at most 280 rows of values of order 1, relative to the largest.
const TOLERANCE: f32 = 2e-6;

/// Numbers one behind the other.
struct Golden(std::vec::IntoIter<f32>);

impl Golden {
    fn open(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/train-{name}.f32"));
        let bytes = std::fs::read(path).expect("golden file");
        let (numbers, _) = bytes.as_chunks::<4>();
        let numbers = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes));
        Self(numbers.collect::<Vec<_>>().into_iter())
    }

    fn take(&mut self, len: usize) -> Vec<f32> {
        let part: Vec<f32> = self.0.by_ref().take(len).collect();
        assert_eq!(part.len(), len);
        part
    }

    /// Holds that the next numbers are these.
    fn holds(&mut self, what: &str, found: &[f32]) {
        let expected = self.take(found.len());
        let largest = expected
            .iter()
            .fold(1f32, |largest, value| largest.max(value.abs()));
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(
                (found - expected).abs() <= TOLERANCE * largest,
                "{what} [{index}]: {found}, torch has {expected}"
            );
        }
    }

    fn end(mut self) {
        assert_eq!(self.0.next(), None);
    }
}

fn view(data: &[f32], channels: usize) -> View<'_> {
    View::new(data, channels).expect("view")
}

fn view_mut(data: &mut [f32], channels: usize) -> ViewMut<'_> {
    ViewMut::new(data, channels).expect("view")
}

#[test]
fn a_convolution_over_frames_with_relu_and_norm_behind_it() {
    let mut golden = Golden::open("frames");
    let (x, w, b) = (
        golden.take(63 * 18),
        golden.take(20 * 18 * 3),
        golden.take(20),
    );
    let (gamma, beta) = (golden.take(20), golden.take(20));
    let layer = Convolution::over_frames(Conv1dShape::same(18, 20, 3, 2), 21).expect("layer");
    let norm = BatchNorm {
        weight: &gamma,
        bias: &beta,
        eps: 1e-5,
    };
    let (mut h, mut y) = (vec![0.0; 63 * 20], vec![0.0; 63 * 20]);
    layer
        .forward(
            view(&x, 18),
            &w,
            After {
                bias: Some(&b),
                activation: Activation::Relu,
                ..After::default()
            },
            view_mut(&mut h, 20),
        )
        .expect("forward");
    let statistics = BatchStatistics::of(view(&h, 20)).expect("statistics");
    norm.forward(view(&h, 20), &statistics, None, false, view_mut(&mut y, 20))
        .expect("norm");
    golden.holds("y", &y);
    let (mut mean, mut variance) = (vec![0.0; 20], vec![1.0; 20]);
    statistics
        .update(0.1, &mut mean, &mut variance)
        .expect("update");
    golden.holds("running mean", &mean);
    golden.holds("running variance", &variance);
    let dy = golden.take(63 * 20);
    let mut dh = vec![0.0; 63 * 20];
    let of_norm = norm
        .backward(
            view(&h, 20),
            &statistics,
            Relu::Before,
            view(&dy, 20),
            None,
            view_mut(&mut dh, 20),
        )
        .expect("backward");
    let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; 20]);
    layer
        .input_gradient(view(&dh, 20), &w, false, view_mut(&mut dx, 18))
        .expect("input");
    layer
        .weight_gradient(view(&x, 18), view(&dh, 20), &mut dw, Some(&mut db))
        .expect("weights");
    for (what, found) in [
        ("dx", &dx),
        ("dw", &dw),
        ("db", &db),
        ("dgamma", &of_norm.weight),
        ("dbeta", &of_norm.bias),
    ] {
        golden.holds(what, found);
    }
    golden.end();
}

#[test]
fn the_end_of_a_residual_block_with_a_stride() {
    let mut golden = Golden::open("planes");
    let (x, w, short) = (
        golden.take(2 * 88 * 5),
        golden.take(17 * 45),
        golden.take(17 * 5),
    );
    let parameters: Vec<Vec<f32>> = (0..4).map(|_| golden.take(17)).collect();
    let [first, second] = [0, 2].map(|at| BatchNorm {
        weight: &parameters[at],
        bias: &parameters[at + 1],
        eps: 1e-5,
    });
    let grid = Grid {
        bins: 8,
        frames: 11,
    };
    let three = Convolution::over_planes(Conv2dShape::three(5, 17, [2, 2]), grid).expect("layer");
    let one = Convolution::over_planes(Conv2dShape::one(5, 17, [2, 2]), grid).expect("layer");
    let rows = 2 * three.output_grid().rows();
    let [mut h, mut s, mut r, mut y] = std::array::from_fn(|_| vec![0.0; rows * 17]);
    three
        .forward(view(&x, 5), &w, After::default(), view_mut(&mut h, 17))
        .expect("forward");
    one.forward(view(&x, 5), &short, After::default(), view_mut(&mut s, 17))
        .expect("forward");
    let of_h = BatchStatistics::of(view(&h, 17)).expect("statistics");
    let of_s = BatchStatistics::of(view(&s, 17)).expect("statistics");
    second
        .forward(view(&s, 17), &of_s, None, false, view_mut(&mut r, 17))
        .expect("norm");
    first
        .forward(
            view(&h, 17),
            &of_h,
            Some(view(&r, 17)),
            true,
            view_mut(&mut y, 17),
        )
        .expect("norm");
    golden.holds("y", &y);
    let dy = golden.take(rows * 17);
    let [mut dr, mut dh, mut ds] = std::array::from_fn(|_| vec![0.0; rows * 17]);
    let behind = Relu::Behind(view(&y, 17));
    let of_first = first
        .backward(
            view(&h, 17),
            &of_h,
            behind,
            view(&dy, 17),
            Some(view_mut(&mut dr, 17)),
            view_mut(&mut dh, 17),
        )
        .expect("backward");
    let of_second = second
        .backward(
            view(&s, 17),
            &of_s,
            Relu::None,
            view(&dr, 17),
            None,
            view_mut(&mut ds, 17),
        )
        .expect("backward");
    // Without a residual the mask is read, not what it left.
    let mut again = vec![0.0; rows * 17];
    first
        .backward(
            view(&h, 17),
            &of_h,
            behind,
            view(&dy, 17),
            None,
            view_mut(&mut again, 17),
        )
        .expect("backward");
    assert_eq!(again, dh);
    let (mut dx, mut dw, mut dshort) = (vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; 85]);
    three
        .input_gradient(view(&dh, 17), &w, false, view_mut(&mut dx, 5))
        .expect("input");
    one.input_gradient(view(&ds, 17), &short, true, view_mut(&mut dx, 5))
        .expect("input");
    three
        .weight_gradient(view(&x, 5), view(&dh, 17), &mut dw, None)
        .expect("weights");
    one.weight_gradient(view(&x, 5), view(&ds, 17), &mut dshort, None)
        .expect("weights");
    for (what, found) in [
        ("dx", &dx),
        ("dw", &dw),
        ("dshort", &dshort),
        ("dgamma", &of_first.weight),
        ("dbeta", &of_first.bias),
        ("dgamma of the shortcut", &of_second.weight),
        ("dbeta of the shortcut", &of_second.bias),
    ] {
        golden.holds(what, found);
    }
    golden.end();
}

#[test]
fn statistics_with_weights_and_without() {
    let mut golden = Golden::open("statistics");
    let (x, scores) = (golden.take(280 * 18), golden.take(280 * 18));
    let (x, scores) = (view(&x, 18), view(&scores, 18));
    let [mut mean, mut deviation] = std::array::from_fn(|_| vec![0.0; 36]);
    let [mut dx, mut of_scores] = std::array::from_fn(|_| vec![0.0; 280 * 18]);
    let kept = attend(
        x,
        Some(scores),
        140,
        1e-7,
        view_mut(&mut mean, 18),
        view_mut(&mut deviation, 18),
    )
    .expect("attend");
    golden.holds("mean", &mean);
    golden.holds("deviation", &deviation);
    let (of_mean, of_deviation) = (golden.take(36), golden.take(36));
    let (of_mean, of_deviation) = (view(&of_mean, 18), view(&of_deviation, 18));
    let gradient = Some(view_mut(&mut of_scores, 18));
    kept.backward(
        x,
        Some(scores),
        140,
        of_mean,
        of_deviation,
        view_mut(&mut dx, 18),
        gradient,
    )
    .expect("backward");
    golden.holds("dx", &dx);
    golden.holds("dscores", &of_scores);
    let kept = attend(
        x,
        None,
        140,
        1e-7,
        view_mut(&mut mean, 18),
        view_mut(&mut deviation, 18),
    )
    .expect("attend");
    golden.holds("plain mean", &mean);
    golden.holds("plain deviation", &deviation);
    kept.backward(
        x,
        None,
        140,
        of_mean,
        of_deviation,
        view_mut(&mut dx, 18),
        None,
    )
    .expect("backward");
    golden.holds("plain dx", &dx);
    golden.end();
}

#[test]
fn a_gate_from_the_means_of_each_item() {
    let mut golden = Golden::open("gate");
    let (x, residual) = (golden.take(36 * 19), golden.take(36 * 19));
    let (enter, leave) = (golden.take(4 * 19), golden.take(19 * 4));
    let (x, residual) = (view(&x, 19), view(&residual, 19));
    // Dense layers are convolutions of items of one frame.
    let narrow = Convolution::over_frames(Conv1dShape::dense(19, 4), 1).expect("layer");
    let wide = Convolution::over_frames(Conv1dShape::dense(4, 19), 1).expect("layer");
    let (mut mean, mut hidden, mut gates) = (vec![0.0; 57], vec![0.0; 12], vec![0.0; 57]);
    means(x, 12, view_mut(&mut mean, 19)).expect("means");
    narrow
        .forward(
            view(&mean, 19),
            &enter,
            After {
                activation: Activation::Relu,
                ..After::default()
            },
            view_mut(&mut hidden, 4),
        )
        .expect("forward");
    wide.forward(
        view(&hidden, 4),
        &leave,
        After {
            activation: Activation::Sigmoid,
            ..After::default()
        },
        view_mut(&mut gates, 19),
    )
    .expect("forward");
    let mut y = vec![0.0; 36 * 19];
    scale(
        x,
        12,
        view(&gates, 19),
        Some(residual),
        view_mut(&mut y, 19),
    )
    .expect("scale");
    golden.holds("y", &y);
    let dy = golden.take(36 * 19);
    let dy = view(&dy, 19);
    let mut dg = vec![0.0; 57];
    gate_gradient(x, dy, 12, view_mut(&mut dg, 19)).expect("gradient");
    let of_gates = dg.clone();
    activation_gradient(
        Activation::Sigmoid,
        view(&gates, 19),
        view(&of_gates, 19),
        view_mut(&mut dg, 19),
    )
    .expect("gradient");
    let (mut dh, mut dmean, mut dx) = (vec![0.0; 12], vec![0.0; 57], vec![0.0; 36 * 19]);
    let (mut denter, mut dleave) = (vec![0.0; 76], vec![0.0; 76]);
    wide.weight_gradient(view(&hidden, 4), view(&dg, 19), &mut dleave, None)
        .expect("weights");
    wide.input_gradient(view(&dg, 19), &leave, false, view_mut(&mut dh, 4))
        .expect("input");
    let of_hidden = dh.clone();
    activation_gradient(
        Activation::Relu,
        view(&hidden, 4),
        view(&of_hidden, 4),
        view_mut(&mut dh, 4),
    )
    .expect("gradient");
    narrow
        .weight_gradient(view(&mean, 19), view(&dh, 4), &mut denter, None)
        .expect("weights");
    narrow
        .input_gradient(view(&dh, 4), &enter, false, view_mut(&mut dmean, 19))
        .expect("input");
    scale_gradient(
        dy,
        12,
        view(&gates, 19),
        view(&dmean, 19),
        view_mut(&mut dx, 19),
    )
    .expect("gradient");
    golden.holds("dx", &dx);
    golden.holds("denter", &denter);
    golden.holds("dleave", &dleave);
    golden.end();
}
