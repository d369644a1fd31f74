//! Which weights of a training are evaluated and kept: those of the last step, or a mean over many.

use serde::{Deserialize, Serialize};

/// The mean of the weights that is evaluated, kept as the best, and put into bundles, while those of the last step go on being
/// trained. What is counted in batches, as the running statistics of a batch norm, is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AverageConfig {
    /// After every step the mean keeps this share of itself and takes the rest from the weights (Polyak & Juditsky 1992;
    /// Tarvainen & Valpola 2017), less in the first steps: at most `(1 + step) / (10 + step)`, step from 0, so that the weights
    /// of the beginning are forgotten early.
    Decay(f64),
    /// The mean of the weights at so many of the last evaluations (Izmailov et al. 2018).
    Last(usize),
}

/// Most evaluations whose weights are kept: each takes the memory of a network.
pub(crate) const MOST_KEPT: usize = 64;

impl AverageConfig {
    /// The share of itself that the mean keeps at `step` (from 0).
    pub(crate) fn share_kept(decay: f64, step: u64) -> f64 {
        decay.min((1.0 + step as f64) / (10.0 + step as f64))
    }
}
