//! The white noise that every recorder has.

use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::error::SoundError;
use crate::mix::add_at_snr;
use crate::stream::{Stream, draws};

/// White noise over everything.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct WhiteConfig {
    /// Share of crops with it.
    pub probability: f64,
    /// Level of the speech over that of the noise, in dB.
    pub snr_db: [f64; 2],
}

impl Default for WhiteConfig {
    fn default() -> Self {
        Self {
            probability: 1.0,
            snr_db: [25.0, 55.0],
        }
    }
}

impl WhiteConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.white.probability", self.probability)?;
        range("samples.white.snr_db", self.snr_db, -60.0, 120.0)
    }

    /// Adds noise to the crop of `seed`, if it is drawn; `power` is that of the speech in `samples`.
    pub(crate) fn apply(&self, seed: u64, power: f64, samples: &mut [f32]) {
        if let Some(mut draws) = draws(seed, Stream::White, self.probability) {
            let snr_db = draws.within(self.snr_db);
            let mut noise = vec![0.0; samples.len()];
            draws.normals(&mut noise);
            add_at_snr(samples, &noise, power, snr_db);
        }
    }
}
