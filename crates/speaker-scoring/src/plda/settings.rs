//! How a model of speakers is estimated.

use serde::{Deserialize, Serialize};

use crate::ScoringError;

/// How a [`crate::Plda`] is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PldaSettings {
    /// How many discriminants of the embeddings are modelled: from 1 to the least of their dimensions and one less than there are
    /// speakers. Without, all dimensions are modelled as they are.
    pub lda: Option<usize>,
    /// Steps of expectation and maximisation, from the moments on; with none the moments stay.
    pub iterations: usize,
    /// Share of the identity in the covariance within speakers, 0 to 1, for the discriminants and the model. A little keeps directions in which
    /// few recordings happen not to differ from deciding everything; with 0 the covariance is what was found.
    pub smoothing: f64,
}

impl Default for PldaSettings {
    fn default() -> Self {
        Self {
            lda: None,
            iterations: 10,
            smoothing: 0.01,
        }
    }
}

impl PldaSettings {
    /// Whether embeddings of so many dimensions, of so many speakers, can be modelled so.
    pub(super) fn check(&self, dim: usize, speakers: usize) -> Result<(), ScoringError> {
        if !(0.0..=1.0).contains(&self.smoothing) {
            return Err(ScoringError::InvalidParameter {
                name: "smoothing",
                found: self.smoothing,
                expected: "a share from 0 to 1",
            });
        }
        let most = dim.min(speakers.saturating_sub(1));
        match self.lda {
            Some(lda) if lda < 1 || lda > most => Err(ScoringError::InvalidParameter {
                name: "lda",
                found: lda as f64,
                expected: "at least 1, at most the dimensions and one less than there are speakers",
            }),
            _ => Ok(()),
        }
    }
}
