//! What log-likelihood ratios cost as such, whoever decides by them, and how little they could cost.

use speaker_scoring::{sigmoid, softplus};

use super::ranking::{ScoreGroup, ranked, score_groups, totals};
use crate::EvalError;

/// Cost of log-likelihood ratios (natural logarithm) as such, in bits: 0 for certainty that is right, 1 for knowing nothing,
/// more for being sure and wrong. Brümmer & du Preez 2006.
///
/// # Errors
/// Lists of unequal length, or without either kind of trials.
pub fn cllr(llrs: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    cross_entropy(llrs, is_target, 0.5)
}

/// How many bits are missing to the truth, on average, for one who held one speaker for `p_target` likely before: empirical
/// cross-entropy (Ramos 2007). At even odds it is [`cllr`].
///
/// # Errors
/// As [`cllr`], and a prior that is not above 0 and below 1.
pub fn cross_entropy(llrs: &[f32], is_target: &[bool], p_target: f64) -> Result<f64, EvalError> {
    // Summed by rank, so that the order of the list is of no account.
    let groups = score_groups(llrs, is_target)?;
    let logit = logit(p_target)?;
    Ok(entropy_of(&groups, logit))
}

/// The lowest [`cllr`] that any map of these scores has which keeps their order: what is lost beyond it is lost by calibration.
///
/// # Errors
/// As [`crate::eer`].
pub fn min_cllr(scores: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    Ok(min_cllr_of(&score_groups(scores, is_target)?))
}

/// The log-likelihood ratios of the map of these scores that keeps their order and costs least, in the order of the trials: pooled
/// adjacent violators. Scores beyond all of the other kind have an infinite one.
///
/// # Errors
/// As [`crate::eer`].
pub fn isotonic_llrs(scores: &[f32], is_target: &[bool]) -> Result<Vec<f64>, EvalError> {
    let order = ranked(scores, is_target)?;
    let groups = score_groups(scores, is_target)?;
    let (num_target, num_nontarget) = totals(&groups);
    let mut llrs = vec![0.0; scores.len()];
    // Blocks rise, trials are ranked from the highest.
    let mut places = order.iter().rev();
    for (targets, nontargets) in isotonic(&groups) {
        let llr = ratio(targets, nontargets, num_target, num_nontarget);
        for &place in places.by_ref().take((targets + nontargets) as usize) {
            llrs[place] = llr;
        }
    }
    Ok(llrs)
}

/// [`cllr`] of trials that are grouped by their ratio.
pub(super) fn cllr_of(groups: &[ScoreGroup]) -> f64 {
    entropy_of(groups, 0.0)
}

/// [`min_cllr`] of trials that are grouped by their score, from the highest.
pub(super) fn min_cllr_of(groups: &[ScoreGroup]) -> f64 {
    let (num_target, num_nontarget) = totals(groups);
    let (mut same, mut different) = (0.0, 0.0);
    for (targets, nontargets) in isotonic(groups) {
        // A block of one kind costs nothing.
        if targets > 0 && nontargets > 0 {
            let llr = ratio(targets, nontargets, num_target, num_nontarget);
            same += targets as f64 * softplus(-llr);
            different += nontargets as f64 * softplus(llr);
        }
    }
    let mean = same / num_target as f64 + different / num_nontarget as f64;
    mean / (2.0 * std::f64::consts::LN_2)
}

/// ln(p / (1 - p)).
pub(super) fn logit(p_target: f64) -> Result<f64, EvalError> {
    match p_target > 0.0 && p_target < 1.0 {
        true => Ok((p_target / (1.0 - p_target)).ln()),
        false => Err(EvalError::InvalidParameter {
            name: "p_target",
            found: p_target,
            expected: "a probability above 0 and below 1",
        }),
    }
}

fn entropy_of(groups: &[ScoreGroup], logit: f64) -> f64 {
    let (num_target, num_nontarget) = totals(groups);
    let (mut same, mut different) = (0.0, 0.0);
    for group in groups {
        let odds = group.score + logit;
        same += group.targets as f64 * softplus(-odds);
        different += group.nontargets as f64 * softplus(odds);
    }
    let p_target = sigmoid(logit);
    let mean =
        p_target * same / num_target as f64 + (1.0 - p_target) * different / num_nontarget as f64;
    mean / std::f64::consts::LN_2
}

fn ratio(targets: u64, nontargets: u64, num_target: u64, num_nontarget: u64) -> f64 {
    (targets as f64 / nontargets as f64 * (num_nontarget as f64 / num_target as f64)).ln()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn log2(value: f64) -> f64 {
        value.ln() / std::f64::consts::LN_2
    }

    #[test]
    fn the_cost_is_one_bit_for_knowing_nothing_and_its_formula_by_hand() {
        let labels = [true, true, false];
        assert!((cllr(&[0.0; 3], &labels).unwrap() - 1.0).abs() < 1e-12);
        let llrs = [2.0_f32, -1.0, 0.5];
        let same = (log2(1.0 + (-2.0_f64).exp()) + log2(1.0 + 1.0_f64.exp())) / 2.0;
        let expected = (same + log2(1.0 + 0.5_f64.exp())) / 2.0;
        assert!((cllr(&llrs, &labels).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn knowing_nothing_costs_the_entropy_of_the_prior() {
        let nothing = cross_entropy(&[0.0; 2], &[true, false], 0.1).unwrap();
        assert!((nothing + 0.1 * log2(0.1) + 0.9 * log2(0.9)).abs() < 1e-12);
        for prior in [0.0, 1.0, f64::NAN] {
            assert!(cross_entropy(&[0.0; 2], &[true, false], prior).is_err());
        }
    }

    #[test]
    fn the_least_cost_depends_on_the_order_alone() {
        let labels = [true, false, true, true, false, false];
        let scores = [0.9_f32, 0.7, 0.6, 0.4, 0.3, 0.1];
        let cubes = scores.map(|score| 10.0 * score.powi(3));
        let least = min_cllr(&scores, &labels).unwrap();
        assert!((least - min_cllr(&cubes, &labels).unwrap()).abs() < 1e-12);
        // One block of two targets and one non-target between pure ones: the llr there is ln 2.
        let expected = (2.0 / 3.0 * log2(1.5) + 1.0 / 3.0 * log2(3.0)) / 2.0;
        assert!((least - expected).abs() < 1e-12, "{least} {expected}");
        assert_eq!(min_cllr(&[0.9, 0.1], &[true, false]).unwrap(), 0.0);
        assert!((min_cllr(&[0.5, 0.5], &[true, false]).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn pooled_violators_give_each_trial_the_ratio_of_its_block() {
        let labels = [false, true, true, true, false, false];
        let scores = [0.7_f32, 0.9, 0.6, 0.4, 0.3, 0.1];
        let llrs = isotonic_llrs(&scores, &labels).unwrap();
        assert_eq!(llrs[1], f64::INFINITY);
        for place in [0, 2, 3] {
            assert!((llrs[place] - 2.0_f64.ln()).abs() < 1e-12, "{llrs:?}");
        }
        assert_eq!(llrs[4..], [f64::NEG_INFINITY; 2]);
    }
}
