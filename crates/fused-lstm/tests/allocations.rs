//! After the first step nothing large is allocated. Alone in its process: it counts all allocations.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

use fused_lstm::{
    Direction, Options, Precision, Shape, Simd, WeightGradients, Weights, backward, forward_with,
    recycle,
};

#[global_allocator]
static ALLOCATOR: testing::Counting = testing::Counting::new();

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
            let before = ALLOCATOR.num_large();
            pool.install(|| (0..3).for_each(|_| step(options)));
            let after = ALLOCATOR.num_large();
            assert_eq!(after - before, 0, "{simd} {precision}");
        }
    }
}
