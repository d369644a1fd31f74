//! Other people talking at once: from recordings of babble, or made of the voices that are trained on.

use std::path::PathBuf;

use audio_features::augment::Draws;
use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::clips::{Clips, remove_mean};
use crate::error::SoundError;
use crate::level::{active_power, amplitude};
use crate::mix::add_at_snr;
use crate::stream::{Stream, draws};

/// Babble.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct BabbleConfig {
    /// Share of crops with babble.
    pub probability: f64,
    /// Folder of recordings of babble, or of speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Level of the speech over that of the babble, in dB.
    pub snr_db: [f64; 2],
    /// Share of the babble that is made of the voices that are trained on, where there are recordings; else all of it is.
    pub made: f64,
    /// Voices at once in made babble.
    pub talkers: [usize; 2],
}

impl Default for BabbleConfig {
    fn default() -> Self {
        Self {
            probability: 0.2,
            folder: None,
            snr_db: [10.0, 25.0],
            made: 0.5,
            talkers: [3, 7],
        }
    }
}

/// How far the level of one voice in babble is from that of the others, in dB.
const SPREAD_DB: [f64; 2] = [-3.0, 3.0];

/// Whose voices babble can be made of.
pub trait Voices {
    /// `len` samples of somebody speaking, drawn from `draws`; none where nobody can be had.
    fn talk(&self, draws: &mut Draws, len: usize) -> Option<Vec<f32>>;
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVoices;

impl Voices for NoVoices {
    fn talk(&self, _: &mut Draws, _: usize) -> Option<Vec<f32>> {
        None
    }
}

impl Voices for Clips {
    fn talk(&self, draws: &mut Draws, len: usize) -> Option<Vec<f32>> {
        Some(self.stretch(draws, len)).filter(|stretch| !stretch.is_empty())
    }
}

impl BabbleConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.babble.probability", self.probability)?;
        range("samples.babble.snr_db", self.snr_db, -60.0, 120.0)?;
        share("samples.babble.made", self.made)?;
        let talkers = self.talkers.map(|count| count as f64);
        range("samples.babble.talkers", talkers, 1.0, 100.0)
    }

    /// Adds babble to the crop of `seed`, if it is drawn; `power` is that of the speech in `samples`.
    pub(crate) fn apply(
        &self,
        seed: u64,
        clips: &Clips,
        voices: &dyn Voices,
        power: f64,
        sample_rate_hz: u32,
        samples: &mut [f32],
    ) {
        let Some(mut draws) = draws(seed, Stream::Babble, self.probability) else {
            return;
        };
        let snr_db = draws.within(self.snr_db);
        let babble = if clips.is_empty() || draws.unit() < self.made {
            self.make(&mut draws, voices, samples.len(), sample_rate_hz)
        } else {
            clips.stretch(&mut draws, samples.len())
        };
        add_at_snr(samples, &babble, power, snr_db);
    }

    fn make(
        &self,
        draws: &mut Draws,
        voices: &dyn Voices,
        len: usize,
        sample_rate_hz: u32,
    ) -> Vec<f32> {
        let [fewest, most] = self.talkers;
        let count = fewest + draws.below(most - fewest + 1);
        let mut babble = vec![0.0; len];
        for _ in 0..count {
            let spread = amplitude(draws.within(SPREAD_DB));
            let Some(mut voice) = voices.talk(draws, len) else {
                continue;
            };
            remove_mean(&mut voice);
            let power = active_power(&voice, sample_rate_hz);
            if power > 0.0 {
                let factor = spread / power.sqrt() as f32;
                for (sum, sample) in babble.iter_mut().zip(&voice) {
                    *sum += factor * sample;
                }
            }
        }
        babble
    }
}
