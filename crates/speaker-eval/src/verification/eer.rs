//! Equal error rate.

use serde::{Deserialize, Serialize};

use super::ranking::{ScoreGroup, operating_points, score_groups, threshold_after, totals};
use crate::EvalError;

/// The point of a scored list where misses and false alarms are equally frequent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Eer {
    /// The rate of both errors there, 0 to 1. A list that is scored upside down exceeds 0.5.
    pub eer: f64,
    /// Accepting scores at or above this threshold comes nearest to that point.
    pub threshold: f64,
    /// Number of same-speaker trials.
    pub num_target: usize,
    /// Number of different-speaker trials.
    pub num_nontarget: usize,
}

/// Equal error rate of `scores` (higher means more alike), one entry a trial.
///
/// Trials of equal score are accepted together, and between two neighbouring points of the ROC the
/// rates are interpolated linearly, without its convex hull: the crossing that scikit-learn's
/// `roc_curve` with `brentq` on the interpolated curve finds.
///
/// # Errors
/// Lists of unequal length, empty, with a score that is not finite, without a target trial or
/// without a non-target trial.
pub fn eer(scores: &[f32], is_target: &[bool]) -> Result<Eer, EvalError> {
    let groups = score_groups(scores, is_target)?;
    let (num_target, num_nontarget) = totals(&groups);
    let (eer, threshold) = eer_of(&groups);
    Ok(Eer {
        eer,
        threshold,
        num_target: num_target as usize,
        num_nontarget: num_nontarget as usize,
    })
}

/// Rate and threshold where miss rate minus false-alarm rate crosses zero. Both totals are above 0,
/// so the difference falls strictly from 1 to -1 and crosses once.
pub(crate) fn eer_of(groups: &[ScoreGroup]) -> (f64, f64) {
    let mut before = (1.0, 0.0);
    for point in operating_points(groups) {
        let after = (point.p_miss, point.p_false_alarm);
        let (gap_before, gap_after) = (before.0 - before.1, after.0 - after.1);
        if gap_after == 0.0 {
            return (after.1, threshold_after(groups, point.accepted));
        }
        if gap_after < 0.0 {
            let share = gap_before / (gap_before - gap_after);
            let eer = before.1 + share * (after.1 - before.1);
            let high = threshold_after(groups, point.accepted - 1);
            let low = threshold_after(groups, point.accepted);
            return (eer.clamp(0.0, 1.0), high + share * (low - high));
        }
        before = after;
    }
    (before.1, threshold_after(groups, groups.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(scores: &[f32], is_target: &[bool]) -> f64 {
        eer(scores, is_target).unwrap().eer
    }

    #[test]
    fn separated_lists_give_the_extremes() {
        let perfect = eer(&[0.9, 0.8, 0.2, 0.1], &[true, true, false, false]).unwrap();
        assert_eq!(perfect.eer, 0.0);
        assert!((perfect.threshold - 0.5).abs() < 1e-7);
        assert_eq!((perfect.num_target, perfect.num_nontarget), (2, 2));
        assert_eq!(
            rate(&[0.9, 0.8, 0.2, 0.1], &[false, false, true, true]),
            1.0
        );
    }

    #[test]
    fn all_scores_tied_is_a_coin_toss() {
        assert_eq!(
            rate(&[0.3; 7], &[true, false, false, true, false, false, false]),
            0.5
        );
    }

    #[test]
    fn ties_do_not_depend_on_their_order() {
        // One target above, a tied pair, one non-target below: the ROC runs (0, .5) to (.5, 1).
        assert_eq!(
            rate(&[3.0, 2.0, 2.0, 1.0], &[true, true, false, false]),
            0.25
        );
        assert_eq!(
            rate(&[3.0, 2.0, 2.0, 1.0], &[true, false, true, false]),
            0.25
        );
    }

    #[test]
    fn crossing_inside_a_vertical_step_is_its_false_alarm_rate() {
        // Non-target first of three: at one false alarm of 3 the miss rate falls from 1 to 0.
        let eer = rate(&[4.0, 3.0, 2.0, 1.0], &[false, true, false, false]);
        assert!((eer - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn degenerate_lists_are_refused() {
        assert!(matches!(eer(&[], &[]), Err(EvalError::Empty { .. })));
        assert!(matches!(
            eer(&[1.0, 2.0], &[true, true]),
            Err(EvalError::NoNontargetTrial { num_trials: 2 })
        ));
        assert!(matches!(
            eer(&[1.0, 2.0], &[false, false]),
            Err(EvalError::NoTargetTrial { num_trials: 2 })
        ));
        assert!(matches!(
            eer(&[1.0, f32::NAN], &[true, false]),
            Err(EvalError::NotFinite { index: 1, .. })
        ));
        assert!(matches!(
            eer(&[1.0], &[true, false]),
            Err(EvalError::LengthMismatch { .. })
        ));
    }
}
