//! Recordings that were too loud for what recorded them.

use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::error::SoundError;
use crate::level::amplitude;
use crate::stream::{Stream, draws};

/// Clipping.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct ClippingConfig {
    /// Share of crops that are clipped.
    pub probability: f64,
    /// How far the loudest sample lies above what can be recorded, in dB.
    pub over_db: [f64; 2],
}

impl Default for ClippingConfig {
    fn default() -> Self {
        Self {
            probability: 0.05,
            over_db: [1.0, 15.0],
        }
    }
}

impl ClippingConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.clipping.probability", self.probability)?;
        range("samples.clipping.over_db", self.over_db, 0.0, 60.0)
    }

    /// Clips the crop of `seed`, if it is drawn; what is heard of `samples` is `heard`.
    pub(crate) fn apply(&self, seed: u64, heard: std::ops::Range<usize>, samples: &mut [f32]) {
        if let Some(mut draws) = draws(seed, Stream::Clipping, self.probability) {
            let loudest = samples[heard].iter().fold(0f32, |l, s| l.max(s.abs()));
            let most = loudest * amplitude(-draws.within(self.over_db));
            samples.iter_mut().for_each(|s| *s = s.clamp(-most, most));
        }
    }
}
