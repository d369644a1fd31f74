//! Rates, warm-up, clipping and length.

use crate::sabotage::bases::MIXED;
use crate::sabotage::case::{Case, Kind, QUESTION, Setting, times, to};

const fn schedule(
    name: &'static str,
    what: &'static str,
    settings: &'static [Setting],
    right: &'static [&'static str],
) -> Case {
    Case::spoiled(name, Kind::Schedule, what, MIXED, right).with(settings)
}

const RATE: &[&str] = &["learning_rate"];
const IDLE: &[&str] = &["idle_settings"];
/// A rate that is too low is named by either.
const LOW: &[&str] = &["idle_settings", "learning_rate"];

pub(crate) const CASES: &[Case] = &[
    schedule(
        "rate-times-10",
        "ten times the learning rate",
        &[times("optimiser.learning_rate", 10.0)],
        RATE,
    )
    .or_harmless(),
    schedule(
        "rate-times-100",
        "a hundred times the learning rate",
        &[times("optimiser.learning_rate", 100.0)],
        RATE,
    )
    .familiar(),
    schedule(
        "rate-over-100",
        "a hundredth of the learning rate",
        &[times("optimiser.learning_rate", 0.01)],
        LOW,
    )
    .familiar(),
    schedule(
        "rate-over-1000",
        "a thousandth of the learning rate",
        &[times("optimiser.learning_rate", 0.001)],
        LOW,
    ),
    schedule(
        "endless-warm-up",
        "a warm-up of 100,000 steps",
        &[to("optimiser.schedule.warmup_steps", "100000")],
        IDLE,
    )
    .familiar(),
    schedule(
        "long-warm-up",
        "a warm-up ten times as long as the training",
        &[to("optimiser.schedule.warmup_steps", "3000")],
        IDLE,
    ),
    schedule(
        "weight-decay-10",
        "a weight decay of 10",
        &[to("optimiser.weight_decay", "10.0")],
        &["weight_decay"],
    )
    .familiar(),
    schedule(
        "clip-norm-1e-7",
        "gradients clipped to a norm of 1e-7",
        &[to("optimiser.clip_norm", "1e-7")],
        IDLE,
    )
    .familiar(),
    schedule(
        "epsilon-100",
        "Adam with an epsilon of 100",
        &[to("optimiser.epsilon", "100.0")],
        IDLE,
    )
    .familiar(),
    schedule(
        "ten-steps",
        "stops after ten steps",
        &[],
        &["stopped_too_early", "idle_settings"],
    )
    .steps(10),
    schedule(
        "question-rate-times-100",
        "preset question at a hundred times the learning rate",
        &[times("optimiser.learning_rate", 100.0)],
        RATE,
    )
    .recipe(QUESTION)
    .steps(100),
];
