//! Layers in training against their sums in f64, in any size; the same bits for any number of threads; faults.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

mod instructions;

use fused_conv::training::{
    After, BatchNorm, BatchStatistics, Convolution, Relu, activation_gradient, attend, means, scale,
};
use fused_conv::{Activation, Conv1dShape, Conv2dShape, ConvError, Grid, Padding, View, ViewMut};
use instructions::{CHOICE, with_all};
use proptest::prelude::*;

/// Numbers between -1 and 1 that look random.
fn values(seed: u32, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// A convolution over both dimensions of a batch.
#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    sizes: [usize; 2],
    from: [usize; 2],
    to: [usize; 2],
    kernel: [usize; 2],
    dilation: usize,
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Case {
    fn x_len(&self) -> usize {
        self.batch * self.from[0] * self.from[1] * self.sizes[0]
    }

    fn y_len(&self) -> usize {
        self.batch * self.to[0] * self.to[1] * self.sizes[1]
    }

    fn weights_len(&self) -> usize {
        self.sizes[0] * self.sizes[1] * self.kernel[0] * self.kernel[1]
    }

    /// Every multiplication: its place in `x`, in the weights and in `y`.
    fn each(&self, mut term: impl FnMut(usize, usize, usize)) {
        let [inputs, outputs] = self.sizes;
        for item in 0..self.batch {
            for (bin, frame) in pairs(self.to) {
                for (i, j) in pairs(self.kernel) {
                    let from_bin = (bin * self.stride[0] + i).wrapping_sub(self.padding[0]);
                    let from_frame =
                        (frame * self.stride[1] + j * self.dilation).wrapping_sub(self.padding[1]);
                    if from_bin >= self.from[0] || from_frame >= self.from[1] {
                        continue;
                    }
                    let source = (item * self.from[0] + from_bin) * self.from[1] + from_frame;
                    let target = (item * self.to[0] + bin) * self.to[1] + frame;
                    for (output, input) in pairs([outputs, inputs]) {
                        let weight =
                            ((output * inputs + input) * self.kernel[0] + i) * self.kernel[1] + j;
                        term(source * inputs + input, weight, target * outputs + output);
                    }
                }
            }
        }
    }
}

fn pairs([outer, inner]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |a| (0..inner).map(move |b| (a, b)))
}

fn close(found: &[f32], expected: &[f64], terms: usize) {
    assert_eq!(found.len(), expected.len());
    // Products of numbers up to 1, whose sums' roundings grow slowly; tiles of frames have a few more.
    let tolerance = 6e-6 * (terms as f64).sqrt().max(1.0);
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(found) - expected).abs() <= tolerance,
            "[{index}]: {found}, expected {expected}"
        );
    }
}

/// What a layer gives: output, gradient of the input, of the weights, of the bias.
type Results = [Vec<f32>; 4];

fn hold(case: Case, run: impl Fn(&[f32], &[f32], &[f32], &[f32]) -> Results) {
    let (x, weights) = (values(1, case.x_len()), values(2, case.weights_len()));
    let (dy, bias) = (values(3, case.y_len()), values(4, case.sizes[1]));
    let mut y: Vec<f64> = bias
        .iter()
        .cycle()
        .take(dy.len())
        .map(|&b| b.into())
        .collect();
    let mut dx = vec![0.0; x.len()];
    let mut dw = vec![0.0; weights.len()];
    case.each(|at_x, at_w, at_y| {
        y[at_y] += f64::from(x[at_x]) * f64::from(weights[at_w]);
        dx[at_x] += f64::from(dy[at_y]) * f64::from(weights[at_w]);
        dw[at_w] += f64::from(dy[at_y]) * f64::from(x[at_x]);
    });
    let mut db = vec![0.0; bias.len()];
    for row in dy.chunks(bias.len()) {
        for (sum, &value) in db.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let taps = case.kernel[0] * case.kernel[1];
    let rows = dy.len() / case.sizes[1];
    with_all(|_| {
        let [found_y, found_dx, found_dw, found_db] = run(&x, &weights, &bias, &dy);
        close(&found_y, &y, taps * case.sizes[0]);
        close(&found_dx, &dx, taps * case.sizes[1]);
        close(&found_dw, &dw, rows);
        close(&found_db, &db, rows);
    });
}

fn view(data: &[f32], channels: usize) -> View<'_> {
    View::new(data, channels).expect("view")
}

fn view_mut(data: &mut [f32], channels: usize) -> ViewMut<'_> {
    ViewMut::new(data, channels).expect("view")
}

fn with(bias: &[f32]) -> After<'_> {
    After {
        bias: Some(bias),
        ..After::default()
    }
}

fn run_1d(
    shape: Conv1dShape,
    frames: usize,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    dy: &[f32],
) -> Results {
    let layer = Convolution::over_frames(shape, frames).expect("layer");
    let mut y = vec![f32::NAN; dy.len()];
    layer
        .forward(
            view(x, shape.inputs),
            w,
            with(b),
            view_mut(&mut y, shape.outputs),
        )
        .expect("forward");
    let mut dx = vec![f32::NAN; x.len()];
    let dy = view(dy, shape.outputs);
    layer
        .input_gradient(dy, w, false, view_mut(&mut dx, shape.inputs))
        .expect("gradient");
    let (mut dw, mut db) = (vec![f32::NAN; w.len()], vec![f32::NAN; b.len()]);
    layer
        .weight_gradient(view(x, shape.inputs), dy, &mut dw, Some(&mut db))
        .expect("gradient");
    [y, dx, dw, db]
}

fn run_2d(shape: Conv2dShape, grid: Grid, x: &[f32], w: &[f32], b: &[f32], dy: &[f32]) -> Results {
    let layer = Convolution::over_planes(shape, grid).expect("layer");
    let mut y = vec![f32::NAN; dy.len()];
    layer
        .forward(
            view(x, shape.inputs),
            w,
            After::default(),
            view_mut(&mut y, shape.outputs),
        )
        .expect("forward");
    for row in y.chunks_mut(b.len()) {
        row.iter_mut().zip(b).for_each(|(y, b)| *y += b);
    }
    // Added to what is there.
    let mut dx = vec![0.25; x.len()];
    layer
        .input_gradient(
            view(dy, shape.outputs),
            w,
            true,
            view_mut(&mut dx, shape.inputs),
        )
        .expect("gradient");
    dx.iter_mut().for_each(|value| *value -= 0.25);
    let mut dw = vec![f32::NAN; w.len()];
    layer
        .weight_gradient(
            view(x, shape.inputs),
            view(dy, shape.outputs),
            &mut dw,
            None,
        )
        .expect("gradient");
    let mut db = vec![0.0; b.len()];
    for row in dy.chunks(b.len()) {
        db.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    [y, dx, dw, db]
}

fn hold_1d(shape: Conv1dShape, batch: usize, frames: usize) {
    let Padding::Zeros(padding) = shape.padding else {
        unreachable!("none is mirrored");
    };
    let Ok(to) = shape.output_frames(frames) else {
        assert!(Convolution::over_frames(shape, frames).is_err());
        return;
    };
    let case = Case {
        batch,
        sizes: [shape.inputs, shape.outputs],
        from: [1, frames],
        to: [1, to],
        kernel: [1, shape.kernel],
        dilation: shape.dilation,
        stride: [1, shape.stride],
        padding: [0, padding],
    };
    hold(case, |x, w, b, dy| run_1d(shape, frames, x, w, b, dy));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn gradients_over_frames_are_their_sums(
        inputs in prop_oneof![1usize..20, Just(64), 60usize..90],
        outputs in prop_oneof![1usize..40, 60usize..90],
        kernel in 1usize..6,
        dilation in 1usize..4,
        stride in 1usize..4,
        padding in 0usize..8,
        batch in 1usize..4,
        frames in 1usize..40,
    ) {
        let shape = Conv1dShape { inputs, outputs, kernel, dilation, stride, padding: Padding::Zeros(padding) };
        hold_1d(shape, batch, frames);
    }

    #[test]
    fn gradients_over_planes_are_their_sums(
        inputs in prop_oneof![Just(1usize), 2usize..40, Just(70)],
        outputs in 1usize..70,
        bins in 1usize..7,
        frames in 1usize..25,
        batch in 1usize..4,
        stride in prop_oneof![Just([1, 1]), Just([2, 2]), Just([2, 1])],
        three in any::<bool>(),
    ) {
        let shape = match three {
            true => Conv2dShape::three(inputs, outputs, stride),
            false => Conv2dShape::one(inputs, outputs, stride),
        };
        let grid = Grid { bins, frames };
        let to = shape.output_grid(grid).expect("grid");
        let case = Case {
            batch,
            sizes: [inputs, outputs],
            from: [bins, frames],
            to: [to.bins, to.frames],
            kernel: shape.kernel,
            dilation: 1,
            stride,
            padding: shape.padding,
        };
        hold(case, |x, w, b, dy| run_2d(shape, grid, x, w, b, dy));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    // As many frames and channels as it takes for tiles of frames to be worth it.
    #[test]
    fn tiles_over_frames_are_their_sums(
        inputs in prop_oneof![Just(16usize), 17usize..40, Just(70)],
        outputs in 16usize..40,
        five in any::<bool>(),
        dilation in 1usize..4,
        padding in 0usize..7,
        batch in 3usize..6,
        frames in 60usize..100,
    ) {
        let kernel = if five { 5 } else { 3 };
        let padding = Padding::Zeros(padding);
        let shape = Conv1dShape { inputs, outputs, kernel, dilation, stride: 1, padding };
        hold_1d(shape, batch, frames);
    }

    #[test]
    fn tiles_over_planes_are_their_sums(
        inputs in 16usize..36,
        outputs in 16usize..36,
        bins in 1usize..9,
        frames in prop_oneof![Just(19usize), 15usize..50],
        batch in 2usize..5,
    ) {
        let shape = Conv2dShape::three(inputs, outputs, [1, 1]);
        let grid = Grid { bins, frames };
        let case = Case {
            batch,
            sizes: [inputs, outputs],
            from: [bins, frames],
            to: [bins, frames],
            kernel: [3; 2],
            dilation: 1,
            stride: [1; 2],
            padding: [1; 2],
        };
        hold(case, |x, w, b, dy| run_2d(shape, grid, x, w, b, dy));
    }
}

/// What tiles cost: the root mean square of the errors beside that of the values, of all three products.
#[test]
fn tiles_stay_within_a_millionth_of_their_sums() {
    for kernel in [3, 5] {
        let case = Case {
            batch: 2,
            sizes: [64, 64],
            from: [1, 120],
            to: [1, 120],
            kernel: [1, kernel],
            dilation: 1,
            stride: [1; 2],
            padding: [0, kernel / 2],
        };
        let shape = Conv1dShape::same(64, 64, kernel, 1);
        let (x, w) = (values(1, case.x_len()), values(2, case.weights_len()));
        let (dy, b) = (values(3, case.y_len()), vec![0.0; 64]);
        let [mut y, mut dx] = [vec![0f64; dy.len()], vec![0f64; x.len()]];
        let mut dw = vec![0f64; w.len()];
        case.each(|at_x, at_w, at_y| {
            y[at_y] += f64::from(x[at_x]) * f64::from(w[at_w]);
            dx[at_x] += f64::from(dy[at_y]) * f64::from(w[at_w]);
            dw[at_w] += f64::from(dy[at_y]) * f64::from(x[at_x]);
        });
        let [found_y, found_dx, found_dw, _] = run_1d(shape, 120, &x, &w, &b, &dy);
        for (what, found, expected) in [
            ("y", found_y, y),
            ("dx", found_dx, dx),
            ("dw", found_dw, dw),
        ] {
            let square = |x: f64| x * x;
            let errors = found
                .iter()
                .zip(&expected)
                .map(|(&f, &e)| square(f64::from(f) - e));
            let ratio =
                (errors.sum::<f64>() / expected.iter().copied().map(square).sum::<f64>()).sqrt();
            println!("{kernel} taps, {what}: {ratio:.1e}");
            assert!(ratio < 1e-6, "{kernel} taps, {what}: {ratio:e}");
        }
    }
}

#[test]
fn many_rows_are_shared_out_without_a_gap() {
    hold_1d(Conv1dShape::same(80, 70, 5, 1), 7, 211);
    hold_1d(Conv1dShape::same(130, 130, 3, 3), 3, 150);
    hold_1d(Conv1dShape::dense(33, 17), 5, 1000);
    hold_1d(
        Conv1dShape {
            stride: 2,
            ..Conv1dShape::same(16, 16, 3, 1)
        },
        2,
        701,
    );
}

/// The same bits from 1, 2, 3 and 5 threads.
fn same_for_all_threads(run: impl Fn() -> Results + Sync) {
    let _guard = CHOICE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let results = pool.build().expect("threads").install(&run);
        results.map(|values| {
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>()
        })
    };
    let one = of(1);
    for threads in [2, 3, 5] {
        assert!(of(threads) == one, "{threads} threads");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (shape, batch, frames) in [
        (Conv1dShape::same(80, 96, 5, 1), 9, 150),
        (Conv1dShape::same(96, 200, 3, 2), 9, 150),
        (
            Conv1dShape {
                stride: 2,
                ..Conv1dShape::same(70, 32, 3, 1)
            },
            5,
            201,
        ),
    ] {
        let to = shape.output_frames(frames).expect("frames");
        let x = values(1, batch * frames * shape.inputs);
        let w = values(2, shape.inputs * shape.outputs * shape.kernel);
        let (b, dy) = (
            values(3, shape.outputs),
            values(4, batch * to * shape.outputs),
        );
        same_for_all_threads(|| run_1d(shape, frames, &x, &w, &b, &dy));
    }
    for (shape, batch) in [
        (Conv2dShape::three(16, 16, [1, 1]), 6),
        (Conv2dShape::three(16, 32, [2, 2]), 6),
        (Conv2dShape::one(16, 32, [2, 2]), 6),
    ] {
        let grid = Grid {
            bins: 20,
            frames: 75,
        };
        let to = shape.output_grid(grid).expect("grid");
        let x = values(1, batch * grid.rows() * shape.inputs);
        let w = values(
            2,
            shape.inputs * shape.outputs * shape.kernel[0] * shape.kernel[1],
        );
        let (b, dy) = (
            values(3, shape.outputs),
            values(4, batch * to.rows() * shape.outputs),
        );
        same_for_all_threads(|| run_2d(shape, grid, &x, &w, &b, &dy));
    }
}

#[test]
fn channel_ranges_are_read_and_written_in_place() {
    let (batch, frames) = (3, 40);
    let shape = Conv1dShape::same(8, 8, 3, 2);
    let layer = Convolution::over_frames(shape, frames).expect("layer");
    let (wide, w) = (values(1, batch * frames * 24), values(2, 8 * 8 * 3));
    let part: Vec<f32> = wide
        .chunks(24)
        .flat_map(|row| row[8..16].to_vec())
        .collect();
    let [expected, ..] = run_1d(shape, frames, &part, &w, &[0.0; 8], &part);
    let mut out = vec![7.0; batch * frames * 24];
    let x = view(&wide, 24).channel_range(8..16).expect("range");
    let to = view_mut(&mut out, 24).channel_range(16..24).expect("range");
    layer.forward(x, &w, After::default(), to).expect("forward");
    for (row, expected) in out.chunks(24).zip(expected.chunks(8)) {
        assert_eq!(row[16..], *expected);
        assert_eq!(row[..16], [7.0; 16]);
    }
}

#[test]
fn context_and_activation_follow_the_bias_and_have_gradients() {
    let (batch, frames) = (3, 7);
    let layer = Convolution::over_frames(Conv1dShape::dense(3, 20), frames).expect("layer");
    let rows = batch * frames;
    let (x, w, b) = (values(1, rows * 3), values(2, 60), values(3, 20));
    let context = values(5, batch * 20);
    let mut plain = vec![0.0; rows * 20];
    layer
        .forward(view(&x, 3), &w, with(&b), view_mut(&mut plain, 20))
        .expect("forward");
    type Function = fn(f64) -> f64;
    let functions: [(Activation, Function, Function); 5] = [
        (Activation::None, |x| x, |_| 1.0),
        (
            Activation::Relu,
            |x| x.max(0.0),
            |x| f64::from(u8::from(x > 0.0)),
        ),
        (
            Activation::LeakyRelu,
            |x| x.max(0.01 * x),
            |x| if x > 0.0 { 1.0 } else { 0.01 },
        ),
        (Activation::Tanh, f64::tanh, |x| 1.0 - x.tanh().powi(2)),
        (
            Activation::Sigmoid,
            |x| 1.0 / (1.0 + (-x).exp()),
            |x| (-x).exp() / (1.0 + (-x).exp()).powi(2),
        ),
    ];
    for (activation, function, derivative) in functions {
        let after = After {
            context: Some(view(&context, 20)),
            activation,
            ..with(&b)
        };
        let (mut y, mut dx) = (vec![0.0; rows * 20], vec![0.0; rows * 20]);
        layer
            .forward(view(&x, 3), &w, after, view_mut(&mut y, 20))
            .expect("forward");
        let dy = values(6, rows * 20);
        activation_gradient(
            activation,
            view(&y, 20),
            view(&dy, 20),
            view_mut(&mut dx, 20),
        )
        .expect("gradient");
        let before = plain.iter().enumerate().map(|(at, &plain)| {
            f64::from(plain) + f64::from(context[at / (frames * 20) * 20 + at % 20])
        });
        let before: Vec<f64> = before.collect();
        close(
            &y,
            &before.iter().map(|&x| function(x)).collect::<Vec<_>>(),
            3,
        );
        let expected = before
            .iter()
            .zip(&dy)
            .map(|(&x, &dy)| derivative(x) * f64::from(dy));
        close(&dx, &expected.collect::<Vec<_>>(), 3);
        // A context's gradient is the sum over its item.
        let mut of_context = vec![0.0; batch * 20];
        means(view(&dx, 20), frames, view_mut(&mut of_context, 20)).expect("means");
        let sum: f32 = (0..frames).map(|frame| dx[frame * 20 + 5]).sum();
        assert!((of_context[5] * frames as f32 - sum).abs() < 1e-5);
    }
}

#[test]
fn norms_and_statistics_are_the_same_for_all_threads_and_right_for_all_instructions() {
    // Rows of several tasks, of an odd number of channels, far from zero.
    let (batch, frames, c) = (6, 700, 21);
    let rows = batch * frames;
    let x: Vec<f32> = values(1, rows * c).iter().map(|x| x + 100.0).collect();
    let (dy, scores) = (values(2, rows * c), values(3, rows * c));
    let (gamma, beta) = (values(4, c), values(5, c));
    let (of_mean, of_deviation) = (values(6, batch * c), values(7, batch * c));
    let norm = BatchNorm {
        weight: &gamma,
        bias: &beta,
        eps: 1e-5,
    };
    let run = || -> Results {
        let statistics = BatchStatistics::of(view(&x, c)).expect("statistics");
        let [mut y, mut dx, mut dx_attended, mut dscores] =
            std::array::from_fn(|_| vec![f32::NAN; rows * c]);
        norm.forward(view(&x, c), &statistics, None, true, view_mut(&mut y, c))
            .expect("norm");
        let relu = Relu::Behind(view(&y, c));
        norm.backward(
            view(&x, c),
            &statistics,
            relu,
            view(&dy, c),
            None,
            view_mut(&mut dx, c),
        )
        .expect("backward");
        let [mut mean, mut deviation] = std::array::from_fn(|_| vec![f32::NAN; batch * c]);
        let scores = Some(view(&scores, c));
        let (to_mean, to_deviation) = (view_mut(&mut mean, c), view_mut(&mut deviation, c));
        let kept =
            attend(view(&x, c), scores, frames, 1e-7, to_mean, to_deviation).expect("attend");
        kept.backward(
            view(&x, c),
            scores,
            frames,
            view(&of_mean, c),
            view(&of_deviation, c),
            view_mut(&mut dx_attended, c),
            Some(view_mut(&mut dscores, c)),
        )
        .expect("backward");
        [y, dx, dx_attended, dscores]
    };
    same_for_all_threads(run);
    let column = |channel: usize| x[channel..].iter().step_by(c).map(|&x| f64::from(x));
    let expected = |at: usize| {
        let channel = at % c;
        let mean = column(channel).sum::<f64>() / rows as f64;
        let variance = column(channel).map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
        let normed = (f64::from(x[at]) - mean) / (variance + 1e-5).sqrt();
        (normed * f64::from(gamma[channel]) + f64::from(beta[channel])).max(0.0)
    };
    with_all(|_| {
        let [y, ..] = run();
        for at in (0..rows * c).step_by(997) {
            // Inputs near 100 are exact to 8e-6.
            assert!((f64::from(y[at]) - expected(at)).abs() < 5e-5, "{at}");
        }
    });
}

/// The gradient of a sum of `outputs * dy`, by differences of the input.
#[test]
fn gradients_of_norms_and_statistics_are_their_differences() {
    let (batch, frames, c) = (3, 5, 4);
    let rows = batch * frames;
    let x = values(11, rows * c);
    let (gamma, beta, dy) = (values(12, c), values(13, c), values(14, rows * c));
    let (scores, of_mean, of_deviation) = (
        values(15, rows * c),
        values(16, batch * c),
        values(17, batch * c),
    );
    let norm = BatchNorm {
        weight: &gamma,
        bias: &beta,
        eps: 1e-3,
    };
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum::<f64>()
    };
    let of_norm = |x: &[f32]| {
        let statistics = BatchStatistics::of(view(x, c)).expect("statistics");
        let mut y = vec![0.0; x.len()];
        norm.forward(view(x, c), &statistics, None, false, view_mut(&mut y, c))
            .expect("norm");
        dot(&y, &dy)
    };
    let of_statistics = |x: &[f32], scores: &[f32]| {
        let [mut mean, mut deviation] = std::array::from_fn(|_| vec![0.0; batch * c]);
        let (to_mean, to_deviation) = (view_mut(&mut mean, c), view_mut(&mut deviation, c));
        attend(
            view(x, c),
            Some(view(scores, c)),
            frames,
            1e-7,
            to_mean,
            to_deviation,
        )
        .expect("attend");
        dot(&mean, &of_mean) + dot(&deviation, &of_deviation)
    };
    let statistics = BatchStatistics::of(view(&x, c)).expect("statistics");
    let [mut dx, mut dx_attended, mut dscores] = std::array::from_fn(|_| vec![0.0; rows * c]);
    norm.backward(
        view(&x, c),
        &statistics,
        Relu::None,
        view(&dy, c),
        None,
        view_mut(&mut dx, c),
    )
    .expect("backward");
    let [mut mean, mut deviation] = std::array::from_fn(|_| vec![0.0; batch * c]);
    let (to_mean, to_deviation) = (view_mut(&mut mean, c), view_mut(&mut deviation, c));
    let seen = Some(view(&scores, c));
    let kept = attend(view(&x, c), seen, frames, 1e-7, to_mean, to_deviation).expect("attend");
    let to_scores = Some(view_mut(&mut dscores, c));
    let (of_m, of_d) = (view(&of_mean, c), view(&of_deviation, c));
    kept.backward(
        view(&x, c),
        seen,
        frames,
        of_m,
        of_d,
        view_mut(&mut dx_attended, c),
        to_scores,
    )
    .expect("backward");
    let step = 1.0 / 64.0;
    let difference = |at: usize, of: &[f32], value: &dyn Fn(&[f32]) -> f64| {
        let [mut less, mut more] = [of.to_vec(), of.to_vec()];
        less[at] -= step;
        more[at] += step;
        (value(&more) - value(&less)) / f64::from(2.0 * step)
    };
    for at in 0..rows * c {
        for (what, found, expected) in [
            ("norm", dx[at], difference(at, &x, &of_norm)),
            (
                "statistics",
                dx_attended[at],
                difference(at, &x, &|x| of_statistics(x, &scores)),
            ),
            (
                "scores",
                dscores[at],
                difference(at, &scores, &|s| of_statistics(&x, s)),
            ),
        ] {
            // The third derivative and f32.
            assert!(
                (f64::from(found) - expected).abs() < 4e-3,
                "{what} {at}: {found} {expected}"
            );
        }
    }
}

#[test]
fn passes_of_other_sizes_are_errors() {
    let (x, mut y) = (vec![1.0; 12 * 4], vec![0.0; 12 * 4]);
    let statistics = BatchStatistics::of(view(&x, 4)).expect("statistics");
    let four = [1.0; 4];
    let norm = BatchNorm {
        weight: &four,
        bias: &four,
        eps: 1e-5,
    };
    let short = BatchNorm {
        weight: &four[1..],
        ..norm
    };
    let all = view(&x, 4);
    let part = all.row_range(0..6).expect("rows");
    assert!(
        short
            .forward(all, &statistics, None, false, view_mut(&mut y, 4))
            .is_err()
    );
    assert!(
        norm.forward(part, &statistics, None, false, view_mut(&mut y, 4))
            .is_err()
    );
    assert!(
        norm.forward(all, &statistics, Some(part), false, view_mut(&mut y, 4))
            .is_err()
    );
    assert!(
        norm.forward(all, &statistics, None, false, view_mut(&mut y, 2))
            .is_err()
    );
    assert!(
        norm.backward(
            all,
            &statistics,
            Relu::Behind(part),
            all,
            None,
            view_mut(&mut y, 4)
        )
        .is_err()
    );
    assert!(
        norm.backward(
            all,
            &statistics,
            Relu::None,
            part,
            None,
            view_mut(&mut y, 4)
        )
        .is_err()
    );
    assert!(
        statistics
            .update(0.1, &mut [0.0; 3], &mut [0.0; 4])
            .is_err()
    );
    let [mut a, mut b] = [[0.0; 8], [0.0; 8]];
    for frames in [0, 5, usize::MAX] {
        assert!(means(all, frames, view_mut(&mut a, 4)).is_err());
        assert!(scale(all, frames, view(&b, 4), None, view_mut(&mut y, 4)).is_err());
        assert!(
            attend(
                all,
                None,
                frames,
                1e-7,
                view_mut(&mut a, 4),
                view_mut(&mut b, 4)
            )
            .is_err()
        );
    }
    assert!(
        attend(
            all,
            Some(part),
            6,
            1e-7,
            view_mut(&mut a, 4),
            view_mut(&mut b, 4)
        )
        .is_err()
    );
    let kept =
        attend(all, None, 6, 1e-7, view_mut(&mut a, 4), view_mut(&mut b, 4)).expect("attend");
    let (of, dx) = (view(&a, 4), view_mut(&mut y, 4));
    assert!(kept.backward(all, Some(all), 6, of, of, dx, None).is_err());
    assert!(
        kept.backward(all, None, 3, of, of, view_mut(&mut y, 4), None)
            .is_err()
    );
    // One row has a variance of 0, which is a number in the running statistics too.
    let one = BatchStatistics::of(all.row_range(0..1).expect("row")).expect("statistics");
    let (mut mean, mut variance) = ([0.0; 4], [1.0; 4]);
    one.update(0.5, &mut mean, &mut variance).expect("update");
    assert_eq!((mean, variance), ([0.5; 4], [0.5; 4]));
}

#[test]
fn hostile_sizes_are_errors() {
    let shape = Conv1dShape::same(4, 5, 3, 1);
    for (broken, frames) in [
        (Conv1dShape { inputs: 0, ..shape }, 9),
        (
            Conv1dShape {
                outputs: 0,
                ..shape
            },
            9,
        ),
        (Conv1dShape { kernel: 0, ..shape }, 9),
        (
            Conv1dShape {
                dilation: 0,
                ..shape
            },
            9,
        ),
        (Conv1dShape { stride: 0, ..shape }, 9),
        (
            Conv1dShape {
                kernel: usize::MAX,
                ..shape
            },
            9,
        ),
        (
            Conv1dShape {
                dilation: usize::MAX,
                ..shape
            },
            9,
        ),
        (
            Conv1dShape {
                padding: Padding::Zeros(usize::MAX),
                ..shape
            },
            9,
        ),
        (
            Conv1dShape {
                padding: Padding::Reflect(1),
                ..shape
            },
            9,
        ),
        (
            Conv1dShape {
                inputs: usize::MAX,
                ..shape
            },
            9,
        ),
        (
            Conv1dShape {
                padding: Padding::Zeros(0),
                ..shape
            },
            2,
        ),
        (shape, 0),
        (shape, usize::MAX),
    ] {
        let error = Convolution::over_frames(broken, frames).expect_err("broken");
        assert!(!error.to_string().is_empty());
    }
    let layer = Convolution::over_frames(shape, 9).expect("layer");
    let (x, w, mut y) = (vec![0.0; 2 * 9 * 4], vec![0.0; 60], vec![0.0; 2 * 9 * 5]);
    let mut forward = |x: &[f32], w: &[f32], b: Option<&[f32]>| {
        layer.forward(
            view(x, 4),
            w,
            After {
                bias: b,
                ..After::default()
            },
            view_mut(&mut y, 5),
        )
    };
    assert_eq!(forward(&x, &w, None), Ok(()));
    let size = |what, found, expected| {
        Err(ConvError::Size {
            what,
            found,
            expected,
        })
    };
    assert_eq!(
        forward(&x[..9 * 4], &w, None),
        size("rows of the output", 18, 9)
    );
    assert_eq!(
        forward(&x[..4 * 10], &w, None),
        size("rows of the batch", 10, 9)
    );
    assert_eq!(forward(&x[..4], &w, None), size("rows of the batch", 1, 9));
    assert_eq!(
        forward(&x, &w[1..], None),
        size("elements of the weights", 59, 60)
    );
    assert_eq!(
        forward(&x, &w, Some(&[0.0])),
        size("elements of the bias", 1, 5)
    );
    assert!(
        layer
            .weight_gradient(view(&x, 4), view(&y, 5), &mut [0.0; 3], None)
            .is_err()
    );
    assert!(
        layer
            .weight_gradient(view(&x, 4), view(&y, 5), &mut w.clone(), Some(&mut [0.0]))
            .is_err()
    );
    assert!(
        layer
            .weight_gradient(view(&x, 2), view(&y, 5), &mut w.clone(), None)
            .is_err()
    );
    assert!(
        layer
            .input_gradient(view(&y, 3), &w, false, view_mut(&mut x.clone(), 4))
            .is_err()
    );
    let grid = Grid {
        bins: usize::MAX,
        frames: 4,
    };
    assert!(Convolution::over_planes(Conv2dShape::three(4, 4, [1, 1]), grid).is_err());
    assert!(
        Convolution::over_planes(
            Conv2dShape::three(4, 4, [0, 1]),
            Grid { bins: 4, frames: 4 }
        )
        .is_err()
    );
}
