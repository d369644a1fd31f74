//! Pairs that occur twice in a list, or are none.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Serialize;

use super::{Trial, TrialList};
use crate::trials::matching::plain;

/// What is odd about the pairs of a list. Which side a recording stands on does not matter, nor how separators of folders
/// are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PairCounts {
    /// Trials that repeat an earlier one.
    pub n_repeats: usize,
    /// Those of them whose sides are swapped.
    pub n_swapped_repeats: usize,
    /// Trials of a recording with itself.
    pub n_self_trials: usize,
    /// Pairs that stand in the list as target and as nontarget.
    pub n_contradictions: usize,
}

/// A pair that stands in a list as target and as nontarget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Place of its first trial, from 0.
    pub first: usize,
    /// Place of the first trial that says the opposite.
    pub second: usize,
}

impl Trial {
    /// Whether a recording is compared with itself.
    pub fn is_self_trial(&self) -> bool {
        self.enrolment == self.test || plain(&self.enrolment) == plain(&self.test)
    }
}

impl TrialList {
    /// What is odd about its pairs, counted.
    pub fn pair_counts(&self) -> PairCounts {
        self.look().0
    }

    /// The pairs that stand in it as target and as nontarget, in the order of their second trials; none of a list without
    /// labels.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        self.look().1
    }

    fn look(&self) -> (PairCounts, Vec<Contradiction>) {
        let mut counts = PairCounts::default();
        let mut contradictions = Vec::new();
        let mut seen: HashMap<_, Seen> = HashMap::with_capacity(self.trials.len());
        for (place, trial) in self.trials.iter().enumerate() {
            let (a, b) = (plain(&trial.enrolment), plain(&trial.test));
            counts.n_self_trials += usize::from(a == b);
            let is_turned = a > b;
            let pair = if is_turned { (b, a) } else { (a, b) };
            match seen.entry(pair) {
                Entry::Vacant(entry) => {
                    entry.insert(Seen {
                        place,
                        target: trial.target,
                        is_turned,
                        is_contradicted: false,
                    });
                }
                Entry::Occupied(mut entry) => {
                    let first = entry.get_mut();
                    if first.target == trial.target {
                        counts.n_repeats += 1;
                        counts.n_swapped_repeats += usize::from(first.is_turned != is_turned);
                    } else if !std::mem::replace(&mut first.is_contradicted, true) {
                        contradictions.push(Contradiction {
                            first: first.place,
                            second: place,
                        });
                    }
                }
            }
        }
        counts.n_contradictions = contradictions.len();
        (counts, contradictions)
    }
}

/// The first trial of a pair.
struct Seen {
    place: usize,
    target: bool,
    is_turned: bool,
    is_contradicted: bool,
}
