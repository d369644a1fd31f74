//! All effects one after another.

use std::ops::Range;

use crate::babble::{BabbleConfig, Voices};
use crate::clipping::ClippingConfig;
use crate::clips::Clips;
use crate::config::SamplesConfig;
use crate::device::Devices;
use crate::equaliser::EqualiserConfig;
use crate::error::SoundError;
use crate::gain::GainConfig;
use crate::level::active_power;
use crate::music::MusicConfig;
use crate::noise::NoiseConfig;
use crate::response::{Response, multiply};
use crate::room::{Rooms, reverberate};
use crate::telephone::Telephone;
use crate::white::WhiteConfig;
use crate::workspace::{Workspace, fast_size};

/// Seconds before and behind a crop that filters without a room depend on.
const MARGIN_S: f64 = 0.05;

/// Recordings that effects are made of; those of effects that are off may be absent.
#[derive(Debug, Default)]
pub struct Sounds {
    /// Impulse responses of rooms, at the rate of the samples.
    pub rooms: Vec<Vec<f32>>,
    /// Impulse responses of devices.
    pub devices: Vec<Vec<f32>>,
    /// Noise.
    pub noise: Clips,
    /// Music.
    pub music: Clips,
    /// Babble, or speech.
    pub babble: Clips,
}

/// Applies a [`SamplesConfig`] to samples of one rate.
///
/// Everything is drawn from the seed: the same seed and samples give the same result, on any thread and in any order. Each effect
/// has its own stream of draws.
pub struct SampleAugmenter {
    rooms: Option<Rooms>,
    noise: Option<(NoiseConfig, Clips)>,
    music: Option<(MusicConfig, Clips)>,
    babble: Option<(BabbleConfig, Clips)>,
    devices: Option<Devices>,
    equaliser: Option<EqualiserConfig>,
    clipping: Option<ClippingConfig>,
    telephone: Option<Telephone>,
    white: Option<WhiteConfig>,
    gain: Option<GainConfig>,
    sample_rate_hz: u32,
}

impl SampleAugmenter {
    /// Prepares the effects of `config` on samples at `sample_rate_hz`.
    ///
    /// # Errors
    /// What [`SamplesConfig::validate`] refuses; [`SoundError::NoSounds`] for music or devices without recordings.
    pub fn new(
        config: &SamplesConfig,
        sample_rate_hz: u32,
        sounds: Sounds,
    ) -> Result<Self, SoundError> {
        config.validate()?;
        let rate = sample_rate_hz;
        let rooms = config.room.as_ref();
        let rooms = rooms.map(|room| Rooms::new(room, rate, &sounds.rooms));
        let devices = config.device.as_ref();
        let devices = devices.map(|device| Devices::new(device, rate, &sounds.devices));
        let telephone = config.telephone.as_ref();
        if config.music.is_some() && sounds.music.is_empty() {
            return Err(SoundError::NoSounds {
                effect: "samples.music",
            });
        }
        Ok(Self {
            rooms: rooms.transpose()?,
            noise: config.noise.clone().zip(Some(sounds.noise)),
            music: config.music.clone().zip(Some(sounds.music)),
            babble: config.babble.clone().zip(Some(sounds.babble)),
            devices: devices.transpose()?,
            equaliser: config.equaliser.clone(),
            clipping: config.clipping.clone(),
            telephone: telephone.map(|telephone| Telephone::new(telephone, rate)),
            white: config.white.clone(),
            gain: config.gain.clone(),
            sample_rate_hz,
        })
    }

    /// Samples before and behind a crop that have to come with it under this seed: as long as its room rings on before it, and
    /// what filters depend on.
    #[must_use]
    pub fn margins(&self, seed: u64) -> (usize, usize) {
        let margin = (MARGIN_S * f64::from(self.sample_rate_hz)) as usize;
        let room = self.rooms.as_ref().and_then(|rooms| rooms.draw(seed));
        (margin + room.map_or(0, Response::tail), margin)
    }

    /// Changes `samples[heard]` as is drawn from `seed`. Around it there have to be as many samples as
    /// [`margins`](Self::margins) says, silence where the recording has no more, or what is heard rings from its own end; what
    /// is in them afterwards means nothing. `voices` is whom babble is made of.
    ///
    /// Levels of noise are relative to the speech in `samples[heard]`, and rooms, devices and equalisers leave its level as it
    /// was.
    pub fn augment(
        &self,
        seed: u64,
        samples: &mut [f32],
        heard: Range<usize>,
        voices: &dyn Voices,
        workspace: &mut Workspace,
    ) {
        let heard = heard.start.min(samples.len())..heard.end.min(samples.len());
        if heard.is_empty() {
            return;
        }
        let rate = self.sample_rate_hz;
        let power = |samples: &[f32]| active_power(&samples[heard.clone()], rate);
        let mut level = power(samples);
        if let Some(room) = self.rooms.as_ref().and_then(|rooms| rooms.draw(seed)) {
            reverberate(room, samples, workspace);
            keep_level(level, power(samples), samples);
        }
        if let Some((noise, clips)) = &self.noise {
            noise.apply(seed, clips, level, rate, samples);
        }
        if let Some((music, clips)) = &self.music {
            music.apply(seed, clips, level, samples);
        }
        if let Some((babble, clips)) = &self.babble {
            babble.apply(seed, clips, voices, level, rate, samples);
        }
        self.colour(seed, samples, &heard, workspace);
        if let Some(clipping) = &self.clipping {
            clipping.apply(seed, heard.clone(), samples);
        }
        level = power(samples);
        if let Some(telephone) = &self.telephone {
            telephone.apply(seed, level, samples, workspace);
            level = power(samples);
        }
        if let Some(white) = &self.white {
            white.apply(seed, level, samples);
        }
        if let Some(gain) = &self.gain {
            gain.apply(seed, samples);
        }
    }

    /// Device and equaliser, by one transform.
    fn colour(
        &self,
        seed: u64,
        samples: &mut [f32],
        heard: &Range<usize>,
        workspace: &mut Workspace,
    ) {
        let device = self.devices.as_ref().and_then(|devices| devices.draw(seed));
        let equaliser = self.equaliser.as_ref();
        let curve = equaliser.and_then(|equaliser| equaliser.draw(seed, self.sample_rate_hz));
        if device.is_none() && curve.is_none() {
            return;
        }
        let before = active_power(&samples[heard.clone()], self.sample_rate_hz);
        let lag = device.map_or(0, Response::lag);
        let size = fast_size(samples.len() + lag);
        let response = device.map(|device| device.spectrum(size, workspace));
        workspace.filter(samples, size, lag, |bins| {
            if let Some(response) = &response {
                multiply(bins, response);
            }
            if let Some(curve) = &curve {
                curve.apply(bins);
            }
        });
        let after = active_power(&samples[heard.clone()], self.sample_rate_hz);
        keep_level(before, after, samples);
    }
}

/// Brings `samples` from one power to another; silence stays.
fn keep_level(wanted: f64, found: f64, samples: &mut [f32]) {
    if found > 0.0 {
        let factor = (wanted / found).sqrt() as f32;
        samples.iter_mut().for_each(|s| *s *= factor);
    }
}
