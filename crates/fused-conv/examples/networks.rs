//! Where inference of four networks stands beside the processor's best product: every convolution at 300 frames of 80 bins,
//! with ReLU, one thread, least processor time of many runs. `cargo run --release -p fused-conv --example networks`.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use cpu_time::ThreadTime;
use fused_conv::{
    Activation, Activations, Conv1d, Conv1dShape, Conv2d, Conv2dShape, Epilogue, Grid, Padding,
};
use register_tiles::{Product, Rows, Simd, WIDTH};

fn values(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| 0.1 * next()).collect()
}

/// Least seconds of a run.
fn seconds(mut run: impl FnMut()) -> f64 {
    let all = ThreadTime::now();
    let mut least = f64::MAX;
    while all.elapsed().as_secs_f64() < 0.3 {
        let start = ThreadTime::now();
        run();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

/// What the layers of a network take.
#[derive(Default)]
struct Sum {
    seconds: f64,
    /// Multiplications as the sums stand, and as they are made.
    plain: f64,
    made: f64,
}

impl Sum {
    fn add(&mut self, times: usize, seconds: f64, plain: usize, made: usize) {
        self.seconds += times as f64 * seconds;
        self.plain += (times * plain) as f64;
        self.made += (times * made) as f64;
    }

    fn frames(&mut self, times: usize, shape: Conv1dShape, frames: usize) {
        let Conv1dShape {
            inputs,
            outputs,
            kernel,
            dilation,
            stride,
            ..
        } = shape;
        let epilogue = Epilogue {
            activation: Activation::Relu,
            ..Epilogue::default()
        };
        let layer = Conv1d::new(shape, &values(inputs * outputs * kernel), &epilogue).unwrap();
        let to = shape.output_frames(frames).unwrap();
        let (x, mut y) = (full(frames, inputs), Activations::new(to, outputs).unwrap());
        let seconds = seconds(|| layer.forward(x.view(), None, y.view_mut()).unwrap());
        let tiles = |outputs| to.div_ceil(dilation * outputs) * dilation * 6;
        let made = match (kernel, stride) {
            (3, 1) => tiles(4),
            (5, 1) => tiles(2),
            _ => to * kernel,
        };
        let pairs = inputs * outputs;
        self.add(times, seconds, to * kernel * pairs, made * pairs);
    }

    fn plane(&mut self, times: usize, shape: Conv2dShape, grid: Grid) {
        let (inputs, outputs) = (shape.inputs, shape.outputs);
        let taps = shape.kernel[0] * shape.kernel[1];
        let epilogue = Epilogue {
            activation: Activation::Relu,
            ..Epilogue::default()
        };
        let layer = Conv2d::new(shape, &values(inputs * outputs * taps), &epilogue).unwrap();
        let to = shape.output_grid(grid).unwrap();
        let x = full(grid.rows(), inputs);
        let mut y = Activations::new(to.rows(), outputs).unwrap();
        let seconds = seconds(|| layer.forward(x.view(), grid, None, y.view_mut()).unwrap());
        let along = |len: usize, stride: usize| (len * stride).div_ceil(4);
        let tiles = along(to.bins, shape.stride[0]) * along(to.frames, shape.stride[1]);
        let made = match (taps, shape.stride) {
            (9, [1, 1] | [2, 1]) if inputs > 1 => tiles * 36,
            _ => to.rows() * taps,
        };
        let pairs = inputs * outputs;
        self.add(times, seconds, to.rows() * taps * pairs, made * pairs);
    }

    /// The best product is in multiplications a second.
    fn print(&self, name: &str, best: f64) {
        let floor = self.made / best;
        println!(
            "| {name} | {:.2} | {:.2} | {:.1} | {:.1} | {:.0} % |",
            2.0 * self.plain / 1e9,
            2.0 * self.made / 1e9,
            1e3 * floor,
            1e3 * self.seconds,
            100.0 * floor / self.seconds
        );
    }
}

fn full(rows: usize, channels: usize) -> Activations {
    let mut x = Activations::new(rows, channels).unwrap();
    let all = values(rows * channels);
    for (row, from) in all.chunks(channels).enumerate() {
        x.view_mut().row(row).copy_from_slice(from);
    }
    x
}

/// Multiplications a second of a product whose operands lie in the first cache.
fn best_product() -> f64 {
    let (rows, inner) = (48, 96);
    let (left, panel) = (values(rows * inner), values(inner * WIDTH));
    let mut out = vec![[0.0; WIDTH]; rows];
    let arch = Simd::chosen().unwrap().resolve().unwrap();
    let least = seconds(|| {
        for _ in 0..20 {
            let product = Product {
                rows: Rows::plain(&left, inner),
                panel: &panel,
                out: &mut out,
                accumulate: false,
            };
            product.run(arch);
        }
    });
    (20 * rows * inner * WIDTH) as f64 / least
}

fn res_net_34() -> Sum {
    let mut sum = Sum::default();
    let mut grid = Grid {
        bins: 80,
        frames: 300,
    };
    sum.plane(1, Conv2dShape::three(1, 32, [1, 1]), grid);
    let mut inputs = 32;
    for (blocks, outputs) in [(3, 32), (4, 64), (6, 128), (3, 256)] {
        let mut plain = 2 * blocks;
        if outputs > inputs {
            plain -= 1;
            let strided = Conv2dShape::three(inputs, outputs, [2, 2]);
            sum.plane(1, strided, grid);
            sum.plane(1, Conv2dShape::one(inputs, outputs, [2, 2]), grid);
            grid = strided.output_grid(grid).unwrap();
        }
        sum.plane(plain, Conv2dShape::three(outputs, outputs, [1, 1]), grid);
        inputs = outputs;
    }
    sum.frames(1, Conv1dShape::dense(5120, 256), 1);
    sum
}

fn ecapa_512() -> Sum {
    let mut sum = Sum::default();
    sum.frames(1, Conv1dShape::same(80, 512, 5, 1), 300);
    sum.frames(6, Conv1dShape::dense(512, 512), 300);
    for dilation in 2..5 {
        sum.frames(7, Conv1dShape::same(64, 64, 3, dilation), 300);
    }
    for (inputs, outputs, frames) in [(1536, 1536, 300), (1536, 128, 300), (128, 1536, 300)] {
        sum.frames(1, Conv1dShape::dense(inputs, outputs), frames);
    }
    sum.frames(2, Conv1dShape::dense(3072, 192), 1);
    sum
}

fn cam_plus_plus() -> Sum {
    let mut sum = Sum::default();
    let mut grid = Grid {
        bins: 80,
        frames: 300,
    };
    sum.plane(1, Conv2dShape::three(1, 32, [1, 1]), grid);
    for plain in [3, 3, 0] {
        let strided = Conv2dShape::three(32, 32, [2, 1]);
        sum.plane(1, strided, grid);
        if plain > 0 {
            sum.plane(1, Conv2dShape::one(32, 32, [2, 1]), grid);
        }
        grid = strided.output_grid(grid).unwrap();
        sum.plane(plain, Conv2dShape::three(32, 32, [1, 1]), grid);
    }
    let halved = Conv1dShape {
        stride: 2,
        ..Conv1dShape::same(320, 128, 5, 1)
    };
    sum.frames(1, halved, 300);
    let mut inputs = 128;
    for (layers, dilation) in [(12, 1), (24, 2), (16, 2)] {
        // Of the mean width, which the time follows.
        let mean = inputs + 16 * (layers - 1);
        sum.frames(layers, Conv1dShape::dense(mean, 128), 150);
        sum.frames(layers, Conv1dShape::same(128, 32, 3, dilation), 150);
        let all = inputs + 32 * layers;
        sum.frames(1, Conv1dShape::dense(all, all / 2), 150);
        inputs = all / 2;
    }
    sum.frames(1, Conv1dShape::dense(1024, 192), 1);
    sum
}

fn x_vector() -> Sum {
    let mut sum = Sum::default();
    let mut frames = 300;
    for (inputs, outputs, kernel, dilation) in [
        (80, 512, 5, 1),
        (512, 512, 3, 2),
        (512, 512, 3, 3),
        (512, 512, 1, 1),
        (512, 1500, 1, 1),
    ] {
        let shape = Conv1dShape {
            padding: Padding::Zeros(0),
            ..Conv1dShape::same(inputs, outputs, kernel, dilation)
        };
        sum.frames(1, shape, frames);
        frames = shape.output_frames(frames).unwrap();
    }
    sum.frames(1, Conv1dShape::dense(3000, 512), 1);
    sum.frames(1, Conv1dShape::dense(512, 512), 1);
    sum
}

fn main() {
    let best = best_product();
    println!("best product: {:.0} GFLOP/s\n", 2.0 * best / 1e9);
    println!(
        "| network | GFLOP as they stand | as they are made | floor, ms | found, ms | share |"
    );
    println!("|---|---|---|---|---|---|");
    res_net_34().print("ResNet34", best);
    ecapa_512().print("ECAPA-512", best);
    cam_plus_plus().print("CAM++", best);
    x_vector().print("x-vector", best);
}
