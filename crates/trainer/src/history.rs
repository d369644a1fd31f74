//! A run as its journal tells it, in the words of `diagnosis`.

use diagnosis::{End, EndedBy, Facts, ListRate, Measurements, Run, TracePoint};
use pair_sampler::SamplerConfig;

use crate::config::TrainConfig;
use crate::journal::{EndReason, Event};

/// What a run with this configuration starts from.
#[must_use]
pub fn history(config: &TrainConfig) -> Run {
    let batch_segments = match config.sampler {
        SamplerConfig::Uniform { segments } => segments,
        SamplerConfig::Pk { speakers, segments } => speakers * segments,
        SamplerConfig::Pairs { pairs, .. } => 2 * pairs,
    };
    Run {
        facts: Facts {
            margin: Some(config.loss.margin),
            batch_segments: Some(batch_segments),
            max_steps: Some(config.max_steps),
            centred: config.centre,
            ..Facts::default()
        },
        ..Run::default()
    }
}

/// Adds a line of the journal to what is known of `run`.
pub fn absorb(run: &mut Run, event: &Event) {
    match event {
        Event::Start {
            max_steps,
            num_speakers,
            same_share,
            ..
        } => {
            run.facts.max_steps = Some(*max_steps);
            run.facts.num_speakers = Some(*num_speakers);
            run.facts.same_share = Some(*same_share);
            // A run that goes on has not ended.
            run.end = None;
        }
        Event::Preflight {
            checks,
            statistics_eer,
            whitened_statistics_eer,
            ..
        } => {
            run.preflight.clone_from(checks);
            run.facts.statistics_eer = *statistics_eer;
            run.facts.whitened_statistics_eer = *whitened_statistics_eer;
        }
        Event::Steps(summary) => run.trace.push(TracePoint {
            step: summary.step,
            loss: summary.loss,
            plateau: Some(summary.plateau),
            same_divergence: Some(summary.same_divergence),
            different_divergence: Some(summary.different_divergence),
            gradient_norm: Some(summary.gradient_norm),
            speakers_visited: Some(summary.speakers_visited),
        }),
        Event::Evaluation {
            step,
            lists,
            mean_eer,
            untrained_eer,
            ..
        } => {
            let dev = lists.iter().map(|result| ListRate {
                list: result.list.clone(),
                eer: result.eer,
                untrained_eer: None,
            });
            let measurements = Measurements {
                step: *step,
                dev: dev.collect(),
                dev_eer: *mean_eer,
                untrained_eer: *untrained_eer,
                ..Measurements::default()
            };
            put(run, measurements);
        }
        Event::Diagnosis { measurements, .. } => put(run, (**measurements).clone()),
        Event::End { step, reason } => {
            let reason = match reason {
                EndReason::MaxSteps | EndReason::MaxMinutes => EndedBy::Limit,
                EndReason::EarlyStop => EndedBy::Patience,
                EndReason::Interrupted => EndedBy::Interruption,
                EndReason::Collapse => EndedBy::Collapse,
                EndReason::NonFinite => EndedBy::NonFinite,
            };
            run.end = Some(End {
                step: *step,
                reason,
            });
        }
        Event::Checkpoint { .. } | Event::Verdict { .. } => {}
    }
}

/// The measurements of a step, in the place of what was known of it.
pub(crate) fn put(run: &mut Run, measurements: Measurements) {
    run.evaluations
        .retain(|evaluation| evaluation.step < measurements.step);
    run.evaluations.push(measurements);
}
