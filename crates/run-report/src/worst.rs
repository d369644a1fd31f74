//! The trials that the model gets most wrong, of both kinds.

use std::collections::{BTreeMap, HashSet};

use crate::development::{DevTrial, Development};
use crate::verification::Verification;

/// Trials of either kind.
const NUM_WORST: usize = 8;

/// One bad recording must not fill the list.
const MAX_TIMES: usize = 2;

/// A trial that was judged wrongly.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorstTrial {
    pub(crate) list: String,
    pub(crate) trial: DevTrial,
    pub(crate) score: f64,
    /// The list's threshold at equal error rates.
    pub(crate) threshold: f64,
}

/// The worst of either kind, the worst first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WorstTrials {
    /// Same speaker, low score.
    pub(crate) misses: Vec<WorstTrial>,
    /// Different speakers, high score.
    pub(crate) false_alarms: Vec<WorstTrial>,
}

/// The trials that lie farthest on the wrong side of their list's threshold.
pub(crate) fn worst_trials(
    development: &Development,
    verifications: &[Verification],
) -> WorstTrials {
    let mut all: Vec<WorstTrial> = Vec::new();
    for (list, verification) in development.lists.iter().zip(verifications) {
        let threshold = verification.eer.threshold;
        for (&trial, &score) in list.trials.iter().zip(&verification.scores) {
            let score = f64::from(score);
            if trial.is_target != (score >= threshold) {
                all.push(WorstTrial {
                    list: verification.name.clone(),
                    trial,
                    score,
                    threshold,
                });
            }
        }
    }
    let distance = |one: &WorstTrial| (one.score - one.threshold).abs();
    all.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
    let (misses, false_alarms) = all.into_iter().partition(|one| one.trial.is_target);
    WorstTrials {
        misses: varied(misses),
        false_alarms: varied(false_alarms),
    }
}

/// The first trials, no pair twice and no recording too often.
fn varied(trials: Vec<WorstTrial>) -> Vec<WorstTrial> {
    let mut pairs = HashSet::new();
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for one in trials {
        let (a, b) = (one.trial.first, one.trial.second);
        let is_fresh = [a, b]
            .iter()
            .all(|index| times.get(index).is_none_or(|&count| count < MAX_TIMES));
        if kept.len() < NUM_WORST && is_fresh && pairs.insert((a.min(b), a.max(b))) {
            *times.entry(a).or_default() += 1;
            *times.entry(b).or_default() += 1;
            kept.push(one);
        }
    }
    kept
}
