//! Trials ranked by score: the one walk that EER, minDCF, DET curve and AUC share.

use crate::EvalError;

/// All trials with one score. Tied trials are accepted or rejected together, so a metric never
/// depends on the order in which a list happened to hold them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScoreGroup {
    pub(crate) score: f64,
    pub(crate) targets: u64,
    pub(crate) nontargets: u64,
}

/// One operating point: accept every trial whose score is at least `groups[accepted - 1].score`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OperatingPoint {
    pub(crate) accepted: usize,
    pub(crate) p_miss: f64,
    pub(crate) p_false_alarm: f64,
}

/// Trial indices in descending order of score, after every check of the list.
pub(crate) fn ranked(scores: &[f32], is_target: &[bool]) -> Result<Vec<usize>, EvalError> {
    if scores.len() != is_target.len() {
        return Err(EvalError::LengthMismatch {
            name: "is_target",
            reference: "scores",
            found: is_target.len(),
            expected: scores.len(),
        });
    }
    if scores.is_empty() {
        return Err(EvalError::Empty { name: "scores" });
    }
    if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
        return Err(EvalError::NotFinite {
            name: "scores",
            index,
            value: scores[index],
        });
    }
    let num_trials = scores.len();
    let num_target = is_target.iter().filter(|&&target| target).count();
    if num_target == 0 {
        return Err(EvalError::NoTargetTrial { num_trials });
    }
    if num_target == num_trials {
        return Err(EvalError::NoNontargetTrial { num_trials });
    }
    let mut order: Vec<usize> = (0..num_trials).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    Ok(order)
}

/// Collects ranked trials, given as (score, is target, weight), into groups of equal score.
/// Weightless trials vanish.
pub(crate) fn group(trials: impl Iterator<Item = (f32, bool, u64)>, groups: &mut Vec<ScoreGroup>) {
    groups.clear();
    for (score, target, weight) in trials {
        if weight == 0 {
            continue;
        }
        let score = f64::from(score);
        let (targets, nontargets) = if target { (weight, 0) } else { (0, weight) };
        match groups.last_mut() {
            Some(last) if last.score == score => {
                last.targets += targets;
                last.nontargets += nontargets;
            }
            _ => groups.push(ScoreGroup {
                score,
                targets,
                nontargets,
            }),
        }
    }
}

/// The groups of a checked list, each trial counted once.
pub(crate) fn score_groups(
    scores: &[f32],
    is_target: &[bool],
) -> Result<Vec<ScoreGroup>, EvalError> {
    let order = ranked(scores, is_target)?;
    let mut groups = Vec::new();
    let trials = order.iter().map(|&i| (scores[i], is_target[i], 1));
    group(trials, &mut groups);
    Ok(groups)
}

/// Sums of target and non-target weights.
pub(crate) fn totals(groups: &[ScoreGroup]) -> (u64, u64) {
    groups.iter().fold((0, 0), |(targets, nontargets), group| {
        (targets + group.targets, nontargets + group.nontargets)
    })
}

/// Every operating point, from rejecting all to accepting all. Both totals must be above 0.
pub(crate) fn operating_points(groups: &[ScoreGroup]) -> impl Iterator<Item = OperatingPoint> {
    let (num_target, num_nontarget) = totals(groups);
    let (mut missed, mut alarms) = (num_target, 0);
    (0..=groups.len()).map(move |accepted| {
        if let Some(group) = accepted.checked_sub(1).map(|last| groups[last]) {
            missed -= group.targets;
            alarms += group.nontargets;
        }
        OperatingPoint {
            accepted,
            p_miss: missed as f64 / num_target as f64,
            p_false_alarm: alarms as f64 / num_nontarget as f64,
        }
    })
}

/// A finite threshold that accepts exactly the first `accepted` groups (score >= threshold):
/// halfway to the next lower score, where it is least sensitive to noise; just above the highest
/// score to reject all; the lowest score to accept all.
pub(crate) fn threshold_after(groups: &[ScoreGroup], accepted: usize) -> f64 {
    let above = accepted.checked_sub(1).map(|last| groups[last].score);
    let below = groups.get(accepted).map(|group| group.score);
    match (above, below) {
        (Some(above), Some(below)) => 0.5 * (above + below),
        (Some(above), None) => above,
        (None, Some(below)) => below.next_up(),
        (None, None) => 0.0,
    }
}
