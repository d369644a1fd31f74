//! A run as far as it is known: what [`crate::judge`] looks at.

use serde::{Deserialize, Serialize};

use crate::{Check, Measurements};

/// Everything that is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// What does not change over the run.
    pub facts: Facts,
    /// What was checked before the first step.
    pub preflight: Vec<Check>,
    /// The training steps, or means over some of them, in order.
    pub trace: Vec<TracePoint>,
    /// The evaluations, in order; that of step 0 is of the untrained network.
    pub evaluations: Vec<Measurements>,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// What does not change over a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Margin of the hinge (nats).
    pub margin: Option<f64>,
    /// Steps at most.
    pub max_steps: Option<u64>,
    /// Training speakers.
    pub num_speakers: Option<usize>,
    /// Expected share of same-speaker pairs in a batch.
    pub same_share: Option<f64>,
    /// Segments in a batch.
    pub batch_segments: Option<usize>,
    /// Whether embeddings are centred before they are scored.
    pub centred: bool,
    /// EER of mean and deviation of the log-mel bands on the development lists: no network at all.
    pub statistics_eer: Option<f64>,
    /// The same after within-class whitening learned on the training speakers.
    pub whitened_statistics_eer: Option<f64>,
}

/// Means over a few training steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TracePoint {
    /// Steps taken.
    pub step: u64,
    /// Loss.
    pub loss: f64,
    /// The loss while all outputs are alike.
    pub plateau: Option<f64>,
    /// Mean divergence of same-speaker pairs (nats).
    pub same_divergence: Option<f64>,
    /// Mean divergence of different-speaker pairs (nats).
    pub different_divergence: Option<f64>,
    /// Norm of the gradient before clipping.
    pub gradient_norm: Option<f64>,
    /// Training speakers that have been in some batch.
    pub speakers_visited: Option<usize>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Steps taken.
    pub step: u64,
    /// Why.
    pub reason: EndedBy,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// All steps were taken, or the time was up.
    Limit,
    /// The development EER no longer fell.
    Patience,
    /// Somebody stopped it; it can go on.
    Interruption,
    /// A loss or gradient that was no number.
    NonFinite,
    /// It stopped itself because its outputs had become alike.
    Collapse,
}
