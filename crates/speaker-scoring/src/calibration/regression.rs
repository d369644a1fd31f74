//! Prior-weighted logistic regression with several features.

use crate::ScoringError;
use crate::logistic::{sigmoid, softplus};

/// Newton's steps at most; a handful is usual.
const MAX_STEPS: usize = 200;

/// A step that moves no weight by more than this share ends the search.
const TOLERANCE: f64 = 1e-13;

/// How a line is fitted to trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionSettings {
    /// Share of the weight that same-speaker trials have in all, above 0 and below 1. The line that comes of it is one of
    /// log-likelihood ratios all the same; a prior says where they are to be most exact.
    pub prior: f64,
    /// Half of this times the squared weight of each feature, measured in deviations of that feature, is added to the loss, which
    /// is a mean over trials, in natural units. 0 is the likeliest line, which lists without errors do not have.
    pub ridge: f64,
}

impl Default for RegressionSettings {
    /// Even odds, and a ridge that moves the line of a few hundred trials with errors by less than 1 %.
    fn default() -> Self {
        Self {
            prior: 0.5,
            ridge: 1e-4,
        }
    }
}

/// A weight for each feature, and what is added.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) weights: Vec<f64>,
    pub(super) offset: f64,
}

/// The line from `features`, `[trials, terms]`, to log-likelihood ratios, in natural units, which has the lowest cost at
/// `settings.prior` (Brümmer & du Preez 2006; FoCal, BOSARIS). `trial_weights` say how much each trial counts among those of its kind.
///
/// A feature that is the same in all trials has the weight 0.
///
/// # Errors
/// Lists of unequal length, features that are not finite, trials of one kind only, settings out of range.
pub(super) fn fit(
    features: &[Vec<f64>],
    is_target: &[bool],
    trial_weights: &[f64],
    settings: &RegressionSettings,
) -> Result<Line, ScoringError> {
    check(features, is_target, trial_weights, settings)?;
    let num_terms = features[0].len();
    let shares = shares(is_target, trial_weights, settings.prior);
    let scales: Vec<(f64, f64)> = (0..num_terms)
        .map(|term| scale(features.iter().map(|row| row[term])))
        .collect();
    // A column of ones at the end stands for the offset.
    let rows: Vec<Vec<f64>> = features
        .iter()
        .map(|row| {
            let scaled = row.iter().zip(&scales);
            let scaled = scaled.map(|(&value, &(mean, deviation))| match deviation > 0.0 {
                true => (value - mean) / deviation,
                false => 0.0,
            });
            scaled.chain([1.0]).collect()
        })
        .collect();
    let logit = (settings.prior / (1.0 - settings.prior)).ln();
    let at = newton(&rows, is_target, &shares, logit, settings.ridge);
    let mut offset = at[num_terms];
    let weights = scales.iter().zip(&at).map(|(&(mean, deviation), &weight)| {
        if deviation > 0.0 {
            offset -= weight * mean / deviation;
            weight / deviation
        } else {
            0.0
        }
    });
    let weights = weights.collect();
    Ok(Line { weights, offset })
}

fn check(
    features: &[Vec<f64>],
    is_target: &[bool],
    trial_weights: &[f64],
    settings: &RegressionSettings,
) -> Result<(), ScoringError> {
    if features.is_empty() {
        return Err(ScoringError::Empty { name: "features" });
    }
    for (name, found) in [
        ("is_target", is_target.len()),
        ("trial_weights", trial_weights.len()),
    ] {
        if found != features.len() {
            return Err(ScoringError::LengthMismatch {
                name,
                found,
                expected: features.len(),
            });
        }
    }
    for (index, row) in features.iter().enumerate() {
        if row.len() != features[0].len() {
            return Err(ScoringError::DimensionMismatch {
                name: "features",
                index,
                found: row.len(),
                expected: features[0].len(),
            });
        }
        let values = row.iter().chain([&trial_weights[index]]);
        if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
            return Err(ScoringError::NotFinite {
                name: "features",
                index,
                value: *value as f32,
            });
        }
    }
    let invalid = |name, found, expected| ScoringError::InvalidParameter {
        name,
        found,
        expected,
    };
    if let Some(&weight) = trial_weights.iter().find(|&&weight| weight < 0.0) {
        return Err(invalid("trial_weights", weight, "at least 0"));
    }
    if !(settings.prior > 0.0 && settings.prior < 1.0) {
        return Err(invalid("prior", settings.prior, "above 0 and below 1"));
    }
    if !(settings.ridge >= 0.0 && settings.ridge.is_finite()) {
        return Err(invalid("ridge", settings.ridge, "at least 0"));
    }
    for kind in [true, false] {
        let of_kind = is_target.iter().zip(trial_weights);
        let weight: f64 = of_kind
            .filter(|&(&target, _)| target == kind)
            .map(|(_, &weight)| weight)
            .sum();
        if weight <= 0.0 {
            return Err(ScoringError::OneKindOfTrials { targets: !kind });
        }
    }
    Ok(())
}

/// What each trial counts: those of one speaker `prior` in all, the others the rest.
fn shares(is_target: &[bool], trial_weights: &[f64], prior: f64) -> Vec<f64> {
    let mut sums = [0.0_f64; 2];
    for (&target, &weight) in is_target.iter().zip(trial_weights) {
        sums[usize::from(target)] += weight;
    }
    let of_kind = [(1.0 - prior) / sums[0], prior / sums[1]];
    let trials = is_target.iter().zip(trial_weights);
    trials
        .map(|(&target, &weight)| weight * of_kind[usize::from(target)])
        .collect()
}

/// Mean and deviation; the deviation is 0 where all values are one but for rounding.
fn scale(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / count).sqrt();
    match deviation > 1e-12 * (1.0 + mean.abs()) {
        true => (mean, deviation),
        false => (mean, 0.0),
    }
}

/// The weights of the lowest loss, which is convex: Newton's steps, halved where they go too far. The last is not damped by the ridge.
fn newton(
    rows: &[Vec<f64>],
    is_target: &[bool],
    shares: &[f64],
    logit: f64,
    ridge: f64,
) -> Vec<f64> {
    let size = rows[0].len();
    let is_damped = |term: usize| term + 1 < size;
    let log_odds = |at: &[f64], row: &[f64]| logit + product(at, row);
    let loss = |at: &[f64]| -> f64 {
        let trials = rows.iter().zip(is_target).zip(shares);
        let costs = trials.map(|((row, &target), &share)| {
            let odds = log_odds(at, row);
            share * softplus(if target { -odds } else { odds })
        });
        let damped = at[..size - 1].iter().map(|weight| weight * weight);
        costs.sum::<f64>() + 0.5 * ridge * damped.sum::<f64>()
    };
    let mut at = vec![0.0; size];
    let mut cost = loss(&at);
    for _ in 0..MAX_STEPS {
        let mut gradient = vec![0.0; size];
        let mut curvature = vec![vec![0.0; size]; size];
        for ((row, &target), &share) in rows.iter().zip(is_target).zip(shares) {
            let probability = sigmoid(log_odds(&at, row));
            let slope = share * (probability - f64::from(u8::from(target)));
            let bend = share * probability * (1.0 - probability);
            for (a, &value) in row.iter().enumerate() {
                gradient[a] += slope * value;
                for (b, &other) in row[..=a].iter().enumerate() {
                    curvature[a][b] += bend * value * other;
                }
            }
        }
        for term in 0..size {
            // So little keeps the matrix regular where trials are told apart without errors.
            curvature[term][term] += 1e-14;
            if is_damped(term) {
                gradient[term] += ridge * at[term];
                curvature[term][term] += ridge;
            }
        }
        let Some(step) = solved(curvature, gradient) else {
            break;
        };
        let moved_by = |length: f64| -> Vec<f64> {
            at.iter().zip(&step).map(|(a, s)| a - length * s).collect()
        };
        let mut length = 1.0;
        let mut next = moved_by(length);
        let mut next_cost = loss(&next);
        while next_cost > cost && length > 1e-9 {
            length *= 0.5;
            next = moved_by(length);
            next_cost = loss(&next);
        }
        if next_cost > cost {
            break;
        }
        let largest = at.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        let change = next.iter().zip(&at).map(|(a, b)| (a - b).abs());
        let is_done = change.fold(0.0, f64::max) < TOLERANCE * largest;
        (at, cost) = (next, next_cost);
        if is_done {
            break;
        }
    }
    at
}

/// `x` of `matrix x = vector`, by Cholesky; none where the matrix, of which the lower half is read, is not positive definite.
fn solved(mut matrix: Vec<Vec<f64>>, mut vector: Vec<f64>) -> Option<Vec<f64>> {
    let size = vector.len();
    for row in 0..size {
        for column in 0..=row {
            let known = product(&matrix[row][..column], &matrix[column][..column]);
            let value = matrix[row][column] - known;
            matrix[row][column] = match row == column {
                true if value > 0.0 => value.sqrt(),
                true => return None,
                false => value / matrix[column][column],
            };
        }
        let known = product(&matrix[row][..row], &vector[..row]);
        vector[row] = (vector[row] - known) / matrix[row][row];
    }
    for row in (0..size).rev() {
        let later = (row + 1..size).map(|other| matrix[other][row] * vector[other]);
        let known: f64 = later.sum();
        vector[row] = (vector[row] - known) / matrix[row][row];
    }
    Some(vector)
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
