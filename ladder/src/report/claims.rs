//! Claims about why the failing version fails, each with its figure.

use super::claim::{Claim, Outcome, claim, whether};
use super::runs::{Runs, at_end, percent, spread};
use crate::evaluate::{mean, small_draws_of_noise};
use crate::loss::accuracy;
use crate::record::Record;
use crate::rung::Shape;

/// Largest difference of two runs' losses over the steps that both have.
fn difference(a: &Record, b: &Record) -> f64 {
    let pairs = a.run.trace.iter().zip(&b.run.trace);
    pairs
        .map(|(a, b)| (a.loss - b.loss).abs())
        .fold(0.0, f64::max)
}

/// Share of the second half of the steps whose loss is within 0.001 of `level`, and how far the gradient goes there.
fn at_rest(record: &Record, level: f64) -> (f64, f64) {
    let late = &record.run.trace[record.run.trace.len() / 2..];
    let share = mean(
        late.iter()
            .map(|point| f64::from(u8::from((point.loss - level).abs() < 1e-3))),
    );
    let norm = late.last().and_then(|point| point.gradient_norm);
    (share, norm.unwrap_or(f64::NAN))
}

fn last_divergences(record: &Record) -> Option<[f64; 2]> {
    let late = record.run.trace.iter().rev().take(10);
    let of = |pick: fn(&diagnosis::journal::StepSummary) -> Option<f64>| {
        mean(late.clone().filter_map(pick))
    };
    (!record.run.trace.is_empty()).then(|| {
        [
            of(|point| point.same_distance()),
            of(|point| point.different_distance()),
        ]
    })
}

/// The claims on the failing version itself.
pub(super) fn on_the_question(runs: &Runs) -> Vec<Claim> {
    vec![
        claim(
            "C1",
            "The rank mismatch makes the loss independent of the labels.",
            labels(runs),
        ),
        claim(
            "C2",
            "With as many same as different pairs the loss is flat at half the margin, so that learning stops.",
            rest(runs),
        ),
        claim(
            "C3",
            "\"Never over 0.5\" is an arithmetic ceiling.",
            ceiling(runs),
        ),
        claim(
            "C4",
            "The question's embeddings carry no more than the untrained network's.",
            untrained(runs),
        ),
        claim(
            "C8",
            "Even when everything works, Keras' accuracy of a distance goes the wrong way.",
            wrong_way(runs),
        ),
        claim(
            "C16",
            "Under the broadcast the share of same-speaker pairs decides where all pairs go.",
            shares(runs),
        ),
        claim(
            "C17",
            "The softplus hinge that came later collapses actively.",
            softplus(runs),
        ),
        claim(
            "C18",
            "The question's evaluation (2 speakers × 3 utterances, Ward, 1 − ARI) could not have shown success or failure.",
            small(runs),
        ),
    ]
}

fn labels(runs: &Runs) -> Option<(Outcome, String)> {
    let given = runs.first("question-slow")?;
    let check = given.run.preflight.first()?;
    let mut figure = format!("one batch: {}", check.measured);
    let mut outcome = whether(check.finding().is_some());
    if let (Some(random), Some(kept)) = (runs.first("random-labels"), runs.first("rate")) {
        figure += &format!(
            "; trained with labels dealt out by chance, the loss of {} steps differs by at most {:.1e} from that with the true \
             ones (the table is summed in another order); with the kept dimension alone mended by up to {:.2}",
            random.run.trace.len().min(given.run.trace.len()),
            difference(given, random),
            difference(given, kept)
        );
        if difference(given, random) > 1e-3 {
            outcome = Outcome::Refined;
        }
    }
    Some((outcome, figure))
}

fn rest(runs: &Runs) -> Option<(Outcome, String)> {
    let last = |pick: fn(&diagnosis::journal::StepSummary) -> Option<f64>| {
        runs.figures("question-slow", |record| {
            record.run.trace.last().and_then(pick)
        })
    };
    let slow = runs.first("question-slow")?;
    let mut figure = format!(
        "learning rate 0.001, step {}: loss {}, gradient {}, area under the ROC of the distance {}",
        slow.run.trace.len(),
        spread(&last(|point| Some(point.loss)), 4),
        spread(&last(|point| point.gradient_norm), 3),
        spread(
            &runs.figures("question-slow", |record| Some(at_end(record).distance_auc)),
            3
        )
    );
    if let Some(wide) = runs.first("question-m3") {
        let (share, norm) = at_rest(wide, 1.5);
        let last = wide.run.trace.last()?.loss;
        figure += &format!(
            "; margin 3: loss {last:.4}, {:.0} % of the later steps within 0.001 of 1.5, gradient {norm:.1e}",
            100.0 * share
        );
    }
    let mut outcome = Outcome::Confirmed;
    if let Some(fast) = runs.first("question") {
        let (share, norm) = at_rest(fast, 0.5);
        let late = &fast.run.trace[fast.run.trace.len() / 2..];
        // A unit at 1 beside one at 1e-7 is ln 1e7 apart, which counts by what it exceeds the margin, in 128ths.
        let quantum = (1e7_f64.ln() - 1.0) / 128.0;
        let odd = late.iter().filter(|point| {
            let steps = (point.loss - 0.5) / quantum;
            (steps - steps.round()).abs() > 0.01
        });
        figure += &format!(
            "; learning rate 0.1: {:.0} % of the later steps at 0.5, and {} of {} at 0.5 + k · {quantum:.4}, k = 0, 1, 2 …: a unit that is \
             clipped at 1 beside one that is clipped at 1e-7 makes a pair's distance 16.1 and passes on no gradient (that of the last step is \
             {norm:.1e}); without dropout, as in validation, {:.0} % of the outputs are clipped and the area under the \
             ROC of the distance is {:.3}",
            100.0 * share,
            late.len() - odd.count(),
            late.len(),
            100.0 * at_end(fast).clipped_share,
            at_end(fast).distance_auc
        );
        if share < 0.9 {
            outcome = Outcome::Refined;
        }
    }
    Some((outcome, figure))
}

fn ceiling(runs: &Runs) -> Option<(Outcome, String)> {
    let records: Vec<&Record> = [runs.of("question"), runs.of("question-slow")].concat();
    let steps: usize = records.iter().map(|record| record.accuracy.len()).sum();
    let values = records
        .iter()
        .flat_map(|record| record.accuracy.iter().copied());
    let largest = values.reduce(f64::max)?;
    let same: Vec<bool> = (0..64).map(|pair| pair % 2 == 0).collect();
    let perfect: Vec<f64> = same
        .iter()
        .map(|&same| f64::from(u8::from(!same)))
        .collect();
    let inverted: Vec<f64> = perfect.iter().map(|d| 1.0 - d).collect();
    Some((
        whether(largest <= 0.5),
        format!(
            "largest of {steps} steps of {} runs: {largest:.4}; distances that separate all pairs give {}, inverted ones {}",
            records.len(),
            accuracy(&perfect, &same, Shape::Broadcast),
            accuracy(&inverted, &same, Shape::Broadcast)
        ),
    ))
}

fn untrained(runs: &Runs) -> Option<(Outcome, String)> {
    let before = runs.figures("question", |record| Some(record.evaluations[0].mean_dev()));
    let (mut num_worse, mut num_runs) = (0, 0);
    let mut parts = Vec::new();
    for (rung, rate) in [("question", "0.1"), ("question-slow", "0.001")] {
        let after = runs.figures(rung, |record| Some(at_end(record).mean_dev()));
        let records = runs.of(rung);
        let is_worse =
            |record: &&&Record| at_end(record).mean_dev() > record.evaluations[0].mean_dev();
        num_worse += records.iter().filter(is_worse).count();
        num_runs += records.len();
        parts.push(format!(
            "learning rate {rate} {} %, MR {} %",
            percent(&after),
            percent(&runs.figures(rung, |record| at_end(record).mr))
        ));
    }
    (!before.is_empty()).then(|| {
        (
            whether(num_worse == num_runs),
            format!(
                "mean dev EER: untrained {} %, MR {} %; {}. {num_worse} of {num_runs} runs are worse than their untrained network",
                percent(&before),
                percent(&runs.figures("question", |record| record.evaluations[0].mr)),
                parts.join("; ")
            ),
        )
    })
}

fn wrong_way(runs: &Runs) -> Option<(Outcome, String)> {
    let record = [runs.of("sessions"), runs.of("pk")]
        .concat()
        .into_iter()
        .max_by_key(|record| at_end(record).step)?;
    let (before, after) = (&record.evaluations[0], at_end(record));
    let same = [true, false];
    Some((
        whether(after.distance_accuracy < 0.5),
        format!(
            "perfect distances (0 and 1) have accuracy {}; on dev pairs, one direction of the divergence after {} steps of the P × K rung: \
             area under the ROC {:.2} → {:.2}, accuracy {:.2} → {:.2}",
            accuracy(&[0.0, 1.0], &same, Shape::Kept),
            after.step,
            before.distance_auc,
            after.distance_auc,
            before.distance_accuracy,
            after.distance_accuracy
        ),
    ))
}

fn shares(runs: &Runs) -> Option<(Outcome, String)> {
    let records = [
        runs.first("few-same")?,
        runs.first("question-slow")?,
        runs.first("many-same")?,
    ];
    // Of all pairs together: with nine in ten same, few are left of the others.
    let all = |record: &Record| -> Option<f64> {
        let [same, different] = last_divergences(record)?;
        let share = record.run.facts.same_share?;
        Some(share * same + (1.0 - share) * different)
    };
    let [few, half, many] = records.map(all);
    let (few, half, many) = (few?, half?, many?);
    Some((
        whether(few > 0.9 && many < 0.1),
        format!(
            "mean distance of all pairs over the last ten of {} steps, margin 1: with one pair in ten same {few:.2}, with half {half:.2}, with \
             nine in ten {many:.2}; below the margin the slopes are (2p − 1)/B (a test)",
            records[0].run.trace.len()
        ),
    ))
}

fn softplus(runs: &Runs) -> Option<(Outcome, String)> {
    let record = runs.first("softplus")?;
    let at = |step: usize| {
        let near = record.run.trace.iter().skip(step.saturating_sub(5)).take(5);
        let mean_of = |pick: fn(&diagnosis::journal::StepSummary) -> Option<f64>| {
            mean(near.clone().filter_map(pick))
        };
        [
            mean_of(|point| point.same_distance()),
            mean_of(|point| point.different_distance()),
        ]
    };
    let last = record.run.trace.len();
    let [start, middle, end] = [5, last / 4, last].map(at);
    let falls = start[1] > end[1] && end.iter().all(|d| d.abs() < 0.3);
    Some((
        whether(falls),
        format!(
            "mean distance of same / different pairs at the start {:.2} / {:.2}, after {} steps {:.2} / {:.2}, after {last} {:.3} / {:.3}; \
             the slope is positive at every distance (a test)",
            start[0],
            start[1],
            last / 4,
            middle[0],
            middle[1],
            end[0],
            end[1]
        ),
    ))
}

/// Draws in percent for which something holds.
fn share_of(draws: &[f64], holds: &dyn Fn(f64) -> bool) -> f64 {
    100.0 * mean(draws.iter().map(|&d| f64::from(u8::from(holds(d)))))
}

/// Mean of the draws, and the shares of them that say 0 and 1.
fn draws(draws: &[f64]) -> String {
    let share = |value: f64| share_of(draws, &|d| (d - value).abs() < 1e-9);
    format!(
        "{:.2} ({:.0} % of the draws 0, {:.0} % 1)",
        mean(draws.iter().copied()),
        share(0.0),
        share(1.0)
    )
}

fn small(runs: &Runs) -> Option<(Outcome, String)> {
    let drawn = |rungs: &[&str]| -> Option<(u64, Vec<f64>)> {
        let records = rungs.iter().flat_map(|rung| runs.of(rung));
        let evaluations = records.flat_map(|record| &record.evaluations[1..]);
        evaluations
            .filter(|evaluation| !evaluation.small_draws.is_empty())
            .max_by_key(|evaluation| evaluation.step)
            .map(|evaluation| (evaluation.step, evaluation.small_draws.clone()))
    };
    let (_, question) = drawn(&["question", "question-slow"])?;
    let (step, trained) = drawn(&["sessions", "pk"])?;
    let random = small_draws_of_noise().ok()?;
    let untrained = &runs.first("question")?.evaluations[0];
    Some((
        Outcome::Refined,
        format!(
            "\"misclassification rate\" over a hundred draws: random vectors {}, the question's embeddings {}, untrained {}, P × K after \
             {step} steps {}. One draw is all that the script makes: of the question's embeddings {:.0} % are as good as an untrained network's \
             mean or better, of an untrained network {:.0} % as bad as the question's mean or worse",
            draws(&random),
            draws(&question),
            draws(&untrained.small_draws),
            draws(&trained),
            share_of(&question, &|d| d
                <= mean(untrained.small_draws.iter().copied())),
            share_of(&untrained.small_draws, &|d| d
                >= mean(question.iter().copied()))
        ),
    ))
}
