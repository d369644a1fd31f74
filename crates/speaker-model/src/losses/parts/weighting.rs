//! How much pairs of one speaker count beside those of two.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// How much the same-speaker pairs weigh against the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Every pair alike, as in the papers: w is the share of same-speaker pairs in the batch.
    #[default]
    AsCounted,
    /// w = ½ whatever the batch.
    Balanced,
    /// A given w between 0 and 1.
    SameShare(f64),
}

impl Weighting {
    /// The weight w of the same-speaker pairs in a batch with these counts. A kind of pair that the
    /// batch lacks contributes nothing.
    #[must_use]
    pub fn of_same(&self, num_same: usize, num_different: usize) -> f64 {
        match *self {
            Self::AsCounted => num_same as f64 / (num_same + num_different).max(1) as f64,
            Self::Balanced => 0.5,
            Self::SameShare(weight) => weight,
        }
    }

    /// The weight of the same-speaker pairs, where it is a number of the configuration.
    pub(in crate::losses) fn given(&self) -> Option<f64> {
        match *self {
            Self::SameShare(weight) => Some(weight),
            Self::AsCounted | Self::Balanced => None,
        }
    }

    /// # Errors
    /// [`ModelError::Config`] for a weight that is none.
    pub(in crate::losses) fn validate(&self) -> Result<(), ModelError> {
        match *self {
            Self::SameShare(weight) if !(0.0..=1.0).contains(&weight) => Err(ModelError::Config {
                field: "loss.weighting.same_share",
                found: weight.to_string(),
                expected: "a weight between 0 and 1",
            }),
            _ => Ok(()),
        }
    }
}
