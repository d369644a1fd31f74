//! Scores as log-likelihood ratios, how well they are such, and what a threshold does.

use serde::{Deserialize, Serialize};

use super::ranking::{ScoreGroup, ranked, score_groups, totals};
use crate::EvalError;

/// Newton's steps at most; a handful is usual.
const MAX_STEPS: usize = 100;

/// A straight line from scores to log-likelihood ratios (natural logarithm).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What a score of 1 more adds.
    pub slope: f64,
    /// The ratio at a score of 0.
    pub offset: f64,
}

impl Calibration {
    /// The logistic regression of `is_target` on `scores`, in which both kinds of trials have the same weight in all. Labels are
    /// softened as Platt 1999 does it, so that a list without errors has a finite line too.
    ///
    /// # Errors
    /// As [`crate::eer`].
    pub fn fit(scores: &[f32], is_target: &[bool]) -> Result<Self, EvalError> {
        ranked(scores, is_target)?;
        let count = scores.len() as f64;
        let mean = scores.iter().copied().map(f64::from).sum::<f64>() / count;
        let squares = scores
            .iter()
            .map(|&score| (f64::from(score) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        if deviation < 1e-12 {
            return Ok(Self {
                slope: 0.0,
                offset: 0.0,
            });
        }
        let num_target = is_target.iter().filter(|&&target| target).count() as f64;
        let num_nontarget = count - num_target;
        let trials: Vec<Softened> = scores
            .iter()
            .zip(is_target)
            .map(|(&score, &target)| Softened {
                score: (f64::from(score) - mean) / deviation,
                label: match target {
                    true => (num_target + 1.0) / (num_target + 2.0),
                    false => 1.0 / (num_nontarget + 2.0),
                },
                weight: 0.5 / if target { num_target } else { num_nontarget },
            })
            .collect();
        let (slope, offset) = newton(&trials);
        Ok(Self {
            slope: slope / deviation,
            offset: offset - slope * mean / deviation,
        })
    }

    /// The log-likelihood ratio of a score.
    #[must_use]
    pub fn llr(&self, score: f64) -> f64 {
        self.slope * score + self.offset
    }

    /// How probable one speaker is at this score where either answer was as likely before, 0 to 1.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        sigmoid(self.llr(score))
    }
}

/// A trial of a logistic regression.
struct Softened {
    score: f64,
    label: f64,
    weight: f64,
}

/// Slope and offset of the lowest loss, which is convex: Newton's steps, halved where they go too far.
fn newton(trials: &[Softened]) -> (f64, f64) {
    let loss = |(slope, offset): (f64, f64)| -> f64 {
        let terms = trials.iter().map(|trial| {
            let value = slope * trial.score + offset;
            trial.weight * (softplus(value) - trial.label * value)
        });
        terms.sum()
    };
    let mut at = (0.0, 0.0);
    for _ in 0..MAX_STEPS {
        let (mut gradient, mut curvature) = ([0.0; 2], [0.0; 3]);
        for trial in trials {
            let share = sigmoid(at.0 * trial.score + at.1);
            let slope = trial.weight * (share - trial.label);
            let bend = trial.weight * share * (1.0 - share);
            gradient[0] += slope * trial.score;
            gradient[1] += slope;
            curvature[0] += bend * trial.score * trial.score;
            curvature[1] += bend * trial.score;
            curvature[2] += bend;
        }
        let [a, b, d] = [curvature[0] + 1e-12, curvature[1], curvature[2] + 1e-12];
        let determinant = a * d - b * b;
        let step = (
            (d * gradient[0] - b * gradient[1]) / determinant,
            (a * gradient[1] - b * gradient[0]) / determinant,
        );
        let before = loss(at);
        let mut length = 1.0;
        let mut next = (at.0 - step.0, at.1 - step.1);
        while loss(next) > before && length > 1e-9 {
            length *= 0.5;
            next = (at.0 - length * step.0, at.1 - length * step.1);
        }
        let moved = (next.0 - at.0).abs().max((next.1 - at.1).abs());
        at = next;
        if moved < 1e-12 {
            break;
        }
    }
    at
}

/// Cost of log-likelihood ratios (natural logarithm) as such, in bits: 0 for certainty that is right, 1 for knowing nothing,
/// more for being sure and wrong. Brümmer & du Preez 2006.
///
/// # Errors
/// Lists of unequal length, or without either kind of trials.
pub fn cllr(llrs: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    ranked(llrs, is_target)?;
    let mut sums = [(0.0, 0_u64); 2];
    for (&llr, &target) in llrs.iter().zip(is_target) {
        let (sum, count) = &mut sums[usize::from(target)];
        let towards_error = if target { -llr } else { llr };
        *sum += softplus(f64::from(towards_error));
        *count += 1;
    }
    let [different, same] = sums.map(|(sum, count)| sum / count as f64);
    Ok((same + different) / (2.0 * std::f64::consts::LN_2))
}

/// The lowest [`cllr`] that any map of these scores has which keeps their order: what is lost beyond it is lost by calibration.
///
/// # Errors
/// As [`crate::eer`].
pub fn min_cllr(scores: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    let groups = score_groups(scores, is_target)?;
    let (num_target, num_nontarget) = totals(&groups);
    let prior = num_nontarget as f64 / num_target as f64;
    let (mut same, mut different) = (0.0, 0.0);
    for (targets, nontargets) in isotonic(&groups) {
        // A block of one kind costs nothing.
        if targets > 0 && nontargets > 0 {
            let llr = (targets as f64 / nontargets as f64 * prior).ln();
            same += targets as f64 * softplus(-llr);
            different += nontargets as f64 * softplus(llr);
        }
    }
    let mean = same / num_target as f64 + different / num_nontarget as f64;
    Ok(mean / (2.0 * std::f64::consts::LN_2))
}

/// Blocks of neighbouring groups whose share of targets rises with the score: the pooled adjacent violators.
fn isotonic(groups: &[ScoreGroup]) -> Vec<(u64, u64)> {
    let mut blocks: Vec<(u64, u64)> = Vec::new();
    for group in groups.iter().rev() {
        let mut block = (group.targets, group.nontargets);
        while let Some(&(targets, nontargets)) = blocks.last() {
            let falls = u128::from(targets) * u128::from(block.0 + block.1)
                >= u128::from(block.0) * u128::from(targets + nontargets);
            if !falls {
                break;
            }
            blocks.pop();
            block = (block.0 + targets, block.1 + nontargets);
        }
        blocks.push(block);
    }
    blocks
}

/// Trials of neighbouring scores: what was promised, and what came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean probability of one speaker by a calibration, 0 to 1.
    pub probability: f64,
    /// Share of the trials that are of one speaker, 0 to 1.
    pub observed: f64,
    /// Same-speaker trials.
    pub num_target: u64,
    /// Different-speaker trials.
    pub num_nontarget: u64,
}

/// Whether probabilities by `calibration` are kept, in at most `num_bins` bins of rising scores, where both kinds of trials have the
/// same weight in all, and so have all bins, as far as equal scores can be parted.
///
/// # Errors
/// As [`crate::eer`].
pub fn reliability(
    scores: &[f32],
    is_target: &[bool],
    calibration: &Calibration,
    num_bins: usize,
) -> Result<Vec<ReliabilityBin>, EvalError> {
    let groups = score_groups(scores, is_target)?;
    let (num_target, num_nontarget) = totals(&groups);
    let (same, different) = (0.5 / num_target as f64, 0.5 / num_nontarget as f64);
    let mut bins = Vec::new();
    let mut bin = Bin::default();
    let mut filled = 0.0;
    for group in groups.iter().rev() {
        let weight = same * group.targets as f64 + different * group.nontargets as f64;
        bin.promised += weight * calibration.probability(group.score);
        bin.weight += weight;
        bin.targets += group.targets;
        bin.nontargets += group.nontargets;
        filled += weight;
        if filled * num_bins.max(1) as f64 >= (bins.len() + 1) as f64 - 1e-9 {
            bins.push(std::mem::take(&mut bin));
        }
    }
    let bins = bins.into_iter().map(|bin| ReliabilityBin {
        probability: bin.promised / bin.weight,
        observed: same * bin.targets as f64 / bin.weight,
        num_target: bin.targets,
        num_nontarget: bin.nontargets,
    });
    Ok(bins.collect())
}

#[derive(Default)]
struct Bin {
    promised: f64,
    weight: f64,
    targets: u64,
    nontargets: u64,
}

/// Shares of same-speaker trials that score below `threshold` (misses) and of the others that do not (false alarms), 0 to 1 each;
/// none of a kind that there is no trial of.
#[must_use]
pub fn rates_at(scores: &[f32], is_target: &[bool], threshold: f64) -> (Option<f64>, Option<f64>) {
    let mut counts = [(0_u64, 0_u64); 2];
    for (&score, &target) in scores.iter().zip(is_target) {
        let (wrong, all) = &mut counts[usize::from(target)];
        *wrong += u64::from((f64::from(score) >= threshold) != target);
        *all += 1;
    }
    let [alarms, misses] = counts.map(|(wrong, all)| (all > 0).then(|| wrong as f64 / all as f64));
    (misses, alarms)
}

/// ln(1 + eˣ).
fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    /// Scores of two normal distributions of this deviation around 0.6 and 0.1, at their quantiles.
    fn normal(deviation: f64, [num_target, num_nontarget]: [usize; 2]) -> (Vec<f32>, Vec<bool>) {
        let quantiles = |mean: f64, count: usize| {
            let normal = Normal::new(mean, deviation).unwrap();
            (0..count)
                .map(move |place| normal.inverse_cdf((place as f64 + 0.5) / count as f64) as f32)
        };
        let mut scores: Vec<f32> = quantiles(0.6, num_target).collect();
        scores.extend(quantiles(0.1, num_nontarget));
        let is_target = (0..scores.len()).map(|place| place < num_target);
        (scores, is_target.collect())
    }

    /// Of normal distributions of one width the log-likelihood ratio is a line with a known slope, whatever the share of targets.
    #[test]
    fn the_line_of_two_normal_distributions_is_the_known_one() {
        for counts in [[4000, 4000], [2000, 8000]] {
            let (scores, is_target) = normal(0.2, counts);
            let line = Calibration::fit(&scores, &is_target).unwrap();
            // (m1 - m2) / s², and 0 half way.
            assert!((line.slope - 12.5).abs() < 0.1, "{line:?}");
            assert!((line.offset / line.slope + 0.35).abs() < 2e-3, "{line:?}");
            assert!((line.probability(0.35) - 0.5).abs() < 0.01);
            // Made of llrs, they lose nothing but what the order loses.
            let llrs: Vec<f32> = scores
                .iter()
                .map(|&one| line.llr(one.into()) as f32)
                .collect();
            let (cost, least) = (cllr(&llrs, &is_target), min_cllr(&scores, &is_target));
            let (cost, least) = (cost.unwrap(), least.unwrap());
            assert!(least <= cost && cost < least + 0.01, "{least} {cost}");
        }
    }

    #[test]
    fn scores_without_errors_have_a_finite_line_and_inverted_ones_a_falling_one() {
        let scores = [0.9, 0.8, 0.2, 0.1];
        let line = Calibration::fit(&scores, &[true, true, false, false]).unwrap();
        assert!(line.slope.is_finite() && line.slope > 1.0, "{line:?}");
        let line = Calibration::fit(&scores, &[false, false, true, true]).unwrap();
        assert!(line.slope < -1.0, "{line:?}");
        let flat = Calibration::fit(&[0.5; 4], &[true, true, false, false]).unwrap();
        assert_eq!((flat.slope, flat.probability(0.5)), (0.0, 0.5));
        assert!(Calibration::fit(&scores, &[true; 4]).is_err());
    }

    #[test]
    fn the_cost_is_one_bit_for_knowing_nothing_and_its_formula_by_hand() {
        let labels = [true, true, false];
        assert!((cllr(&[0.0; 3], &labels).unwrap() - 1.0).abs() < 1e-12);
        let llrs = [2.0_f32, -1.0, 0.5];
        let log2 = |value: f64| value.ln() / std::f64::consts::LN_2;
        let same = (log2(1.0 + (-2.0_f64).exp()) + log2(1.0 + 1.0_f64.exp())) / 2.0;
        let expected = (same + log2(1.0 + 0.5_f64.exp())) / 2.0;
        assert!((cllr(&llrs, &labels).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn the_least_cost_depends_on_the_order_alone() {
        let labels = [true, false, true, true, false, false];
        let scores = [0.9_f32, 0.7, 0.6, 0.4, 0.3, 0.1];
        let cubes = scores.map(|score| 10.0 * score.powi(3));
        let least = min_cllr(&scores, &labels).unwrap();
        assert!((least - min_cllr(&cubes, &labels).unwrap()).abs() < 1e-12);
        // One block of two targets and one non-target between pure ones: the llr there is ln 2.
        let log2 = |value: f64| value.ln() / std::f64::consts::LN_2;
        let expected = (2.0 / 3.0 * log2(1.5) + 1.0 / 3.0 * log2(3.0)) / 2.0;
        assert!((least - expected).abs() < 1e-12, "{least} {expected}");
        assert_eq!(min_cllr(&[0.9, 0.1], &[true, false]).unwrap(), 0.0);
        assert!((min_cllr(&[0.5, 0.5], &[true, false]).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bins_of_equal_weight_keep_what_a_right_calibration_promises() {
        let (scores, is_target) = normal(0.3, [1000, 5000]);
        let line = Calibration::fit(&scores, &is_target).unwrap();
        let bins = reliability(&scores, &is_target, &line, 10).unwrap();
        assert_eq!(bins.len(), 10);
        assert_eq!(bins.iter().map(|bin| bin.num_target).sum::<u64>(), 1000);
        for bin in &bins {
            assert!((bin.observed - bin.probability).abs() < 0.02, "{bin:?}");
        }
        let wrong = Calibration {
            offset: line.offset + 2.0,
            ..line
        };
        let bins = reliability(&scores, &is_target, &wrong, 10).unwrap();
        assert!(bins.iter().all(|bin| bin.probability >= bin.observed));
        // Equal scores stay together.
        let one = reliability(&[0.5; 4], &[true, true, false, false], &line, 10).unwrap();
        assert_eq!((one.len(), one[0].observed), (1, 0.5));
    }

    #[test]
    fn a_threshold_misses_what_is_below_it_and_takes_what_is_at_it() {
        let (scores, labels) = ([0.9, 0.5, 0.5, 0.1], [true, true, false, false]);
        assert_eq!(rates_at(&scores, &labels, 0.5), (Some(0.0), Some(0.5)));
        assert_eq!(rates_at(&scores, &labels, 0.6), (Some(0.5), Some(0.0)));
        assert_eq!(
            rates_at(&scores[..1], &labels[..1], 0.95),
            (Some(1.0), None)
        );
    }
}
