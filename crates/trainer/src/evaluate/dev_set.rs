//! Dev trials during training: EER and minDCF of the network as it stands.

use std::borrow::Cow;
use std::collections::BTreeMap;

use audio_features::{Features, FrontEnd};
use diagnosis::journal::ListResult;
use rayon::prelude::*;
use sound_augment::Workspace;
use speaker_eval::{DcfParameters, eer, min_dcf};
use speaker_model::{Embedder, EmbeddingModel};
use speaker_scoring::Scorer;
use speech_data::{Location, TrialList};

use crate::TrainError;
use crate::data::{Changes, FeatureBank};

/// Trial lists over recordings below one root, with the recordings' raw features; and, where a training changes its
/// recordings, the same lists over changed copies, which tell whether a network hears more than the microphone.
#[derive(Debug)]
pub struct DevSet {
    lists: Vec<IndexedList>,
    num_plain_lists: usize,
    recordings: Vec<Features>,
    names: Vec<String>,
}

/// A trial list whose recordings are indices.
#[derive(Debug)]
pub(crate) struct IndexedList {
    pub(crate) name: String,
    pub(crate) trials: Vec<(usize, usize)>,
    pub(crate) targets: Vec<bool>,
}

impl IndexedList {
    /// The pairs a < b of `count` recordings for which `is_target` says whether they are of one speaker.
    pub(crate) fn among(
        name: &str,
        count: usize,
        is_target: impl Fn(usize, usize) -> Option<bool>,
    ) -> Self {
        let pairs = (0..count).flat_map(|b| (0..b).map(move |a| (a, b)));
        let known = pairs.filter_map(|(a, b)| Some(((a, b), is_target(a, b)?)));
        let (trials, targets) = known.unzip();
        Self {
            name: name.to_owned(),
            trials,
            targets,
        }
    }

    /// The score of each trial's embeddings.
    pub(crate) fn scores(&self, embeddings: &[Vec<f32>]) -> Vec<f32> {
        let trials = self.trials.iter();
        trials
            .map(|&(a, b)| Scorer::default().score(&embeddings[a], &embeddings[b]))
            .collect()
    }

    /// EER and minDCF by embeddings of the recordings.
    fn result(&self, embeddings: &[Vec<f32>]) -> Result<ListResult, TrainError> {
        let scores = self.scores(embeddings);
        let rate = eer(&scores, &self.targets)?;
        let cost = min_dcf(&scores, &self.targets, &DcfParameters::default())?;
        Ok(ListResult {
            list: self.name.clone(),
            eer: rate.eer,
            min_dcf: cost.min_dcf,
            n_target: rate.num_target,
            n_nontarget: rate.num_nontarget,
        })
    }

    /// The trials of which both recordings have an embedding.
    fn among_known(&self, embeddings: &[Option<Vec<f32>>]) -> Self {
        let trials = self
            .trials
            .iter()
            .copied()
            .zip(self.targets.iter().copied());
        let known =
            trials.filter(|((a, b), _)| embeddings[*a].is_some() && embeddings[*b].is_some());
        let (trials, targets) = known.unzip();
        Self {
            name: self.name.clone(),
            trials,
            targets,
        }
    }

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

impl DevSet {
    /// Reads the recordings that `lists` name, where `locate` finds them, and changes copies of them by `changes`, if that
    /// does anything; `front_end` is that of the training.
    ///
    /// # Errors
    /// [`TrainError::Trials`] where a list names recordings that cannot be used.
    pub(crate) fn read(
        bank: &FeatureBank,
        locate: impl Fn(&str) -> Location,
        lists: &[TrialList],
        changes: &Changes,
        front_end: &FrontEnd,
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
        let locations: Vec<Location> = indices.keys().map(|id| locate(id)).collect();
        let read: Vec<Result<_, TrainError>> = locations
            .par_iter()
            .map(|location| bank.log_mel(location))
            .collect();
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
        let num_plain_lists = lists.len();
        if changes.any() {
            let first = recordings.len();
            let plain = recordings.par_iter().zip(&locations).enumerate();
            let changed: Result<Vec<Features>, TrainError> = plain
                .map_init(
                    Workspace::default,
                    |workspace, (seed, (plain, location))| {
                        let plain = || Ok(plain.clone());
                        changes.recording(location, seed as u64, front_end, plain, workspace)
                    },
                )
                .collect();
            recordings.extend(changed?);
            let changed: Vec<IndexedList> = lists.iter().map(|list| list.moved(first)).collect();
            lists.extend(changed);
        }
        Ok(Self {
            lists,
            num_plain_lists,
            recordings,
            names: indices.into_keys().map(str::to_owned).collect(),
        })
    }

    /// Number of recordings.
    #[must_use]
    pub fn num_recordings(&self) -> usize {
        self.recordings.len()
    }

    /// The embedding of every recording, neither centred nor scaled.
    ///
    /// # Errors
    /// [`TrainError::Model`] where a recording cannot be embedded.
    pub(crate) fn embed(&self, embedder: &Embedder) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut finished = self.recordings.clone();
        finished
            .par_iter_mut()
            .for_each(|features| embedder.front_end().finish(features));
        let plain = embedder.clone().without_scaling().with_centre(None);
        Ok(plain.embed_features(&finished)?)
    }

    /// Scores every list by the cosine of `embeddings`, one a recording, less `centre`.
    ///
    /// # Errors
    /// [`TrainError::Eval`] for a list without targets or non-targets, or a score that is NaN.
    pub(crate) fn results(
        &self,
        embeddings: &[Vec<f32>],
        centre: Option<&[f32]>,
    ) -> Result<Vec<ListResult>, TrainError> {
        let centred = less(embeddings, centre);
        let results = self.lists.iter().map(|list| list.result(&centred));
        results.collect()
    }

    /// Scores the lists over recordings as they are by embeddings of another model, as far as there are some; none of a list that
    /// has no trials of both kinds left.
    ///
    /// # Errors
    /// [`TrainError::Eval`] for a score that is NaN.
    pub(crate) fn results_of(
        &self,
        embeddings: &[Option<Vec<f32>>],
    ) -> Result<Vec<ListResult>, TrainError> {
        let (lists, _) = self.lists();
        let rows: Vec<Vec<f32>> = embeddings
            .iter()
            .cloned()
            .map(Option::unwrap_or_default)
            .collect();
        let known = lists.iter().map(|list| list.among_known(embeddings));
        let known =
            known.filter(|list| [true, false].iter().all(|kind| list.targets.contains(kind)));
        known.map(|list| list.result(&rows)).collect()
    }

    /// The lists over recordings as they are, and over changed copies.
    pub(crate) fn lists(&self) -> (&[IndexedList], &[IndexedList]) {
        self.lists.split_at(self.num_plain_lists)
    }

    /// The recordings' raw features, and their names; changed copies follow after the names' end.
    pub(crate) fn recordings(&self) -> (&[Features], &[String]) {
        (&self.recordings, &self.names)
    }
}

/// `rows` less `centre`.
pub(crate) fn less<'a>(rows: &'a [Vec<f32>], centre: Option<&[f32]>) -> Cow<'a, [Vec<f32>]> {
    let Some(centre) = centre else {
        return Cow::Borrowed(rows);
    };
    let less = |row: &Vec<f32>| row.iter().zip(centre).map(|(v, c)| v - c).collect();
    Cow::Owned(rows.iter().map(less).collect())
}

/// Mean EER over lists: what early stopping and the best checkpoint go by.
#[must_use]
pub fn mean_eer(results: &[ListResult]) -> Option<f64> {
    (!results.is_empty())
        .then(|| results.iter().map(|result| result.eer).sum::<f64>() / results.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_rate_of_no_lists_is_unknown() {
        let result = |eer| ListResult {
            list: "dev".to_owned(),
            eer,
            min_dcf: 1.0,
            n_target: 1,
            n_nontarget: 1,
        };
        assert_eq!(mean_eer(&[]), None);
        assert_eq!(mean_eer(&[result(0.25), result(0.75)]), Some(0.5));
    }

    #[test]
    fn pairs_among_recordings_are_those_that_can_be_compared() {
        let speakers = [Some(0), Some(0), None, Some(1)];
        let list = IndexedList::among("mine", 4, |a, b| Some(speakers[a]? == speakers[b]?));
        assert_eq!(list.trials, [(0, 1), (0, 3), (1, 3)]);
        assert_eq!(list.targets, [true, false, false]);
        // The same trials over copies that lie behind the recordings.
        assert_eq!(list.moved(4).trials, [(4, 5), (4, 7), (5, 7)]);
    }
}
