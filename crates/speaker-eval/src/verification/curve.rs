//! The whole trade-off: DET points and the area under the ROC.

use serde::{Deserialize, Serialize};

use super::ranking::{operating_points, score_groups, threshold_after, totals};
use crate::EvalError;

/// One point of the detection error trade-off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DetPoint {
    /// Scores at or above it are accepted.
    pub threshold: f64,
    /// Share of target trials rejected, 0 to 1.
    pub p_miss: f64,
    /// Share of non-target trials accepted, 0 to 1.
    pub p_false_alarm: f64,
}

/// Every point of the DET curve, one for each distinct score and one more, from rejecting all
/// (`p_miss` 1) to accepting all (`p_false_alarm` 1).
///
/// # Errors
/// As [`crate::eer`].
pub fn det_points(scores: &[f32], is_target: &[bool]) -> Result<Vec<DetPoint>, EvalError> {
    let groups = score_groups(scores, is_target)?;
    let points = operating_points(&groups).map(|point| DetPoint {
        threshold: threshold_after(&groups, point.accepted),
        p_miss: point.p_miss,
        p_false_alarm: point.p_false_alarm,
    });
    Ok(points.collect())
}

/// Area under the ROC: the probability that a random target trial scores above a random
/// non-target trial, ties counting half. 0 to 1, chance 0.5.
///
/// # Errors
/// As [`crate::eer`].
pub fn roc_auc(scores: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    let groups = score_groups(scores, is_target)?;
    let (num_target, num_nontarget) = totals(&groups);
    let (mut targets_above, mut twice_wins) = (0_u128, 0_u128);
    for group in &groups {
        let (targets, nontargets) = (u128::from(group.targets), u128::from(group.nontargets));
        twice_wins += nontargets * (2 * targets_above + targets);
        targets_above += targets;
    }
    Ok(twice_wins as f64 / (2.0 * num_target as f64 * num_nontarget as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn det_runs_from_reject_all_to_accept_all() {
        let points = det_points(&[2.0, 1.0, 1.0], &[true, true, false]).unwrap();
        let rates: Vec<_> = points.iter().map(|p| (p.p_miss, p.p_false_alarm)).collect();
        assert_eq!(rates, [(1.0, 0.0), (0.5, 0.0), (0.0, 1.0)]);
        assert!(points[0].threshold > 2.0);
        assert_eq!((points[1].threshold, points[2].threshold), (1.5, 1.0));
    }

    #[test]
    fn auc_counts_ties_half() {
        assert_eq!(roc_auc(&[1.0, 1.0], &[true, false]).unwrap(), 0.5);
        let auc = roc_auc(&[3.0, 2.0, 2.0, 1.0], &[true, true, false, false]).unwrap();
        assert_eq!(auc, 0.875);
    }
}
