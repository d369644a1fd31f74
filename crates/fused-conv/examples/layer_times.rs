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

use fused_conv::training::{After, Conv1d, Conv2d};
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
    let one = (bins == 0).then(|| Conv1d::new(shape1, frames).unwrap());
    let two = (bins > 0).then(|| Conv2d::new(shape2, grid).unwrap());
    let to = two.map_or(frames, |two| two.output_grid().rows());
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
        match (&one, &two) {
            (Some(one), _) => one.forward(xv, &w, After::default(), yv).unwrap(),
            (_, Some(two)) => two.forward(xv, &w, yv).unwrap(),
            _ => {}
        }
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let (dyv, dxv) = (
            View::new(&y, outputs).unwrap(),
            ViewMut::new(&mut dx, inputs).unwrap(),
        );
        match (&one, &two) {
            (Some(one), _) => one.input_gradient(dyv, &w, false, dxv).unwrap(),
            (_, Some(two)) => two.input_gradient(dyv, &w, false, dxv).unwrap(),
            _ => {}
        }
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        match (&one, &two) {
            (Some(one), _) => one.weight_gradient(xv, dyv, &mut dw, None).unwrap(),
            (_, Some(two)) => two.weight_gradient(xv, dyv, &mut dw).unwrap(),
            _ => {}
        }
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
