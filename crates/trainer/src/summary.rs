//! Means over the steps between two lines of the journal.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use speaker_model::PairLoss;

use crate::coverage::Coverage;
use crate::journal::StepSummary;

/// Sums up steps.
pub(crate) struct StepMeans {
    sums: StepSummary,
    num_steps: u32,
    num_segments: usize,
    begin: Instant,
    waited_before: Duration,
}

impl StepMeans {
    /// Starts now; `waited_before` is the time that the run has waited for data so far.
    pub(crate) fn new(waited_before: Duration) -> Self {
        Self {
            sums: StepSummary::default(),
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
        sums.plateau += plateau;
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
        StepSummary {
            step: self.sums.step,
            loss: self.sums.loss / count,
            plateau: self.sums.plateau / count,
            same_divergence: self.sums.same_divergence / count,
            different_divergence: self.sums.different_divergence / count,
            different_hinge: self.sums.different_hinge / count,
            gradient_norm: self.sums.gradient_norm / count,
            weight_norm,
            learning_rate: self.sums.learning_rate,
            speakers_visited: coverage.num_speakers(),
            utterances_visited: coverage.num_utterances(),
            segments_per_second: self.num_segments as f64 / seconds,
            wait_share: (waited_s / seconds).min(1.0),
        }
    }
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}
