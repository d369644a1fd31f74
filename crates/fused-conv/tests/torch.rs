//! Layers and poolings against PyTorch's in f64; `golden/make_golden.py` made the files.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

use std::path::Path;
use std::sync::Mutex;

use fused_conv::{
    Activation, Activations, BatchNorm, Conv1d, Conv1dShape, Conv2d, Conv2dShape, Deviation,
    Epilogue, Eps, Grid, Norm, Padding, View, add, attentive_statistics, from_grid,
    grid_mean_deviation, mean, mean_deviation, num_segments, scale, segment_means,
};
use register_tiles::{Simd, set_simd};

/// f32 sums over at most 144 products or 150 frames of values of order 1, relative to the largest.
const TOLERANCE: f32 = 1e-6;

/// The choice of instructions is the process's.
static CHOICE: Mutex<()> = Mutex::new(());

/// Numbers one behind the other.
struct Golden(std::vec::IntoIter<f32>);

impl Golden {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.f32"));
        let bytes = std::fs::read(path).expect("golden file");
        let (numbers, _) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = numbers
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        Self(numbers.into_iter())
    }

    fn take(&mut self, len: usize) -> Vec<f32> {
        let part: Vec<f32> = self.0.by_ref().take(len).collect();
        assert_eq!(part.len(), len);
        part
    }

    fn norm(&mut self, channels: usize) -> [Vec<f32>; 4] {
        std::array::from_fn(|_| self.take(channels))
    }

    fn end(mut self) {
        assert_eq!(self.0.next(), None);
    }
}

fn batch_norm([weight, bias, mean, variance]: &[Vec<f32>; 4]) -> BatchNorm<'_> {
    BatchNorm {
        weight: Some(weight),
        bias: Some(bias),
        mean,
        variance,
        eps: 1e-5,
    }
}

/// Holds that a layer writes this, with all instructions of this processor.
fn holds(rows: usize, channels: usize, expected: &[f32], layer: impl Fn(&mut Activations)) {
    let _guard = CHOICE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let largest = expected
        .iter()
        .fold(1f32, |largest, value| largest.max(value.abs()));
    for simd in Simd::available() {
        set_simd(Some(simd)).expect("available");
        let mut out = Activations::new(rows, channels).expect("room");
        layer(&mut out);
        let found = out.view().to_vec();
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (found - expected).abs();
            assert!(
                error <= TOLERANCE * largest,
                "{simd} [{index}]: {found}, torch has {expected}"
            );
        }
    }
    set_simd(None).expect("nothing to refuse");
}

fn view(data: &[f32], channels: usize) -> View<'_> {
    View::new(data, channels).expect("view")
}

#[test]
fn a_block_with_mirrored_ends_and_a_norm_behind_its_activation() {
    let mut golden = Golden::open("reflect");
    let (x, weights, bias) = (golden.take(11 * 5), golden.take(7 * 5 * 3), golden.take(7));
    let (norm, y) = (golden.norm(7), golden.take(11 * 7));
    golden.end();
    let shape = Conv1dShape {
        padding: Padding::Reflect(2),
        ..Conv1dShape::same(5, 7, 3, 2)
    };
    let epilogue = Epilogue {
        bias: Some(&bias),
        activation: Activation::Relu,
        norm_behind: Some(batch_norm(&norm)),
        ..Epilogue::default()
    };
    let layer = Conv1d::new(shape, &weights, &epilogue).expect("layer");
    holds(11, 7, &y, |out| {
        layer
            .forward(view(&x, 5), None, out.view_mut())
            .expect("forward");
    });
}

#[test]
fn every_second_frame_and_a_norm_before_the_activation() {
    let mut golden = Golden::open("stride");
    let (x, weights) = (golden.take(12 * 20), golden.take(33 * 20 * 5));
    let (norm, y) = (golden.norm(33), golden.take(6 * 33));
    golden.end();
    let shape = Conv1dShape {
        stride: 2,
        ..Conv1dShape::same(20, 33, 5, 1)
    };
    let epilogue = Epilogue {
        norm: Some(batch_norm(&norm)),
        activation: Activation::Relu,
        ..Epilogue::default()
    };
    let layer = Conv1d::new(shape, &weights, &epilogue).expect("layer");
    holds(6, 33, &y, |out| {
        layer
            .forward(view(&x, 20), None, out.view_mut())
            .expect("forward");
    });
}

/// A convolution of 3 x 3 with its norm, a residual and the activation.
fn holds_as_the_end_of_a_block(name: &str, shape: Conv2dShape, grid: Grid, to: usize) {
    let mut golden = Golden::open(name);
    let (x, weights, norm) = (
        golden.take(grid.rows() * shape.inputs),
        golden.take(shape.outputs * shape.inputs * 9),
        golden.norm(shape.outputs),
    );
    let outputs = shape.outputs;
    let (residual, y) = (golden.take(to * outputs), golden.take(to * outputs));
    golden.end();
    let epilogue = Epilogue {
        norm: Some(batch_norm(&norm)),
        activation: Activation::Relu,
        ..Epilogue::default()
    };
    let layer = Conv2d::new(shape, &weights, &epilogue).expect("layer");
    holds(to, outputs, &y, |out| {
        let residual = Some(view(&residual, outputs));
        layer
            .forward(view(&x, shape.inputs), grid, residual, out.view_mut())
            .expect("forward");
    });
}

#[test]
fn the_end_of_a_residual_block() {
    let shape = Conv2dShape::three(16, 17, [2, 1]);
    holds_as_the_end_of_a_block("block", shape, Grid { bins: 7, frames: 9 }, 4 * 9);
}

#[test]
fn a_residual_block_by_tiles() {
    let shape = Conv2dShape::three(20, 18, [1, 1]);
    holds_as_the_end_of_a_block("tiles", shape, Grid { bins: 9, frames: 7 }, 9 * 7);
}

#[test]
fn a_norm_before_its_activation() {
    let mut golden = Golden::open("norm");
    let (x, norm, y) = (golden.take(6 * 19), golden.norm(19), golden.take(6 * 19));
    golden.end();
    let layer = Norm::new(19, &batch_norm(&norm), Activation::Relu).expect("layer");
    holds(6, 19, &y, |out| {
        layer
            .forward(view(&x, 19), out.view_mut())
            .expect("forward")
    });
}

#[test]
fn statistics_of_each_bin_and_the_plane_as_frames() {
    let mut golden = Golden::open("grid");
    let (x, means) = (golden.take(4 * 5 * 3), golden.take(12));
    let (deviations, frames) = (golden.take(12), golden.take(5 * 12));
    golden.end();
    let grid = Grid { bins: 4, frames: 5 };
    let deviation = Deviation {
        unbiased: true,
        eps: Eps::Inside(1e-7),
    };
    holds(5, 12, &frames, |out| {
        from_grid(view(&x, 3), grid, out.view_mut()).expect("size")
    });
    let both = [means, deviations].concat();
    holds(2, 12, &both, |out| {
        let mut means = [0.0; 12];
        let mut deviations = [0.0; 12];
        let row = |row| fused_conv::ViewMut::new(row, 12).expect("view");
        grid_mean_deviation(
            view(&x, 3),
            grid,
            deviation,
            row(&mut means),
            row(&mut deviations),
        )
        .expect("size");
        out.view_mut().row(0).copy_from_slice(&means);
        out.view_mut().row(1).copy_from_slice(&deviations);
    });
    // The same of the frames themselves.
    holds(2, 12, &both, |out| {
        let mut means = [0.0; 12];
        let mut deviations = [0.0; 12];
        let row = |row| fused_conv::ViewMut::new(row, 12).expect("view");
        mean_deviation(
            view(&frames, 12),
            deviation,
            row(&mut means),
            row(&mut deviations),
        )
        .expect("size");
        out.view_mut().row(0).copy_from_slice(&means);
        out.view_mut().row(1).copy_from_slice(&deviations);
    });
}

#[test]
fn statistics_by_attention() {
    let mut golden = Golden::open("attentive");
    let (x, scores) = (golden.take(150 * 18), golden.take(150 * 18));
    let both = golden.take(2 * 18);
    golden.end();
    holds(2, 18, &both, |out| {
        let mut means = [0.0; 18];
        let mut deviations = [0.0; 18];
        let row = |row| fused_conv::ViewMut::new(row, 18).expect("view");
        let (x, scores) = (view(&x, 18), view(&scores, 18));
        attentive_statistics(
            x,
            scores,
            Eps::Floor(1e-7),
            row(&mut means),
            row(&mut deviations),
        )
        .expect("size");
        out.view_mut().row(0).copy_from_slice(&means);
        out.view_mut().row(1).copy_from_slice(&deviations);
    });
}

#[test]
fn means_of_segments_and_gates_by_them() {
    let mut golden = Golden::open("segments");
    let (x, means) = (golden.take(25 * 6), golden.take(3 * 6));
    let (gates, scaled) = (golden.take(3 * 6), golden.take(25 * 6));
    golden.end();
    assert_eq!(num_segments(25, 10), 3);
    holds(3, 6, &means, |out| {
        segment_means(view(&x, 6), 10, out.view_mut()).expect("size")
    });
    holds(3, 6, &gates, |out| {
        let mut whole = Activations::new(1, 6).expect("room");
        mean(view(&x, 6), whole.view_mut()).expect("size");
        let mut context = Activations::new(3, 6).expect("room");
        add(view(&means, 6), whole.view(), context.view_mut()).expect("size");
        // A sigmoid alone.
        let identity = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let weights: Vec<f32> = (0..6)
            .flat_map(|row| (0..6).map(move |at| identity[(at + 6 - row) % 6]))
            .collect();
        let epilogue = Epilogue {
            activation: Activation::Sigmoid,
            ..Epilogue::default()
        };
        let layer = Conv1d::new(Conv1dShape::dense(6, 6), &weights, &epilogue).expect("layer");
        layer
            .forward(context.view(), None, out.view_mut())
            .expect("forward");
    });
    holds(25, 6, &scaled, |out| {
        scale(view(&x, 6), view(&gates, 6), 10, None, out.view_mut()).expect("size");
    });
}
