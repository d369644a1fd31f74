//! The state of the network: gradients, units, embeddings, and who has been seen.

use crate::preflight::gradients_reach;
use crate::rules::{FIRST_STEPS, last_step};
use crate::words::{number, percent};
use crate::{Finding, LayerUnits, Measurements, Name, Run, Severity};

/// Steps after which running statistics have followed those of the batches.
const SETTLED: u64 = 300;
/// Mean cosine below which embeddings are others than those that were trained.
const LEAST_AGREEMENT: f64 = 0.5;

pub(super) fn judge(run: &Run) -> Vec<Finding> {
    let Some(last) = run.evaluations.last() else {
        return visited(run).into_iter().collect();
    };
    let first = run
        .evaluations
        .first()
        .filter(|first| first.step < last.step);
    let mut findings: Vec<Finding> = gradient(last).into_iter().collect();
    // Units of a network that has not been trained are as they were drawn.
    if last.step >= FIRST_STEPS {
        let units =
            |name, count: fn(&LayerUnits) -> usize, limits| units(name, count, limits, first, last);
        findings.extend(units(
            Name::Saturation,
            |layer| layer.num_saturated,
            [0.2, 0.6],
        ));
        findings.extend(units(Name::DeadUnits, |layer| layer.num_dead, [0.4, 0.95]));
    }
    findings.extend(running(last));
    findings.extend(offset(run, last));
    findings.extend(visited(run));
    findings.extend(metrics(last));
    findings
}

/// Layers that get no gradient while others do.
fn gradient(last: &Measurements) -> Option<Finding> {
    let any = last.gradients.iter().any(|gradient| gradient.norm > 0.0);
    let mut finding = any
        .then(|| gradients_reach(&last.gradients).finding())
        .flatten()?;
    finding.step = last.step;
    Some(finding)
}

/// Batch norms whose running statistics are not those of the batches.
fn running(last: &Measurements) -> Option<Finding> {
    let agreement = last.running_agreement.filter(|_| last.step >= SETTLED)?;
    (agreement < LEAST_AGREEMENT).then(|| Finding {
        name: Name::RunningStatistics,
        severity: Severity::Suspect,
        measured: format!(
            "of one batch, embeddings by the running statistics lie at a mean cosine of {} to those by the batch's own",
            number(agreement)
        ),
        expected: "embeddings that are nearly the same".to_owned(),
        reason: "batch norms see a batch's statistics in training and the running ones when embeddings are made; small or one-sided batches,                  and weights that move fast, keep the two apart"
            .to_owned(),
        remedy: "larger batches of more speakers, a lower learning rate towards the end (`optimiser.schedule`), crops as long as recordings;                  or freeze the layers"
            .to_owned(),
        step: last.step,
    })
}

/// Layers of which more than the first of `limits` has become dead or saturated; more than the second is the end.
fn units(
    name: Name,
    count: fn(&LayerUnits) -> usize,
    limits: [f64; 2],
    first: Option<&Measurements>,
    last: &Measurements,
) -> Option<Finding> {
    let share = |layer: &LayerUnits| count(layer) as f64 / layer.num_units.max(1) as f64;
    let before = |layer: &LayerUnits| {
        let layers = first.into_iter().flat_map(|first| &first.units);
        layers
            .filter(|other| other.layer == layer.layer)
            .map(share)
            .next()
            .unwrap_or(0.0)
    };
    let worst = last
        .units
        .iter()
        .filter(|layer| share(layer) > limits[0].max(before(layer) + 0.1))
        .max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let (what, reason, remedy) = match name {
        Name::Saturation => (
            "are within 1 % of the end of their range for half of the inputs",
            "a saturated unit hardly passes a gradient on and says the same of every recording",
            "start anew with a lower learning rate (0.001), clip the gradient, or scale the features down",
        ),
        _ => (
            "give the same for every input",
            "a dead unit gets no gradient, so that it stays dead",
            "start anew with a lower learning rate (0.001), or with an activation that has a slope below zero",
        ),
    };
    Some(Finding {
        name,
        severity: if share(worst) > limits[1] {
            Severity::Broken
        } else {
            Severity::Suspect
        },
        measured: format!(
            "{} of {} units of {} {what} (untrained {})",
            count(worst),
            worst.num_units,
            worst.layer,
            percent(before(worst))
        ),
        expected: format!("less than {}", percent(limits[0])),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        step: last.step,
    })
}

/// What the offset that all embeddings share costs.
fn offset(run: &Run, last: &Measurements) -> Option<Finding> {
    let (plain, centred) = (last.plain_eer?, last.centred_eer?);
    let cost = plain - centred;
    if run.facts.centred || cost < 0.02 || last.step == 0 {
        return None;
    }
    let share = last.spread.as_ref().map_or(String::new(), |spread| {
        format!(
            "; {} of the embeddings' length is common to all",
            percent(spread.offset_share)
        )
    });
    Some(Finding {
        name: Name::CommonOffset,
        severity: if cost > 0.08 {
            Severity::Suspect
        } else {
            Severity::Note
        },
        measured: format!(
            "EER {} as they are, {} with their mean subtracted{share}",
            percent(plain),
            percent(centred)
        ),
        expected: "the same with and without centring".to_owned(),
        reason:
            "recurrent states have a mean that is not zero, which the cosine takes for similarity"
                .to_owned(),
        remedy: "set `centre = true`, or subtract the mean before scoring".to_owned(),
        step: last.step,
    })
}

/// Speakers that should have been seen by now, and have not.
fn visited(run: &Run) -> Option<Finding> {
    let total = run.facts.num_speakers?;
    let segments = run.facts.batch_segments? as u64;
    let traced = run.trace.last().and_then(|point| point.speakers_visited);
    let evaluated = run.evaluations.last();
    let visited = traced.or(evaluated.and_then(|evaluation| evaluation.speakers_visited))?;
    let step = last_step(run);
    let expected = step * segments >= 50 * total as u64;
    let share = visited as f64 / total.max(1) as f64;
    (expected && share < 0.9).then(|| Finding {
        name: Name::UnreachableSpeakers,
        severity: if share < 0.5 {
            Severity::Broken
        } else {
            Severity::Suspect
        },
        measured: format!(
            "{visited} of {total} speakers visited in {} segments",
            step * segments
        ),
        expected: "all of them".to_owned(),
        reason: "a sampler that cannot reach some speakers trains on a smaller corpus than it says"
            .to_owned(),
        remedy: "look at how the sampler turns a draw into a speaker, and at its rules and weights"
            .to_owned(),
        step,
    })
}

/// Reported metrics that cannot rise.
fn metrics(last: &Measurements) -> Option<Finding> {
    let metric = last
        .metrics
        .iter()
        .find(|metric| metric.reachable_max.is_some_and(|max| max < 0.999))?;
    Some(Finding {
        name: Name::MetricCeiling,
        severity: Severity::Suspect,
        measured: format!("`{}` is {}, of at most {}", metric.name, number(metric.value), number(metric.reachable_max?)),
        expected: "a metric that can reach 1".to_owned(),
        reason: "on this data no network can have a higher value, so that it says nothing about this one".to_owned(),
        remedy: "look at the EER of the distances on speakers that are not trained on".to_owned(),
        step: last.step,
    })
}
