//! The map of scores alone.

use serde::{Deserialize, Serialize};

use super::regression::{self, RegressionSettings};
use crate::ScoringError;

/// A straight line from scores to log-likelihood ratios (natural logarithm).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreLine {
    /// What a score of 1 more adds.
    pub slope: f64,
    /// The ratio at a score of 0.
    pub offset: f64,
}

impl ScoreLine {
    /// The logistic regression of `is_target` on `scores`, all trials of a kind counting alike.
    ///
    /// # Errors
    /// Lists of unequal length, scores that are not finite, trials of one kind only, settings out of range.
    pub fn fit(
        scores: &[f32],
        is_target: &[bool],
        settings: &RegressionSettings,
    ) -> Result<Self, ScoringError> {
        let rows: Vec<Vec<f64>> = scores.iter().map(|&score| vec![f64::from(score)]).collect();
        let line = regression::fit(&rows, is_target, &vec![1.0; scores.len()], settings)?;
        Ok(Self {
            slope: line.weights[0],
            offset: line.offset,
        })
    }

    /// The log-likelihood ratio of a score.
    #[must_use]
    pub fn llr(&self, score: f64) -> f64 {
        self.slope * score + self.offset
    }
}
