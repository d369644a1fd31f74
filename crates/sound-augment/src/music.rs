//! Music behind the speech.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::clips::Clips;
use crate::error::SoundError;
use crate::mix::add_at_snr;
use crate::stream::{Stream, draws};

/// Music.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct MusicConfig {
    /// Share of crops with music.
    pub probability: f64,
    /// Folder of recordings of music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Level of the speech over that of the music, in dB.
    pub snr_db: [f64; 2],
}

impl Default for MusicConfig {
    fn default() -> Self {
        Self {
            probability: 0.2,
            folder: None,
            snr_db: [5.0, 20.0],
        }
    }
}

impl MusicConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.music.probability", self.probability)?;
        range("samples.music.snr_db", self.snr_db, -60.0, 120.0)
    }

    /// Adds music to the crop of `seed`, if it is drawn; `power` is that of the speech in `samples`.
    pub(crate) fn apply(&self, seed: u64, clips: &Clips, power: f64, samples: &mut [f32]) {
        if let Some(mut draws) = draws(seed, Stream::Music, self.probability) {
            let snr_db = draws.within(self.snr_db);
            let music = clips.stretch(&mut draws, samples.len());
            add_at_snr(samples, &music, power, snr_db);
        }
    }
}
