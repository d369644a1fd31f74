//! What became of a recording.

use audio_features::Quality;
use serde::Serialize;

/// A recording's embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Of length 1, `[dim]`.
    pub embedding: Vec<f32>,
    /// Length of the recording, in s.
    pub seconds: f64,
    /// How it sounds.
    pub quality: Quality,
    /// What was odd about it.
    pub warnings: Vec<String>,
}

/// A recording that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
}
