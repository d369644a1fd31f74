//! Telephone lines: a round trip over 8 kHz with band limits and a codec, and what is found above afterwards.

use audio_features::augment::Draws;
use realfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::error::SoundError;
use crate::g711::{a_law_decode, a_law_encode, mu_law_decode, mu_law_encode};
use crate::gsm;
use crate::level::amplitude;
use crate::resample::greatest_common_divisor;
use crate::stream::{Stream, draws};
use crate::workspace::{Workspace, fast_size};

/// Telephone lines.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TelephoneConfig {
    /// Share of crops that come by telephone.
    pub probability: f64,
    /// Where the band begins, in Hz; 24 dB per octave.
    pub low_hz: [f64; 2],
    /// Where the band ends, in Hz; 48 dB per octave; nothing passes above 4 kHz.
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
    sample_rate_hz: u32,
}

/// Limits of the band, in bins of a spectrum.
struct Band {
    low: f32,
    high: f32,
}

impl Band {
    /// Butterworth's gains, of order 4 below and 8 above, without their phase.
    fn apply(&self, bins: &mut [Complex<f32>]) {
        for (number, bin) in bins.iter_mut().enumerate() {
            let place = number.max(1) as f32;
            let (below, above) = ((self.low / place).powi(8), (place / self.high).powi(16));
            *bin *= 1.0 / ((1.0 + below) * (1.0 + above)).sqrt();
        }
    }
}

impl Telephone {
    pub(crate) fn new(config: &TelephoneConfig, sample_rate_hz: u32) -> Self {
        Self {
            config: config.clone(),
            sample_rate_hz,
        }
    }

    /// Sends the crop of `seed` through a telephone, if it is drawn; `power` is that of its speech.
    pub(crate) fn apply(
        &self,
        seed: u64,
        power: f64,
        samples: &mut [f32],
        workspace: &mut Workspace,
    ) {
        let config = &self.config;
        let Some(mut draws) = draws(seed, Stream::Telephone, config.probability) else {
            return;
        };
        // Rates cut spectra short: of so many samples as are whole at both rates.
        let rate = self.sample_rate_hz;
        let narrow_rate = rate.min(RATE_HZ);
        let divisor = greatest_common_divisor(rate as usize, narrow_rate as usize);
        let [wide, narrow] = [rate, narrow_rate].map(|rate| 2 * rate as usize / divisor);
        let num_units = fast_size(samples.len().div_ceil(wide));
        let [size, narrow_size] = [wide, narrow].map(|unit| unit * num_units);
        let per_hz = size as f64 / f64::from(rate);
        let band = Band {
            low: (draws.within(config.low_hz) * per_hz) as f32,
            high: (draws.within(config.high_hz) * per_hz) as f32,
        };
        let Some(&codec) = config.codecs.get(draws.below(config.codecs.len())) else {
            return;
        };
        let speech = power.sqrt() as f32;
        let level = amplitude(draws.within(config.level_db));
        let is_filled = draws.unit() < config.filled;
        let noise = speech * amplitude(-draws.within(config.filled_db));
        let scale = if speech > 0.0 { level / speech } else { 1.0 };

        let bins = workspace.transform(samples, size);
        bins.truncate(narrow_size / 2 + 1);
        band.apply(bins);
        let line = workspace.inverse(narrow_size);
        let once = 1.0 / size as f32;
        line.iter_mut().for_each(|sample| *sample *= once);
        match codec {
            Codec::Gsm => gsm::pass(line),
            Codec::Linear => through(scale, line, |sample| sample),
            Codec::MuLaw => through(scale, line, |s| mu_law_decode(mu_law_encode(s))),
            Codec::ALaw => through(scale, line, |s| a_law_decode(a_law_encode(s))),
        }
        let bins = workspace.transform_again();
        let longer = size as f32 / narrow_size as f32;
        bins.iter_mut().for_each(|bin| *bin *= longer);
        // Nothing lies at the border of the halves.
        if size > narrow_size {
            bins.truncate(narrow_size / 2);
        }
        bins.resize(size / 2 + 1, Complex::default());
        if is_filled && size > narrow_size {
            fill(
                &mut draws,
                noise * size as f32,
                &mut bins[narrow_size / 2..],
            );
        }
        for (sample, carried) in samples.iter_mut().zip(workspace.inverse(size)) {
            *sample = *carried * once;
        }
    }
}

/// Fills a band with noise, whose amplitude would be `level` if all of the spectrum were transformed back.
fn fill(draws: &mut Draws, level: f32, bins: &mut [Complex<f32>]) {
    // A bin stands for its mirror, too.
    let deviation = level / (4.0 * bins.len() as f32).sqrt();
    let mut normals = vec![0.0; 2 * bins.len()];
    draws.normals(&mut normals);
    for (bin, pair) in bins.iter_mut().zip(normals.chunks_exact(2)) {
        *bin = Complex::new(deviation * pair[0], deviation * pair[1]);
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
    use crate::level::mean_power;

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
        // Under Hann's window: the ends of a second, cut off, would have all frequencies.
        let hann =
            (0..16_000).map(|i| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / 16_000.0).cos());
        let second: Vec<f32> = samples.iter().zip(hann).map(|(s, w)| s * w).collect();
        let bins = Workspace::default().transform(&second, 16_000).clone();
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
        let telephone = Telephone::new(config, 16_000);
        let mut samples = tone();
        let power = mean_power(&samples);
        telephone.apply(7, power, &mut samples, &mut Workspace::default());
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
            assert!(above < -100.0, "{codec:?}: {above}");
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
    fn any_rate_can_be_connected() {
        for rate in [4_000, 8_000, 11_025, 22_050, 44_100, 48_000] {
            let telephone = Telephone::new(&config(Codec::MuLaw), rate);
            let (before, mut samples) = (tone(), tone());
            telephone.apply(7, 1e-3, &mut samples, &mut Workspace::default());
            assert!(samples.iter().all(|s| s.is_finite()) && samples != before);
            // What lies in the middle of the telephone's band passes.
            let in_bins = |hz: usize| hz * 16_000 / rate as usize;
            let kept = |s: &[f32]| band_db(s, in_bins(600), in_bins(1_800));
            assert!((kept(&samples) - kept(&before)).abs() < 1.0, "{rate}");
        }
    }
}
