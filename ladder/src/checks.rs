//! The diagnosis' preflight, run on a rung's own loss, metric and batches.

use anyhow::Result;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use diagnosis::Check;
use diagnosis::preflight::{
    FrontEnds, LossAndGradient, Overfit, Pair, Sessions, all_pairs_used, are_distributions,
    both_directions, can_overfit, crops_vary, features_alive, few_same_pairs, front_ends_agree,
    gradients_reach, kl_divergence, labels_matter, learning_rate, loss_is_mean_of_pairs,
    metric_ceiling, same_session_positives, score_direction, silent_crops, small_margin,
    unreachable_speakers,
};
use speaker_eval::eer;

use crate::adam::{Adam, in_one_row, layer_norms};
use crate::data::{BINS, Clip, FRAMES, is_silent};
use crate::draws::{Sampler, Segment};
use crate::evaluate::rows;
use crate::layout;
use crate::loss::{accuracy, batch_loss, num_pairs, pair_loss, same_of, share};
use crate::network::Network;
use crate::rung::{BATCH, Batches, Crop, Directions, NUM_OUTPUTS, Settings};

/// Batches whose pairs are counted.
const PLANNED: u64 = 20;
/// Steps on the small batch that is learned by heart.
const OVERFIT_STEPS: u64 = 30;
/// Its segments are the first so many of each half of a batch.
const OVERFIT_HALF: usize = 8;

/// The batch as the network reads it.
pub(crate) fn input(sampler: &Sampler, batch: &[Segment], settings: &Settings) -> Tensor<3> {
    let frames = sampler.frames_of(batch);
    let values = layout::batch(frames.into_iter(), settings.layout);
    let shape = [FRAMES, batch.len(), BINS];
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff())
}

/// Asks everything that can be asked before the first step of `network`.
pub(crate) fn checks(
    network: &Network,
    sampler: &Sampler,
    clips: &[Clip],
    settings: &Settings,
    seed: u64,
) -> Result<Vec<Check>> {
    let batch = sampler.batch(0);
    let speakers = sampler.speakers_of(&batch);
    let same = same_of(&speakers, settings.all_pairs);
    let features = input(sampler, &batch, settings);
    let gradient = |same: &[bool]| {
        let outputs = network.forward(features.clone(), Some((seed, 0)))?.outputs;
        let loss = batch_loss(outputs, same, settings);
        let gradients = GradientsParams::from_grads(loss.loss.backward(), network);
        anyhow::Ok((loss.value(), gradients))
    };
    let labels: Vec<usize> = match settings.all_pairs {
        true => speakers.clone(),
        false => same.iter().map(|&same| usize::from(same)).collect(),
    };
    let labels_count = labels_matter(&labels, |labels| {
        let same = match settings.all_pairs {
            true => same_of(labels, true),
            false => labels.iter().map(|&label| label == 1).collect(),
        };
        let (loss, gradients) = gradient(&same)?;
        anyhow::Ok(LossAndGradient {
            loss,
            gradient: in_one_row(network, &gradients),
        })
    })?;
    let (_, gradients) = gradient(&same)?;
    let outputs = network.forward(features.clone(), None)?.outputs;
    let reported = batch_loss(outputs.clone(), &same, settings).value();
    let outputs = rows(outputs);
    let mut checks = vec![
        labels_count,
        loss_is_mean_of_pairs(reported, &one_by_one(&outputs, &same, settings)),
        are_distributions(&outputs),
        gradients_reach(&layer_norms(network, &gradients)),
        can_overfit(&overfit(network, sampler, &batch, settings)?),
        score_direction(|scores, targets| eer(scores, targets).map_or(f64::NAN, |rate| rate.eer)),
        metric_ceiling("accuracy", &same, |distances, same| {
            accuracy(distances, same, settings.shape)
        }),
        learning_rate(settings.learning_rate, weight_rms(network)),
        both_directions(settings.directions == Directions::Both),
        small_margin(settings.margin, NUM_OUTPUTS),
        all_pairs_used(BATCH, num_pairs(settings)),
    ];
    checks.extend(of_data(sampler, clips, settings));
    Ok(checks)
}

/// What the data and the sampler alone answer.
pub(crate) fn of_data(sampler: &Sampler, clips: &[Clip], settings: &Settings) -> Vec<Check> {
    let planned: Vec<Vec<Segment>> = (0..PLANNED).map(|step| sampler.batch(step)).collect();
    let same_share = planned
        .iter()
        .map(|batch| share(&same_of(&sampler.speakers_of(batch), settings.all_pairs)))
        .sum::<f64>()
        / PLANNED as f64;
    let num_speakers = clips.iter().map(|clip| clip.speaker + 1).max().unwrap_or(0);
    let seconds = clips.iter().map(|clip| clip.seconds).sum::<f64>() / clips.len().max(1) as f64;
    let segments: Vec<&Segment> = planned.iter().take(2).flatten().collect();
    let silent = segments
        .iter()
        .filter(|segment| {
            // The fixed crop begins where the rest of the recording does.
            is_silent(&clips[segment.clip].whole, segment.start.unwrap_or(0))
        })
        .count();
    let values: Vec<f32> = planned
        .iter()
        .take(2)
        .flat_map(|batch| sampler.frames_of(batch).concat())
        .collect();
    let squares: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    vec![
        few_same_pairs(same_share, BATCH, num_speakers),
        unreachable_speakers(unreachable(clips, num_speakers, settings), num_speakers),
        same_session_positives(&sessions(clips, &planned, settings)),
        silent_crops(
            silent as f64 / segments.len().max(1) as f64,
            segments.len(),
            settings.crop != Crop::Fixed,
            false,
        ),
        crops_vary((settings.crop == Crop::Fixed).then_some(0.1), 0.4, seconds),
        features_alive(&values, BINS),
        front_ends_agree(&FrontEnds {
            input_rms: (squares / values.len().max(1) as f64).sqrt(),
            ..FrontEnds::default()
        }),
    ]
}

/// The pairs of a batch, each alone and in 64 bits.
fn one_by_one(outputs: &[Vec<f32>], same: &[bool], settings: &Settings) -> Vec<Pair> {
    let clipped: Vec<Vec<f64>> = outputs
        .iter()
        .map(|row| row.iter().map(|&v| f64::from(v).clamp(1e-7, 1.0)).collect())
        .collect();
    let half = clipped.len() / 2;
    let pairs: Vec<(usize, usize)> = match settings.all_pairs {
        true => (0..clipped.len())
            .flat_map(|i| (i + 1..clipped.len()).map(move |j| (i, j)))
            .collect(),
        false => (0..half).map(|pair| (pair, half + pair)).collect(),
    };
    pairs
        .into_iter()
        .zip(same)
        .map(|((i, j), &same)| {
            let (p, q) = (&clipped[i], &clipped[j]);
            let mut distances = vec![kl_divergence(p, q)];
            if settings.directions == Directions::Both {
                distances.push(kl_divergence(q, p));
            }
            Pair {
                loss: pair_loss(&distances, same, settings),
                weight: 1.0,
            }
        })
        .collect()
}

/// Learns a small batch by heart, without dropout.
fn overfit(
    network: &Network,
    sampler: &Sampler,
    batch: &[Segment],
    settings: &Settings,
) -> Result<Overfit> {
    let half = batch.len() / 2;
    let small: Vec<Segment> = match settings.batches {
        Batches::Pairs(_) => [&batch[..OVERFIT_HALF], &batch[half..half + OVERFIT_HALF]].concat(),
        Batches::Pk | Batches::PkAcrossSessions => batch[..2 * OVERFIT_HALF].to_vec(),
    };
    let features = input(sampler, &small, settings);
    let same = same_of(&sampler.speakers_of(&small), settings.all_pairs);
    let look = |network: &Network| {
        let outputs = network.forward(features.clone(), None)?.outputs;
        anyhow::Ok(batch_loss(outputs, &same, settings))
    };
    let mut network = network.clone();
    let mut adam = Adam::new();
    let before = look(&network)?.value();
    for _ in 0..OVERFIT_STEPS {
        let loss = look(&network)?;
        let gradients = GradientsParams::from_grads(loss.loss.backward(), &network);
        network = adam.step(network, gradients, settings.learning_rate);
    }
    let after = look(&network)?;
    let [same_distance, different_distance] = after.mean_divergences();
    Ok(Overfit {
        num_steps: OVERFIT_STEPS,
        loss: [before, after.value()],
        same_distance: same_distance.unwrap_or(0.0),
        different_distance: different_distance.unwrap_or(0.0),
    })
}

/// Root mean square of the weight matrices.
fn weight_rms(network: &Network) -> f64 {
    use burn::module::{Module, ModuleVisitor, Param};
    #[derive(Default)]
    struct Squares(f64, f64);
    impl ModuleVisitor for Squares {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 2 {
                for value in param.val().into_data().iter::<f64>() {
                    self.0 += value * value;
                    self.1 += 1.0;
                }
            }
        }
    }
    let mut squares = Squares::default();
    network.visit(&mut squares);
    (squares.0 / squares.1.max(1.0)).sqrt()
}

/// Speakers that no batch can contain.
fn unreachable(clips: &[Clip], num_speakers: usize, settings: &Settings) -> usize {
    let own = |speaker: usize| clips.iter().filter(move |clip| clip.speaker == speaker);
    (0..num_speakers)
        .filter(|&speaker| {
            let alone = own(speaker).count() < 2;
            match settings.batches {
                Batches::Pk | Batches::PkAcrossSessions => alone,
                Batches::Pairs(_) => {
                    let has_partner = own(speaker).any(|clip| {
                        clips
                            .iter()
                            .any(|other| other.group == clip.group && other.speaker != speaker)
                    });
                    alone && !has_partner
                }
            }
        })
        .count()
}

/// Where same-speaker pairs come from.
fn sessions(clips: &[Clip], planned: &[Vec<Segment>], settings: &Settings) -> Sessions {
    let mut sessions = Sessions::default();
    for batch in planned {
        let speakers: Vec<usize> = batch.iter().map(|s| clips[s.clip].speaker).collect();
        let half = batch.len() / 2;
        let pairs: Vec<(usize, usize)> = match settings.all_pairs {
            true => (0..batch.len())
                .flat_map(|i| (i + 1..batch.len()).map(move |j| (i, j)))
                .collect(),
            false => (0..half).map(|pair| (pair, half + pair)).collect(),
        };
        for (i, j) in pairs
            .into_iter()
            .filter(|&(i, j)| speakers[i] == speakers[j])
        {
            let [a, b] = [i, j].map(|segment| batch[segment].clip);
            let count = match (clips[a].session, clips[b].session) {
                _ if a == b => &mut sessions.same_recording,
                (Some(a), Some(b)) if a == b => &mut sessions.same_session,
                (Some(_), Some(_)) => &mut sessions.across,
                _ => &mut sessions.unknown,
            };
            *count += 1;
        }
    }
    sessions
}

#[cfg(test)]
pub(crate) mod tests;
