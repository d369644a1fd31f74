//! After the first step nothing large is allocated. Alone in its process: it counts all allocations.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use fused_lstm::{
    Direction, Options, Precision, Shape, Simd, WeightGradients, Weights, backward, forward_with,
    recycle,
};

/// Bytes from which on an allocation counts as large.
const LARGE: usize = 16 * 1024;

static LARGE_ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(size: usize) {
    if size >= LARGE {
        LARGE_ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_second_step_allocates_nothing_large() {
    let shape = Shape {
        frames: 20,
        batch: 50,
        input: 100,
        hidden: 96,
        direction: Direction::Bidirectional,
    };
    let x = vec![0.1; 20 * 50 * 100];
    let dy = vec![0.1; 20 * 50 * 2 * 96];
    let (input, recurrent) = (vec![0.01; 100 * 4 * 96], vec![0.01; 96 * 4 * 96]);
    let bias = vec![0.0; 4 * 96];
    let weights = [Weights {
        input: &input,
        recurrent: &recurrent,
        bias: &bias,
    }; 2];
    let step = |options| {
        let (y, saved) = forward_with(shape, &x, None, &weights, true, options).expect("forward");
        let saved = saved.expect("asked for");
        let (dx, gradients) = backward(saved, &x, &dy, &weights, true).expect("backward");
        recycle(y);
        dx.into_iter().for_each(recycle);
        gradients.into_iter().for_each(WeightGradients::recycle);
    };
    // One thread: how many buffers are taken at once depends on how the threads meet.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("pool");
    for simd in Simd::available() {
        for precision in [Precision::F32, Precision::Bf16] {
            let options = Options {
                precision,
                simd: Some(simd),
                ..Options::default()
            };
            pool.install(|| step(options));
            let before = LARGE_ALLOCATIONS.load(Ordering::Relaxed);
            pool.install(|| (0..3).for_each(|_| step(options)));
            let after = LARGE_ALLOCATIONS.load(Ordering::Relaxed);
            assert_eq!(after - before, 0, "{simd} {precision}");
        }
    }
}
