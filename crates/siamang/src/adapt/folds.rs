//! Speakers are held out as a whole, and tried against one another.

use std::collections::{BTreeSet, HashMap};

use pair_sampler::{MakeTrials, SamplerError, make_trials};
use speaker_scoring::{EmbeddingMatrix, Scorer};

use super::labelled::LabelledSet;
use crate::error::Error;

/// Trials of one speaker that a speaker has at most.
const PER_SPEAKER: usize = 40;

/// Speakers of a fold at least.
const LEAST_OF_FOLD: usize = 4;

/// Pairs of rows, and which are of one speaker.
#[derive(Clone, Debug, Default)]
pub(super) struct TrialRows {
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) is_target: Vec<bool>,
}

impl TrialRows {
    /// Scores of all of them.
    pub(super) fn scores(&self, matrix: &EmbeddingMatrix) -> Result<Vec<f32>, Error> {
        Ok(Scorer::default().scores(matrix, &self.pairs)?)
    }

    /// Mean and deviation of the scores of two speakers.
    pub(super) fn of_strangers(&self, scores: &[f32]) -> (f64, f64) {
        let strangers = scores.iter().zip(&self.is_target);
        let strangers: Vec<f64> = strangers
            .filter(|(_, target)| !**target)
            .map(|(&score, _)| f64::from(score))
            .collect();
        let count = strangers.len().max(1) as f64;
        let mean = strangers.iter().sum::<f64>() / count;
        let squares = strangers.iter().map(|score| (score - mean).powi(2));
        (mean, (squares.sum::<f64>() / count).sqrt().max(1e-9))
    }
}

impl LabelledSet {
    /// `speakers` in parts that are held out one after another, the tried ones evenly. Which are together is drawn from `seed`, and from
    /// the speakers' names: not from their order.
    pub(super) fn folds(
        &self,
        speakers: &BTreeSet<usize>,
        most: usize,
        seed: &[u64],
    ) -> Vec<BTreeSet<usize>> {
        let key = |speaker: usize| {
            let mut hasher = blake3::Hasher::new();
            for number in seed {
                hasher.update(&number.to_le_bytes());
            }
            *hasher
                .update(self.names[speaker].as_bytes())
                .finalize()
                .as_bytes()
        };
        let mut order: Vec<(bool, [u8; 32], usize)> = speakers
            .iter()
            .map(|&speaker| (!self.tried.contains(&speaker), key(speaker), speaker))
            .collect();
        order.sort_unstable();
        let count = (speakers.len() / LEAST_OF_FOLD).clamp(2, most.max(2));
        let mut folds = vec![BTreeSet::new(); count];
        for (place, (_, _, speaker)) in order.into_iter().enumerate() {
            folds[place % count].insert(speaker);
        }
        folds
    }

    /// Trials among `rows`, as many of one speaker as of two: across sessions where the set has them so, and within a gender where
    /// that is known. None where these rows have no such pair.
    pub(super) fn trials(&self, rows: &[usize], seed: u64) -> Result<TrialRows, Error> {
        let utterances = rows.iter().map(|&row| self.utterances[row].clone());
        let manifest = self.manifest.with_utterances(utterances.collect());
        let options = |same_gender| MakeTrials {
            seed,
            per_speaker: PER_SPEAKER,
            across_sessions: self.is_across_sessions(),
            same_gender,
            ..MakeTrials::default()
        };
        let mut made = make_trials(&manifest, &options(true));
        if made.is_err() {
            made = make_trials(&manifest, &options(false));
        }
        let list = match made {
            Err(SamplerError::CannotMakeTrials { .. }) => return Ok(TrialRows::default()),
            made => made?,
        };
        let row_of: HashMap<&str, usize> = rows
            .iter()
            .map(|&row| (self.utterances[row].id.as_str(), row))
            .collect();
        let mut trials = TrialRows::default();
        for trial in &list.trials {
            let sides = [&trial.enrolment, &trial.test].map(|id| row_of.get(id.as_str()));
            if let [Some(&a), Some(&b)] = sides {
                trials.pairs.push((a, b));
                trials.is_target.push(trial.target);
            }
        }
        Ok(trials)
    }
}
