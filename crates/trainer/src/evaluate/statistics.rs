//! How far mean and deviation of the log-mel bands tell speakers apart: no network at all.

use std::collections::BTreeMap;

use audio_features::Features;
use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::preflight::LabelRates;
use rayon::prelude::*;
use speaker_eval::eer;
use speaker_model::Whitening;
use speech_data::{Manifest, column};

use super::dev_set::{DevSet, IndexedList};
use super::two_worlds::told_apart;
use crate::TrainError;
use crate::data::FeatureBank;

/// Training recordings that the statistics are standardised and whitened by.
const MOST_RECORDINGS: usize = 1500;

/// Training speakers that the labels are judged by.
const FEW_SPEAKERS: usize = 40;

/// Recordings of each that they are judged by: four, and of fewer speakers more.
fn few_each(num_speakers: usize) -> usize {
    (4 * FEW_SPEAKERS / num_speakers.max(1)).clamp(4, 12)
}

/// Share of the mean variance that a whitening adds to each.
const SHRINKAGE: f64 = 1e-2;

/// EERs of the cosine of standardised statistics, 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    /// On the development lists.
    pub(crate) dev_eer: Option<f64>,
    /// The same after within-class whitening learned on training speakers.
    pub(crate) whitened_eer: Option<f64>,
    /// On training and on development speakers after whitening that knows no labels, and none of the recordings that are
    /// scored; training speakers are paired within a corpus where the manifest says which.
    pub(crate) unlabelled: Option<LabelRates>,
    /// How well the statistics tell training from development recordings: see [`two_worlds::told_apart`].
    pub(crate) told_apart: Option<f64>,
}

/// Evenly chosen ones of `items`, which are named by their speakers: `per_speaker` at most of each of `speakers` speakers
/// at most that have two and more, spread over all of these in the order of their names. They do not depend on a run's
/// seed, so that figures of seeds can be compared.
pub(crate) fn chosen<'a>(
    items: impl IntoIterator<Item = &'a str>,
    speakers: usize,
    per_speaker: usize,
) -> Vec<usize> {
    let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, speaker) in items.into_iter().enumerate() {
        by_speaker.entry(speaker).or_default().push(index);
    }
    by_speaker.retain(|_, items| items.len() >= 2);
    let by_speaker: Vec<Vec<usize>> = by_speaker.into_values().collect();
    let count = speakers.min(by_speaker.len());
    let every = (0..count).map(|number| &by_speaker[number * by_speaker.len() / count]);
    every
        .flat_map(|items| {
            let step = items.len().div_ceil(per_speaker).max(1);
            items.iter().step_by(step).copied()
        })
        .collect()
}

/// The same of a manifest's utterances.
pub(crate) fn chosen_utterances(
    manifest: &Manifest,
    speakers: usize,
    per_speaker: usize,
) -> Vec<usize> {
    let names = manifest.utterances.iter().map(|u| u.speaker.as_str());
    chosen(names, speakers, per_speaker)
}

/// Training utterances that are read: of each of many speakers two, of few more.
fn read_for_statistics(manifest: &Manifest) -> Vec<usize> {
    let per_speaker = MOST_RECORDINGS / manifest.speakers().len().max(1);
    chosen_utterances(manifest, MOST_RECORDINGS / 2, per_speaker.max(2))
}

/// All pairs among `chosen` utterances that have one label, and those of two within a corpus where the manifest has such a column.
pub(crate) fn pairs(manifest: &Manifest, chosen: &[usize]) -> IndexedList {
    IndexedList::among("training speakers", chosen.len(), |a, b| {
        let [first, second] = [a, b].map(|row| &manifest.utterances[chosen[row]]);
        let is_same = first.speaker == second.speaker;
        let comparable = first.column(column::CORPUS) == second.column(column::CORPUS);
        // A label that is found in several corpora is believed to be one voice there, or found out.
        (is_same || comparable).then_some(is_same)
    })
}

impl Statistics {
    pub(crate) fn measure(
        manifest: &Manifest,
        bank: &FeatureBank,
        dev: &DevSet,
        device: &Device,
    ) -> Self {
        let chosen = read_for_statistics(manifest);
        let read: Vec<Option<Vec<f32>>> = chosen
            .par_iter()
            .map(|&index| {
                let features = bank.log_mel(&manifest.utterances[index].location).ok()?;
                Some(moments(&features.into_features()))
            })
            .collect();
        let (chosen, mut train): (Vec<usize>, Vec<Vec<f32>>) = chosen
            .into_iter()
            .zip(read)
            .filter_map(|(index, row)| Some((index, row?)))
            .unzip();
        let Some(scale) = Scale::of(&train) else {
            return Self::default();
        };
        let (lists, _) = dev.lists();
        let dev_rows: Result<Vec<Vec<f32>>, _> = (0..dev.names().len())
            .into_par_iter()
            .map(|index| {
                let features = dev.features(index)?;
                Ok::<_, TrainError>(moments(&features))
            })
            .collect();
        let Ok(mut dev_rows) = dev_rows else {
            return Self::default();
        };
        train
            .iter_mut()
            .chain(&mut dev_rows)
            .for_each(|row| scale.apply(row));
        let within = residuals(manifest, &chosen, &train);
        let whitened = through(&within, &dev_rows, device);
        // Pairs grow with the square; some hundred recordings are enough to see labels that are wrong.
        let speakers = chosen
            .iter()
            .map(|&index| manifest.utterances[index].speaker.as_str());
        let few = self::chosen(speakers, FEW_SPEAKERS, few_each(manifest.speakers().len()));
        let of_train = halves(manifest, &chosen, &train, &few, device);
        let of_dev = mean_rate(lists, &through(&train, &dev_rows, device));
        Self {
            told_apart: told_apart(&train, &dev_rows),
            dev_eer: mean_rate(lists, &dev_rows),
            whitened_eer: mean_rate(lists, &whitened),
            unlabelled: of_train.zip(of_dev).map(|(of_train, dev_eer)| LabelRates {
                dev_eer,
                ..of_train
            }),
        }
    }
}

/// The EER of `few` of the `train` rows, which are statistics of the utterances `chosen`. Each half of their speakers is whitened
/// by the recordings of all other speakers: through a whitening that was fitted on them, no more recordings than dimensions are
/// equally far from each other, whoever speaks. None where there are no pairs of both kinds.
fn halves(
    manifest: &Manifest,
    chosen: &[usize],
    train: &[Vec<f32>],
    few: &[usize],
    device: &Device,
) -> Option<LabelRates> {
    let speaker = |row: usize| manifest.utterances[chosen[row]].speaker.as_str();
    let mut speakers: Vec<&str> = few.iter().map(|&row| speaker(row)).collect();
    speakers.sort_unstable();
    speakers.dedup();
    let half_of = |row: usize| {
        let number = speakers.binary_search(&speaker(row));
        number.ok().map(|number| number % 2)
    };
    let (mut scores, mut targets) = (Vec::new(), Vec::new());
    let mut strangers = Strangers::default();
    for half in 0..2 {
        let scored: Vec<usize> = few
            .iter()
            .copied()
            .filter(|&row| half_of(row) == Some(half))
            .collect();
        let of_half: Vec<&str> = scored.iter().map(|&row| speaker(row)).collect();
        let others = (0..train.len()).filter(|&row| !of_half.contains(&speaker(row)));
        let others: Vec<Vec<f32>> = others.map(|row| train[row].clone()).collect();
        let rows: Vec<Vec<f32>> = scored.iter().map(|&row| train[row].clone()).collect();
        let utterances: Vec<usize> = scored.iter().map(|&row| chosen[row]).collect();
        let list = pairs(manifest, &utterances);
        let of_half = list.scores(&through(&others, &rows, device));
        strangers.add(&list, &of_half, rows.len());
        scores.extend(of_half);
        targets.extend(list.targets);
    }
    Some(LabelRates {
        train_eer: eer(&scores, &targets).ok()?.eer,
        dev_eer: f64::NAN,
        num_speakers: speakers.len(),
        num_same: targets.iter().filter(|&&target| target).count(),
        strangers_share: strangers.share(),
    })
}

/// Mean scores of recordings with others of their own speaker, and with those of other speakers.
#[derive(Default)]
struct Strangers {
    own: Vec<f64>,
    others: Vec<f64>,
}

/// Others of its own speaker that a recording is judged by, at least.
const LEAST_OTHERS: usize = 2;

/// Share of the strangers that lie nearest, and are left out.
const NEAREST: f64 = 0.25;

impl Strangers {
    /// Adds the recordings of a list of pairs with their scores.
    fn add(&mut self, list: &IndexedList, scores: &[f32], num_recordings: usize) {
        let mut sums = vec![[(0.0_f64, 0_usize); 2]; num_recordings];
        for ((&(a, b), &target), &score) in list.trials.iter().zip(&list.targets).zip(scores) {
            for recording in [a, b] {
                let (sum, count) = &mut sums[recording][usize::from(target)];
                *sum += f64::from(score);
                *count += 1;
            }
        }
        for [others, own] in sums {
            if own.1 >= LEAST_OTHERS && others.1 > 0 {
                self.own.push(own.0 / own.1 as f64);
            }
        }
        // Strangers are compared as single pairs would be, in groups as large as those of a speaker.
        let different = list
            .targets
            .iter()
            .zip(scores)
            .filter(|(target, _)| !**target);
        let different: Vec<f64> = different.map(|(_, &score)| f64::from(score)).collect();
        let groups = different.chunks_exact(LEAST_OTHERS + 1);
        self.others
            .extend(groups.map(|few| few.iter().sum::<f64>() / few.len() as f64));
    }

    /// The share of the recordings whose own speaker's others are no nearer than strangers but the nearest quarter.
    fn share(&self) -> Option<f64> {
        let mut others = self.others.clone();
        others.sort_by(f64::total_cmp);
        let limit = *others.get(((1.0 - NEAREST) * others.len() as f64) as usize)?;
        let far = self.own.iter().filter(|&&own| own < limit).count();
        (!self.own.is_empty()).then(|| far as f64 / self.own.len() as f64)
    }
}

/// EER of a list over `rows`; None where it has one kind of trials only.
pub(crate) fn rate(list: &IndexedList, rows: &[Vec<f32>]) -> Option<f64> {
    eer(&list.scores(rows), &list.targets)
        .ok()
        .map(|rate| rate.eer)
}

/// Mean EER of some lists over `rows`; None where there is none, or one without an EER.
pub(crate) fn mean_rate(lists: &[IndexedList], rows: &[Vec<f32>]) -> Option<f64> {
    let rates: Option<Vec<f64>> = lists.iter().map(|list| rate(list, rows)).collect();
    rates
        .filter(|rates| !rates.is_empty())
        .map(|rates| rates.iter().sum::<f64>() / rates.len() as f64)
}

/// Mean and deviation of every band, `[2 bins]`.
fn moments(features: &Features) -> Vec<f32> {
    let (bins, frames) = (features.num_bins(), features.num_frames().max(1) as f64);
    let mut sums = vec![[0.0_f64; 2]; bins];
    for frame in features.data().chunks_exact(bins.max(1)) {
        for (sum, &value) in sums.iter_mut().zip(frame) {
            sum[0] += f64::from(value);
            sum[1] += f64::from(value) * f64::from(value);
        }
    }
    let mean = |sum: &[f64; 2]| sum[0] / frames;
    let deviation = |sum: &[f64; 2]| (sum[1] / frames - mean(sum).powi(2)).max(0.0).sqrt();
    let means = sums.iter().map(mean).map(|v| v as f32);
    means
        .chain(sums.iter().map(deviation).map(|v| v as f32))
        .collect()
}

/// Mean and deviation of every column.
struct Scale(Vec<(f64, f64)>);

impl Scale {
    fn of(rows: &[Vec<f32>]) -> Option<Self> {
        let count = rows.len() as f64;
        let width = rows.first()?.len();
        let column = |index: usize| rows.iter().map(move |row| f64::from(row[index]));
        let of = |index| {
            let mean = column(index).sum::<f64>() / count;
            let variance = column(index).map(|v| (v - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt().max(1e-6))
        };
        Some(Self((0..width).map(of).collect()))
    }

    fn apply(&self, row: &mut [f32]) {
        for (value, (mean, deviation)) in row.iter_mut().zip(&self.0) {
            *value = ((f64::from(*value) - mean) / deviation) as f32;
        }
    }
}

/// What is left of each recording's statistics without their mean over the speaker.
fn residuals(manifest: &Manifest, chosen: &[usize], train: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let speaker = |index: usize| manifest.utterances[index].speaker.as_str();
    let mut sums: BTreeMap<&str, (Vec<f32>, f32)> = BTreeMap::new();
    for (&index, row) in chosen.iter().zip(train) {
        let empty = || (vec![0.0; row.len()], 0.0);
        let (sum, count) = sums.entry(speaker(index)).or_insert_with(empty);
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
        *count += 1.0;
    }
    let rows = chosen.iter().zip(train);
    rows.map(|(&index, row)| {
        let (sum, count) = &sums[speaker(index)];
        row.iter().zip(sum).map(|(v, s)| v - s / count).collect()
    })
    .collect()
}

/// `rows` through the map that whitens `data`.
fn through(data: &[Vec<f32>], rows: &[Vec<f32>], device: &Device) -> Vec<Vec<f32>> {
    let Some(width) = data.first().map(Vec::len).filter(|_| !rows.is_empty()) else {
        return rows.to_vec();
    };
    let map = Whitening::of(data, width, SHRINKAGE, device);
    let input = TensorData::new(rows.concat(), [rows.len(), width]);
    // Rows of the width that the map was made for.
    let Ok(output) = map.forward(Tensor::from_data(input, device)) else {
        return rows.to_vec();
    };
    let values: Vec<f32> = output.into_data().iter::<f32>().collect();
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use speech_data::Utterance;

    use super::*;

    /// Names of `speakers` speakers with `each` recordings.
    fn names(speakers: usize, each: usize) -> Vec<String> {
        let of = |speaker| std::iter::repeat_n(format!("s{speaker:05}"), each);
        (0..speakers).flat_map(of).collect()
    }

    /// As many speakers as VoxCeleb2 has: the last ones count like the first, and no more is read than of few speakers.
    #[test]
    fn recordings_are_chosen_from_the_whole_of_a_large_corpus() {
        let names = names(6_000, 3);
        let utterances = names.iter().enumerate().map(|(index, speaker)| {
            let id = format!("{index:05}.wav");
            Utterance::new(id.clone(), id, speaker)
        });
        let manifest = Manifest::new(std::path::Path::new("."), utterances.collect());
        let chosen = read_for_statistics(&manifest);
        assert_eq!(chosen.len(), MOST_RECORDINGS);
        let gaps = chosen.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max().is_some_and(|gap| gap <= 3 * 9));
        assert!(chosen[0] < 30 && chosen[MOST_RECORDINGS - 1] > 3 * 6_000 - 30);
    }

    /// Of what has been read, so that none of the few is missing.
    #[test]
    fn few_of_many_have_pairs_of_one_speaker() {
        let read = names(750, 2);
        let few = chosen(read.iter().map(String::as_str), 40, 4);
        assert_eq!(few.len(), 80);
        assert!(few.iter().all(|&row| row < read.len()));
        assert!(
            few.as_chunks::<2>()
                .0
                .iter()
                .all(|[a, b]| read[*a] == read[*b])
        );
    }

    #[test]
    fn a_speaker_with_one_recording_makes_no_pair() {
        assert_eq!(chosen(["a", "b", "b", "c"], 10, 1), [1]);
        assert!(chosen([], 10, 2).is_empty());
    }
}
