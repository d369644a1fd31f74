//! A score for every trial of many lists.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;
use speaker_scoring::Scorer;
use speech_data::{PairCounts, Trial, TrialParts};

use super::naming::Naming;
use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// Trials whose lines are in memory at once.
const TRIALS_AT_ONCE: usize = 1 << 16;

/// The trials of all lists as pairs of numbers, 9 bytes each: a list may be long, its recordings are few.
#[derive(Debug, Default)]
pub struct TrialPairs {
    names: HashMap<String, u32>,
    pairs: Vec<[u32; 2]>,
    /// Whether a trial is a target; none for trials without labels.
    labels: Vec<Option<bool>>,
}

impl TrialPairs {
    /// Adds the trials of a list, with labels or without.
    ///
    /// # Errors
    /// [`Error::Data`].
    pub fn add(&mut self, mut list: TrialParts) -> Result<(), Error> {
        while let Some(part) = list.next() {
            let part = part?;
            let is_labelled = list.is_labelled();
            for Trial {
                enrolment,
                test,
                target,
            } in part
            {
                let pair = [enrolment, test].map(|name| {
                    let next = self.names.len() as u32;
                    *self.names.entry(name).or_insert(next)
                });
                self.pairs.push(pair);
                self.labels.push(is_labelled.then_some(target));
            }
        }
        Ok(())
    }

    /// What is odd about the pairs of all lists together.
    #[must_use]
    pub fn pair_counts(&self) -> PairCounts {
        let mut trials: Vec<([u32; 2], Option<bool>, bool)> = self
            .pairs
            .par_iter()
            .zip(&self.labels)
            .map(|(&[a, b], &label)| ([a.min(b), a.max(b)], label, a > b))
            .collect();
        trials.par_sort_unstable();
        let mut counts = PairCounts {
            n_self_trials: trials.iter().filter(|([a, b], ..)| a == b).count(),
            ..PairCounts::default()
        };
        for same in trials.chunk_by(|one, other| one.0 == other.0) {
            let kinds = same.chunk_by(|one, other| one.1 == other.1);
            let labels = kinds.clone().filter(|kind| kind[0].1.is_some()).count();
            counts.n_contradictions += usize::from(labels > 1);
            for kind in kinds {
                let turned = kind.iter().filter(|trial| trial.2).count();
                counts.n_repeats += kind.len() - 1;
                counts.n_swapped_repeats += turned.min(kind.len() - turned);
            }
        }
        counts
    }

    /// The recordings that the lists name.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.names.keys().map(String::as_str).collect()
    }

    /// Number of trials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no trials.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Gives `write` the lines of trials whose recordings `set` has, in order, and tells how many there are. A
    /// line is `uttA uttB score`, with the names of the lists; where one has a blank, tabs divide the fields of all lines.
    /// `naming` knows which recordings the names mean.
    ///
    /// # Errors
    /// What `write` fails with.
    pub fn score<E>(
        &self,
        set: &EmbeddingSet,
        naming: &Naming,
        mut write: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<usize, E> {
        let rows = set.index();
        let mut recordings = vec![("", None); self.names.len()];
        for (name, &number) in &self.names {
            recordings[number as usize] = (name, rows.get(naming.own(name)).copied());
        }
        let has_blank = self
            .names
            .keys()
            .any(|name| name.contains(char::is_whitespace));
        let between = if has_blank { '\t' } else { ' ' };
        let line = |pair: &[u32; 2]| {
            let [(enrolment, a), (test, b)] = pair.map(|number| recordings[number as usize]);
            let score = Scorer::default().score(set.matrix.row(a?), set.matrix.row(b?));
            Some(format!("{enrolment}{between}{test}{between}{score:.6}\n"))
        };
        let mut num_scored = 0;
        for pairs in self.pairs.chunks(TRIALS_AT_ONCE) {
            let lines: Vec<String> = pairs.par_iter().filter_map(line).collect();
            num_scored += lines.len();
            write(&lines.concat())?;
        }
        Ok(num_scored)
    }
}
