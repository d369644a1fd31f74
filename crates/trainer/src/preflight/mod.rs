//! What is looked at before the first step: what the user's data and configuration can get wrong.

mod bandwidth;
mod crops;
mod draws;
mod edges;
mod overfit;
mod recordings;
mod settings;
mod trials;

use std::collections::BTreeSet;
use std::time::Instant;

use burn::tensor::Device;
use diagnosis::journal::Event;
use diagnosis::preflight::{
    HeardLabels, all_pairs_used, both_kinds_count, gradients_reach, labels_fit, labels_matter,
    labels_sound_right, large_margin, only_voices_tell, small_margin, some_labels_wrong,
    speakers_have_one_label,
};
use diagnosis::{Check, CheckVerdict, Name};
use pair_sampler::BatchPlan;
use speaker_model::{Batches, LossChoice, SpeakerNetwork};

use self::crops::crop_checks;
use self::draws::draw_checks;
use self::overfit::{overfit, twos};
use self::recordings::{Listened, recording_checks};
use self::settings::setting_checks;
use self::trials::trial_check;
use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::Batch;
use crate::evaluate::{Probe, Statistics};
use crate::material::Material;

/// Batches whose plans say which sessions same-speaker pairs come from.
const PLANNED_BATCHES: u64 = 20;

/// The checks of `network` before the step after `step`, as a line of the journal.
pub(crate) fn preflight_event<C: LossChoice>(
    material: &Material<'_, C>,
    network: &SpeakerNetwork<C::Loss>,
    step: u64,
) -> Result<Event, TrainError> {
    let begin = Instant::now();
    let statistics = Statistics::measure(
        &material.manifest,
        &material.bank,
        &material.dev,
        &material.device.clone().inner(),
    );
    let checks = checks(material, network, &statistics)?;
    Ok(Event::Preflight {
        step,
        checks,
        statistics_eer: statistics.dev_eer,
        whitened_statistics_eer: statistics.whitened_eer,
        seconds: begin.elapsed().as_secs_f64()
            + material
                .heard_labels
                .as_ref()
                .map_or(0.0, |heard| heard.seconds),
    })
}

/// All checks, in the order in which one thing causes another.
fn checks<C: LossChoice>(
    material: &Material<'_, C>,
    network: &SpeakerNetwork<C::Loss>,
    statistics: &Statistics,
) -> Result<Vec<Check>, TrainError> {
    let config = material.config;
    let device = material.device.clone().autodiff();
    let plans: Vec<BatchPlan> = (0..PLANNED_BATCHES)
        .map(|step| material.schedule.plan(step))
        .collect();
    let batch = material.batches().batch(step_of_both_kinds(&plans))?;
    let (mut checks, gradient_norm) = loss_checks(config, network, &batch, &device)?;
    checks.extend(label_checks(statistics, material.heard_labels.as_ref()));
    checks.push(trial_check(material, statistics));
    let listened = Listened::to(material);
    checks.extend(recording_checks(material, &listened));
    checks.push(overfit_check(material, network, batch, &plans)?);
    checks.extend(draw_checks(
        material.sampler(),
        material.heard(),
        &plans,
        compares_segments(&config.loss),
    ));
    checks.extend(crop_checks(
        material,
        listened.sound_hz(),
        told_apart(material, statistics),
    )?);
    checks.extend(setting_checks(material, network, gradient_norm));
    checks.sort_by_key(|check| check.name);
    Ok(checks)
}

/// Speakers of either kind whom it takes to tell two worlds from two groups of people: training, development.
const MANY: [usize; 2] = [12, 6];

/// Recordings of development trials where nobody says who speaks them, for the same.
const MANY_UNKNOWN: usize = 60;

/// How well anything tells training from development recordings, where there are enough speakers to say so.
fn told_apart<C: LossChoice>(material: &Material<'_, C>, statistics: &Statistics) -> Option<f64> {
    let known = material.dev_recordings.iter();
    let speakers: BTreeSet<&String> = known.filter_map(|(_, speaker)| speaker.as_ref()).collect();
    let are_many = material.manifest.speakers().len() >= MANY[0]
        && (speakers.len() >= MANY[1]
            || speakers.is_empty() && material.dev_recordings.len() >= MANY_UNKNOWN);
    let heard = material
        .heard_labels
        .as_ref()
        .and_then(|heard| heard.told_apart);
    let either = [statistics.told_apart, heard].into_iter().flatten();
    either.reduce(f64::max).filter(|_| are_many)
}

/// Whether a loss compares segments with one another: those on pairs do, and those that want batches for it. Others compare
/// each segment with weights of their own, such as class centres.
fn compares_segments(loss: &impl LossChoice) -> bool {
    loss.pairwise().is_some() || loss.wants() != Batches::Any
}

/// What can be wrong between labels, loss and network, on one batch; and the norm of its gradient.
fn loss_checks<C: LossChoice>(
    config: &TrainConfig<C>,
    network: &SpeakerNetwork<C::Loss>,
    batch: &Batch,
    device: &Device,
) -> Result<(Vec<Check>, f64), TrainError> {
    let probe = Probe::of(network, batch, config.seed, 0, device)?;
    let labels = match config.loss.reads_labels() {
        true => labels_matter(&batch.speakers, |labels| {
            probe.relabelled(network.loss(), batch, labels, device)
        })?,
        false => Check::skipped(
            Name::LabelsIgnored,
            "the loss goes by what the teacher says, and asks for no labels",
        ),
    };
    let mut checks = vec![labels, gradients_reach(&probe.gradients)];
    if let Some([same, different]) = probe.num_pairs {
        checks.push(all_pairs_used(batch.speakers.len(), same + different));
    }
    let pairwise = config.loss.pairwise();
    let weight = pairwise.as_ref().and_then(|pairwise| pairwise.same_weight);
    checks.extend(weight.map(both_kinds_count));
    let asked = pairwise.and_then(|pairwise| pairwise.margin.zip(pairwise.num_classes));
    if let Some((asked, num_classes)) = asked {
        checks.push(small_margin(asked, num_classes));
        checks.push(large_margin(asked, num_classes));
    }
    Ok((checks, probe.gradient_norm()))
}

/// What speaks of labels: a ready model, where it knows such voices, and otherwise statistics of the recordings.
fn label_checks(statistics: &Statistics, heard: Option<&HeardLabels>) -> Vec<Check> {
    let heard = heard.filter(|heard| heard.can_judge());
    let mut checks = match (heard, &statistics.unlabelled) {
        (Some(heard), _) => vec![labels_sound_right(heard), speakers_have_one_label(heard)],
        (None, Some(rates)) => vec![labels_fit(rates), some_labels_wrong(rates)],
        (None, None) => vec![Check::skipped(
            Name::LabelsWrong,
            "there are no development trials to compare with, or no speaker with two recordings",
        )],
    };
    checks.extend(statistics.unlabelled.as_ref().map(only_voices_tell));
    checks
}

/// Whether one small batch can be learned by heart: `first`, or where that fails one of two others. A batch may be a bad one by
/// accident, a network that cannot learn fails on all.
fn overfit_check<C: LossChoice>(
    material: &Material<'_, C>,
    network: &SpeakerNetwork<C::Loss>,
    first: Batch,
    plans: &[BatchPlan],
) -> Result<Check, TrainError> {
    let device = material.device.clone().autodiff();
    let check = |batch: &Batch| overfit(material.config, network, batch, &device);
    let mut best = check(&first)?;
    let begun = step_of_both_kinds(plans);
    for step in (begun + 1..begun + 3).filter(|&step| step < material.config.max_steps) {
        if matches!(best.verdict, CheckVerdict::Passed | CheckVerdict::Skipped) {
            break;
        }
        let other = check(&material.batches().batch(step)?)?;
        if other.verdict < best.verdict {
            best = other;
        }
    }
    Ok(best)
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
