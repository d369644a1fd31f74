//! Overall level.

use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::error::SoundError;
use crate::level::amplitude;
use crate::stream::{Stream, draws};

/// Overall level, last.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct GainConfig {
    /// Share of crops whose level changes.
    pub probability: f64,
    /// Change of level, in dB.
    pub gain_db: [f64; 2],
}

impl Default for GainConfig {
    fn default() -> Self {
        Self {
            probability: 1.0,
            gain_db: [-12.0, 6.0],
        }
    }
}

impl GainConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.gain.probability", self.probability)?;
        range("samples.gain.gain_db", self.gain_db, -120.0, 120.0)
    }

    /// Changes the level of the crop of `seed`, if it is drawn.
    pub(crate) fn apply(&self, seed: u64, samples: &mut [f32]) {
        if let Some(mut draws) = draws(seed, Stream::Gain, self.probability) {
            let factor = amplitude(draws.within(self.gain_db));
            samples.iter_mut().for_each(|s| *s *= factor);
        }
    }
}
