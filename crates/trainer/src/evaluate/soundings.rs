//! What an evaluation measures beside the development EER.

use std::collections::{BTreeMap, HashMap, HashSet};

use audio_features::augment::{AugmentConfig, Augmenter};
use audio_features::{Features, FrontEnd};
use diagnosis::journal::ListResult;
use diagnosis::preflight::labels_can_be_judged;
use diagnosis::{ListRate, Measurements, Spread, TwoHistograms};
use rayon::prelude::*;
use speaker_model::{Embedder, EmbeddingModel};
use speech_data::Manifest;

use super::dev_set::{DevSet, IndexedList, less, mean_eer};
use super::statistics::{chosen_utterances, mean_rate, pairs, rate};
use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::{FeatureBank, RawFeatures};

/// Training speakers that are scored like development speakers, three recordings each: a twelfth of the number of
/// development recordings (with their changed copies), so that an evaluation takes a quarter longer, but no fewer and no
/// more than these.
const TRAIN_SPEAKERS: std::ops::RangeInclusive<usize> = 10..=24;

/// Development recordings that are perturbed, over all lists.
const PERTURBED: usize = 60;

/// Recordings for each dimension of the whitening of the network's input, below which those that it was fitted on are not
/// scored as others are.
const RECORDINGS_A_DIMENSION: usize = 4;

/// Embeddings whose spread is measured.
const SPREAD_ROWS: usize = 300;

/// Same-speaker pairs of either kind that an EER by session needs.
const ENOUGH_PAIRS: usize = 20;

/// Recordings and pairs that every evaluation of a run looks at.
pub(crate) struct Soundings {
    /// Finished features of training speakers, and the pairs among them.
    train: (Vec<Features>, IndexedList),
    /// Which recordings of the training these are.
    train_recordings: Vec<usize>,
    /// Whether their EER can say something of the labels.
    judges_labels: bool,
    /// Finished features of perturbed development recordings, with the pairs among them, and among the same recordings as
    /// they are.
    perturbed: Option<(Vec<Features>, IndexedList, IndexedList)>,
    /// Pairs within a session and across sessions, each with the same different-speaker pairs.
    sessions: Option<[IndexedList; 2]>,
}

impl Soundings {
    pub(crate) fn new<L>(
        config: &TrainConfig<L>,
        manifest: &Manifest,
        dev_manifest: Option<&Manifest>,
        bank: &FeatureBank,
        front_end: &FrontEnd,
        dev: &DevSet,
    ) -> Result<Self, TrainError> {
        let speakers =
            (dev.num_recordings() / 12).clamp(*TRAIN_SPEAKERS.start(), *TRAIN_SPEAKERS.end());
        let mut indices = chosen_utterances(manifest, speakers, 3);
        let mut train = Vec::with_capacity(indices.len());
        indices.retain(|&index| {
            let features = bank.log_mel(&manifest.utterances[index].location);
            let mut features = features.map(RawFeatures::into_features);
            if let Ok(features) = &mut features {
                front_end.finish(features);
                train.push(features.clone());
            }
            features.is_ok()
        });
        let perturbed = match config.augment.is_some() || config.samples.is_some() {
            // The changed copies of the development lists say it.
            true => None,
            false => perturbed(config, front_end, dev)?,
        };
        let list = pairs(manifest, &indices);
        let num_same = list.targets.iter().filter(|&&same| same).count();
        let of_pairs: HashSet<&str> = indices
            .iter()
            .map(|&index| manifest.utterances[index].speaker.as_str())
            .collect();
        // A whitening that was fitted on few recordings drives these apart, whoever speaks.
        let input = &config.encoder.input;
        let least = if input.whiten {
            RECORDINGS_A_DIMENSION * 2 * input.cepstra
        } else {
            0
        };
        let judges_labels =
            labels_can_be_judged(of_pairs.len(), num_same) && manifest.utterances.len() >= least;
        Ok(Self {
            train: (train, list),
            train_recordings: indices,
            judges_labels,
            perturbed,
            sessions: dev_manifest.and_then(|manifest| sessions(manifest, dev)),
        })
    }

    /// The training recordings that are embedded at every evaluation, by their places in the manifest.
    pub(crate) fn training_recordings(&self) -> &[usize] {
        &self.train_recordings
    }

    /// Measures what `embeddings` of the development recordings, neither centred nor scaled, and `embedder` say; and gives the
    /// embeddings of [`Self::training_recordings`], which are as those.
    pub(crate) fn measure(
        &self,
        embedder: &Embedder,
        dev: &DevSet,
        embeddings: &[Vec<f32>],
        results: &[ListResult],
        untrained: &[ListResult],
    ) -> Result<(Measurements, Vec<Vec<f32>>), TrainError> {
        let raw = embedder.clone().without_scaling().with_centre(None);
        let centre = embedder.centre();
        let (lists, changed) = dev.lists();
        let names = dev.names();
        let plain = &embeddings[..names.len()];
        let scored = less(plain, centre);
        let trials = lists.iter().flat_map(|list| {
            let scores = list.scores(&scored).into_iter().map(f64::from);
            scores.zip(list.targets.iter().copied()).collect::<Vec<_>>()
        });
        let trials: Vec<(f64, bool)> = trials.collect();
        let distance = |kind: bool| {
            let of_kind = trials.iter().filter(|(_, same)| *same == kind);
            let (sum, count) = of_kind.fold((0.0, 0_usize), |(sum, count), (score, _)| {
                (sum + 1.0 - score, count + 1)
            });
            (count > 0).then(|| sum / count as f64)
        };
        let train = raw.embed_features(&self.train.0)?;
        let mut measurements = Measurements {
            dev: rates(results, untrained),
            dev_eer: mean_eer(results),
            untrained_eer: mean_eer(untrained),
            train_eer: rate(&self.train.1, &less(&train, centre)),
            train_eer_judges_labels: Some(self.judges_labels),
            scores: TwoHistograms::of(trials.iter().copied()),
            intra_distance: distance(true),
            inter_distance: distance(false),
            plain_eer: mean_rate(lists, plain),
            ..Measurements::default()
        };
        let stride = plain.len().div_ceil(SPREAD_ROWS).max(1);
        let some: Vec<Vec<f32>> = plain.iter().step_by(stride).cloned().collect();
        measurements.spread = Spread::of(&some);
        measurements.centred_eer = mean_rate(lists, &less(plain, mean(plain).as_deref()));
        if let Some((features, perturbed, clean)) = &self.perturbed {
            let rows = raw.embed_features(features)?;
            measurements.perturbed_eer = rate(perturbed, &less(&rows, centre));
            measurements.clean_eer = rate(clean, &scored);
        } else if !changed.is_empty() {
            let (clean, perturbed) = results.split_at(lists.len().min(results.len()));
            measurements.clean_eer = mean_eer(clean);
            measurements.perturbed_eer = mean_eer(perturbed);
        }
        if let Some([same, cross]) = &self.sessions {
            measurements.same_session_eer = rate(same, &scored);
            measurements.cross_session_eer = rate(cross, &scored);
        }
        Ok((measurements, train))
    }
}

fn rates(results: &[ListResult], untrained: &[ListResult]) -> Vec<ListRate> {
    let before: HashMap<&str, f64> = untrained
        .iter()
        .map(|result| (result.list.as_str(), result.eer))
        .collect();
    let results = results.iter();
    results
        .map(|result| ListRate {
            list: result.list.clone(),
            eer: result.eer,
            untrained_eer: before.get(result.list.as_str()).copied(),
        })
        .collect()
}

fn mean(rows: &[Vec<f32>]) -> Option<Vec<f32>> {
    let mut sum = vec![0.0_f64; rows.first()?.len()];
    for row in rows {
        sum.iter_mut()
            .zip(row)
            .for_each(|(s, &v)| *s += f64::from(v));
    }
    Some(
        sum.into_iter()
            .map(|s| (s / rows.len() as f64) as f32)
            .collect(),
    )
}

/// Some recordings of every list, each put into a room, channel and noise of its own, and the pairs among them.
fn perturbed<L>(
    config: &TrainConfig<L>,
    front_end: &FrontEnd,
    dev: &DevSet,
) -> Result<Option<(Vec<Features>, IndexedList, IndexedList)>, TrainError> {
    let (lists, _) = dev.lists();
    let names = dev.names();
    let augmenter = Augmenter::new(&config.features, &AugmentConfig::rooms_and_channels())?;
    // Recording, its list and its speaker there.
    let mut some = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        let speakers = speakers_of(list, names.len());
        let of_list = some_of(&speakers, PERTURBED / lists.len());
        some.extend(
            of_list
                .into_iter()
                .map(|(index, speaker)| (index, number, speaker)),
        );
    }
    let copies: Result<Vec<Features>, TrainError> = some
        .par_iter()
        .map(|&(index, ..)| {
            let mut features = dev.features(index)?.into_owned();
            augmenter.augment(index as u64, &mut features);
            front_end.finish(&mut features);
            Ok(features)
        })
        .collect();
    let copies = copies?;
    let changed = IndexedList::among("perturbed", some.len(), |a, b| {
        let [(_, list_a, speaker_a), (_, list_b, speaker_b)] = [some[a], some[b]];
        (list_a == list_b).then_some(speaker_a == speaker_b)
    });
    let clean = IndexedList {
        name: "clean".to_owned(),
        trials: changed
            .trials
            .iter()
            .map(|&(a, b)| (some[a].0, some[b].0))
            .collect(),
        targets: changed.targets.clone(),
    };
    Ok((!copies.is_empty()).then_some((copies, changed, clean)))
}

/// Recordings of a list by speaker: those that its target trials connect.
fn speakers_of(list: &IndexedList, num_recordings: usize) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..num_recordings).collect();
    fn root(parent: &mut [usize], mut index: usize) -> usize {
        while parent[index] != index {
            parent[index] = parent[parent[index]];
            index = parent[index];
        }
        index
    }
    for (&(a, b), _) in list
        .trials
        .iter()
        .zip(&list.targets)
        .filter(|&(_, &target)| target)
    {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        parent[a.max(b)] = a.min(b);
    }
    let mut speakers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..num_recordings {
        speakers
            .entry(root(&mut parent, index))
            .or_default()
            .push(index);
    }
    speakers
        .into_values()
        .filter(|recordings| recordings.len() > 1)
        .collect()
}

/// About `count` recordings, four of each of some speakers, each with its speaker's number.
fn some_of(speakers: &[Vec<usize>], count: usize) -> Vec<(usize, usize)> {
    let wanted = (count / 4).max(2);
    let stride = speakers.len().div_ceil(wanted).max(1);
    let every = speakers.iter().enumerate().step_by(stride);
    every
        .flat_map(|(speaker, recordings)| {
            let step = recordings.len().div_ceil(4).max(1);
            recordings
                .iter()
                .step_by(step)
                .map(move |&index| (index, speaker))
        })
        .collect()
}

/// Same-speaker pairs of development recordings within and across known sessions, beside the lists' non-targets.
fn sessions(manifest: &Manifest, dev: &DevSet) -> Option<[IndexedList; 2]> {
    let (lists, _) = dev.lists();
    let names = dev.names();
    let known: Vec<Option<(&str, &str)>> = names
        .iter()
        .map(|name| {
            let utterance = &manifest.utterances[manifest.find(name)?];
            Some((utterance.speaker.as_str(), utterance.session.as_deref()?))
        })
        .collect();
    let mut kinds = [false, true].map(|_| Vec::new());
    let mut by_speaker: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for (index, known) in known.iter().enumerate() {
        if let Some((speaker, session)) = known {
            by_speaker
                .entry(speaker)
                .or_default()
                .push((index, session));
        }
    }
    for recordings in by_speaker.values() {
        for (at, &(b, session_b)) in recordings.iter().enumerate() {
            for &(a, session_a) in &recordings[..at] {
                kinds[usize::from(session_a != session_b)].push((a, b));
            }
        }
    }
    let others: Vec<(usize, usize)> = lists
        .iter()
        .flat_map(|list| list.trials.iter().zip(&list.targets))
        .filter(|&(&(a, b), &target)| !target && known[a].is_some() && known[b].is_some())
        .map(|(&trial, _)| trial)
        .collect();
    let enough = kinds
        .iter()
        .chain([&others])
        .all(|pairs| pairs.len() >= ENOUGH_PAIRS);
    let mut names = ["within a session", "across sessions"].into_iter();
    enough.then(|| {
        kinds.map(|same| IndexedList {
            name: names.next().unwrap_or_default().to_owned(),
            targets: (0..same.len() + others.len())
                .map(|index| index < same.len())
                .collect(),
            trials: same.into_iter().chain(others.iter().copied()).collect(),
        })
    })
}
