//! What a loss is made of, and what it says of pairs, whatever the loss.

use serde::{Deserialize, Serialize};

use super::number::null_is_nan;
use crate::TwoHistograms;

/// A part of a loss, or a number beside it, as the loss names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Its name, in `snake_case`.
    pub name: String,
    /// What it is counted in, such as `nats`; empty for a bare number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Its value, as the mean over what the line is about.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
}

/// How the pairs of batches lie to a loss that compares pairs; other losses have no such facts.
///
/// The distance is whatever the loss compares pairs by, such as a divergence in nats; where it has a direction and the loss uses only
/// one, it is that direction's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PairFacts {
    /// Mean distance of same-speaker pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_distance: Option<f64>,
    /// Mean distance of different-speaker pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub different_distance: Option<f64>,
    /// Share of different-speaker pairs closer than the margin, which alone a hinge moves, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_share: Option<f64>,
    /// The distances of all pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distances: Option<TwoHistograms>,
}
