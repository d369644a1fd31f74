//! Processor milliseconds of one layer in training: forward, gradient of the input, gradient of the weights. Arguments: threads, batch,
//! bins (0 for a convolution over frames), frames, inputs, outputs, kernel, dilation or stride, repetitions.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs
)]

use cpu_time::ProcessTime as Instant;

use fused_conv::training::{After, Convolution};
use fused_conv::{Conv1dShape, Conv2dShape, Grid, View, ViewMut};

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse().expect("a number"))
        .collect();
    let [
        threads,
        batch,
        bins,
        frames,
        inputs,
        outputs,
        kernel,
        apart,
        times,
    ] = arguments[..]
    else {
        panic!("nine numbers");
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .expect("threads");
    let random = |len: usize| -> Vec<f32> {
        let mut state = 1u32;
        (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    };
    let grid = Grid {
        bins: bins.max(1),
        frames,
    };
    let shape1 = Conv1dShape::same(inputs, outputs, kernel, apart);
    let shape2 = Conv2dShape {
        inputs,
        outputs,
        kernel: [kernel; 2],
        stride: [apart; 2],
        padding: [kernel / 2; 2],
    };
    let conv = match bins {
        0 => Convolution::over_frames(shape1, frames).unwrap(),
        _ => Convolution::over_planes(shape2, grid).unwrap(),
    };
    let to = conv.output_grid().rows();
    let taps = if bins > 0 { kernel * kernel } else { kernel };
    let x = random(batch * grid.rows() * inputs);
    let w = random(inputs * outputs * taps);
    let mut y = random(batch * to * outputs);
    let mut dx = vec![0.0; x.len()];
    let mut dw = vec![0.0; w.len()];
    let mut best = [f64::MAX; 3];
    for _ in 0..times {
        let start = Instant::now();
        let (xv, yv) = (
            View::new(&x, inputs).unwrap(),
            ViewMut::new(&mut y, outputs).unwrap(),
        );
        conv.forward(xv, &w, After::default(), yv).unwrap();
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let (dyv, dxv) = (
            View::new(&y, outputs).unwrap(),
            ViewMut::new(&mut dx, inputs).unwrap(),
        );
        conv.input_gradient(dyv, &w, false, dxv).unwrap();
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        conv.weight_gradient(xv, dyv, &mut dw, None).unwrap();
        best[2] = best[2].min(start.elapsed().as_secs_f64());
    }
    let flops = 2.0 * (batch * to * inputs * outputs * taps) as f64;
    for (what, best) in ["forward", "input", "weights"].iter().zip(best) {
        print!(
            "{what} {:.2} ms {:.0} GFLOP/s  ",
            1e3 * best,
            flops / best / 1e9
        );
    }
    println!();
}
