//! From measurements to findings.

mod few_speakers;
mod generalisation;
mod lessons;
mod network;
mod phase;
mod rivals;
mod trials;

use crate::journal::{EndReason, StepSummary};
use crate::preflight::few_same_pairs;
use crate::words::number;
use crate::{Check, Diagnosis, Finding, Name, Run, Severity};

/// Steps in which no training has done anything yet.
pub(crate) const FIRST_STEPS: u64 = 30;

/// Judges a run as far as it has come: called after every evaluation while it goes on, and once more when it has ended.
///
/// Whatever is not known is not judged, so that half-known runs can be judged too.
#[must_use]
pub fn judge(run: &Run) -> Diagnosis {
    let mut findings: Vec<Finding> = run.preflight.iter().filter_map(Check::finding).collect();
    findings.extend(non_finite(run));
    findings.extend(without_preflight(run));
    findings.extend(phase::judge(run));
    findings.extend(network::judge(run));
    findings.extend(lessons::judge(run));
    findings.extend(trials::judge(run));
    findings.extend(generalisation::judge(run, &findings));
    rivals::exclude(&mut findings);
    few_speakers::soften(run, &mut findings);
    Diagnosis::of(findings)
}

/// The last step that anything is known of.
pub(crate) fn last_step(run: &Run) -> u64 {
    let evaluated = run
        .evaluations
        .last()
        .map_or(0, |evaluation| evaluation.step);
    let traced = run.trace.last().map_or(0, |point| point.step);
    run.end.map_or(0, |end| end.step).max(evaluated).max(traced)
}

/// The last twentieth of the steps, at most 100, and at least the last point; none where there are none.
pub(crate) fn last_points(points: &[StepSummary]) -> &[StepSummary] {
    let last = points.last().map_or(0, |point| point.step);
    let from = last.saturating_sub((last / 20).clamp(5, 100));
    let first = points.partition_point(|point| point.step <= from);
    &points[first.min(points.len().saturating_sub(1))..]
}

/// Whether the run has come to an end of its own, after which it does not go on.
pub(crate) fn has_ended(run: &Run) -> bool {
    run.end
        .is_some_and(|end| end.reason != EndReason::Interrupted)
}

fn non_finite(run: &Run) -> Option<Finding> {
    let lost = run.trace.iter().find(|point| {
        !point.loss.is_finite() || point.gradient_norm.is_some_and(|norm| !norm.is_finite())
    });
    let ended = run.end.filter(|end| end.reason == EndReason::NonFinite);
    let step = lost.map(|point| point.step).or(ended.map(|end| end.step))?;
    Some(Finding {
        name: Name::NonFinite,
        severity: Severity::Broken,
        measured: format!("at step {step} the loss or its gradient is NaN or infinite"),
        expected: "finite numbers".to_owned(),
        reason: "one infinite or undefined number reaches every weight with the next step".to_owned(),
        remedy: "lower the learning rate, clip the gradient (`optimiser.clip_norm`), and compute divergences from log-softmax; \
                 the last checkpoint is whole"
            .to_owned(),
        step,
    })
}

/// What the preflight of today would have said of a run that had none.
fn without_preflight(run: &Run) -> Vec<Finding> {
    let checked = |name| run.preflight.iter().any(|check| check.name == name);
    let mut findings = Vec::new();
    if let (Some(share), Some(segments), Some(speakers)) = (
        run.facts.same_share,
        run.facts.batch_segments,
        run.facts.num_speakers,
    ) && !checked(Name::FewSamePairs)
    {
        findings.extend(few_same_pairs(share, segments, speakers).finding());
    }
    let highest = run
        .evaluations
        .iter()
        .filter_map(|evaluation| evaluation.learning_rate)
        .fold(0.0, f64::max);
    if highest > 0.02 && !checked(Name::LearningRate) {
        findings.push(Finding {
            name: Name::LearningRate,
            severity: Severity::Suspect,
            measured: format!("learning rate {}", number(highest)),
            expected: "0.001, or a few times that".to_owned(),
            reason: "Adam moves every weight by about the learning rate at each step, and typical weights are 0.02 to 0.1".to_owned(),
            remedy: "set the learning rate to 0.001".to_owned(),
            step: 0,
        });
    }
    findings
}
