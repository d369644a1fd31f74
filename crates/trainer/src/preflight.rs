//! What is looked at before the first step.

use audio_features::SpeechActivityConfig;
use burn::tensor::Device;
use diagnosis::preflight::{
    Bandwidth, FrontEnds, Overfit, Sessions, all_pairs_used, can_overfit, crops_vary,
    features_alive, few_same_pairs, front_ends_agree, gradients_reach, labels_fit, labels_matter,
    learning_rate, margin, same_session_positives, silent_crops, unreachable_speakers,
};
use diagnosis::{Check, Name};
use pair_sampler::{BatchPlan, CropConfig};
use speaker_model::{Batches, Loss, LossChoice, Pass, SpeakerNetwork};
use speaker_scoring::Scorer;

use crate::TrainError;
use crate::bandwidth::{bandwidth, reach};
use crate::batch::{Batch, BatchMaker};
use crate::optimise::Optimiser;
use crate::probe::{Probe, features, weight_rms};
use crate::statistics::Statistics;
use crate::terms::{Terms, scalar};
use crate::training::Training;
use crate::units::rows;

/// Batches whose plans say which sessions same-speaker pairs come from.
const PLANNED_BATCHES: u64 = 20;

/// Crops that are listened to, and development recordings.
const MOST_CROPS: usize = 200;

/// Speakers of the small batch that is learned by heart, with two segments each.
const SMALL_SPEAKERS: usize = 4;

/// Steps on that batch at most, and between two looks at it.
const OVERFIT_STEPS: [u64; 2] = [100, 5];

impl<C: LossChoice> Training<'_, C> {
    /// All checks, in the order in which one thing causes another.
    pub(crate) fn checks(
        &self,
        network: &SpeakerNetwork<C::Loss>,
        maker: &BatchMaker<'_>,
        statistics: &Statistics,
    ) -> Result<Vec<Check>, TrainError> {
        let device = self.options.device.clone().autodiff();
        let plans: Vec<BatchPlan> = (0..PLANNED_BATCHES).map(|step| self.plan(step)).collect();
        let batch = maker.batch(step_of_both_kinds(&plans))?;
        let mut checks = self.loss_checks(network, &batch, &device)?;
        checks.push(Self::label_check(statistics));
        checks.push(self.overfit(network, &batch, &device)?);
        checks.extend(self.batch_checks(&plans));
        checks.extend(self.crop_checks(&plans, &batch)?);
        checks.push(learning_rate(
            self.config.optimiser.learning_rate,
            weight_rms(network),
        ));
        checks.sort_by_key(|check| check.name);
        Ok(checks)
    }

    /// What can be wrong between labels, loss and network, on one batch.
    fn loss_checks(
        &self,
        network: &SpeakerNetwork<C::Loss>,
        batch: &Batch,
        device: &Device,
    ) -> Result<Vec<Check>, TrainError> {
        let probe = Probe::of(network, batch, self.config.seed, 0, device)?;
        let mut checks = vec![
            labels_matter(&batch.speakers, |labels| {
                probe.relabelled(network.loss(), batch, labels, device)
            })?,
            gradients_reach(&probe.gradients),
        ];
        if let Some([same, different]) = probe.num_pairs {
            checks.push(all_pairs_used(batch.shape[1], same + different));
        }
        let pairwise = self.config.loss.pairwise();
        let asked = pairwise.and_then(|pairwise| pairwise.margin.zip(pairwise.num_classes));
        if let Some((asked, num_classes)) = asked {
            checks.push(margin(asked, num_classes));
        }
        Ok(checks)
    }

    fn label_check(statistics: &Statistics) -> Check {
        match statistics.unlabelled {
            Some([train, dev]) => labels_fit(train, dev),
            None => Check::skipped(
                Name::LabelsWrong,
                "there are no development trials to compare with, or no speaker with two recordings",
            ),
        }
    }

    /// Learns a few segments by heart, without dropout.
    fn overfit(
        &self,
        network: &SpeakerNetwork<C::Loss>,
        batch: &Batch,
        device: &Device,
    ) -> Result<Check, TrainError> {
        let Some(mut small) = small(batch) else {
            return Ok(Check::skipped(
                Name::CannotOverfit,
                "no batch has two speakers with two segments each",
            ));
        };
        if self.config.loss.wants() == Batches::Pairs {
            let compared = small.labels().compared().into_iter();
            small.pairs = Some(compared.map(|(pair, _)| pair).collect());
        }
        let mut network = network.clone();
        let mut optimiser = Optimiser::new(&self.config.optimiser);
        let [most, look_every] = OVERFIT_STEPS;
        let mut before = None;
        let mut step = 0;
        loop {
            let input = features(&small, device);
            let lengths = small.lengths.as_deref();
            let outputs = network.outputs(input, lengths, &mut Pass::inference())?;
            let output = network.loss().loss(outputs.clone(), &small.labels())?;
            if step % look_every == 0 {
                let loss = scalar(&output.value);
                let pairwise = self.config.loss.pairwise();
                let [same, different] = match Terms::of(&output).distances(pairwise) {
                    [Some(same), Some(different)] => [same, different],
                    _ => cosine_distances(&rows(&outputs, 1), &small),
                };
                let attempt = Overfit {
                    num_steps: step,
                    loss: [*before.get_or_insert(loss), loss],
                    same_distance: same,
                    different_distance: different,
                };
                let check = can_overfit(&attempt);
                let passed = check.verdict == diagnosis::CheckVerdict::Passed;
                if passed || step >= most || !loss.is_finite() {
                    return Ok(check);
                }
            }
            let rate = self.config.optimiser.learning_rate;
            (network, _) = optimiser.step(network, &output.value, rate);
            step += 1;
        }
    }

    fn plan(&self, step: u64) -> BatchPlan {
        let per_epoch = self.sampler.steps_per_epoch().max(1);
        self.sampler.batch(step / per_epoch, step % per_epoch)
    }

    /// What the sampler draws.
    fn batch_checks(&self, plans: &[BatchPlan]) -> Vec<Check> {
        let num_segments = plans.first().map_or(0, |plan| plan.items.len());
        let num_speakers = self.sampler.num_speakers();
        let unreachable = self.sampler.unreachable_speakers().len();
        vec![
            few_same_pairs(
                self.sampler.expected_same_share(),
                num_segments,
                num_speakers,
            ),
            unreachable_speakers(unreachable, num_speakers),
            same_session_positives(&self.sessions(plans)),
        ]
    }

    fn sessions(&self, plans: &[BatchPlan]) -> Sessions {
        let mut sessions = Sessions::default();
        for plan in plans {
            let num = plan.items.len();
            let pairs = match &plan.pairs {
                Some(pairs) => pairs.clone(),
                None => (0..num).flat_map(|b| (0..b).map(move |a| (a, b))).collect(),
            };
            for (a, b) in pairs {
                let (a, b) = (&plan.items[a], &plan.items[b]);
                if a.speaker != b.speaker {
                    continue;
                }
                let session = |utterance: usize| &self.manifest.utterances[utterance].session;
                match (session(a.utterance), session(b.utterance)) {
                    _ if a.utterance == b.utterance => sessions.same_recording += 1,
                    (Some(a), Some(b)) if a == b => sessions.same_session += 1,
                    (Some(_), Some(_)) => sessions.across += 1,
                    _ => sessions.unknown += 1,
                }
            }
        }
        sessions
    }

    /// What the crops of some batches hold, and what the network makes of `batch`.
    fn crop_checks(&self, plans: &[BatchPlan], batch: &Batch) -> Result<Vec<Check>, TrainError> {
        let config = &self.config.features;
        let activity = SpeechActivityConfig {
            hangover_s: 0.0,
            ..SpeechActivityConfig::default()
        };
        let mut raw = Vec::new();
        let mut reaches = Vec::new();
        let (mut num_crops, mut num_silent, mut num_frames) = (0_usize, 0_usize, 0_usize);
        for item in plans.iter().flat_map(|plan| &plan.items).take(MOST_CROPS) {
            let location = &self.manifest.utterances[item.utterance].location;
            let mut recording = self.bank.log_mel(location)?.into_features();
            reaches.push(reach(&recording, config));
            self.front_end.drop_silence(&mut recording);
            let frames = recording.num_frames();
            let start = item
                .crop
                .start_frame(frames, self.config.crop_frames, config.hop_s());
            let end = frames.min(start + self.config.crop_frames);
            let speech = activity.speech_frames(config, &recording);
            let spoken = speech[start..end].iter().filter(|&&speech| speech).count();
            num_crops += 1;
            num_silent += usize::from(2 * spoken < end - start);
            num_frames += frames;
            raw.extend_from_slice(recording.rows(start..end));
        }
        let start_s = match self.config.crop {
            CropConfig::Random => None,
            CropConfig::Fixed { start_s } => Some(start_s),
        };
        let crop_s = self.config.crop_frames as f64 * config.hop_s();
        let mean_s = num_frames as f64 / num_crops.max(1) as f64 * config.hop_s();
        let scale = self.config.encoder.input.scale;
        let squares = batch
            .features
            .iter()
            .map(|&v| (f64::from(v) * scale).powi(2));
        let rms = (squares.sum::<f64>() / batch.features.len().max(1) as f64).sqrt();
        Ok(vec![
            silent_crops(num_silent as f64 / num_crops.max(1) as f64, num_crops),
            crops_vary(start_s, crop_s, mean_s),
            features_alive(&raw, config.num_bins),
            front_ends_agree(&FrontEnds {
                train: bandwidth(reaches.into_iter(), config),
                dev: self.dev_bandwidth(),
                high_hz: config.high_hz,
                input_rms: rms,
            }),
        ])
    }

    /// How far up development recordings reach.
    fn dev_bandwidth(&self) -> Bandwidth {
        let (recordings, names) = self.dev.recordings();
        let plain = &recordings[..names.len()];
        let stride = plain.len().div_ceil(MOST_CROPS).max(1);
        let config = &self.config.features;
        let some = plain.iter().step_by(stride);
        bandwidth(some.map(|recording| reach(recording, config)), config)
    }
}

/// Mean cosine distance of same-speaker and of different-speaker pairs of `outputs`: of a loss that has no distances of its
/// own.
fn cosine_distances(outputs: &[Vec<f32>], batch: &Batch) -> [f64; 2] {
    let compared = batch.labels().compared();
    [true, false].map(|kind| {
        let of_kind = compared.iter().filter(|&&(_, same)| same == kind);
        let distances: Vec<f64> = of_kind
            .map(|&((a, b), _)| 1.0 - f64::from(Scorer::default().score(&outputs[a], &outputs[b])))
            .collect();
        distances.iter().sum::<f64>() / distances.len().max(1) as f64
    })
}

/// The first step whose batch has pairs of both kinds, or step 0 where none of the first twenty has.
fn step_of_both_kinds(plans: &[BatchPlan]) -> u64 {
    let speakers = |plan: &BatchPlan| -> Vec<usize> {
        let items = plan.items.iter();
        items.map(|item| item.speaker).collect()
    };
    let found = plans
        .iter()
        .position(|plan| twos(&speakers(plan)).is_some());
    found.unwrap_or(0) as u64
}

/// Two segments each of a few of `speakers`, which are those of a batch's segments; None where not two of them have two.
fn twos(speakers: &[usize]) -> Option<Vec<usize>> {
    let mut known = Vec::new();
    let mut chosen = Vec::new();
    for (index, &speaker) in speakers.iter().enumerate() {
        let rest = &speakers[index + 1..];
        if let Some(second) = rest.iter().position(|&s| s == speaker)
            && !known.contains(&speaker)
            && known.len() < SMALL_SPEAKERS
        {
            known.push(speaker);
            chosen.extend([index, index + 1 + second]);
        }
    }
    (known.len() >= 2).then_some(chosen)
}

/// Two segments each of a few speakers of `batch`; None where it has not two such speakers.
fn small(batch: &Batch) -> Option<Batch> {
    let chosen = twos(&batch.speakers)?;
    let [frames, segments, bins] = batch.shape;
    let mut features = Vec::with_capacity(frames * chosen.len() * bins);
    for frame in batch.features.chunks_exact(segments * bins) {
        for &index in &chosen {
            features.extend_from_slice(&frame[index * bins..(index + 1) * bins]);
        }
    }
    let pick = |values: &Vec<usize>| chosen.iter().map(|&index| values[index]).collect();
    Some(Batch {
        features,
        shape: [frames, chosen.len(), bins],
        lengths: batch.lengths.as_ref().map(pick),
        speakers: pick(&batch.speakers),
        pairs: None,
        utterances: pick(&batch.utterances),
    })
}

#[cfg(test)]
mod tests {
    use diagnosis::CheckVerdict;
    use diagnosis::preflight::{metric_ceiling, score_direction};
    use speaker_eval::{DcfParameters, eer, min_dcf};

    /// What is reported of a training, on perfect, inverted and random scores: that these metrics can be trusted is for us to
    /// hold, not for each training to ask.
    #[test]
    fn reported_metrics_have_the_right_direction_and_reach_their_best_value() {
        let rate = |scores: &[f32], targets: &[bool]| {
            eer(scores, targets).map_or(f64::NAN, |rate| rate.eer)
        };
        let cost = |scores: &[f32], targets: &[bool]| {
            let parameters = DcfParameters::default();
            min_dcf(scores, targets, &parameters).map_or(f64::NAN, |cost| cost.min_dcf)
        };
        let scores = |distances: &[f64]| -> Vec<f32> {
            distances.iter().map(|&distance| -distance as f32).collect()
        };
        assert_eq!(score_direction(rate).verdict, CheckVerdict::Passed);
        let targets: Vec<bool> = (0..200).map(|trial| trial % 7 == 0).collect();
        let of_eer = metric_ceiling("1 - EER", &targets, |distances, targets| {
            1.0 - rate(&scores(distances), targets)
        });
        let of_dcf = metric_ceiling("1 - minDCF", &targets, |distances, targets| {
            1.0 - cost(&scores(distances), targets)
        });
        for check in [of_eer, of_dcf] {
            assert_eq!(check.verdict, CheckVerdict::Passed, "{check:?}");
        }
    }
}
