//! Products of bf16: against f32, and the processor's own instructions against rounding in f32.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

// Used in part.
#[allow(dead_code)]
mod oracle;

use fused_lstm::{Direction, Options, Precision, Shape, Simd, backward, forward_with};
use oracle::Problem;
use proptest::prelude::*;

/// The output, the gradient of the input and all of the weights', one after the other.
fn parts(problem: &Problem, precision: Precision, simd: Simd) -> Vec<Vec<f32>> {
    let options = Options {
        precision,
        simd: Some(simd),
        ..Options::default()
    };
    let narrow = problem.narrow();
    let (weights, lengths) = (narrow.weights(), problem.lengths.as_deref());
    let (y, saved) =
        forward_with(problem.shape, &narrow.x, lengths, &weights, true, options).expect("forward");
    let saved = saved.expect("asked for");
    let (dx, gradients) = backward(saved, &narrow.x, &narrow.dy, &weights, true).expect("backward");
    let gradients = gradients
        .into_iter()
        .flat_map(|g| [g.input, g.recurrent, g.bias]);
    [y, dx.expect("asked for")]
        .into_iter()
        .chain(gradients)
        .collect()
}

/// Length of the difference, relative to the length of what was expected.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    let length: f64 = expected.iter().map(|&b| square(b)).sum();
    (difference / length.max(1e-30)).sqrt()
}

#[test]
fn a_layer_of_usual_size_is_within_a_hundredth_of_f32() {
    let shape = Shape {
        frames: 20,
        batch: 33,
        input: 80,
        hidden: 96,
        direction: Direction::Bidirectional,
    };
    let lengths = (0..33).map(|sequence| 20 - sequence % 20).collect();
    let problem = Problem::new(shape, Some(lengths), 7);
    let exact = parts(&problem, Precision::F32, Simd::best());
    let emulated = parts(&problem, Precision::Bf16, Simd::Portable);
    for simd in Simd::available() {
        let rounded = parts(&problem, Precision::Bf16, simd);
        for (index, part) in rounded.iter().enumerate() {
            let error = distance(part, &exact[index]);
            assert!(error < 1e-2, "{simd}, part {index}: {error:e}");
            assert!(
                error > 1e-5,
                "{simd}, part {index} is not rounded: {error:e}"
            );
            // The sums differ in their order; where that turns the rounding of an operand, by a bf16's last place.
            let error = distance(part, &emulated[index]);
            assert!(
                error < 3e-3,
                "{simd}, part {index}: {error:e} from the emulation"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Few terms do not average their errors: each operand's relative error is up to 1/256.
    #[test]
    fn odd_shapes_stay_near_the_oracle(
        (frames, batch, input, hidden) in (1usize..6, 1usize..40, 1usize..70, 1usize..40),
        seed in any::<u64>(),
        (unequal, both) in any::<(bool, bool)>(),
    ) {
        let direction = if both { Direction::Bidirectional } else { Direction::Forward };
        let shape = Shape { frames, batch, input, hidden, direction };
        let lengths = unequal.then(|| (0..batch).map(|sequence| (sequence + 1) % (frames + 1)).collect());
        let problem = Problem::new(shape, lengths, seed);
        let exact: Vec<f32> = problem.y().iter().map(|&y| y as f32).collect();
        let reference = parts(&problem, Precision::Bf16, Simd::Portable);
        for simd in Simd::available() {
            let found = parts(&problem, Precision::Bf16, simd);
            prop_assert!(distance(&found[0], &exact) < 2e-2, "{simd}");
            for (index, (found, reference)) in found.iter().zip(&reference).enumerate() {
                let error = distance(found, reference);
                prop_assert!(error < 1e-2, "{simd}, part {index}: {error:e}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shape = Shape {
        frames: 9,
        batch: 101,
        input: 70,
        hidden: 80,
        direction: Direction::Bidirectional,
    };
    let problem = Problem::new(shape, None, 3);
    for simd in Simd::available() {
        let [one, two] = [1, 2].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("pool");
            pool.install(|| parts(&problem, Precision::Bf16, simd))
        });
        assert_eq!(one, two);
    }
}
