//! Milliseconds of one training step (forward and backward) of a stack of bidirectional layers.
//!
//! `cargo run --release -p fused-lstm --example step -- <f32|bf16> <threads> <batch> <frames> <steps> <input> <hidden>...`
//!
//! Without arguments: f32, one thread, batch 100, 40 frames, 128 -> 256 twice -> 256 twice. The fastest of the steps
//! counts: the machine may have other work. `SIAMANG_SIMD=avx2` and the like choose the instructions.

// An example talks to a terminal.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use fused_lstm::{
    LstmError, Options, Precision, Shape, WeightGradients, Weights, backward, forward_with, recycle,
};

struct Layer {
    shape: Shape,
    weights: [[Vec<f32>; 3]; 2],
}

impl Layer {
    fn weights(&self) -> [Weights<'_>; 2] {
        self.weights
            .each_ref()
            .map(|[input, recurrent, bias]| Weights {
                input,
                recurrent,
                bias,
            })
    }
}

/// Values in -scale..scale that look random enough for a timing.
fn noise(len: usize, scale: f32) -> Vec<f32> {
    let mut state = 1u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * scale
    };
    (0..len).map(next).collect()
}

fn step(
    layers: &[Layer],
    x: &[f32],
    dy: &[f32],
    options: Options,
) -> Result<(Duration, Duration), LstmError> {
    let begin = Instant::now();
    let mut inputs = vec![x.to_vec()];
    let mut traces = Vec::new();
    for (layer, index) in layers.iter().zip(0..) {
        let x = &inputs[index];
        let (y, saved) = forward_with(layer.shape, x, None, layer.weights(), true, options)?;
        inputs.push(y);
        traces.extend(saved);
    }
    let half = begin.elapsed();
    let mut dy = dy.to_vec();
    while let Some(saved) = traces.pop() {
        inputs.pop().into_iter().for_each(recycle);
        let layer = &layers[traces.len()];
        let x = &inputs[traces.len()];
        let (dx, gradients) = backward(saved, x, &dy, layer.weights(), !traces.is_empty())?;
        gradients.into_iter().for_each(WeightGradients::recycle);
        recycle(dy);
        dy = dx.unwrap_or_default();
    }
    Ok((half, begin.elapsed()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let precision: Precision = arguments.next().as_deref().unwrap_or("f32").parse()?;
    let options = Options {
        precision,
        ..Options::default()
    };
    let numbers: Result<Vec<usize>, _> = arguments.map(|text| text.parse()).collect();
    let mut numbers = numbers?;
    if numbers.is_empty() {
        numbers = vec![1, 100, 40, 10, 128, 256, 256];
    }
    let &[threads, batch, frames, steps, mut input, ref hidden @ ..] = &numbers[..] else {
        return Err(
            "usage: step <f32|bf16> <threads> <batch> <frames> <steps> <input> <hidden>...".into(),
        );
    };
    let x = noise(frames * batch * input, 1.0);
    let mut layers = Vec::new();
    for &hidden in hidden {
        let shape = Shape {
            frames,
            batch,
            input,
            hidden,
        };
        let scale = 1.0 / (hidden as f32).sqrt();
        let weights = [(); 2].map(|()| {
            [input * 4 * hidden, hidden * 4 * hidden, 4 * hidden].map(|len| noise(len, scale))
        });
        layers.push(Layer { shape, weights });
        input = 2 * hidden;
    }
    let dy = noise(frames * batch * input, 1.0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..steps {
        let (half, whole) = pool.install(|| step(&layers, &x, &dy, options))?;
        best = best.min((whole, half));
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{precision}, threads {threads}: {:.1} ms (forward {:.1})",
        ms(best.0),
        ms(best.1)
    );
    Ok(())
}
