//! How far mean and deviation of the log-mel bands tell speakers apart: no network at all.

use std::collections::BTreeMap;

use audio_features::Features;
use burn::tensor::{Device, Tensor, TensorData};
use pair_sampler::Manifest;
use rayon::prelude::*;
use speaker_eval::eer;
use speaker_model::Whitening;

use crate::data::FeatureBank;
use crate::evaluate::{DevSet, IndexedList};

/// Training recordings that the statistics are standardised and whitened by.
const MOST_RECORDINGS: usize = 1500;

/// Share of the mean variance that a whitening adds to each.
const SHRINKAGE: f64 = 1e-2;

/// EERs of the cosine of standardised statistics, 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    /// On the development lists.
    pub(crate) dev_eer: Option<f64>,
    /// The same after within-class whitening learned on training speakers.
    pub(crate) whitened_eer: Option<f64>,
    /// On training and on development speakers after whitening that knows no labels; training speakers are paired within
    /// a corpus where the manifest says which.
    pub(crate) unlabelled: Option<[f64; 2]>,
}

/// Indices of evenly chosen training utterances: some of every `stride`-th speaker, at most `per_speaker` each.
pub(crate) fn chosen(manifest: &Manifest, speakers: usize, per_speaker: usize) -> Vec<usize> {
    let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, utterance) in manifest.utterances.iter().enumerate() {
        by_speaker
            .entry(&utterance.speaker)
            .or_default()
            .push(index);
    }
    by_speaker.retain(|_, utterances| utterances.len() >= 2);
    let stride = by_speaker.len().div_ceil(speakers).max(1);
    let every = by_speaker.values().step_by(stride);
    every
        .flat_map(|utterances| {
            let step = utterances.len().div_ceil(per_speaker).max(1);
            utterances.iter().step_by(step).copied()
        })
        .collect()
}

/// All pairs among `chosen` utterances, within a corpus where the manifest has such a column.
pub(crate) fn pairs(manifest: &Manifest, chosen: &[usize]) -> IndexedList {
    let mut list = IndexedList {
        name: "training speakers".to_owned(),
        trials: Vec::new(),
        targets: Vec::new(),
    };
    for (b, &second) in chosen.iter().enumerate() {
        for (a, &first) in chosen[..b].iter().enumerate() {
            let [first, second] = [first, second].map(|index| &manifest.utterances[index]);
            if first.column("corpus") == second.column("corpus") {
                list.trials.push((a, b));
                list.targets.push(first.speaker == second.speaker);
            }
        }
    }
    list
}

impl Statistics {
    pub(crate) fn measure(
        manifest: &Manifest,
        bank: &FeatureBank,
        dev: &DevSet,
        device: &Device,
    ) -> Self {
        let num_speakers = manifest.speakers().len();
        let chosen = chosen(
            manifest,
            num_speakers,
            (MOST_RECORDINGS / num_speakers.max(1)).max(2),
        );
        let read: Vec<Option<Vec<f32>>> = chosen
            .par_iter()
            .take(2 * MOST_RECORDINGS)
            .map(|&index| {
                let features = bank.log_mel(&manifest.utterances[index].path).ok()?;
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
        let (recordings, names) = dev.recordings();
        let mut dev_rows: Vec<Vec<f32>> = recordings[..names.len()].iter().map(moments).collect();
        train
            .iter_mut()
            .chain(&mut dev_rows)
            .for_each(|row| scale.apply(row));
        let mean_eer = |rows: &[Vec<f32>]| {
            let rates: Option<Vec<f64>> = lists.iter().map(|list| rate(list, rows)).collect();
            rates
                .filter(|rates| !rates.is_empty())
                .map(|rates| rates.iter().sum::<f64>() / rates.len() as f64)
        };
        let within = residuals(manifest, &chosen, &train);
        let whitened = through(&within, &dev_rows, device);
        // Pairs grow with the square; a hundred recordings are enough to see labels that are wrong.
        let few = self::chosen(manifest, 40, 4);
        let few: Vec<usize> = (0..chosen.len())
            .filter(|&row| few.contains(&chosen[row]))
            .collect();
        let few_rows: Vec<Vec<f32>> = few.iter().map(|&row| train[row].clone()).collect();
        let few: Vec<usize> = few.into_iter().map(|row| chosen[row]).collect();
        let of_train = rate(&pairs(manifest, &few), &through(&train, &few_rows, device));
        let of_dev = mean_eer(&through(&train, &dev_rows, device));
        Self {
            dev_eer: mean_eer(&dev_rows),
            whitened_eer: mean_eer(&whitened),
            unlabelled: of_train.zip(of_dev).map(|(train, dev)| [train, dev]),
        }
    }
}

/// EER of a list over `rows`; None where it has one kind of trials only.
pub(crate) fn rate(list: &IndexedList, rows: &[Vec<f32>]) -> Option<f64> {
    eer(&list.scores(rows), &list.targets)
        .ok()
        .map(|rate| rate.eer)
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
    let output = map.forward(Tensor::from_data(input, device)).into_data();
    let values: Vec<f32> = output.iter::<f32>().collect();
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}
