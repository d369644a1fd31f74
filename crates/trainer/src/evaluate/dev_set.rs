//! Dev trials during training: EER and minDCF of the network as it stands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use audio_features::{Features, FrontEnd};
use diagnosis::journal::ListResult;
use rayon::prelude::*;
use sound_augment::Workspace;
use speaker_eval::{DcfParameters, eer, min_dcf};
use speaker_model::{Embedder, EmbeddingModel};
use speaker_scoring::Scorer;
use speech_data::{Location, TrialList};

use super::interval::eer_interval;
use crate::TrainError;
use crate::data::{Changes, FeatureBank, Room};
use crate::error::bytes;

/// What ends the name of a list over changed copies.
pub(crate) const CHANGED: &str = " (augmented)";

/// Bytes of features that stay in memory. Recordings beyond that are read again at every evaluation.
const KEPT_BYTES: usize = 2 << 30;

/// Bytes of features that are made ready for the network at a time.
const READY_BYTES: usize = 128 << 20;

/// Trial lists over recordings below one root, with the recordings' raw features; and, where a training changes its
/// recordings, the same lists over changed copies, which tell whether a network hears more than the microphone.
pub struct DevSet {
    lists: Vec<IndexedList>,
    num_plain_lists: usize,
    /// The recordings, and behind them their changed copies.
    recordings: Vec<Kept>,
    names: Vec<String>,
    source: Source,
}

/// A recording of the trials.
struct Kept {
    /// None where there is no more room.
    features: Option<Features>,
    num_frames: usize,
}

/// Where recordings are read again.
struct Source {
    bank: Arc<FeatureBank>,
    changes: Arc<Changes>,
    front_end: FrontEnd,
    locations: Vec<Location>,
}

impl fmt::Debug for DevSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("DevSet");
        shown.field("lists", &self.lists).finish_non_exhaustive()
    }
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
            eer_interval: eer_interval(&scores, &self.trials, &self.targets),
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
            name: format!("{}{CHANGED}", self.name),
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
        bank: &Arc<FeatureBank>,
        locate: impl Fn(&str) -> Location,
        lists: &[TrialList],
        changes: &Arc<Changes>,
        front_end: &FrontEnd,
    ) -> Result<Self, TrainError> {
        Self::read_within(KEPT_BYTES, bank, locate, lists, changes, front_end)
    }

    /// As [`read`](Self::read), with at most so many bytes of features in memory.
    fn read_within(
        kept_bytes: usize,
        bank: &Arc<FeatureBank>,
        locate: impl Fn(&str) -> Location,
        lists: &[TrialList],
        changes: &Arc<Changes>,
        front_end: &FrontEnd,
    ) -> Result<Self, TrainError> {
        let room = Room::of(kept_bytes);
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
            .map(|location| {
                let features = bank.log_mel(location)?;
                let num_frames = features.num_frames();
                let is_kept = room.take(&features);
                Ok(Kept {
                    features: is_kept.then(|| features.into_features()),
                    num_frames,
                })
            })
            .collect();
        let mut recordings = Vec::with_capacity(read.len());
        let mut faults = Vec::new();
        for features in read {
            match features {
                Ok(kept) => recordings.push(kept),
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
        let names: Vec<String> = indices.into_keys().map(str::to_owned).collect();
        let mut set = Self {
            lists: Vec::new(),
            num_plain_lists,
            recordings,
            names,
            source: Source {
                bank: Arc::clone(bank),
                changes: Arc::clone(changes),
                front_end: front_end.clone(),
                locations,
            },
        };
        if changes.any() {
            let first = set.recordings.len();
            let changed: Result<Vec<Kept>, TrainError> = (0..first)
                .into_par_iter()
                .map_init(Workspace::default, |workspace, index| {
                    let num_frames = set.recordings[index].num_frames;
                    let mut kept = Kept {
                        features: None,
                        num_frames,
                    };
                    if room.has(num_frames * front_end.config().num_bins * size_of::<f32>()) {
                        let features = set.changed(index, workspace)?;
                        kept.num_frames = features.num_frames();
                        kept.features = room.take(features.data()).then_some(features);
                    }
                    Ok(kept)
                })
                .collect();
            set.recordings.extend(changed?);
            let changed: Vec<IndexedList> = lists.iter().map(|list| list.moved(first)).collect();
            lists.extend(changed);
        }
        set.lists = lists;
        Ok(set)
    }

    /// Raw features of a recording, or of a changed copy: these follow after the recordings in the same order.
    ///
    /// # Errors
    /// As [`FeatureBank::log_mel`], where it is read again.
    pub(crate) fn features(&self, index: usize) -> Result<Cow<'_, Features>, TrainError> {
        self.features_by(index, &mut Workspace::default())
    }

    fn features_by(
        &self,
        index: usize,
        workspace: &mut Workspace,
    ) -> Result<Cow<'_, Features>, TrainError> {
        if let Some(features) = &self.recordings[index].features {
            return Ok(Cow::Borrowed(features));
        }
        let num_plain = self.names.len();
        Ok(Cow::Owned(match index.checked_sub(num_plain) {
            None => {
                let location = &self.source.locations[index];
                self.source.bank.log_mel(location)?.into_features()
            }
            Some(of) => self.changed(of, workspace)?,
        }))
    }

    /// Raw features of the changed copy of a recording.
    fn changed(&self, of: usize, workspace: &mut Workspace) -> Result<Features, TrainError> {
        let Source {
            changes,
            front_end,
            locations,
            ..
        } = &self.source;
        let plain = || self.features(of).map(Cow::into_owned);
        changes.recording(&locations[of], of as u64, front_end, plain, workspace)
    }

    /// What is told where the recordings take more memory than is kept for them.
    pub(crate) fn memory(&self) -> Option<String> {
        let bins = self.source.front_end.config().num_bins;
        let size = |kept: &Kept| (kept.num_frames * bins * size_of::<f32>()) as u64;
        let again = self
            .recordings
            .iter()
            .filter(|kept| kept.features.is_none());
        let num_again = again.clone().count();
        let all: u64 = self.recordings.iter().map(size).sum();
        let left: u64 = again.map(size).sum();
        (num_again > 0).then(|| {
            format!(
                "the development trials are of {} recordings and changed copies, {} of features; {} of them ({num_again}) do not stay in memory \
                 and are made again at every evaluation, which costs time: fewer trials do as well",
                self.recordings.len(),
                bytes(all),
                bytes(left)
            )
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
        let plain = embedder.clone().without_scaling().with_centre(None);
        let mut embeddings = Vec::with_capacity(self.recordings.len());
        for part in self.parts(READY_BYTES) {
            let finished: Result<Vec<Features>, TrainError> = part
                .into_par_iter()
                .map_init(Workspace::default, |workspace, index| {
                    let mut features = self.features_by(index, workspace)?.into_owned();
                    embedder.front_end().finish(&mut features);
                    Ok(features)
                })
                .collect();
            embeddings.extend(plain.embed_features(&finished?)?);
        }
        Ok(embeddings)
    }

    /// The recordings in parts of about so many bytes of features, at least one in each.
    fn parts(&self, part_bytes: usize) -> Vec<Range<usize>> {
        let most = part_bytes / (self.source.front_end.config().num_bins * size_of::<f32>()).max(1);
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut num_frames = 0;
        for (index, kept) in self.recordings.iter().enumerate() {
            num_frames += kept.num_frames;
            match parts.last_mut() {
                Some(part) if num_frames <= most => part.end = index + 1,
                _ => {
                    parts.push(index..index + 1);
                    num_frames = kept.num_frames;
                }
            }
        }
        parts
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

    /// Names of the recordings, in order; changed copies have none.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
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
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use audio_features::FeatureConfig;
    use audio_features::augment::{AugmentConfig, Augmenter};
    use speech_data::Trial;

    use super::*;

    /// Recordings that do not stay in memory are the same when they are made again, and so are their changed copies.
    #[test]
    fn what_does_not_fit_into_memory_is_made_again_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..4_u32 {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 16_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let path = folder.path().join(format!("{number}.wav"));
            let mut writer = hound::WavWriter::create(path, spec).unwrap();
            let mut state = number;
            for _ in 0..8_000 + 1_600 * number {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                writer.write_sample((state >> 20) as i16 - 2_048).unwrap();
            }
            writer.finalize().unwrap();
        }
        let trial = |a: u32, b: u32| Trial {
            enrolment: format!("{a}.wav"),
            test: format!("{b}.wav"),
            target: a == b,
        };
        let list = TrialList::new("dev", vec![trial(0, 1), trial(2, 3), trial(1, 1)]);
        let config = FeatureConfig::librosa();
        let front_end = FrontEnd::new(config.clone(), None).unwrap();
        let cache = folder.path().join("cache");
        let bank = Arc::new(FeatureBank::open(&cache, front_end.clone()).unwrap());
        let augmenter = Augmenter::new(&config, &AugmentConfig::rooms_and_channels()).unwrap();
        let changes = Arc::new(Changes {
            augmenter: Some(augmenter),
            samples: None,
        });
        let locate = |name: &str| Location::from(folder.path().join(name));
        let read = |kept_bytes| {
            let lists = std::slice::from_ref(&list);
            DevSet::read_within(kept_bytes, &bank, locate, lists, &changes, &front_end).unwrap()
        };
        let all = read(KEPT_BYTES);
        assert_eq!(all.memory(), None);
        let frames = all.recordings[0].num_frames * config.num_bins * size_of::<f32>();
        for kept_bytes in [0, frames, 3 * frames] {
            let some = read(kept_bytes);
            assert_eq!(some.num_recordings(), 8);
            let held: usize = some
                .recordings
                .iter()
                .filter_map(|kept| kept.features.as_ref())
                .map(|features| size_of_val(features.data()))
                .sum();
            assert!(held <= kept_bytes, "{held} {kept_bytes}");
            assert!(some.memory().unwrap().contains("8 recordings"));
            for index in 0..8 {
                let [a, b] = [&some, &all].map(|set| set.features(index).unwrap());
                assert_eq!(a.data(), b.data(), "{kept_bytes} {index}");
            }
            // Every recording is in one part.
            for part_bytes in [0, 2 * frames, usize::MAX] {
                let parts = some.parts(part_bytes);
                let numbers: Vec<usize> = parts.iter().cloned().flatten().collect();
                assert_eq!(numbers, (0..8).collect::<Vec<_>>());
            }
            assert_eq!(some.parts(0).len(), 8);
            assert_eq!(some.parts(usize::MAX).len(), 1);
        }
    }

    #[test]
    fn the_mean_rate_of_no_lists_is_unknown() {
        let result = |eer| ListResult {
            list: "dev".to_owned(),
            eer,
            min_dcf: 1.0,
            n_target: 1,
            n_nontarget: 1,
            eer_interval: None,
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
