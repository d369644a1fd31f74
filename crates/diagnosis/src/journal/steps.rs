//! Means over training steps, whatever the loss.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number::{null_is_known_nan, null_is_nan};
use super::older::OlderFields;
use super::terms::{PairFacts, Term};

/// Means over some steps. What is not known is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct StepSummary {
    /// Steps taken.
    pub step: u64,
    /// Loss.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// The loss while all outputs are alike, where that means anything for the loss: its plateau.
    #[serde(default, alias = "plateau", skip_serializing_if = "Option::is_none")]
    pub when_alike: Option<f64>,
    /// The parts of the loss.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
    /// How pairs lie to the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairFacts>,
    /// Gradient norm before clipping.
    #[serde(
        default,
        deserialize_with = "null_is_known_nan",
        skip_serializing_if = "Option::is_none"
    )]
    pub gradient_norm: Option<f64>,
    /// Norm of all weights after the last of the steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_norm: Option<f64>,
    /// Learning rate of the last of the steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Training speakers visited since the run's first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers_visited: Option<usize>,
    /// Training utterances visited since the run's first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utterances_visited: Option<usize>,
    /// Training segments a second of training steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_per_second: Option<f64>,
    /// Share of that time spent waiting for batches, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_share: Option<f64>,
}

impl StepSummary {
    /// Mean distance of same-speaker pairs, where the loss compares pairs.
    #[must_use]
    pub fn same_distance(&self) -> Option<f64> {
        self.pairs.as_ref()?.same_distance
    }

    /// Mean distance of different-speaker pairs, where the loss compares pairs.
    #[must_use]
    pub fn different_distance(&self) -> Option<f64> {
        self.pairs.as_ref()?.different_distance
    }
}

impl Serialize for StepSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for StepSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Line {
            #[serde(flatten)]
            older: OlderFields,
            #[serde(flatten, with = "StepSummary")]
            summary: StepSummary,
        }
        let Line { older, mut summary } = Line::deserialize(deserializer)?;
        older.complete(&mut summary.terms, &mut summary.pairs);
        Ok(summary)
    }
}
