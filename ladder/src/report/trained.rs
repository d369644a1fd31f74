//! The claims that need trained networks.

use super::claim::{Claim, Outcome, claim, compared, versus, whether};
use super::runs::{Runs, at_end, percent, spread};
use crate::evaluate::{Evaluation, mean};
use crate::record::Record;
use crate::rung::EQUAL_STEPS;

/// A difference of mean EERs that seeds alone may make.
const NOISE: f64 = 0.015;

fn average(values: &[f64]) -> f64 {
    mean(values.iter().copied())
}

pub(super) fn on_what_mends_it(runs: &Runs) -> Vec<Claim> {
    vec![
        claim(
            "C5",
            "The kept dimension alone gives a learning signal, but stays clearly behind the paper's version.",
            kept(runs),
        ),
        claim(
            "C6",
            "Learning rates of 0.1 and 0.01 saturate the LSTM and kill the outputs even with the dimension kept.",
            rates(runs),
        ),
        claim(
            "C7",
            "Outputs that are no distributions make distances negative and gradients vanish in the clip.",
            outputs(runs),
        ),
        claim(
            "C10",
            "One fixed crop of 0.4 s starves the training.",
            crops(runs),
        ),
        claim(
            "C11",
            "A margin of 1 is too small for the softmax version; 3 ≥ 2 > 1.",
            margins(runs),
        ),
        claim(
            "C12",
            "One direction of the divergence is weaker than two, a little.",
            directions(runs),
        ),
        claim(
            "C15",
            "Small outputs at the start mean a long plateau.",
            gains(runs),
        ),
        claim(
            "C20",
            "Reading the axes the wrong way round, as the paper's public code does, does little harm.",
            layout(runs),
        ),
        claim(
            "C22",
            "The cosine of states that are not centred costs accuracy.",
            centring(runs),
        ),
    ]
}

/// Steps from which on the phase of everything apart is over.
const LONG: u64 = 1000;

fn kept(runs: &Runs) -> Option<(Outcome, String)> {
    let rate = runs.of("rate");
    let first = rate.first()?;
    let auc = |records: &[&Record]| -> Vec<f64> {
        records
            .iter()
            .map(|record| at_end(record).distance_auc)
            .collect()
    };
    let before: Vec<f64> = rate
        .iter()
        .map(|record| record.evaluations[0].mean_dev())
        .collect();
    let after = runs.figures("rate", |record| Some(at_end(record).mean_dev()));
    let signal = average(&auc(&rate)) > 0.6;
    let ends: Vec<f64> = rate
        .iter()
        .filter_map(|record| record.run.trace.last())
        .map(|p| p.loss)
        .collect();
    Some((
        whether(signal && average(&after) < average(&before)),
        format!(
            "learning rate 0.001, {} steps: area under the ROC of the distance on dev {} (the claim asks for 0.6), loss {}; dev EER {} %, untrained \
             {} %",
            at_end(first).step,
            spread(&auc(&rate), 2),
            spread(&ends, 3),
            percent(&after),
            percent(&before)
        ),
    ))
}

/// Saturated units of the embedding, dead outputs, and the area under the ROC of the distance at the end of a run.
fn state(record: &Record) -> Option<String> {
    let units = &record.run.evaluations.last()?.units;
    let of = |layer: &str| units.iter().find(|units| units.layer == layer);
    let (states, outputs) = (of("blstm_2")?, of("output")?);
    Some(format!(
        "{} of {} states saturated and {} dead, {} of {} outputs dead, area {:.2}",
        states.num_saturated,
        states.num_units,
        states.num_dead,
        outputs.num_dead,
        outputs.num_units,
        at_end(record).distance_auc
    ))
}

fn rates(runs: &Runs) -> Option<(Outcome, String)> {
    let fast = runs.first("kept")?;
    let slow = runs.first("rate")?;
    let mut text = format!("0.1: {}", state(fast)?);
    text += &match runs.first("kept-0.01") {
        Some(middle) => format!("; 0.01: {}", state(middle)?),
        None => "; 0.01: not run".to_owned(),
    };
    text += &format!("; 0.001: {}", state(slow)?);
    let learns = |record: &Record| at_end(record).distance_auc > 0.6;
    let fast_learns = learns(fast) || runs.first("kept-0.01").is_some_and(learns);
    let (outcome, words) = match (fast_learns, learns(slow)) {
        (true, _) => (Outcome::Refuted, "one of the higher rates learns too"),
        (false, true) => (Outcome::Confirmed, "only 0.001 learns"),
        (false, false) => (
            Outcome::Refined,
            "0.001 does not learn either: more is wrong than the rate",
        ),
    };
    text += &format!(". By an area above 0.6, {words}");
    Some((outcome, text))
}

fn outputs(runs: &Runs) -> Option<(Outcome, String)> {
    let (prelu, softmax) = (runs.first("rate")?, runs.first("softmax")?);
    let part = |evaluation: &Evaluation| {
        format!(
            "{:.1} % of the outputs clipped, {:.1} % of the distances negative, area {:.2}",
            100.0 * evaluation.clipped_share,
            100.0 * evaluation.negative_share,
            evaluation.distance_auc
        )
    };
    let lowest = |record: &Record| {
        let trace = record.run.trace.iter();
        trace
            .filter_map(|point| point.same_distance())
            .fold(f64::INFINITY, f64::min)
    };
    Some((
        whether(at_end(prelu).clipped_share > at_end(softmax).clipped_share),
        format!(
            "PReLU: untrained {}; after {} steps {}; lowest mean distance of same pairs in a batch {:.2}. Softmax: after {} steps {}; \
             lowest {:.2}",
            part(&prelu.evaluations[0]),
            at_end(prelu).step,
            part(at_end(prelu)),
            lowest(prelu),
            at_end(softmax).step,
            part(at_end(softmax)),
            lowest(softmax)
        ),
    ))
}

/// Confirmed where the first of two rungs has the higher rates with every seed, refuted where it has the lower ones; one
/// seed decides nothing.
fn worse_first(rates: &[Vec<f64>; 2]) -> Outcome {
    let pairs = || rates[0].iter().zip(&rates[1]);
    let [a, b] = [average(&rates[0]), average(&rates[1])];
    match () {
        () if rates[0].len() < 2 => Outcome::Undecided,
        () if pairs().all(|(a, b)| a > b) && a > b + NOISE => Outcome::Confirmed,
        () if pairs().all(|(a, b)| a < b) && a + NOISE < b => Outcome::Refuted,
        () => Outcome::Undecided,
    }
}

fn crops(runs: &Runs) -> Option<(Outcome, String)> {
    let found = compared(runs, "margin", "crops")?;
    let gap = |rung: &str| {
        runs.figures(rung, |record| {
            let last = record.run.evaluations.last()?;
            Some(last.dev_eer? - last.train_eer?)
        })
    };
    Some((
        worse_first(&found.1),
        format!(
            "{}; dev EER less that on training speakers at the runs' ends: {} and {} points. In so few steps a recording is drawn a few times: what a \
             fixed crop costs in a long training this does not show",
            versus(["fixed", "random"], &found),
            percent(&gap("margin")),
            percent(&gap("crops"))
        ),
    ))
}

fn margins(runs: &Runs) -> Option<(Outcome, String)> {
    let names = ["margin-0.5", "margin-1", "margin-2", "pk", "margin-5"];
    let mut known: Vec<&Record> = names.iter().filter_map(|name| runs.first(name)).collect();
    let long = |record: &&Record| at_end(record).step >= LONG;
    if known.iter().filter(|record| long(record)).count() > 2 {
        known.retain(long);
    }
    let step = known.iter().map(|record| at_end(record).step).min()?;
    let listed: Vec<String> = known
        .iter()
        .filter_map(|record| {
            let rate = record.at(step)?.mean_dev();
            let index = usize::try_from(step).ok()?.checked_sub(1)?;
            let same = record.run.trace.get(index)?.same_distance()?;
            let margin = record.settings.margin;
            Some(format!("{margin}: {:.1} %, {same:.1}", 100.0 * rate))
        })
        .collect();
    let text = format!(
        "P × K, one seed, step {step}; margin: dev EER, divergence of same-speaker pairs. {}",
        listed.join("; ")
    );
    (listed.len() > 2).then(|| {
        if step >= LONG {
            let small = runs
                .first("margin-1")
                .and_then(|record| record.at(step));
            let seeds = rates_at(runs, "pk", step);
            let best = seeds.iter().copied().fold(1.0, f64::min);
            let text = text + &format!("; the best of {} seeds of margin 3: {:.1} %", seeds.len(), 100.0 * best);
            return match small.is_some_and(|small| small.mean_dev() < best) {
                true => (Outcome::Refuted, text),
                false => (Outcome::Refined, text),
            };
        }
        // Seeds differ by several points at this step.
        let text = text
            + ". All are still in the phase in which everything is driven apart; what margins do after thousands of steps this \
               does not show";
        (Outcome::Undecided, text)
    })
}

fn directions(runs: &Runs) -> Option<(Outcome, String)> {
    let pairs = compared(runs, "softmax", "both")?;
    let mut text = format!("64 pairs a step: {}", versus(["one", "both"], &pairs));
    let mut outcome = worse_first(&pairs.1);
    if let Some((step, rates)) = compared(runs, "one-direction", "pk") {
        text += &format!("; P × K: {}", versus(["one", "both"], &(step, rates)));
        let seeds = rates_at(runs, "pk", step);
        let one = rates_at(runs, "one-direction", step);
        if let (true, Some(&one)) = (step >= LONG && seeds.len() > 1, one.first()) {
            let [low, high] = [f64::min, f64::max].map(|of| seeds.iter().copied().fold(one, of));
            let where_it_lies;
            (outcome, where_it_lies) = match one {
                _ if one == high && !seeds.contains(&one) => (Outcome::Confirmed, "above all of"),
                _ if one == low && !seeds.contains(&one) => (Outcome::Refuted, "below all of"),
                _ => (Outcome::Refined, "within"),
            };
            text += &format!(
                ". One direction is {where_it_lies} what {} seeds of both give ({} %)",
                seeds.len(),
                percent(&seeds)
            );
        }
    }
    Some((outcome, text))
}

/// Mean dev EER of a rung's seeds at a step.
fn rates_at(runs: &Runs, rung: &str, step: u64) -> Vec<f64> {
    runs.figures(rung, |record| record.at(step).map(Evaluation::mean_dev))
}

/// The first step whose loss is below 0.95 of its plateau, if there is one.
fn leaves(record: &Record) -> Option<u64> {
    let points = record.run.trace.iter();
    points
        .filter(|point| {
            point
                .when_alike
                .is_some_and(|plateau| point.loss < 0.95 * plateau)
        })
        .map(|point| point.step)
        .next()
}

fn gains(runs: &Runs) -> Option<(Outcome, String)> {
    let [small, plain, large] = [
        runs.first("gain-0.1")?,
        runs.first("pk")?,
        runs.first("gain-10")?,
    ];
    let [a, b, c] = [small, plain, large].map(leaves);
    let text = |step: Option<u64>| step.map_or("never".to_owned(), |step| step.to_string());
    let never = u64::MAX;
    let (a_step, b_step, c_step) = (a.unwrap_or(never), b.unwrap_or(never), c.unwrap_or(never));
    let outcome = match () {
        () if a_step > b_step && b_step >= c_step && a_step > 50 => Outcome::Confirmed,
        () if a_step > b_step && b_step >= c_step => Outcome::Refined,
        () => Outcome::Refuted,
    };
    Some((
        outcome,
        format!(
            "P × K, step at which the loss is first below 0.95 of its plateau, last layer's weights times 0.1, 1 and 10: {}, {} and {}. \
             (Adam makes a step of 0.001 of any gradient, however small)",
            text(a),
            text(b),
            text(c)
        ),
    ))
}

fn layout(runs: &Runs) -> Option<(Outcome, String)> {
    let found = compared(runs, "reinterpreted", "pk")?;
    let step = found.0;
    let pick = |rung: &str| runs.first(rung)?.at(step).map(Evaluation::mean_dev);
    let (wrong, right) = (pick("reinterpreted")?, pick("pk")?);
    let worst = rates_at(runs, "pk", step).into_iter().fold(0.0, f64::max);
    // Early on, seeds differ by several points.
    let outcome = match step >= LONG {
        true if wrong <= worst => Outcome::Confirmed,
        true => Outcome::Refuted,
        false => Outcome::Undecided,
    };
    Some((
        outcome,
        format!(
            "P × K, one seed, dev EER at step {step}: reinterpreted {:.1} % (untrained {:.1} %), frame by frame {:.1} % (untrained {:.1} %)",
            100.0 * wrong,
            100.0 * runs.first("reinterpreted")?.evaluations[0].mean_dev(),
            100.0 * right,
            100.0 * runs.first("pk")?.evaluations[0].mean_dev()
        ),
    ))
}

fn centring(runs: &Runs) -> Option<(Outcome, String)> {
    let cost = |evaluation: &Evaluation| {
        mean(
            evaluation
                .test
                .iter()
                .map(|rate| rate.eer - rate.centred_eer),
        )
    };
    let untrained = runs.figures("question", |record| Some(cost(&record.evaluations[0])));
    let longest = runs.longest("pk");
    let ends = |figure: &dyn Fn(&Evaluation) -> Option<f64>| -> Vec<f64> {
        longest
            .iter()
            .filter_map(|record| figure(at_end(record)))
            .collect()
    };
    let trained = ends(&|evaluation| Some(cost(evaluation)));
    let early = runs.figures("pk", |record| record.at(EQUAL_STEPS).map(cost));
    if untrained.is_empty() || trained.is_empty() {
        return None;
    }
    let outcome = match (average(&untrained) > NOISE, average(&trained) > NOISE) {
        (true, true) => Outcome::Confirmed,
        (false, false) => Outcome::Refuted,
        _ => Outcome::Refined,
    };
    Some((
        outcome,
        format!(
            "test EER as embedded less that of embeddings less the mean of dev: untrained {} points, P × K at step {EQUAL_STEPS} {} points, at \
             step {} {} points; MR untrained {} % and {} % centred, P × K {} % and {} % centred",
            percent(&untrained),
            percent(&early),
            longest.first().map_or(0, |record| at_end(record).step),
            percent(&trained),
            percent(&runs.figures("question", |record| record.evaluations[0].mr)),
            percent(&runs.figures("question", |record| record.evaluations[0].mr_centred)),
            percent(&ends(&|evaluation| evaluation.mr)),
            percent(&ends(&|evaluation| evaluation.mr_centred))
        ),
    ))
}
