//! Odd shapes against the f64 oracle with all instructions of this processor, independence of threads and of padding,
//! refusals.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

mod oracle;

use fused_lstm::{
    Direction, LstmError, Options, Output, Precision, Shape, Simd, WeightGradients, Weights,
    backward, forward, forward_with,
};
use oracle::{Narrow, Problem};
use proptest::prelude::*;

type Everything = (Vec<f32>, Vec<f32>, Vec<WeightGradients>);

fn with(simd: Simd) -> Options {
    Options {
        simd: Some(simd),
        ..Options::default()
    }
}

/// All instructions of this processor, in both precisions.
fn ways() -> Vec<Options> {
    let precisions = [Precision::F32, Precision::Bf16];
    let ways = Simd::available().into_iter().flat_map(|simd| {
        precisions.map(|precision| Options {
            precision,
            simd: Some(simd),
            ..Options::default()
        })
    });
    ways.collect()
}

fn everything(
    shape: Shape,
    lengths: Option<&[usize]>,
    narrow: &Narrow,
    options: Options,
) -> Everything {
    let weights = narrow.weights();
    let (y, saved) =
        forward_with(shape, &narrow.x, lengths, &weights, true, options).expect("forward");
    let saved = saved.expect("asked for");
    let (dx, gradients) = backward(saved, &narrow.x, &narrow.dy, &weights, true).expect("backward");
    (y, dx.expect("asked for"), gradients)
}

fn problems() -> impl Strategy<Value = Problem> {
    let direction = prop_oneof![Just(Direction::Bidirectional), Just(Direction::Forward)];
    // Larger batches are taken in parts.
    let batch = prop_oneof![4 => 1usize..8, 1 => 60usize..140];
    let shape = (1usize..7, batch, 1usize..20, 1usize..40, direction);
    let shape = shape.prop_map(|(frames, batch, input, hidden, direction)| Shape {
        frames,
        batch,
        input,
        hidden,
        direction,
    });
    shape.prop_flat_map(|shape| {
        let lengths = proptest::collection::vec(0..=shape.frames, shape.batch);
        let lengths = proptest::option::of(lengths);
        (lengths, any::<u64>()).prop_map(move |(lengths, seed)| Problem::new(shape, lengths, seed))
    })
}

fn worst(found: &[f32], expected: &[f64]) -> f64 {
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(&found, expected)| (f64::from(found) - expected).abs())
        .fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Six steps carry rounding on; each activation is good to 2e-7 and each sum of 60 terms of order 1 to 1e-6.
    #[test]
    fn outputs_are_the_oracles(problem in problems()) {
        let narrow = problem.narrow();
        let lengths = problem.lengths.as_deref();
        let expected = problem.y();
        for simd in Simd::available() {
            let weights = narrow.weights();
            let (y, saved) =
                forward_with(problem.shape, &narrow.x, lengths, &weights, false, with(simd)).expect("forward");
            prop_assert!(saved.is_none());
            let error = worst(&y, &expected);
            prop_assert!(error < 5e-6, "{simd}: {error:e}");
            // Without training, less is kept on the way; the outputs are the same bits.
            let (kept, _) =
                forward_with(problem.shape, &narrow.x, lengths, &weights, true, with(simd)).expect("forward");
            prop_assert_eq!(y, kept);
        }
    }

    /// The sum of the gradients along a random direction is the derivative of the oracle's loss along it.
    #[test]
    fn gradients_are_the_oracles_slope(problem in problems(), seed in any::<u64>()) {
        let along = Problem::new(problem.shape, None, seed);
        let at = |step: f64| {
            let mut moved = problem.clone();
            let add = |to: &mut Vec<f64>, along: &Vec<f64>| {
                to.iter_mut().zip(along).for_each(|(to, along)| *to += step * along);
            };
            add(&mut moved.x, &along.x);
            for (to, along) in moved.weights.iter_mut().flatten().zip(along.weights.iter().flatten()) {
                add(to, along);
            }
            moved.loss()
        };
        let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
        for simd in Simd::available() {
            let lengths = problem.lengths.as_deref();
            let (_, dx, gradients) = everything(problem.shape, lengths, &problem.narrow(), with(simd));
            let found = gradients.iter().flat_map(|g| [&g.input, &g.recurrent, &g.bias]);
            let found = found.zip(along.weights.iter().flatten()).chain([(&dx, &along.x)]);
            let terms = found.flat_map(|(gradient, along)| gradient.iter().zip(along));
            let terms: Vec<f64> = terms.map(|(&gradient, along)| f64::from(gradient) * along).collect();
            let size = terms.iter().map(|term| term.abs()).sum::<f64>().max(1.0);
            let error = (terms.iter().sum::<f64>() - slope).abs();
            prop_assert!(error < 1e-5 * size, "{simd}: {error:e} of {size}");
        }
    }

    /// What stands in the padding changes nothing, and nothing flows back to it.
    #[test]
    fn padding_does_not_matter(problem in problems()) {
        let Some(lengths) = problem.lengths.clone() else { return Ok(()) };
        let shape = problem.shape;
        let padding = |index: usize| index / shape.input / shape.batch >= lengths[index / shape.input % shape.batch];
        let mut other = problem.clone();
        for (index, x) in other.x.iter_mut().enumerate().filter(|&(index, _)| padding(index)) {
            *x = index as f64;
        }
        let run = |problem: &Problem| everything(shape, Some(&lengths), &problem.narrow(), Options::default());
        let one = run(&problem);
        prop_assert_eq!(&one, &run(&other));
        for (index, &dx) in one.1.iter().enumerate() {
            prop_assert!(!padding(index) || dx == 0.0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// In both precisions, with and without training, and the gradients of both.
    #[test]
    fn last_states_are_those_of_the_sequence(problem in problems()) {
        let narrow = problem.narrow();
        let lengths = problem.lengths.as_deref();
        let Shape { frames, batch, hidden, direction, .. } = problem.shape;
        let width = direction.count() * hidden;
        let last = |sequence: &[f32]| -> Vec<f32> {
            let row = |frame: usize, item: usize| &sequence[(frame * batch + item) * width..][..width];
            (0..batch)
                .flat_map(|item| [&row(frames - 1, item)[..hidden], &row(0, item)[hidden..]].concat())
                .collect()
        };
        for options in ways() {
            let short = Options { output: Output::LastState, ..options };
            let weights = narrow.weights();
            let (sequence, whole) = forward_with(problem.shape, &narrow.x, lengths, &weights, true, options).expect("forward");
            let (trained, saved) = forward_with(problem.shape, &narrow.x, lengths, &weights, true, short).expect("forward");
            let (inferred, _) = forward_with(problem.shape, &narrow.x, lengths, &weights, false, short).expect("forward");
            prop_assert_eq!(&trained, &last(&sequence));
            prop_assert_eq!(&inferred, &trained);
            let dy = last(&narrow.dy);
            let mut dy_of_sequence = vec![0.0; sequence.len()];
            for item in 0..batch {
                for unit in 0..width {
                    let frame = if unit < hidden { frames - 1 } else { 0 };
                    dy_of_sequence[(frame * batch + item) * width + unit] = dy[item * width + unit];
                }
            }
            let expected = backward(whole.expect("asked for"), &narrow.x, &dy_of_sequence, &weights, true).expect("backward");
            let found = backward(saved.expect("asked for"), &narrow.x, &dy, &weights, true).expect("backward");
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // More rows than one task takes, and rows that do not divide into even parts; up to six parts.
    for (frames, batch, input, hidden, direction) in [
        (13, 101, 30, 40, Direction::Bidirectional),
        (13, 101, 30, 40, Direction::Forward),
        (30, 1, 16, 64, Direction::Bidirectional),
        (7, 33, 70, 90, Direction::Forward),
    ] {
        let shape = Shape {
            frames,
            batch,
            input,
            hidden,
            direction,
        };
        let lengths: Vec<usize> = (0..batch)
            .map(|sequence| frames - sequence % frames)
            .collect();
        let narrow = Problem::new(shape, None, 11).narrow();
        for options in ways() {
            let [one, two, three, seven] = [1, 2, 3, 7].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .expect("pool");
                let (x, weights) = (&narrow.x, narrow.weights());
                pool.install(|| {
                    let inferred = forward_with(shape, x, Some(&lengths), &weights, false, options)
                        .expect("forward");
                    let everything = everything(shape, Some(&lengths), &narrow, options);
                    assert_eq!(inferred.0, everything.0);
                    everything
                })
            });
            assert_eq!(one, two);
            assert_eq!(one, three);
            assert_eq!(one, seven);
        }
    }
}

#[test]
fn a_batch_is_its_sequences_one_by_one() {
    let shape = Shape {
        frames: 6,
        batch: 50,
        input: 9,
        hidden: 20,
        direction: Direction::Bidirectional,
    };
    let lengths: Vec<usize> = (0..50).map(|sequence| sequence % 7).collect();
    let narrow = Problem::new(shape, None, 3).narrow();
    let (y, _) =
        forward(shape, &narrow.x, Some(&lengths), &narrow.weights(), false).expect("forward");
    for (sequence, &frames) in lengths
        .iter()
        .enumerate()
        .filter(|&(_, &frames)| frames > 0)
    {
        let x: Vec<f32> = (0..frames)
            .flat_map(|frame| &narrow.x[(frame * 50 + sequence) * 9..][..9])
            .copied()
            .collect();
        let alone = Shape {
            frames,
            batch: 1,
            ..shape
        };
        let (alone, _) = forward(alone, &x, None, &narrow.weights(), false).expect("forward");
        for (frame, alone) in alone.chunks_exact(40).enumerate() {
            let together = &y[(frame * 50 + sequence) * 40..][..40];
            for (together, alone) in together.iter().zip(alone) {
                assert!((together - alone).abs() < 2e-6, "{together} {alone}");
            }
        }
    }
}

#[test]
fn fading_gradients_become_zero_not_denormal() {
    let shape = Shape {
        frames: 400,
        batch: 1,
        input: 1,
        hidden: 8,
        direction: Direction::Bidirectional,
    };
    let narrow = Problem::new(shape, None, 2).narrow();
    let small = [vec![1e-3; 32], vec![0.01; 8 * 32], vec![-1.0; 32]];
    let weights = [Weights {
        input: &small[0],
        recurrent: &small[1],
        bias: &small[2],
    }; 2];
    let (y, saved) = forward(shape, &narrow.x, None, &weights, true).expect("forward");
    let mut dy = vec![0.0; y.len()];
    dy[399 * 16] = 1.0; // Only the last output of the forward direction counts.
    let (dx, _) =
        backward(saved.expect("saved"), &narrow.x, &dy, &weights, true).expect("backward");
    let dx = dx.expect("asked for");
    assert!(dx[399] != 0.0 && dx[0] == 0.0);
    assert!(dx.iter().all(|dx| !dx.is_subnormal()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let shape = Shape {
        frames: 3,
        batch: 2,
        input: 4,
        hidden: 5,
        direction: Direction::Bidirectional,
    };
    let narrow = Problem::new(shape, None, 1).narrow();
    let (x, weights) = (&narrow.x[..], &narrow.weights()[..]);
    let length = |slice, found, expected| LstmError::Length {
        slice,
        found,
        expected,
    };
    let run = |shape, x, lengths: Option<&[usize]>, weights: &[Weights<'_>]| {
        forward(shape, x, lengths, weights, false).expect_err("refused")
    };
    assert_eq!(run(shape, &x[1..], None, weights), length("x", 23, 24));
    assert_eq!(run(shape, x, Some(&[3]), weights), length("lengths", 1, 2));
    let too_long = LstmError::SequenceLength {
        sequence: 1,
        found: 4,
        frames: 3,
    };
    assert_eq!(run(shape, x, Some(&[3, 4]), weights), too_long);
    let short = Weights {
        bias: &weights[1].bias[1..],
        ..weights[1]
    };
    assert_eq!(
        run(shape, x, None, &[weights[0], short]),
        length("weights.bias", 19, 20)
    );
    let one = LstmError::Directions {
        found: 1,
        expected: 2,
    };
    assert_eq!(run(shape, x, None, &weights[..1]), one);
    let zero = Shape { hidden: 0, ..shape };
    assert_eq!(
        run(zero, x, None, weights),
        LstmError::ZeroDimension {
            dimension: "hidden"
        }
    );
    let huge = Shape {
        frames: usize::MAX / 2,
        ..shape
    };
    assert!(matches!(
        run(huge, x, None, weights),
        LstmError::TooLarge { .. }
    ));
    let (y, saved) = forward(shape, x, None, weights, true).expect("forward");
    let saved = saved.expect("asked for");
    assert_eq!(saved.shape(), shape);
    let refused = backward(saved, x, &y[1..], weights, true).expect_err("refused");
    assert_eq!(refused, length("dy", 59, 60));
    assert_eq!(
        refused.to_string(),
        "`dy` has 59 elements, the LSTM shape wants 60"
    );
    assert_eq!(refused.remedy(), Some("check its dimensions"));
}
