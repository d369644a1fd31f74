//! The matrix product at the LSTM's shapes against the `gemm` crate, and whole layers.
//!
//! `cargo bench -p fused-lstm` takes about a minute; `SIAMANG_BENCH=all` measures all sizes of layers (and 6 GB of memory).
// A bench may stop where it stands.
#![allow(clippy::expect_used, missing_docs)]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use fused_lstm::kernel::{Right, multiply_transposed, transposed_len};
use fused_lstm::{
    Direction, Options, Precision, Shape, Simd, WeightGradients, Weights, backward, forward_with,
    recycle,
};

/// `out += left * right`, by `gemm`, with a stride from row to row and from column to column of `left`.
fn by_gemm(
    (rows, inner, columns): (usize, usize, usize),
    out: &mut [f32],
    left: &[f32],
    (row_stride, column_stride): (usize, usize),
    right: &[f32],
) {
    assert!(out.len() >= rows * columns && right.len() >= inner * columns);
    assert!(left.len() > (rows - 1) * row_stride + (inner - 1) * column_stride);
    // SAFETY: all strides and sizes were checked to end inside the slices, and `out` overlaps none.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            columns as isize,
            true,
            left.as_ptr(),
            column_stride as isize,
            row_stride as isize,
            right.as_ptr(),
            1,
            columns as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Values in -0.5..0.5.
fn noise(len: usize) -> Vec<f32> {
    (0..len)
        .map(|index| (index * 7919 % 1009) as f32 / 1009.0 - 0.5)
        .collect()
}

fn ways() -> Vec<Options> {
    let mut ways = Vec::new();
    for simd in Simd::available() {
        for precision in [Precision::F32, Precision::Bf16] {
            let is_same = simd == Simd::Amx && precision == Precision::F32;
            if precision.is_native(simd) && !is_same {
                ways.push(Options {
                    precision,
                    simd: Some(simd),
                    ..Options::default()
                });
            }
        }
    }
    ways
}

fn name(options: Options) -> String {
    let simd = options.simd.unwrap_or_else(Simd::best);
    format!("{simd}-{}", options.precision)
}

fn quick<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(50));
    group.measurement_time(Duration::from_millis(200));
    group
}

/// Elements are floating point operations: read `Gelem/s` as GFLOP/s.
fn products(criterion: &mut Criterion) {
    let mut group = quick(criterion, "product");
    for (rows, inner, columns) in [
        (32, 128, 1024),
        (32, 256, 1024),
        (32, 512, 1024),
        (100, 128, 1024),
        (100, 256, 1024),
        (100, 512, 1024),
        (100, 1024, 256),
    ] {
        let (left, right) = (noise(rows * inner), noise(inner * columns));
        let mut out = noise(rows * columns);
        let shape = format!("{rows}x{inner}x{columns}");
        group.throughput(Throughput::Elements((2 * rows * inner * columns) as u64));
        group.bench_function(BenchmarkId::new("gemm", &shape), |bencher| {
            let sizes = (rows, inner, columns);
            bencher.iter(|| by_gemm(sizes, &mut out, &left, (inner, 1), &right));
        });
        for options in ways() {
            let packed = Right::pack(&right, inner, options).expect("available");
            group.bench_function(BenchmarkId::new(name(options), &shape), |bencher| {
                bencher.iter(|| packed.multiply(&left, &mut out));
            });
        }
    }
    group.finish();
}

fn weight_gradients(criterion: &mut Criterion) {
    let mut group = quick(criterion, "weight-gradient");
    let (rows, columns) = (4000, 256);
    for width in [128, 256, 512] {
        let (left, right) = (noise(rows * width), noise(rows * columns));
        let mut out = noise(transposed_len(width, columns));
        let shape = format!("{width}x{rows}x{columns}");
        group.throughput(Throughput::Elements((2 * rows * width * columns) as u64));
        group.bench_function(BenchmarkId::new("gemm", &shape), |bencher| {
            let sizes = (width, rows, columns);
            bencher.iter(|| by_gemm(sizes, &mut out, &left, (1, width), &right));
        });
        for options in ways() {
            group.bench_function(BenchmarkId::new(name(options), &shape), |bencher| {
                bencher.iter(|| multiply_transposed(&left, width, &right, &mut out, options));
            });
        }
    }
    group.finish();
}

fn layers(criterion: &mut Criterion) {
    let all = std::env::var("SIAMANG_BENCH").is_ok_and(|what| what == "all");
    let sizes: &[(usize, usize)] = if all {
        &[
            (32, 40),
            (32, 100),
            (32, 300),
            (100, 40),
            (100, 100),
            (100, 300),
            (400, 40),
            (400, 100),
            (400, 300),
        ]
    } else {
        &[(32, 40), (100, 40)]
    };
    let mut group = quick(criterion, "layer");
    for &(batch, frames) in sizes {
        let (input, hidden) = (512, 256);
        let shape = Shape {
            frames,
            batch,
            input,
            hidden,
            direction: Direction::Bidirectional,
        };
        let x = noise(frames * batch * input);
        let dy = noise(frames * batch * 2 * hidden);
        let small = |len| noise(len).iter().map(|w| 0.1 * w).collect::<Vec<_>>();
        let (w, u, bias) = (
            small(input * 4 * hidden),
            small(hidden * 4 * hidden),
            small(4 * hidden),
        );
        let weights = [Weights {
            input: &w,
            recurrent: &u,
            bias: &bias,
        }; 2];
        let of_forward = 16 * (frames * batch * hidden * (input + hidden)) as u64;
        for options in ways() {
            let id = format!("{}-batch{batch}-frames{frames}", name(options));
            group.throughput(Throughput::Elements(of_forward));
            group.bench_function(BenchmarkId::new("inference", &id), |bencher| {
                bencher.iter(|| {
                    let (y, _) =
                        forward_with(shape, &x, None, &weights, false, options).expect("sizes fit");
                    recycle(y);
                });
            });
            group.throughput(Throughput::Elements(3 * of_forward));
            group.bench_function(BenchmarkId::new("training", &id), |bencher| {
                bencher.iter(|| {
                    let (y, saved) =
                        forward_with(shape, &x, None, &weights, true, options).expect("sizes fit");
                    let saved = saved.expect("asked for");
                    let (dx, gradients) =
                        backward(saved, &x, &dy, &weights, true).expect("sizes fit");
                    dx.into_iter().chain([y]).for_each(recycle);
                    gradients.into_iter().for_each(WeightGradients::recycle);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, products, weight_gradients, layers);
criterion_main!(benches);
