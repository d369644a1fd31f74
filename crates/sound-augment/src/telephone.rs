//! Telephone lines: a round trip over 8 kHz with band limits and a codec, and what is found above afterwards.

use audio_features::augment::Draws;
use serde::{Deserialize, Serialize};

use crate::butterworth::{Pass, Section, butterworth, filter};
use crate::checks::{range, share};
use crate::error::SoundError;
use crate::g711::{a_law_decode, a_law_encode, mu_law_decode, mu_law_encode};
use crate::gsm;
use crate::level::{amplitude, mean_power};
use crate::resample::Resampler;
use crate::stream::{Stream, draws};

/// Telephone lines.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TelephoneConfig {
    /// Share of crops that come by telephone.
    pub probability: f64,
    /// Where the band begins, in Hz; 24 dB per octave.
    pub low_hz: [f64; 2],
    /// Where the band ends, in Hz; 48 dB per octave.
    pub high_hz: [f64; 2],
    /// Codecs, each as likely as its share of this list.
    pub codecs: Vec<Codec>,
    /// Level of the speech in the codec, in dB below full scale: the quieter, the coarser.
    pub level_db: [f64; 2],
    /// Share of the calls whose upper half, above 4 kHz, is filled with noise; that of the others is empty.
    pub filled: f64,
    /// Level of the speech over that noise, in dB.
    pub filled_db: [f64; 2],
}

/// What carries the speech.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// 16 bits as they are.
    Linear,
    /// ITU-T G.711, µ-law.
    MuLaw,
    /// ITU-T G.711, A-law.
    ALaw,
    /// Linear prediction and coarse pulses, as in GSM 06.10.
    Gsm,
}

impl Default for TelephoneConfig {
    fn default() -> Self {
        Self {
            probability: 0.35,
            low_hz: [200.0, 300.0],
            high_hz: [3_200.0, 3_900.0],
            codecs: vec![Codec::MuLaw, Codec::ALaw, Codec::Gsm, Codec::Linear],
            level_db: [-35.0, -15.0],
            filled: 0.5,
            filled_db: [20.0, 80.0],
        }
    }
}

/// The rate of telephones.
const RATE_HZ: u32 = 8_000;

impl TelephoneConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.telephone.probability", self.probability)?;
        range("samples.telephone.low_hz", self.low_hz, 0.0, 4_000.0)?;
        let lowest = self.low_hz[1];
        range("samples.telephone.high_hz", self.high_hz, lowest, 4_000.0)?;
        range("samples.telephone.level_db", self.level_db, -90.0, 0.0)?;
        share("samples.telephone.filled", self.filled)?;
        range("samples.telephone.filled_db", self.filled_db, 0.0, 200.0)?;
        if self.codecs.is_empty() {
            let expected = "at least one of linear, mu_law, a_law, gsm";
            return Err(SoundError::invalid(
                "samples.telephone.codecs",
                "empty",
                expected,
            ));
        }
        Ok(())
    }
}

/// The telephone lines of a training.
pub(crate) struct Telephone {
    config: TelephoneConfig,
    /// To 8 kHz and back; none where samples have this rate or a lower one.
    trip: Option<(Resampler, Resampler)>,
    sample_rate_hz: u32,
}

impl Telephone {
    pub(crate) fn new(config: &TelephoneConfig, sample_rate_hz: u32) -> Result<Self, SoundError> {
        let (rate, telephone) = (sample_rate_hz as usize, RATE_HZ as usize);
        let trip = match sample_rate_hz > RATE_HZ {
            true => Some((
                Resampler::new(telephone, rate)?,
                Resampler::new(rate, telephone)?,
            )),
            false => None,
        };
        Ok(Self {
            config: config.clone(),
            trip,
            sample_rate_hz,
        })
    }

    /// Sends the crop of `seed` through a telephone, if it is drawn; `power` is that of its speech.
    pub(crate) fn apply(&self, seed: u64, power: f64, samples: &mut [f32]) {
        let config = &self.config;
        let Some(mut draws) = draws(seed, Stream::Telephone, config.probability) else {
            return;
        };
        let rate = f64::from(self.sample_rate_hz.min(RATE_HZ));
        let mut band = butterworth(Pass::High, 4, draws.within(config.low_hz), rate);
        band.extend(butterworth(
            Pass::Low,
            8,
            draws.within(config.high_hz),
            rate,
        ));
        let Some(&codec) = config.codecs.get(draws.below(config.codecs.len())) else {
            return;
        };
        let level = amplitude(draws.within(config.level_db));
        let is_filled = draws.unit() < config.filled;
        let noise = amplitude(-draws.within(config.filled_db)) * power.sqrt() as f32;
        let scale = if power > 0.0 {
            level / power.sqrt() as f32
        } else {
            1.0
        };
        let Some((there, back)) = &self.trip else {
            line(&band, codec, scale, samples);
            return;
        };
        let mut narrow = there.whole(samples);
        line(&band, codec, scale, &mut narrow);
        let mut wide = Vec::with_capacity(samples.len());
        back.run(&narrow, 0, 0, samples.len(), &mut wide);
        samples.copy_from_slice(&wide);
        if is_filled && noise > 0.0 {
            fill(&mut draws, back, noise, narrow.len(), samples, &mut wide);
        }
    }
}

/// Adds noise of this level to the band that a telephone leaves empty: noise of the lower band, turned round in frequency.
fn fill(
    draws: &mut Draws,
    back: &Resampler,
    level: f32,
    num_narrow: usize,
    samples: &mut [f32],
    wide: &mut Vec<f32>,
) {
    let mut narrow = vec![0.0; num_narrow];
    draws.normals(&mut narrow);
    wide.clear();
    back.run(&narrow, 0, 0, samples.len(), wide);
    let factor = level / mean_power(wide).sqrt().max(1e-12) as f32;
    for (pair, noise) in samples.chunks_mut(2).zip(wide.chunks(2)) {
        for ((sample, noise), sign) in pair.iter_mut().zip(noise).zip([factor, -factor]) {
            *sample += sign * noise;
        }
    }
}

/// What happens at the telephone's own rate.
fn line(band: &[Section], codec: Codec, scale: f32, samples: &mut [f32]) {
    filter(band, samples);
    match codec {
        Codec::Gsm => gsm::pass(samples),
        Codec::Linear => through(scale, samples, |sample| sample),
        Codec::MuLaw => through(scale, samples, |s| mu_law_decode(mu_law_encode(s))),
        Codec::ALaw => through(scale, samples, |s| a_law_decode(a_law_encode(s))),
    }
}

/// Through samples of 16 bits.
fn through(scale: f32, samples: &mut [f32], codec: impl Fn(i16) -> i16) {
    let (up, down) = (scale * 32_768.0, 1.0 / (scale * 32_768.0));
    for sample in samples {
        // The cast saturates, as lines do.
        *sample = f32::from(codec((*sample * up).round() as i16)) * down;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    /// A harmonic tone over all of the band, one second.
    fn tone() -> Vec<f32> {
        let mut samples = vec![0f32; 16_000];
        for harmonic in 1..60 {
            let turn = std::f64::consts::TAU * 125.0 * f64::from(harmonic) / 16_000.0;
            let phase = f64::from(harmonic * harmonic);
            for (n, sample) in samples.iter_mut().enumerate() {
                *sample += 0.02 * (turn * n as f64 + phase).sin() as f32;
            }
        }
        samples
    }

    /// Power between two frequencies, in dB.
    fn band_db(samples: &[f32], from_hz: usize, to_hz: usize) -> f64 {
        let bins = Workspace::default()
            .transform(&samples[..16_000], 16_000)
            .clone();
        let band = &bins[from_hz..to_hz];
        let sum: f64 = band.iter().map(|b| f64::from(b.norm_sqr())).sum();
        10.0 * (sum + 1e-30).log10()
    }

    fn config(codec: Codec) -> TelephoneConfig {
        TelephoneConfig {
            probability: 1.0,
            low_hz: [300.0; 2],
            high_hz: [3_400.0; 2],
            codecs: vec![codec],
            filled: 0.0,
            ..TelephoneConfig::default()
        }
    }

    fn called(config: &TelephoneConfig) -> Vec<f32> {
        let telephone = Telephone::new(config, 16_000).unwrap();
        let mut samples = tone();
        let power = mean_power(&samples);
        telephone.apply(7, power, &mut samples);
        samples
    }

    #[test]
    fn the_band_is_that_of_a_telephone_and_nothing_is_above() {
        for codec in [Codec::Linear, Codec::MuLaw, Codec::ALaw, Codec::Gsm] {
            let (before, after) = (tone(), called(&config(codec)));
            let kept = band_db(&after, 600, 3_000) - band_db(&before, 600, 3_000);
            assert!(
                kept.abs() < if codec == Codec::Gsm { 4.0 } else { 0.5 },
                "{codec:?}: {kept}"
            );
            let above = band_db(&after, 4_300, 8_000) - band_db(&after, 600, 3_000);
            assert!(above < -45.0, "{codec:?}: {above}");
            let below = band_db(&after, 100, 140) - band_db(&before, 100, 140);
            // The codec's own noise lies there, too.
            assert!(below < -10.0, "{codec:?}: {below}");
        }
    }

    #[test]
    fn the_upper_half_is_filled_as_far_down_as_drawn() {
        let config = TelephoneConfig {
            filled: 1.0,
            filled_db: [30.0; 2],
            ..config(Codec::Linear)
        };
        let (before, after) = (tone(), called(&config));
        let whole = band_db(&before, 1, 8_000);
        let above = band_db(&after, 4_000, 8_000);
        assert!((whole - above - 30.0).abs() < 0.5, "{whole} {above}");
    }

    #[test]
    fn what_comes_at_the_rate_of_telephones_or_below_makes_no_trip() {
        let telephone = Telephone::new(&config(Codec::MuLaw), 8_000).unwrap();
        let mut samples = tone();
        telephone.apply(7, 1e-3, &mut samples);
        assert!(samples.iter().all(|s| s.is_finite()) && samples != tone());
        assert!(Telephone::new(&config(Codec::MuLaw), 22_050).is_ok());
    }
}
