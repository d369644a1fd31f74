//! A speaker network as an ONNX file, as others export theirs.

use onnx_graph::write::{Builder, Conv1d, Deviation, Handle, Size};

/// Bands that it takes.
pub const GRAPH_BINS: usize = 80;

/// Values of its embedding.
pub const GRAPH_WIDTH: usize = 24;

/// Numbers around 0 that depend on `seed` alone.
fn numbers(seed: u32, count: usize, scale: f32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| scale * next()).collect()
}

/// Two convolutions over frames, their mean and deviation, and a dense layer, with random weights: what a graph may be
/// made of.
pub fn tdnn(builder: &mut Builder, features: &Handle, bins: usize) -> Handle {
    let channels = builder.transpose(features, &[0, 2, 1]);
    let layer = |builder: &mut Builder, x: &Handle, seed, input, kernel: usize, dilation| {
        let weight = numbers(seed, 32 * input * kernel, 4.0 / (input * kernel) as f32);
        let bias = numbers(seed + 1, 32, 0.2);
        let conv = Conv1d {
            weight: &weight,
            bias: Some(&bias),
            input,
            output: 32,
            kernel,
            stride: 1,
            dilation,
            padding: dilation * (kernel / 2),
            groups: 1,
        };
        let y = builder.conv1d(x, conv).unwrap();
        builder.tanh(&y)
    };
    let x = layer(builder, &channels, 1, bins, 5, 1);
    let x = layer(builder, &x, 3, 32, 3, 2);
    let frames = builder.transpose(&x, &[0, 2, 1]);
    let deviation = Deviation {
        unbiased: false,
        epsilon: 1e-7,
        floor: 0.0,
    };
    let pooled = builder.mean_and_deviation_over_frames(&frames, deviation);
    let weight = numbers(5, 64 * GRAPH_WIDTH, 1.0);
    builder
        .linear(&pooled, 64, GRAPH_WIDTH, &weight, None)
        .unwrap()
}

/// An ONNX file with WeSpeaker's ports, `feats [B, T, 80]` to `embs [B, 24]`; `between` is what stands between the features and
/// the output.
pub fn graph_of(between: impl FnOnce(&mut Builder, &Handle) -> Handle) -> Vec<u8> {
    let mut builder = Builder::new("network");
    let [items, frames] = ["B", "T"].map(Size::Dynamic);
    let bins = Size::Fixed(GRAPH_BINS);
    let features = builder.input("feats", &[items, frames, bins]);
    let embedding = between(&mut builder, &features);
    let width = Size::Fixed(GRAPH_WIDTH);
    builder.output("embs", &embedding, &[Size::Dynamic("B"), width]);
    builder.finish().unwrap()
}

/// An ONNX file of [`tdnn`].
pub fn write_graph(path: &std::path::Path) {
    let bytes = graph_of(|builder, features| tdnn(builder, features, GRAPH_BINS));
    std::fs::write(path, bytes).unwrap();
}
