//! Dev trials during training: EER and minDCF of the network as it stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::Features;
use audio_features::augment::Augmenter;
use pair_sampler::TrialList;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use speaker_eval::{DcfParameters, cosine, eer, min_dcf};
use speaker_model::Embedder;

use crate::TrainError;
use crate::data::FeatureBank;

/// Trial lists over recordings below one root, with the recordings' raw features; and, where a training changes its
/// recordings, the same lists over changed copies, which tell whether a network hears more than the microphone.
#[derive(Debug)]
pub struct DevSet {
    lists: Vec<IndexedList>,
    recordings: Vec<Features>,
}

/// A trial list whose recordings are indices.
#[derive(Debug)]
struct IndexedList {
    name: String,
    trials: Vec<(usize, usize)>,
    targets: Vec<bool>,
}

impl IndexedList {
    /// The same trials over the recordings that start at `first`.
    fn moved(&self, first: usize) -> Self {
        let moved = |&(a, b): &(usize, usize)| (first + a, first + b);
        Self {
            name: format!("{} (augmented)", self.name),
            trials: self.trials.iter().map(moved).collect(),
            targets: self.targets.clone(),
        }
    }
}

/// The result of one trial list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListResult {
    /// The list's name.
    pub list: String,
    /// Equal error rate, 0 to 1.
    pub eer: f64,
    /// Normalised minimum detection cost at `p_target` 0.01 and unit costs.
    pub min_dcf: f64,
    /// Number of target trials.
    pub n_target: usize,
    /// Number of non-target trials.
    pub n_nontarget: usize,
}

impl DevSet {
    /// Reads the recordings that `lists` name, relative to `root`, and changes copies of them with `augmenter`.
    ///
    /// # Errors
    /// [`TrainError::Trials`] where a list names recordings that cannot be used.
    pub fn read(
        bank: &FeatureBank,
        root: &Path,
        lists: &[TrialList],
        augmenter: Option<&Augmenter>,
    ) -> Result<Self, TrainError> {
        let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in lists.iter().flat_map(|list| &list.trials) {
            for id in [trial.enrolment.as_str(), trial.test.as_str()] {
                indices.entry(id).or_insert(0);
            }
        }
        indices
            .values_mut()
            .enumerate()
            .for_each(|(i, index)| *index = i);
        let paths: Vec<PathBuf> = indices.keys().map(|id| root.join(id)).collect();
        let read: Vec<Result<_, TrainError>> =
            paths.par_iter().map(|path| bank.log_mel(path)).collect();
        let mut recordings = Vec::with_capacity(read.len());
        let mut faults = Vec::new();
        for features in read {
            match features {
                Ok(features) => recordings.push(features.into_features()),
                Err(reason) => faults.push(reason.to_string()),
            }
        }
        if let Some(first) = faults.first() {
            return Err(TrainError::Trials {
                list: lists
                    .iter()
                    .map(|list| list.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                num_missing: faults.len(),
                first: first.clone(),
            });
        }
        let mut lists: Vec<IndexedList> = lists
            .iter()
            .map(|list| IndexedList {
                name: list.name.clone(),
                trials: list
                    .trials
                    .iter()
                    .map(|trial| {
                        (
                            indices[trial.enrolment.as_str()],
                            indices[trial.test.as_str()],
                        )
                    })
                    .collect(),
                targets: list.trials.iter().map(|trial| trial.target).collect(),
            })
            .collect();
        if let Some(augmenter) = augmenter {
            let first = recordings.len();
            recordings.extend_from_within(..);
            recordings[first..]
                .par_iter_mut()
                .enumerate()
                .for_each(|(seed, recording)| augmenter.augment(seed as u64, recording));
            let changed: Vec<IndexedList> = lists.iter().map(|list| list.moved(first)).collect();
            lists.extend(changed);
        }
        Ok(Self { lists, recordings })
    }

    /// Number of recordings.
    #[must_use]
    pub fn num_recordings(&self) -> usize {
        self.recordings.len()
    }

    /// Scores every list with `embedder`.
    ///
    /// # Errors
    /// [`TrainError::Model`] where a recording cannot be embedded, [`TrainError::Eval`] for a list without
    /// targets or non-targets.
    pub fn evaluate(&self, embedder: &Embedder) -> Result<Vec<ListResult>, TrainError> {
        let mut finished = self.recordings.clone();
        finished
            .par_iter_mut()
            .for_each(|features| embedder.front_end().finish(features));
        let embeddings = embedder.embed_features(&finished)?;
        self.lists
            .iter()
            .map(|list| {
                let scores: Vec<f32> = list
                    .trials
                    .iter()
                    .map(|&(a, b)| cosine(&embeddings[a], &embeddings[b]))
                    .collect();
                let rate = eer(&scores, &list.targets)?;
                let cost = min_dcf(&scores, &list.targets, &DcfParameters::default())?;
                Ok(ListResult {
                    list: list.name.clone(),
                    eer: rate.eer,
                    min_dcf: cost.min_dcf,
                    n_target: rate.num_target,
                    n_nontarget: rate.num_nontarget,
                })
            })
            .collect()
    }
}

/// Mean EER over lists: what early stopping and the best checkpoint go by.
#[must_use]
pub fn mean_eer(results: &[ListResult]) -> Option<f64> {
    (!results.is_empty())
        .then(|| results.iter().map(|result| result.eer).sum::<f64>() / results.len() as f64)
}
