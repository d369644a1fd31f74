//! Means over the steps between two lines of the journal.

use std::time::Duration;

use diagnosis::journal::{PairFacts, StepSummary};
use speaker_model::{LossOutput, Pairwise};

use crate::data::Coverage;
use crate::evaluate::{Terms, scalar};

/// Sums over steps, and what only the last of them says.
#[derive(Default)]
struct Sums {
    step: u64,
    loss: f64,
    when_alike: Option<f64>,
    terms: Terms,
    gradient_norm: f64,
    learning_rate: f64,
}

/// Sums up steps.
pub(super) struct StepMeans {
    sums: Sums,
    pairwise: Option<Pairwise>,
    num_steps: u32,
    num_segments: usize,
    took: Duration,
    waited: Duration,
}

impl StepMeans {
    /// Of no steps yet; `pairwise` is what the loss says of itself.
    pub(super) fn new(pairwise: Option<Pairwise>) -> Self {
        Self {
            sums: Sums::default(),
            pairwise,
            num_steps: 0,
            num_segments: 0,
            took: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }

    /// Adds what a step computed.
    pub(super) fn add(
        &mut self,
        step: u64,
        loss: &LossOutput,
        gradient_norm: f64,
        learning_rate: f64,
        num_segments: usize,
    ) {
        let sums = &mut self.sums;
        sums.step = step;
        sums.loss += scalar(&loss.value);
        if let Some(when_alike) = loss.when_alike {
            *sums.when_alike.get_or_insert(0.0) += when_alike;
        }
        sums.terms.add(&Terms::of(loss));
        sums.gradient_norm += gradient_norm;
        sums.learning_rate = learning_rate;
        self.num_steps += 1;
        self.num_segments += num_segments;
    }

    /// Adds the time that a step took, and the part of it that was spent waiting for its batch. What happens between steps
    /// is nobody's time here.
    pub(super) fn add_time(&mut self, took: Duration, waited: Duration) {
        self.took += took;
        self.waited += waited;
    }

    pub(super) fn finish(&self, coverage: &Coverage, weight_norm: f64) -> StepSummary {
        let count = f64::from(self.num_steps.max(1));
        let seconds = self.took.as_secs_f64().max(1e-9);
        let mean = |sum: f64| Some(sum / count);
        let terms = self.sums.terms.divided_by(count);
        let [same_distance, different_distance] = terms.distances(self.pairwise.as_ref());
        StepSummary {
            step: self.sums.step,
            loss: self.sums.loss / count,
            when_alike: self.sums.when_alike.and_then(mean),
            terms: terms.into_journal(),
            pairs: self.pairwise.as_ref().map(|_| PairFacts {
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
            wait_share: Some((self.waited.as_secs_f64() / seconds).min(1.0)),
        }
    }
}
