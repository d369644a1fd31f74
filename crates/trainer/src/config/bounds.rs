//! Numbers of a configuration that no training can have, refused before it begins.

use super::average::{AverageConfig, MOST_KEPT};
use super::optimiser::OptimiserConfig;
use super::schedule::{Decay, Schedule};
use crate::TrainError;

/// A number with the field that it stands in, and the range that it has to lie in.
struct Bound {
    field: &'static str,
    found: f64,
    is_allowed: fn(f64) -> bool,
    expected: &'static str,
}

const POSITIVE: (fn(f64) -> bool, &str) = (|v| v > 0.0 && v.is_finite(), "a number above 0");
const NOT_NEGATIVE: (fn(f64) -> bool, &str) =
    (|v| v >= 0.0 && v.is_finite(), "a number of 0 or more");
const SHARE: (fn(f64) -> bool, &str) = (
    |v| (0.0..=1.0).contains(&v),
    "a number of at least 0 and at most 1",
);
const POSITIVE_SHARE: (fn(f64) -> bool, &str) =
    (|v| v > 0.0 && v <= 1.0, "a number above 0 and at most 1");
const DECAY_RATE: (fn(f64) -> bool, &str) = (
    |v| (0.0..1.0).contains(&v),
    "a number of at least 0 and below 1",
);

impl Bound {
    fn new(
        field: &'static str,
        found: f64,
        (is_allowed, expected): (fn(f64) -> bool, &'static str),
    ) -> Self {
        Self {
            field,
            found,
            is_allowed,
            expected,
        }
    }
}

/// Refuses what no optimiser can work with.
///
/// # Errors
/// [`TrainError::OutOfRange`] with the field, its value and what it may be.
pub(crate) fn check_optimiser(optimiser: &OptimiserConfig) -> Result<(), TrainError> {
    let mut bounds = vec![
        Bound::new("optimiser.learning_rate", optimiser.learning_rate, POSITIVE),
        Bound::new("optimiser.beta_1", optimiser.beta_1.into(), DECAY_RATE),
        Bound::new("optimiser.beta_2", optimiser.beta_2.into(), DECAY_RATE),
        Bound::new("optimiser.epsilon", optimiser.epsilon.into(), POSITIVE),
        Bound::new(
            "optimiser.weight_decay",
            optimiser.weight_decay.into(),
            NOT_NEGATIVE,
        ),
    ];
    if let Some(norm) = optimiser.clip_norm {
        bounds.push(Bound::new("optimiser.clip_norm", norm, POSITIVE));
    }
    let layers = optimiser.layers.iter();
    bounds
        .extend(layers.map(|layer| Bound::new("optimiser.layers.rate", layer.rate, NOT_NEGATIVE)));
    bounds.extend(of_schedule(&optimiser.schedule));
    check(&bounds)
}

fn of_schedule(schedule: &Schedule) -> Option<Bound> {
    match schedule.decay {
        Decay::Constant => None,
        Decay::Cosine(last) => Some(Bound::new("optimiser.schedule.decay.cosine", last, SHARE)),
        Decay::LinearTail(share) => Some(Bound::new(
            "optimiser.schedule.decay.linear_tail",
            share,
            POSITIVE_SHARE,
        )),
    }
}

/// Refuses ends that no training can come to, and counts that leave nothing to do.
///
/// # Errors
/// [`TrainError::OutOfRange`] with the field, its value and what it may be.
pub(crate) fn check_ends(
    max_minutes: Option<f64>,
    patience: Option<u64>,
    eval_every: u64,
) -> Result<(), TrainError> {
    const AT_LEAST_ONE: (fn(f64) -> bool, &str) = (|v| v >= 1.0, "at least 1");
    let mut bounds = vec![Bound::new("eval_every", eval_every as f64, AT_LEAST_ONE)];
    bounds.extend(max_minutes.map(|minutes| Bound::new("max_minutes", minutes, POSITIVE)));
    bounds.extend(patience.map(|patience| Bound::new("patience", patience as f64, AT_LEAST_ONE)));
    check(&bounds)
}

/// Refuses means that say nothing of the weights, or take no end of memory.
///
/// # Errors
/// [`TrainError::OutOfRange`] with the field, its value and what it may be.
pub(crate) fn check_average(average: Option<AverageConfig>) -> Result<(), TrainError> {
    const COUNT: (fn(f64) -> bool, &str) = (
        |v| (1.0..=MOST_KEPT as f64).contains(&v),
        "a whole number from 1 to 64",
    );
    let bound = average.map(|average| match average {
        AverageConfig::Decay(decay) => Bound::new("average.decay", decay, DECAY_RATE),
        AverageConfig::Last(count) => Bound::new("average.last", count as f64, COUNT),
    });
    check(bound.as_slice())
}

fn check(bounds: &[Bound]) -> Result<(), TrainError> {
    match bounds.iter().find(|bound| !(bound.is_allowed)(bound.found)) {
        None => Ok(()),
        Some(bound) => Err(TrainError::OutOfRange {
            field: bound.field,
            found: bound.found,
            expected: bound.expected,
        }),
    }
}
