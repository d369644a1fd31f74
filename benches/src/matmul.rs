//! The floor of a training step: its recurrent layers' matrix products and nothing else.

use crate::{HIDDEN, NUM_BINS, Repetition, Size};

/// One product `[m, k] x [k, n]`, done `times` times.
struct Product {
    m: usize,
    k: usize,
    n: usize,
    times: usize,
}

/// Forward and backward products of both directions of two layers. The first layer's input needs no gradient.
fn products(size: Size) -> Vec<Product> {
    let gates = 4 * HIDDEN;
    let rows = size.batch * size.frames;
    let mut products = Vec::new();
    for (input, needs_input_gradient) in [(NUM_BINS, false), (2 * HIDDEN, true)] {
        let mut add = |m, k, n, times| {
            products.push(Product {
                m,
                k,
                n,
                times: 2 * times,
            })
        };
        add(rows, input, gates, 1);
        add(size.batch, HIDDEN, gates, size.frames);
        add(size.batch, gates, HIDDEN, size.frames);
        add(input, rows, gates, 1);
        add(HIDDEN, rows, gates, 1);
        if needs_input_gradient {
            add(rows, gates, input, 1);
        }
    }
    products
}

/// All products one after another; gives GFLOP.
pub(crate) fn matmul(size: Size) -> Repetition {
    let products = products(size);
    let longest = |cells: fn(&Product) -> usize| products.iter().map(cells).max().unwrap_or(0);
    let a = vec![0.5_f32; longest(|p| p.m * p.k)];
    let b = vec![0.5_f32; longest(|p| p.k * p.n)];
    let mut c = vec![0.0_f32; longest(|p| p.m * p.n)];
    let threads = rayon::current_num_threads();
    Box::new(move || {
        let mut gflop = 0.0;
        for product in &products {
            for _ in 0..product.times {
                multiply(product, &a, &b, &mut c, threads);
            }
            gflop += 2e-9 * (product.m * product.k * product.n * product.times) as f64;
        }
        Ok(gflop)
    })
}

#[allow(
    unsafe_code,
    reason = "the crate's only interface is raw pointers and strides"
)]
fn multiply(product: &Product, a: &[f32], b: &[f32], c: &mut [f32], threads: usize) {
    let (m, k, n) = (product.m, product.k, product.n);
    assert!(a.len() >= m * k && b.len() >= k * n && c.len() >= m * n);
    let parallelism = match threads {
        1 => gemm::Parallelism::None,
        threads => gemm::Parallelism::Rayon(threads),
    };
    // SAFETY: row-major `[m, k]`, `[k, n]` and `[m, n]` lie inside the slices, which the assertion above checks; `c` is
    // borrowed mutably and overlaps neither.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            1,
            k as isize,
            b.as_ptr(),
            1,
            n as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
