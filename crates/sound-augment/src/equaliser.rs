//! Tilt, a bump and band limits: what microphones, distance and lines do to the spectrum.

use realfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::checks::{range, share};
use crate::error::SoundError;
use crate::stream::{Stream, draws};

/// An equaliser, whose phase is zero.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct EqualiserConfig {
    /// Share of crops that pass one.
    pub probability: f64,
    /// Slope around 700 Hz, in dB per octave.
    pub tilt_db_per_octave: [f64; 2],
    /// Height of one bump (or dip) of 0.6 octaves' standard deviation, in dB.
    pub bump_db: [f64; 2],
    /// Where the bump lies, in Hz; uniform in octaves.
    pub bump_hz: [f64; 2],
    /// Share of the equalisers that end below the highest frequency, 18 dB per octave.
    pub low_pass_probability: f64,
    /// Where they end, in Hz.
    pub low_pass_hz: [f64; 2],
    /// Share of the equalisers that begin above the lowest frequency, 12 dB per octave.
    pub high_pass_probability: f64,
    /// Where they begin, in Hz.
    pub high_pass_hz: [f64; 2],
}

impl Default for EqualiserConfig {
    fn default() -> Self {
        Self {
            probability: 0.6,
            tilt_db_per_octave: [-2.0, 2.0],
            bump_db: [-5.0, 5.0],
            bump_hz: [175.0, 3_960.0],
            low_pass_probability: 0.3,
            low_pass_hz: [2_800.0, 7_000.0],
            high_pass_probability: 0.3,
            high_pass_hz: [80.0, 350.0],
        }
    }
}

/// The tilt is 0 dB here.
const TILT_CENTRE_HZ: f64 = 700.0;
/// Below, the tilt goes no further.
const TILT_LOW_HZ: f64 = 60.0;
/// Standard deviation of the bump, in octaves.
const BUMP_OCTAVES: f64 = 0.6;
/// Butterworth's orders: 6 dB per octave each.
const LOW_PASS_ORDER: i32 = 3;
const HIGH_PASS_ORDER: i32 = 2;
/// Steps at which a curve is computed; between them it is straight.
const STEPS: usize = 512;

impl EqualiserConfig {
    pub(crate) fn validate(&self) -> Result<(), SoundError> {
        share("samples.equaliser.probability", self.probability)?;
        let tilt = self.tilt_db_per_octave;
        range("samples.equaliser.tilt_db_per_octave", tilt, -24.0, 24.0)?;
        range("samples.equaliser.bump_db", self.bump_db, -60.0, 60.0)?;
        range("samples.equaliser.bump_hz", self.bump_hz, 1.0, 1e6)?;
        let low = self.low_pass_probability;
        share("samples.equaliser.low_pass_probability", low)?;
        range("samples.equaliser.low_pass_hz", self.low_pass_hz, 1.0, 1e6)?;
        let high = self.high_pass_probability;
        share("samples.equaliser.high_pass_probability", high)?;
        let hz = self.high_pass_hz;
        range("samples.equaliser.high_pass_hz", hz, 1.0, 1e6)
    }

    /// The equaliser of the crop of `seed`, if it passes one.
    pub(crate) fn draw(&self, seed: u64, sample_rate_hz: u32) -> Option<Curve> {
        let mut draws = draws(seed, Stream::Equaliser, self.probability)?;
        let tilt = draws.within(self.tilt_db_per_octave);
        let bump = draws.within(self.bump_db);
        let bump_octave = draws.within(self.bump_hz.map(f64::log2));
        let mut limit = |probability: f64, hz: [f64; 2]| {
            let is_limited = draws.unit() < probability;
            let hz = draws.within(hz);
            is_limited.then_some(hz)
        };
        let low_pass = limit(self.low_pass_probability, self.low_pass_hz);
        let high_pass = limit(self.high_pass_probability, self.high_pass_hz);
        let gain = |hz: f64| {
            let octave = hz.max(TILT_LOW_HZ).log2();
            let offset = (octave - bump_octave) / BUMP_OCTAVES;
            let db =
                tilt * (octave - TILT_CENTRE_HZ.log2()) + bump * (-0.5 * offset * offset).exp();
            let low = low_pass.map_or(1.0, |end| 1.0 + (hz / end).powi(2 * LOW_PASS_ORDER));
            let begin = |begin: f64| 1.0 + (begin / hz.max(1e-3)).powi(2 * HIGH_PASS_ORDER);
            let high = high_pass.map_or(1.0, begin);
            10f64.powf(db / 20.0) / (low * high).sqrt()
        };
        let step_hz = f64::from(sample_rate_hz) / 2.0 / STEPS as f64;
        let gains = (0..=STEPS).map(|step| gain(step as f64 * step_hz) as f32);
        Some(Curve(gains.collect()))
    }
}

/// Gains of amplitudes from 0 Hz to the Nyquist frequency, in even steps.
pub(crate) struct Curve(Vec<f32>);

impl Curve {
    /// Multiplies a spectrum by it.
    pub(crate) fn apply(&self, bins: &mut [Complex<f32>]) {
        let per_bin = STEPS as f32 / (bins.len().max(2) - 1) as f32;
        for (number, bin) in bins.iter_mut().enumerate() {
            let place = number as f32 * per_bin;
            let step = (place as usize).min(STEPS - 1);
            let (low, high) = (self.0[step], self.0[step + 1]);
            *bin *= low + (high - low) * (place - step as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    /// What is left of a sine of this frequency, in dB.
    fn gain_db(config: &EqualiserConfig, hz: f64) -> f64 {
        let curve = config.draw(1, 16_000).unwrap();
        let turn = std::f64::consts::TAU * hz / 16_000.0;
        let sine: Vec<f32> = (0..16_000)
            .map(|i| (turn * i as f64).sin() as f32)
            .collect();
        let mut heard = sine.clone();
        Workspace::default().filter(&mut heard, 16_384, 0, |bins| curve.apply(bins));
        let power = |s: &[f32]| crate::level::mean_power(&s[4_000..12_000]);
        10.0 * (power(&heard) / power(&sine)).log10()
    }

    #[test]
    fn tilt_bump_and_limits_are_as_many_decibels_as_asked_for() {
        let flat = EqualiserConfig {
            probability: 1.0,
            tilt_db_per_octave: [0.0; 2],
            bump_db: [0.0; 2],
            low_pass_probability: 0.0,
            high_pass_probability: 0.0,
            ..EqualiserConfig::default()
        };
        assert!(gain_db(&flat, 1_000.0).abs() < 0.01);
        let tilted = EqualiserConfig {
            tilt_db_per_octave: [2.0; 2],
            ..flat.clone()
        };
        assert!((gain_db(&tilted, 1_400.0) - 2.0).abs() < 0.05);
        assert!((gain_db(&tilted, 350.0) + 2.0).abs() < 0.05);
        let bumped = EqualiserConfig {
            bump_db: [5.0; 2],
            bump_hz: [1_000.0; 2],
            ..flat.clone()
        };
        assert!((gain_db(&bumped, 1_000.0) - 5.0).abs() < 0.05);
        let limited = EqualiserConfig {
            low_pass_probability: 1.0,
            low_pass_hz: [3_000.0; 2],
            high_pass_probability: 1.0,
            high_pass_hz: [200.0; 2],
            ..flat
        };
        // Butterworth's closed form: 3.01 dB at the ends, 18.1 dB at twice and 12.3 dB at half of them.
        for (hz, db) in [
            (200.0, -3.01),
            (3_000.0, -3.01),
            (6_000.0, -18.13),
            (100.0, -12.30),
            (800.0, -0.02),
        ] {
            let found = gain_db(&limited, hz);
            assert!((found - db).abs() < 0.15, "{hz} Hz: {found} dB");
        }
    }
}
