//! Means over the steps between two lines of the journal.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use diagnosis::journal::{PairFacts, StepSummary, Term};
use speaker_model::PairLoss;

use crate::coverage::Coverage;

/// Sums over steps, and what only the last of them says.
#[derive(Default)]
struct Sums {
    step: u64,
    loss: f64,
    when_alike: f64,
    same_divergence: f64,
    different_divergence: f64,
    different_hinge: f64,
    gradient_norm: f64,
    learning_rate: f64,
}

/// Sums up steps.
pub(crate) struct StepMeans {
    sums: Sums,
    num_steps: u32,
    num_segments: usize,
    begin: Instant,
    waited_before: Duration,
}

impl StepMeans {
    /// Starts now; `waited_before` is the time that the run has waited for data so far.
    pub(crate) fn new(waited_before: Duration) -> Self {
        Self {
            sums: Sums::default(),
            num_steps: 0,
            num_segments: 0,
            begin: Instant::now(),
            waited_before,
        }
    }

    /// Leaves out the time that has passed, which went into something else than steps.
    pub(crate) fn restart_clock(&mut self) {
        self.begin = Instant::now();
    }

    pub(crate) fn add(
        &mut self,
        step: u64,
        loss: &PairLoss,
        plateau: f64,
        gradient_norm: f64,
        learning_rate: f64,
        num_segments: usize,
    ) {
        let sums = &mut self.sums;
        sums.step = step;
        sums.loss += scalar(&loss.loss);
        sums.when_alike += plateau;
        sums.same_divergence += scalar(&loss.same_divergence);
        sums.different_divergence += scalar(&loss.different_divergence);
        sums.different_hinge += scalar(&loss.different_hinge);
        sums.gradient_norm += gradient_norm;
        sums.learning_rate = learning_rate;
        self.num_steps += 1;
        self.num_segments += num_segments;
    }

    pub(crate) fn finish(
        &self,
        coverage: &Coverage,
        weight_norm: f64,
        waited: Duration,
    ) -> StepSummary {
        let count = f64::from(self.num_steps.max(1));
        let seconds = self.begin.elapsed().as_secs_f64().max(1e-9);
        let waited_s = waited.saturating_sub(self.waited_before).as_secs_f64();
        let mean = |sum: f64| Some(sum / count);
        let same_distance = mean(self.sums.same_divergence);
        let different_distance = mean(self.sums.different_divergence);
        StepSummary {
            step: self.sums.step,
            loss: self.sums.loss / count,
            when_alike: mean(self.sums.when_alike),
            terms: terms(&[
                ("same_divergence", same_distance),
                ("different_divergence", different_distance),
                ("different_hinge", mean(self.sums.different_hinge)),
            ]),
            pairs: Some(PairFacts {
                same_distance,
                different_distance,
                ..PairFacts::default()
            }),
            gradient_norm: mean(self.sums.gradient_norm),
            weight_norm: Some(weight_norm),
            learning_rate: Some(self.sums.learning_rate),
            speakers_visited: Some(coverage.num_speakers()),
            utterances_visited: Some(coverage.num_utterances()),
            segments_per_second: Some(self.num_segments as f64 / seconds),
            wait_share: Some((waited_s / seconds).min(1.0)),
        }
    }
}

/// The terms of the KL/hinge loss by name, those that are known.
pub(crate) fn terms(values: &[(&str, Option<f64>)]) -> Vec<Term> {
    let known = values
        .iter()
        .filter_map(|&(name, value)| Some((name, value?)));
    known
        .map(|(name, value)| Term {
            name: name.to_owned(),
            unit: "nats".to_owned(),
            value,
        })
        .collect()
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}
