//! What the embeddings are worth: EER on trial lists, MR of clusters, and the question's own distance.

use std::collections::BTreeMap;

use anyhow::Result;
use audio_features::Features;
use burn::tensor::{Tensor, TensorData};
use diagnosis::preflight::kl_divergence;
use diagnosis::{ListRate, Measurements, Spread, TwoHistograms};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use speaker_eval::{Cut, ListedUtterance, MrProtocol, cut_and_score, eer, roc_auc};
use speaker_model::ComputeType;
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, Scorer, agglomerative};

use crate::data::{BINS, Corpora, FRAMES, Heard, List};
use crate::draws::{Purpose, stream};
use crate::layout;
use crate::loss::accuracy;
use crate::network::Network;
use crate::rung::{BATCH, Layout, Shape};

/// Draws of 40 speakers that an MR is the mean of, as docs/results.md has it.
const DRAWS: u64 = 5;
const MR_SPEAKERS: usize = 40;

/// EER of one list, 0 to 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) list: String,
    pub(crate) eer: f64,
    /// Of embeddings less the mean of the development recordings'.
    pub(crate) centred_eer: f64,
}

/// What is known of the embeddings at one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Evaluation {
    pub(crate) step: u64,
    pub(crate) dev: Vec<Rate>,
    pub(crate) test: Vec<Rate>,
    /// MR at the oracle cut, optimal assignment, mean over draws of speakers of dev and test.
    pub(crate) mr: Option<f64>,
    pub(crate) mr_centred: Option<f64>,
    /// Area under the ROC of the question's distance on the development trials' fixed crops.
    pub(crate) distance_auc: f64,
    /// Keras' accuracy of that distance, pair by pair.
    pub(crate) distance_accuracy: f64,
    /// Share of those trials whose distance is negative.
    pub(crate) negative_share: f64,
    /// Share of the outputs that are clipped, and so pass on no gradient.
    pub(crate) clipped_share: f64,
    /// "Misclassification rates" as the question's author took them, one a draw.
    pub(crate) small_draws: Vec<f64>,
}

impl Evaluation {
    pub(crate) fn mean_dev(&self) -> f64 {
        mean(self.dev.iter().map(|rate| rate.eer))
    }

    pub(crate) fn mean_test(&self) -> f64 {
        mean(self.test.iter().map(|rate| rate.eer))
    }
}

pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    sum / f64::max(count, 1.0)
}

/// Embeddings `[recordings][256]` of some recordings: means over their segments' states.
fn embed(network: &Network, recordings: &[Vec<Features>], layout: Layout) -> Result<Vec<Vec<f32>>> {
    let blocks: Vec<&[f32]> = recordings.iter().flatten().map(Features::data).collect();
    let states = forward(network, &blocks, layout, |activations| activations.states)?;
    let mut rest = states.into_iter();
    Ok(recordings
        .iter()
        .map(|blocks| {
            let own: Vec<Vec<f32>> = rest.by_ref().take(blocks.len()).collect();
            let width = own.first().map_or(0, Vec::len);
            let count = own.len().max(1) as f32;
            (0..width)
                .map(|unit| own.iter().map(|row| row[unit]).sum::<f32>() / count)
                .collect()
        })
        .collect())
}

/// One row a segment.
pub(crate) fn forward(
    network: &Network,
    segments: &[&[f32]],
    layout: Layout,
    pick: fn(crate::network::Activations) -> Tensor<2>,
) -> Result<Vec<Vec<f32>>> {
    let device = burn::tensor::Device::flex();
    let chunks: Vec<Vec<Vec<f32>>> = segments
        .chunks(BATCH)
        .map(|segments| {
            let values = layout::batch(segments.iter().copied(), layout);
            let shape = [FRAMES, segments.len(), BINS];
            let input = Tensor::from_data(TensorData::new(values, shape), &device);
            Ok(rows(pick(network.forward(input, None)?)))
        })
        .collect::<Result<_>>()?;
    Ok(chunks.concat())
}

pub(crate) fn rows(tensor: Tensor<2>) -> Vec<Vec<f32>> {
    let [_, width] = tensor.dims();
    let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}

fn scores(matrix: &EmbeddingMatrix, list: &List) -> Result<Vec<f32>> {
    Ok(Scorer::Cosine.scores(matrix, &list.pairs)?)
}

/// The embeddings' part of an evaluation with what the diagnosis wants to know of it; `network` without autodiff.
pub(crate) fn embeddings(
    network: &Network,
    corpora: &Corpora,
    layout: Layout,
    step: u64,
) -> Result<(Evaluation, Measurements)> {
    // Means over segments do not feel the rounding of the products.
    let network = &Network {
        encoder: network.encoder.clone().with_compute_type(ComputeType::Bf16),
        dense: Vec::new(),
    };
    let heard = &corpora.heard;
    let recordings: Vec<Vec<Features>> = heard.iter().map(|heard| heard.blocks.clone()).collect();
    let embedded = embed(network, &recordings, layout)?;
    let speakers: Vec<&str> = heard
        .iter()
        .map(|heard| heard.utterance.speaker.as_str())
        .collect();
    let dev_rows = &embedded[..corpora.num_dev];
    let mean_row = EmbeddingMatrix::from_rows(dev_rows)?.mean();
    let plain = EmbeddingMatrix::from_rows(&embedded)?;
    let mut centred = plain.clone();
    centred.centre(&mean_row)?;
    let rates = |lists: &[List]| -> Result<Vec<Rate>> {
        lists
            .iter()
            .map(|list| {
                Ok(Rate {
                    list: list.name.clone(),
                    eer: eer(&scores(&plain, list)?, &list.same)?.eer,
                    centred_eer: eer(&scores(&centred, list)?, &list.same)?.eer,
                })
            })
            .collect()
    };
    let dev = rates(&corpora.dev)?;
    let mut pooled = Vec::new();
    for list in &corpora.dev {
        let scores = scores(&plain, list)?;
        let scores = scores.into_iter().map(f64::from);
        pooled.extend(scores.zip(list.same.iter().copied()));
    }
    let of = |same: bool| {
        let scores = pooled.iter().filter(move |pair| pair.1 == same);
        mean(scores.map(|pair| 1.0 - pair.0))
    };
    let measurements = Measurements {
        step,
        dev_eer: Some(mean(dev.iter().map(|rate| rate.eer))),
        plain_eer: Some(mean(dev.iter().map(|rate| rate.eer))),
        centred_eer: Some(mean(dev.iter().map(|rate| rate.centred_eer))),
        dev: dev
            .iter()
            .map(|rate| ListRate {
                list: rate.list.clone(),
                eer: rate.eer,
                untrained_eer: None,
            })
            .collect(),
        train_eer: train_eer(network, corpora, layout)?,
        scores: TwoHistograms::of(pooled.iter().copied()),
        spread: Spread::of(dev_rows),
        intra_distance: Some(of(true)),
        inter_distance: Some(of(false)),
        ..Measurements::default()
    };
    let evaluation = Evaluation {
        step,
        dev,
        test: rates(&corpora.test)?,
        mr: misclassification(heard, &plain)?,
        mr_centred: misclassification(heard, &centred)?,
        distance_auc: f64::NAN,
        distance_accuracy: f64::NAN,
        negative_share: f64::NAN,
        clipped_share: f64::NAN,
        small_draws: small_draws(&speakers, &embedded)?,
    };
    Ok((evaluation, measurements))
}

/// Lowest MR at the oracle cut, complete linkage on cosine, mean over the draws; none with too few speakers.
fn misclassification(heard: &[Heard], matrix: &EmbeddingMatrix) -> Result<Option<f64>> {
    let listed: Vec<ListedUtterance> = heard
        .iter()
        .map(|heard| ListedUtterance {
            id: heard.utterance.id.clone(),
            speaker: heard.utterance.speaker.clone(),
            session: None,
            seconds: heard.blocks.len() as f64,
        })
        .collect();
    let mut rates = Vec::new();
    for seed in 0..DRAWS {
        let protocol = MrProtocol {
            num_speakers: MR_SPEAKERS,
            seed,
            ..MrProtocol::default()
        };
        let Ok(points) = protocol.points(&listed) else {
            return Ok(None);
        };
        let tree = agglomerative(
            &points.embeddings(matrix)?,
            Metric::Cosine,
            Linkage::Complete,
        )?;
        let result = cut_and_score(&tree, &points.labels(), Cut::Oracle)?;
        rates.push(result.scores.mr_hungarian);
    }
    Ok(Some(mean(rates.into_iter())))
}

/// 1 − max(0, ARI) of two speakers with three recordings each, clustered by Ward's linkage into the true number of
/// clusters: the question's own evaluation, drawn a hundred times. `speakers` are of the rows.
pub(crate) fn small_draws(speakers: &[&str], rows: &[Vec<f32>]) -> Result<Vec<f64>> {
    const DRAWS: u64 = 100;
    const RECORDINGS: usize = 3;
    let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, speaker) in speakers.iter().enumerate() {
        by_speaker.entry(speaker).or_default().push(index);
    }
    by_speaker.retain(|_, own| own.len() >= RECORDINGS);
    let mut speakers: Vec<Vec<usize>> = by_speaker.into_values().collect();
    if speakers.len() < 2 {
        return Ok(Vec::new());
    }
    (0..DRAWS)
        .map(|draw| {
            let rng = &mut stream(0, Purpose::Batch, draw);
            speakers.shuffle(rng);
            let points: Vec<&Vec<f32>> = speakers[..2]
                .iter_mut()
                .flat_map(|own| {
                    own.shuffle(rng);
                    own[..RECORDINGS].iter().map(|&index| &rows[index])
                })
                .collect();
            let matrix = EmbeddingMatrix::from_rows(&points)?;
            let tree = agglomerative(&matrix, Metric::Euclidean, Linkage::Ward)?;
            let result = cut_and_score(&tree, &[0, 0, 0, 1, 1, 1], Cut::KnownSpeakers)?;
            Ok(1.0 - result.scores.ari.max(0.0))
        })
        .collect()
}

/// The same of random vectors of the embeddings' width.
pub(crate) fn small_draws_of_noise() -> Result<Vec<f64>> {
    const SPEAKERS: usize = 40;
    let names: Vec<String> = (0..6 * SPEAKERS).map(|row| (row / 6).to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rng = &mut stream(0, Purpose::Weights, 0);
    let rows: Vec<Vec<f32>> = names
        .iter()
        .map(|_| (0..256).map(|_| rng.random::<f32>() - 0.5).collect())
        .collect();
    small_draws(&names, &rows)
}

/// EER on some training recordings, paired within their group.
fn train_eer(network: &Network, corpora: &Corpora, layout: Layout) -> Result<Option<f64>> {
    const SPEAKERS: usize = 40;
    const RECORDINGS: usize = 4;
    let stride = corpora.num_speakers.div_ceil(SPEAKERS).max(1);
    let mut taken = vec![0_usize; corpora.num_speakers];
    let chosen: Vec<_> = corpora
        .train
        .iter()
        .filter(|clip| {
            let taken = &mut taken[clip.speaker];
            *taken += 1;
            clip.speaker.is_multiple_of(stride) && *taken <= RECORDINGS
        })
        .collect();
    let recordings: Vec<Vec<Features>> = chosen
        .iter()
        .map(|clip| {
            let blocks = clip.whole.data().chunks_exact(FRAMES * BINS);
            let blocks = blocks.map(|block| Features::new(block.to_vec(), BINS));
            blocks.collect()
        })
        .collect();
    let embedded = embed(network, &recordings, layout)?;
    let mut list = List {
        name: "train".to_owned(),
        pairs: Vec::new(),
        same: Vec::new(),
    };
    for (b, second) in chosen.iter().enumerate() {
        for (a, first) in chosen[..b].iter().enumerate() {
            if first.group == second.group {
                list.pairs.push((a, b));
                list.same.push(first.speaker == second.speaker);
            }
        }
    }
    if !list.same.contains(&true) || !list.same.contains(&false) {
        return Ok(None);
    }
    let matrix = EmbeddingMatrix::from_rows(&embedded)?;
    Ok(Some(eer(&scores(&matrix, &list)?, &list.same)?.eer))
}

/// Completes an evaluation by the question's distance on the development trials' fixed crops.
pub(crate) fn distances(
    network: &Network,
    corpora: &Corpora,
    layout: Layout,
    evaluation: &mut Evaluation,
) -> Result<()> {
    let heard = &corpora.heard[..corpora.num_dev];
    let crops: Vec<&[f32]> = heard.iter().map(|heard| heard.fixed.data()).collect();
    let outputs = forward(network, &crops, layout, |activations| activations.outputs)?;
    let entries = outputs.iter().flatten();
    evaluation.clipped_share =
        mean(entries.map(|&v| f64::from(u8::from(!(1e-7..=1.0).contains(&v)))));
    let clipped: Vec<Vec<f64>> = outputs
        .iter()
        .map(|row| row.iter().map(|&v| f64::from(v).clamp(1e-7, 1.0)).collect())
        .collect();
    let (mut aucs, mut accuracies, mut negatives) = (Vec::new(), Vec::new(), Vec::new());
    for list in &corpora.dev {
        let pairs = list.pairs.iter();
        let distances: Vec<f64> = pairs
            .map(|&(a, b)| kl_divergence(&clipped[a], &clipped[b]))
            .collect();
        let scores: Vec<f32> = distances.iter().map(|&d| -d as f32).collect();
        aucs.push(roc_auc(&scores, &list.same)?);
        accuracies.push(accuracy(&distances, &list.same, Shape::Kept));
        negatives.extend(distances.iter().map(|&d| f64::from(u8::from(d < 0.0))));
    }
    evaluation.distance_auc = mean(aucs.into_iter());
    evaluation.distance_accuracy = mean(accuracies.into_iter());
    evaluation.negative_share = mean(negatives.into_iter());
    Ok(())
}
