//! Every gradient against central differences of the f64 oracle.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

mod oracle;

use fused_lstm::{Direction, Options, Shape, Simd, backward, forward_with};
use oracle::Problem;

/// f32 against f64: a few hundred rounding steps on values of order 1. The differences' own error is 1e-9.
const TOLERANCE: f64 = 2e-5;
const STEP: f64 = 1e-4;

/// Central differences by all values that `values` points to.
fn differences(problem: &Problem, values: impl Fn(&mut Problem) -> &mut Vec<f64>) -> Vec<f64> {
    let mut problem = problem.clone();
    let len = values(&mut problem).len();
    let mut loss_at = |index: usize, value: f64| {
        let before = std::mem::replace(&mut values(&mut problem)[index], value);
        let loss = problem.loss();
        values(&mut problem)[index] = before;
        (loss, before)
    };
    (0..len)
        .map(|index| {
            let (_, value) = loss_at(index, 0.0);
            (loss_at(index, value + STEP).0 - loss_at(index, value - STEP).0) / (2.0 * STEP)
        })
        .collect()
}

fn assert_close(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        let allowed = TOLERANCE * expected.abs().max(1.0);
        assert!(
            error < allowed,
            "{what}[{index}]: {found}, differences give {expected}"
        );
    }
}

fn check(shape: Shape, lengths: Option<Vec<usize>>) {
    for direction in [Direction::Bidirectional, Direction::Forward] {
        check_direction(Shape { direction, ..shape }, lengths.clone());
    }
}

fn check_direction(shape: Shape, lengths: Option<Vec<usize>>) {
    let problem = Problem::new(shape, lengths, 5);
    let narrow = problem.narrow();
    let weights = narrow.weights();
    let lengths = problem.lengths.as_deref();
    let d_x = differences(&problem, |p| &mut p.x);
    let d_weights = (0..shape.direction.count()).map(|direction| {
        [0, 1, 2].map(|part| differences(&problem, |p| &mut p.weights[direction][part]))
    });
    let d_weights: Vec<[Vec<f64>; 3]> = d_weights.collect();
    for simd in Simd::available() {
        let options = Options {
            simd: Some(simd),
            ..Options::default()
        };
        let (_, saved) =
            forward_with(shape, &narrow.x, lengths, &weights, true, options).expect("forward");
        let saved = saved.expect("asked for");
        let (dx, gradients) =
            backward(saved, &narrow.x, &narrow.dy, &weights, true).expect("backward");
        assert_close("dx", &dx.expect("asked for"), &d_x);
        assert_eq!(gradients.len(), d_weights.len());
        for (gradients, expected) in gradients.iter().zip(&d_weights) {
            assert_close("dW", &gradients.input, &expected[0]);
            assert_close("dU", &gradients.recurrent, &expected[1]);
            assert_close("db", &gradients.bias, &expected[2]);
        }
    }
}

#[test]
fn gradients_are_differences_of_the_loss() {
    check(
        Shape {
            frames: 4,
            batch: 3,
            input: 5,
            hidden: 6,
            direction: Direction::Bidirectional,
        },
        None,
    );
}

#[test]
fn gradients_through_carried_states_too() {
    check(
        Shape {
            frames: 5,
            batch: 4,
            input: 2,
            hidden: 3,
            direction: Direction::Bidirectional,
        },
        Some(vec![5, 0, 2, 1]),
    );
}

#[test]
fn gradients_of_a_single_frame() {
    check(
        Shape {
            frames: 1,
            batch: 2,
            input: 3,
            hidden: 17,
            direction: Direction::Bidirectional,
        },
        None,
    );
}
