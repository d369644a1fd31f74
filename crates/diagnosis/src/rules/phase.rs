//! Where the loss stands: at its plateau, collapsed, everything apart, or past that.

use std::borrow::Cow;

use crate::journal::{EndReason, PairFacts, StepSummary};
use crate::rules::{FIRST_STEPS, has_ended, last_points, last_step};
use crate::words::{number, percent};
use crate::{Finding, Measurements, Name, Run, Severity};

/// Pairs closer than this share of the margin are as good as alike.
const ALIKE: f64 = 0.02;

/// Steps for which everything may be apart without getting better.
const PATIENCE: u64 = 1000;

/// Steps after which a run that has ended, and is still apart, is not one that only wants more of the same.
const FRUITLESS: u64 = 500;

pub(super) fn judge(run: &Run) -> Vec<Finding> {
    let points = points(run);
    let now = recent(&points).filter(|now| now.step >= FIRST_STEPS);
    let mut findings = now.map_or_else(Vec::new, |now| of_loss(run, &points, &now));
    findings.extend(embeddings_alike(run));
    findings
}

fn of_loss(run: &Run, points: &[StepSummary], now: &StepSummary) -> Vec<Finding> {
    let stopped = run.end.is_some_and(|end| end.reason == EndReason::Collapse);
    match alike(run, points, now).or_else(|| flat(points, now)) {
        Some(finding) => vec![finding],
        None if stopped => vec![collapse(now, "the run stopped itself".to_owned())],
        None => match worse_than_alike(run, points, now) {
            Some(finding) => vec![finding],
            None => apart(run, points, now),
        },
    }
}

/// A loss above its value for outputs all alike: training has made it worse than saying nothing. Where it compares no pairs, an
/// untrained network may lie far above that value, so that one that is still falling is no fault.
fn worse_than_alike(run: &Run, points: &[StepSummary], now: &StepSummary) -> Option<Finding> {
    let plateau = now.when_alike.filter(|&plateau| now.loss > 1.2 * plateau)?;
    let compares_pairs = now.same_distance().or(now.different_distance()).is_some();
    let falls = points
        .first()
        .is_some_and(|first| now.loss < 0.9 * first.loss);
    if falls && !compares_pairs {
        return None;
    }
    Some(Finding {
        name: Name::LearningRate,
        severity: if has_ended(run) {
            Severity::Broken
        } else {
            Severity::Suspect
        },
        measured: format!(
            "after {} steps the loss is {}, above its value for outputs all alike, {}",
            now.step,
            number(now.loss),
            number(plateau)
        ),
        expected: "a loss below that value within a few steps".to_owned(),
        reason: "the steps are so long that each throws away what the last one had done".to_owned(),
        remedy: "start anew with a tenth of the learning rate; 0.001 is usual".to_owned(),
        step: now.step,
    })
}

/// The steps, or where there are none the evaluations.
fn points(run: &Run) -> Cow<'_, [StepSummary]> {
    if !run.trace.is_empty() {
        return Cow::Borrowed(&run.trace);
    }
    let evaluations = run.evaluations.iter();
    let points = evaluations.filter_map(|evaluation| {
        Some(StepSummary {
            step: evaluation.step,
            loss: evaluation.loss?,
            when_alike: evaluation.when_alike,
            pairs: evaluation.pairs.clone(),
            gradient_norm: evaluation.gradient_norm,
            ..StepSummary::default()
        })
    });
    Cow::Owned(points.collect())
}

/// Mean over `points`, at the step of the last, of what is judged here.
fn mean(points: &[StepSummary]) -> Option<StepSummary> {
    let last = points.last()?;
    let mean = |value: fn(&StepSummary) -> Option<f64>| {
        let values: Vec<f64> = points.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    Some(StepSummary {
        step: last.step,
        loss: mean(|point| Some(point.loss))?,
        when_alike: mean(|point| point.when_alike),
        pairs: Some(PairFacts {
            same_distance: mean(StepSummary::same_distance),
            different_distance: mean(StepSummary::different_distance),
            ..PairFacts::default()
        }),
        gradient_norm: mean(|point| point.gradient_norm),
        ..StepSummary::default()
    })
}

/// Mean over the last twentieth of the steps, at most 100.
fn recent(points: &[StepSummary]) -> Option<StepSummary> {
    mean(last_points(points))
}

/// Collapse or plateau: all outputs are alike.
fn alike(run: &Run, points: &[StepSummary], now: &StepSummary) -> Option<Finding> {
    let margin = run.facts.margin?;
    let (same, different) = (now.same_distance()?, now.different_distance()?);
    if same.abs().max(different.abs()) > ALIKE * margin {
        return None;
    }
    let was_apart = points
        .iter()
        .filter_map(StepSummary::different_distance)
        .fold(0.0, f64::max)
        > 5.0 * ALIKE * margin;
    let numbers = format!(
        "mean distance of same-speaker pairs {}, of others {}; loss {}{}",
        number(same),
        number(different),
        number(now.loss),
        now.when_alike.map_or(String::new(), |plateau| format!(
            ", its value for outputs all alike {}",
            number(plateau)
        ))
    );
    if was_apart || no_gradient(points, now) {
        return Some(collapse(now, numbers));
    }
    let severity = match now.step {
        1000.. => Severity::Broken,
        300.. => Severity::Suspect,
        _ if has_ended(run) => Severity::Suspect,
        _ => Severity::Note,
    };
    Some(Finding {
        name: Name::Plateau,
        severity,
        measured: format!("after {} steps {numbers}", now.step),
        expected: "the loss leaves this value within the first hundreds of steps".to_owned(),
        reason: "near the point where all outputs are alike the gradient is as small as the outputs' differences, so that a \
                 training starts slowly, or never"
            .to_owned(),
        remedy: "go on for some hundreds of steps; if it stays, raise the learning rate a little, weigh same-speaker pairs less, \
                 or scale the features up"
            .to_owned(),
        step: now.step,
    })
}

fn collapse(now: &StepSummary, numbers: String) -> Finding {
    let compares_pairs = now.same_distance().or(now.different_distance()).is_some();
    let (expected, remedy) = match compares_pairs {
        true => (
            "different-speaker pairs about the margin apart",
            "start anew with a lower learning rate (0.001), a softmax output, and a share of same-speaker pairs well below one half",
        ),
        false => (
            "outputs that differ",
            "start anew with a lower learning rate (0.001), and see whether the labels matter to the loss",
        ),
    };
    Finding {
        name: Name::Collapse,
        severity: Severity::Broken,
        measured: numbers,
        expected: expected.to_owned(),
        reason: "all outputs have become alike, where the gradient is zero: nothing moves any more"
            .to_owned(),
        remedy: remedy.to_owned(),
        step: now.step,
    }
}

fn no_gradient(points: &[StepSummary], now: &StepSummary) -> bool {
    let longest = points
        .iter()
        .filter_map(|point| point.gradient_norm)
        .fold(0.0, f64::max);
    now.gradient_norm
        .is_some_and(|norm| norm <= 1e-6 * longest.max(1e-6))
}

/// A loss that stands at its plateau without a gradient, whatever the outputs are.
fn flat(points: &[StepSummary], now: &StepSummary) -> Option<Finding> {
    let plateau = now.when_alike?;
    let at_plateau = (now.loss - plateau).abs() <= 0.005 * plateau.abs();
    (at_plateau && no_gradient(points, now)).then(|| Finding {
        name: Name::Plateau,
        severity: Severity::Broken,
        measured: format!(
            "loss {} at its plateau {}, gradient {}",
            number(now.loss),
            number(plateau),
            number(now.gradient_norm.unwrap_or(0.0))
        ),
        expected: "a loss below its plateau and a gradient".to_owned(),
        reason: "the loss is flat here: nothing is where the loss would move it".to_owned(),
        remedy:
            "see whether the labels matter to the loss, and whether the outputs are distributions"
                .to_owned(),
        step: now.step,
    })
}

/// Everything apart: same-speaker pairs beyond the margin too.
fn apart(run: &Run, points: &[StepSummary], now: &StepSummary) -> Vec<Finding> {
    let (Some(margin), Some(same), Some(different)) = (
        run.facts.margin,
        now.same_distance(),
        now.different_distance(),
    ) else {
        return Vec::new();
    };
    if same <= margin || different <= margin {
        return Vec::new();
    }
    let beyond = |point: &StepSummary| point.same_distance().is_some_and(|same| same > margin);
    // From the last step at which they were together until now.
    let first = points
        .iter()
        .rposition(|point| !beyond(point))
        .map_or(0, |index| index + 1);
    let since = now.step
        - points
            .get(first)
            .map_or(now.step, |point| point.step.min(now.step));
    let stretch = &points[first.min(points.len() - 1)..];
    let peak = stretch
        .chunks((stretch.len() / 10).max(1))
        .filter_map(|chunk| mean(chunk)?.same_distance())
        .fold(same, f64::max);
    // A phase that has lasted so long, and has not made development speakers easier to tell apart, does not pass.
    let falling = same < 0.97 * peak && (since < 3 * PATIENCE || beats_untrained(run));
    let passing = falling || since < PATIENCE && !fruitless(run, since);
    let ended = has_ended(run);
    let numbers = format!(
        "mean distance of same-speaker pairs {}, beyond the margin {}; of others {}; the loss has still fallen to {}",
        number(same),
        number(margin),
        number(different),
        number(now.loss)
    );
    let course = if falling {
        format!("down from {}: it is passing", number(peak))
    } else if passing {
        format!("for {since} steps so far, which is usual")
    } else {
        format!("for {since} steps without getting better")
    };
    let mut findings = vec![Finding {
        name: Name::EverythingApart,
        severity: if passing { Severity::Note } else { Severity::Suspect },
        measured: format!("{numbers}; {course}"),
        expected: "same-speaker pairs well within the margin in the end".to_owned(),
        reason: "different-speaker pairs are so many that the loss falls fastest by driving every segment away from every other; \
                 only then does it draw same-speaker pairs together"
            .to_owned(),
        remedy: if passing {
            "go on: EERs fall below the untrained network's only after this phase".to_owned()
        } else {
            "draw more same-speaker pairs (P × K batches), give them more weight, start without augmentation, and see whether the \
             labels are right"
                .to_owned()
        },
        step: now.step,
    }];
    if ended && passing {
        findings.push(Finding {
            name: Name::StoppedTooEarly,
            severity: Severity::Suspect,
            measured: format!("the run ended at step {} while same-speaker pairs were still {} apart (margin {})", last_step(run), number(same), number(margin)),
            expected: "same-speaker pairs within the margin at the end".to_owned(),
            reason: "it was in the phase in which everything is driven apart, which every training with few same-speaker pairs goes \
                     through"
                .to_owned(),
            remedy: format!("train on, to step {}", 3 * last_step(run).max(500)),
            step: last_step(run),
        });
    }
    findings
}

/// Whether some evaluation has been better than that of the untrained network.
fn beats_untrained(run: &Run) -> bool {
    let of = |evaluation: &Measurements| Some((evaluation.dev_eer?, evaluation.untrained_eer?));
    let mut trained = run
        .evaluations
        .iter()
        .filter(|evaluation| evaluation.step > 0);
    trained.any(|evaluation| of(evaluation).is_some_and(|(eer, untrained)| eer < untrained))
}

/// Whether a run has ended after some hundred steps that have brought nothing, while the loss has long stopped falling.
fn fruitless(run: &Run, since: u64) -> bool {
    has_ended(run) && since >= FRUITLESS && !beats_untrained(run)
}

/// Embeddings that are one point or one line.
fn embeddings_alike(run: &Run) -> Option<Finding> {
    let last = run
        .evaluations
        .iter()
        .rev()
        .find(|evaluation| evaluation.spread.is_some())?;
    let spread = last.spread.as_ref()?;
    let first = run
        .evaluations
        .iter()
        .find_map(|evaluation| evaluation.spread.as_ref())?;
    let collapsed = last.step > 0
        && spread.effective_rank < 1.2
        && first.effective_rank > 2.0 * spread.effective_rank.max(0.1);
    collapsed.then(|| Finding {
        name: Name::Collapse,
        severity: Severity::Broken,
        measured: format!(
            "embeddings spread over {} directions of {} (untrained {}); {} of their length is common to all",
            number(spread.effective_rank),
            spread.num_dimensions,
            number(first.effective_rank),
            percent(spread.offset_share)
        ),
        expected: "several directions at least".to_owned(),
        reason: "all recordings have nearly one embedding".to_owned(),
        remedy: "start anew with a lower learning rate, and see whether the labels matter to the loss".to_owned(),
        step: last.step,
    })
}
