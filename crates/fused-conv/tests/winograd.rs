//! Convolutions by tiles at points, against the direct form of the same sums and against f64.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

mod instructions;

use fused_conv::{
    Activation, Activations, BatchNorm, Conv1d, Conv1dShape, Conv2d, Conv2dShape, ConvError,
    Epilogue, Grid, Padding, View,
};
use instructions::{CHOICE, with_all};
use proptest::prelude::*;

/// Numbers of about a normal distribution that look like chance.
fn values(seed: usize, len: usize) -> Vec<f32> {
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len)
        .map(|_| (uniform() + uniform() + uniform() + uniform()) * 0.866)
        .collect()
}

/// Weights that keep the size of their input.
fn weights(seed: usize, shape: Conv2dShape) -> Vec<f32> {
    let size = (2.0 / (9 * shape.inputs) as f32).sqrt();
    let mut weights = values(seed, shape.outputs * shape.inputs * 9);
    weights.iter_mut().for_each(|weight| *weight *= size);
    weights
}

fn run(layer: &Conv2d, x: &[f32], grid: Grid, residual: Option<&[f32]>) -> Vec<f32> {
    let shape = layer.shape();
    let to = shape.output_grid(grid).expect("grid");
    let mut y = Activations::new(to.rows(), shape.outputs).expect("room");
    let x = View::new(x, shape.inputs).expect("view");
    let residual = residual.map(|residual| View::new(residual, shape.outputs).expect("view"));
    layer
        .forward(x, grid, residual, y.view_mut())
        .expect("forward");
    y.view().to_vec()
}

/// What the direct form makes, which a layer with a second line of zeros around it takes,
/// or a part of it.
fn direct(
    shape: Conv2dShape,
    weights: &[f32],
    epilogue: &Epilogue<'_>,
    x: &[f32],
    grid: Grid,
    residual: Option<&[f32]>,
) -> Vec<f32> {
    let wider = Conv2dShape {
        padding: [2; 2],
        stride: [1; 2],
        ..shape
    };
    let (around, to) = (
        wider.output_grid(grid).expect("grid"),
        shape.output_grid(grid).expect("grid"),
    );
    let outputs = shape.outputs;
    let inner = |row: usize| {
        let (bin, frame) = (
            row / to.frames * shape.stride[0],
            row % to.frames * shape.stride[1],
        );
        let before = shape.padding.map(|zeros| 2 - zeros);
        (bin + before[0]) * around.frames + frame + before[1]
    };
    let spread = residual.map(|residual| {
        let mut spread = vec![0.0; around.rows() * outputs];
        for row in 0..to.rows() {
            spread[inner(row) * outputs..][..outputs]
                .copy_from_slice(&residual[row * outputs..][..outputs]);
        }
        spread
    });
    let layer = Conv2d::new(wider, weights, epilogue).expect("layer");
    let y = run(&layer, x, grid, spread.as_deref());
    (0..to.rows())
        .flat_map(|row| y[inner(row) * outputs..][..outputs].to_vec())
        .collect()
}

fn largest(values: &[f32]) -> f32 {
    values
        .iter()
        .fold(0f32, |largest, value| largest.max(value.abs()))
}

/// Holds that nothing differs by more than `tolerance`, relative to the largest.
fn close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let room = tolerance * largest(expected).max(1.0);
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= room,
            "[{index}]: {found}, the direct form has {expected}"
        );
    }
}

/// Sizes that are and are not multiples of tiles and registers.
fn shapes() -> impl Strategy<Value = (Conv2dShape, Grid)> {
    let width = || prop_oneof![8usize..40, Just(64), Just(65), 90usize..130];
    let length = || prop_oneof![Just(1usize), Just(2), Just(4), 3usize..20];
    (
        width(),
        prop_oneof![Just(1usize), width()],
        length(),
        prop_oneof![length(), Just(61usize)],
        [0usize..2, 0usize..2],
        prop_oneof![Just([1, 1]), Just([1, 1]), Just([2, 1]), Just([1, 2])],
    )
        .prop_map(|(inputs, outputs, bins, frames, padding, stride)| {
            let shape = Conv2dShape {
                padding,
                ..Conv2dShape::three(inputs, outputs, stride)
            };
            (shape, Grid { bins, frames })
        })
        .prop_filter("nothing comes out", |(shape, grid)| {
            shape.output_grid(*grid).is_ok()
        })
}

/// Convolutions over frames that are made by tiles.
fn lines() -> impl Strategy<Value = (Conv1dShape, usize)> {
    let width = || prop_oneof![16usize..40, Just(64), 120usize..130];
    let padding = (0usize..9, any::<bool>());
    let kernel = prop_oneof![Just(3usize), Just(5)];
    (width(), width(), kernel, 1usize..6, padding, 1usize..70)
        .prop_map(
            |(inputs, outputs, kernel, dilation, (pad, mirrors), frames)| {
                let padding = match mirrors && pad < frames {
                    true => Padding::Reflect(pad),
                    false => Padding::Zeros(pad),
                };
                let shape = Conv1dShape {
                    padding,
                    ..Conv1dShape::same(inputs, outputs, kernel, dilation)
                };
                (shape, frames)
            },
        )
        .prop_filter("nothing comes out", |(shape, frames)| {
            shape.output_frames(*frames).is_ok()
        })
}

/// The sums as they stand, in f64.
fn sums(shape: Conv1dShape, x: &[f32], weights: &[f32]) -> Vec<f64> {
    let frames = x.len() / shape.inputs;
    let to = shape.output_frames(frames).expect("frames");
    let mut out = vec![0.0; to * shape.outputs];
    for (frame, sums) in out.chunks_mut(shape.outputs).enumerate() {
        for tap in 0..shape.kernel {
            let at = (frame + tap * shape.dilation) as i64;
            let last = frames as i64 - 1;
            let at = match shape.padding {
                Padding::Zeros(pad) => at - pad as i64,
                Padding::Reflect(pad) => last - (last - (at - pad as i64).abs()).abs(),
            };
            if at < 0 || at > last {
                continue;
            }
            let x = &x[at as usize * shape.inputs..][..shape.inputs];
            for (output, sum) in sums.iter_mut().enumerate() {
                for (input, &x) in x.iter().enumerate() {
                    let weight = weights[(output * shape.inputs + input) * shape.kernel + tap];
                    *sum += f64::from(weight) * f64::from(x);
                }
            }
        }
    }
    out
}

fn run_line(layer: &Conv1d, x: &[f32], residual: Option<&[f32]>) -> Vec<f32> {
    let shape = layer.shape();
    let x = View::new(x, shape.inputs).expect("view");
    let to = shape.output_frames(x.rows()).expect("frames");
    let mut y = Activations::new(to, shape.outputs).expect("room");
    let residual = residual.map(|residual| View::new(residual, shape.outputs).expect("view"));
    layer.forward(x, residual, y.view_mut()).expect("forward");
    y.view().to_vec()
}

/// Weights that keep the size of their input.
fn weights_of_line(seed: usize, shape: Conv1dShape) -> Vec<f32> {
    let size = (2.0 / (shape.kernel * shape.inputs) as f32).sqrt();
    let mut weights = values(seed, shape.outputs * shape.inputs * shape.kernel);
    weights.iter_mut().for_each(|weight| *weight *= size);
    weights
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn tiles_of_frames_make_the_sums((shape, frames) in lines(), rows in prop_oneof![Just(0), Just(1), Just(2)]) {
        let (x, weights) = (values(20, frames * shape.inputs), weights_of_line(21, shape));
        let bias = values(22, shape.outputs);
        let epilogue = Epilogue { bias: Some(&bias), activation: Activation::Relu, ..Epilogue::default() };
        let layer = Conv1d::new(shape, &weights, &epilogue).expect("layer");
        let to = shape.output_frames(frames).expect("frames");
        let len = match rows { 0 => 0, 1 => shape.outputs, _ => to * shape.outputs };
        let residual = values(23, len);
        let expected: Vec<f32> = sums(shape, &x, &weights)
            .iter()
            .enumerate()
            .map(|(index, sum)| {
                let residual = if len == 0 { 0.0 } else { residual[index % len] };
                (sum + f64::from(bias[index % shape.outputs] + residual)).max(0.0) as f32
            })
            .collect();
        with_all(|_| {
            let residual = (len > 0).then_some(residual.as_slice());
            close(&run_line(&layer, &x, residual), &expected, 1e-5);
        });
    }

    #[test]
    fn tiles_of_frames_are_linear_and_hide_nothing((shape, frames) in lines(), place in any::<prop::sample::Index>()) {
        let weights = weights_of_line(24, shape);
        let layer = Conv1d::new(shape, &weights, &Epilogue::default()).expect("layer");
        let mut x = values(25, frames * shape.inputs);
        let halved: Vec<f32> = x.iter().map(|x| 0.5 * x).collect();
        with_all(|_| {
            let exactly: Vec<f32> = run_line(&layer, &x, None).iter().map(|y| 0.5 * y).collect();
            assert_eq!(run_line(&layer, &halved, None), exactly);
        });
        let at = place.index(x.len());
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[at] = value;
            let expected = sums(shape, &x, &weights);
            with_all(|simd| {
                for (found, expected) in run_line(&layer, &x, None).iter().zip(&expected) {
                    assert!(expected.is_finite() || !found.is_finite(), "{simd}: {found} for {expected}");
                }
            });
        }
    }
}

#[test]
fn frames_of_the_widest_layers_keep_within_a_hundred_thousandth() {
    for (channels, kernel, dilation) in [(512, 3, 2), (512, 5, 1), (1024, 3, 4)] {
        let shape = Conv1dShape::same(channels, 24, kernel, dilation);
        let (mut x, weights) = (values(26, 40 * channels), weights_of_line(27, shape));
        // As behind a ReLU.
        x.iter_mut().for_each(|x| *x = x.max(0.0));
        let expected: Vec<f32> = sums(shape, &x, &weights)
            .iter()
            .map(|&y| y as f32)
            .collect();
        let layer = Conv1d::new(shape, &weights, &Epilogue::default()).expect("layer");
        with_all(|_| close(&run_line(&layer, &x, None), &expected, 1e-5));
    }
}

#[test]
fn dilations_beyond_all_frames_and_paddings_without_end_are_no_panics() {
    for (dilation, padding) in [
        (usize::MAX / 2, Padding::Zeros(usize::MAX / 2)),
        (usize::MAX / 4, Padding::Zeros(usize::MAX / 4)),
        (1 << 40, Padding::Zeros(1 << 40)),
        (1 << 40, Padding::Reflect(1 << 40)),
        (usize::MAX, Padding::Zeros(0)),
    ] {
        let shape = Conv1dShape {
            padding,
            ..Conv1dShape::same(16, 16, 3, dilation)
        };
        let layer = Conv1d::new(shape, &weights_of_line(28, shape), &Epilogue::default());
        let layer = layer.expect("only its input can be wrong");
        let x = values(29, 5 * 16);
        let x = View::new(&x, 16).expect("view");
        let mut y = Activations::new(5, 16).expect("room");
        let result = layer.forward(x, None, y.view_mut());
        // With as many zeros as the taps reach, the middle tap alone reads the frames.
        assert_eq!(result.is_ok(), shape.output_frames(5) == Ok(5), "{shape:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn tiles_make_what_the_direct_form_makes(
        (shape, grid) in shapes(),
        has_residual in any::<bool>(),
        activation in prop_oneof![
            Just(Activation::None),
            Just(Activation::Relu),
            Just(Activation::Tanh),
            Just(Activation::Sigmoid)
        ],
    ) {
        let (x, weights) = (values(1, grid.rows() * shape.inputs), weights(2, shape));
        let outputs = shape.outputs;
        let (bias, mean) = (values(3, outputs), values(4, outputs));
        let variance: Vec<f32> = values(5, outputs).iter().map(|x| x * x + 0.5).collect();
        let norm = BatchNorm { weight: Some(&mean), bias: Some(&bias), mean: &bias, variance: &variance, eps: 1e-5 };
        let epilogue = Epilogue { bias: Some(&bias), norm: Some(norm), activation, norm_behind: Some(norm) };
        let to = shape.output_grid(grid).expect("grid");
        let residual = has_residual.then(|| values(6, to.rows() * outputs));
        let layer = Conv2d::new(shape, &weights, &epilogue).expect("layer");
        with_all(|_| {
            let expected = direct(shape, &weights, &epilogue, &x, grid, residual.as_deref());
            close(&run(&layer, &x, grid, residual.as_deref()), &expected, 1e-5);
        });
    }

    #[test]
    fn tiles_are_linear((shape, grid) in shapes()) {
        let layer = Conv2d::new(shape, &weights(7, shape), &Epilogue::default()).expect("layer");
        let (x, y) = (values(8, grid.rows() * shape.inputs), values(9, grid.rows() * shape.inputs));
        let both: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        let fourfold: Vec<f32> = x.iter().map(|x| 4.0 * x).collect();
        with_all(|_| {
            let (of_x, of_y) = (run(&layer, &x, grid, None), run(&layer, &y, grid, None));
            let sum: Vec<f32> = of_x.iter().zip(&of_y).map(|(x, y)| x + y).collect();
            close(&run(&layer, &both, grid, None), &sum, 1e-5);
            // A power of two changes no rounding.
            let exactly: Vec<f32> = of_x.iter().map(|x| 4.0 * x).collect();
            assert_eq!(run(&layer, &fourfold, grid, None), exactly);
        });
    }

    #[test]
    fn nothing_that_is_no_number_is_hidden(
        (shape, grid) in shapes(),
        place in any::<prop::sample::Index>(),
        value in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)],
    ) {
        let mut x = values(10, grid.rows() * shape.inputs);
        let at = place.index(x.len());
        x[at] = value;
        let weights = weights(11, shape);
        let layer = Conv2d::new(shape, &weights, &Epilogue::default()).expect("layer");
        with_all(|simd| {
            let expected = direct(shape, &weights, &Epilogue::default(), &x, grid, None);
            for (found, expected) in run(&layer, &x, grid, None).iter().zip(expected) {
                assert!(expected.is_finite() || !found.is_finite(), "{simd}: {found} for {expected}");
            }
        });
    }
}

#[test]
fn errors_stay_below_a_hundred_thousandth_with_the_widest_layers() {
    for (channels, grid) in [
        (
            32,
            Grid {
                bins: 8,
                frames: 13,
            },
        ),
        (256, Grid { bins: 5, frames: 9 }),
        (512, Grid { bins: 4, frames: 7 }),
    ] {
        let shape = Conv2dShape::three(channels, 32, [1, 1]);
        let (mut x, weights) = (values(12, grid.rows() * channels), weights(13, shape));
        // As behind a ReLU.
        x.iter_mut().for_each(|x| *x = x.max(0.0));
        let mut expected = vec![0f64; grid.rows() * 32];
        for (index, sum) in expected.iter_mut().enumerate() {
            let (row, output) = (index / 32, index % 32);
            for tap in 0..9 {
                let bin = (row / grid.frames + tap / 3).wrapping_sub(1);
                let frame = (row % grid.frames + tap % 3).wrapping_sub(1);
                if bin >= grid.bins || frame >= grid.frames {
                    continue;
                }
                let x = &x[(bin * grid.frames + frame) * channels..][..channels];
                for (input, &x) in x.iter().enumerate() {
                    let weight = weights[(output * channels + input) * 9 + tap];
                    *sum += f64::from(weight) * f64::from(x);
                }
            }
        }
        let layer = Conv2d::new(shape, &weights, &Epilogue::default()).expect("layer");
        let largest = expected.iter().fold(0f64, |most, sum| most.max(sum.abs()));
        with_all(|simd| {
            for (found, expected) in run(&layer, &x, grid, None).iter().zip(&expected) {
                let error = (f64::from(*found) - expected).abs() / largest;
                assert!(error < 1e-5, "{simd}, {channels} channels: {error:e}");
            }
        });
    }
}

#[test]
fn bits_depend_neither_on_other_threads_nor_on_what_stands_far_behind() {
    let _guard = CHOICE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let shape = Conv2dShape::three(24, 40, [1, 1]);
    let layer = Conv2d::new(shape, &weights(14, shape), &Epilogue::default()).expect("layer");
    let long = Grid {
        bins: 1,
        frames: 203,
    };
    let short = Grid {
        bins: 1,
        frames: 64,
    };
    let x = values(15, long.rows() * 24);
    let alone = run(&layer, &x, long, None);
    let of_threads: Vec<Vec<f32>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| run(&layer, &x, long, None)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("thread"))
            .collect()
    });
    assert!(of_threads.iter().all(|found| *found == alone));
    let begin = run(&layer, &x[..short.rows() * 24], short, None);
    assert_eq!(begin[..60 * 40], alone[..60 * 40]);
}

#[test]
fn sizes_from_a_hostile_file_are_refused() {
    for (inputs, outputs) in [
        (usize::MAX, 1),
        (1 << 40, 1 << 40),
        (usize::MAX / 8, 8),
        (16, usize::MAX / 144),
    ] {
        let shape = Conv2dShape::three(inputs, outputs, [1, 1]);
        let error = Conv2d::new(shape, &[0.0; 9], &Epilogue::default()).expect_err("too large");
        assert_eq!(error, ConvError::TooLarge { what: "weights" });
    }
    let shape = Conv2dShape::three(16, 1 << 20, [1, 1]);
    let error = Conv2d::new(shape, &[0.0; 9], &Epilogue::default()).expect_err("fewer weights");
    assert_eq!(
        error,
        ConvError::Size {
            what: "elements of the weights",
            found: 9,
            expected: (9 * 16) << 20
        }
    );
    let shape = Conv2dShape::three(16, 16, [1, 1]);
    let layer = Conv2d::new(shape, &weights(16, shape), &Epilogue::default()).expect("layer");
    let (x, mut y) = (values(17, 16), Activations::new(1, 16).expect("room"));
    let x = View::new(&x, 16).expect("view");
    for grid in [
        Grid { bins: 0, frames: 0 },
        Grid {
            bins: usize::MAX,
            frames: usize::MAX,
        },
        Grid { bins: 1, frames: 2 },
    ] {
        assert!(layer.forward(x, grid, None, y.view_mut()).is_err());
    }
}
