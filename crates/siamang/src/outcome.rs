//! What became of a recording.

use std::collections::BTreeMap;

use audio_features::Quality;
use serde::Serialize;
use speech_data::message_kind;

/// A recording's embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Of length 1, `[dim]`.
    pub embedding: Vec<f32>,
    /// How long it is, and how it sounds.
    pub quality: Quality,
    /// Whether some of its sound could not be decoded; a warning says how much.
    pub is_partly_read: bool,
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

/// How many were left out for which reason: the reasons without names and numbers.
#[must_use]
pub fn by_reason(skipped: &[Skipped]) -> BTreeMap<String, usize> {
    let mut sums = BTreeMap::new();
    for one in skipped {
        *sums.entry(message_kind(&one.reason, &one.id)).or_default() += 1;
    }
    sums
}
