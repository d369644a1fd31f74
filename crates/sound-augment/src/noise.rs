//! Noise behind the speech: recorded, or made.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::clips::{Clips, remove_mean};
use crate::colours::Colour;
use crate::error::SoundError;
use crate::mix::add_at_snr;
use crate::stream::{Stream, draws};

/// Noise.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseConfig {
    /// Share of crops with noise.
    pub probability: f64,
    /// Folder of recordings of noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Level of the speech (its frames within 30 dB of the loudest) over that of the noise, in dB.
    pub snr_db: [f64; 2],
    /// Share of the noises that are made, where there are recorded ones; else all are.
    pub made: f64,
    /// Kinds of made noise, each as likely as its share of this list.
    pub colours: Vec<Colour>,
}

impl Default for NoiseConfig {
    fn default() -> Self {
        Self {
            probability: 0.5,
            folder: None,
            snr_db: [5.0, 25.0],
            made: 0.3,
            colours: vec![Colour::White, Colour::Pink, Colour::Brown, Colour::Hum],
        }
    }
}

impl NoiseConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.noise.probability", self.probability)?;
        range("samples.noise.snr_db", self.snr_db, -60.0, 120.0)?;
        share("samples.noise.made", self.made)?;
        if self.colours.is_empty() && (self.made > 0.0 || self.folder.is_none()) {
            let expected = "at least one kind, or a folder and `made = 0`";
            return Err(SoundError::invalid(
                "samples.noise.colours",
                "empty",
                expected,
            ));
        }
        Ok(())
    }

    /// Adds noise to the crop of `seed`, if it is drawn; `power` is that of the speech in `samples`.
    pub(crate) fn apply(
        &self,
        seed: u64,
        clips: &Clips,
        power: f64,
        sample_rate_hz: u32,
        samples: &mut [f32],
    ) {
        let Some(mut draws) = draws(seed, Stream::Noise, self.probability) else {
            return;
        };
        let snr_db = draws.within(self.snr_db);
        let is_made = draws.unit() < self.made || clips.is_empty();
        let colour = self.colours.get(draws.below(self.colours.len()));
        let noise = match colour {
            Some(colour) if is_made => {
                let mut noise = colour.make(&mut draws, samples.len(), sample_rate_hz);
                remove_mean(&mut noise);
                noise
            }
            _ => clips.stretch(&mut draws, samples.len()),
        };
        add_at_snr(samples, &noise, power, snr_db);
    }
}
