//! A score for every trial of many lists.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use rayon::prelude::*;
use speaker_scoring::Scorer;
use speech_data::{Trial, TrialParts};

use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// Trials whose lines are in memory at once.
const TRIALS_AT_ONCE: usize = 1 << 16;

/// The trials of all lists as pairs of numbers, 8 bytes each: a list may be long, its recordings are few.
#[derive(Debug, Default)]
pub struct TrialPairs {
    names: HashMap<String, u32>,
    pairs: Vec<[u32; 2]>,
}

impl TrialPairs {
    /// Reads the trials of all lists, in order.
    ///
    /// # Errors
    /// [`Error::Data`].
    pub fn read(lists: &[PathBuf]) -> Result<Self, Error> {
        let mut trials = Self::default();
        for list in lists {
            for part in TrialParts::open(list)? {
                for Trial {
                    enrolment, test, ..
                } in part?
                {
                    let pair = [enrolment, test].map(|name| {
                        let next = trials.names.len() as u32;
                        *trials.names.entry(name).or_insert(next)
                    });
                    trials.pairs.push(pair);
                }
            }
        }
        Ok(trials)
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
    /// line is `uttA uttB score`.
    ///
    /// # Errors
    /// What `write` fails with.
    pub fn score<E>(
        &self,
        set: &EmbeddingSet,
        mut write: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<usize, E> {
        let rows = set.index();
        let mut recordings = vec![("", None); self.names.len()];
        for (name, &number) in &self.names {
            recordings[number as usize] = (name, rows.get(name.as_str()).copied());
        }
        let line = |pair: &[u32; 2]| {
            let [(enrolment, a), (test, b)] = pair.map(|number| recordings[number as usize]);
            let score = Scorer::default().score(set.matrix.row(a?), set.matrix.row(b?));
            Some(format!("{enrolment} {test} {score:.6}\n"))
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
