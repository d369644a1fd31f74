//! How recordings are drawn for an interval.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::TurnsError;

/// How an interval is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResampleSettings {
    /// Number of resamples, at least 1.
    pub resamples: usize,
    /// Resample `i` depends on this seed and `i` alone.
    pub seed: u64,
    /// Share of the resamples inside the interval, above 0 and below 1.
    pub confidence: f64,
}

impl Default for ResampleSettings {
    /// 1000 resamples, seed 0, 95 %.
    fn default() -> Self {
        Self {
            resamples: 1000,
            seed: 0,
            confidence: 0.95,
        }
    }
}

impl ResampleSettings {
    pub(crate) fn check(&self) -> Result<(), TurnsError> {
        if self.resamples == 0 {
            return Err(TurnsError::InvalidParameter {
                name: "resamples",
                found: 0.0,
                expected: "at least 1",
            });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(TurnsError::InvalidParameter {
                name: "confidence",
                found: self.confidence,
                expected: "a share above 0 and below 1",
            });
        }
        Ok(())
    }
}

/// As many of `number` recordings as there are, drawn with replacement.
pub(super) fn draw(
    number: usize,
    settings: &ResampleSettings,
    resample: u64,
) -> impl Iterator<Item = usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(resample);
    (0..number).map(move |_| rng.random_range(0..number))
}
