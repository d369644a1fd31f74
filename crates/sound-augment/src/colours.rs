//! Noises that need no recordings.

use audio_features::augment::Draws;
use serde::{Deserialize, Serialize};

/// A kind of noise that is made, not recorded.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Equal power per Hz.
    White,
    /// Power falls by 3 dB per octave.
    Pink,
    /// Power falls by 6 dB per octave, from about 20 Hz on.
    Brown,
    /// Eight harmonics of 50, 60, 100 or 120 Hz over white noise.
    Hum,
}

/// Time constant of brown noise's forgetting, in seconds.
const BROWN_S: f64 = 0.008;

impl Colour {
    /// `len` samples of it; their level is none in particular.
    pub(crate) fn make(self, draws: &mut Draws, len: usize, sample_rate_hz: u32) -> Vec<f32> {
        let hum = (self == Self::Hum).then(|| hum(draws, len, sample_rate_hz));
        let mut samples = vec![0.0; len];
        draws.normals(&mut samples);
        match self {
            Self::White => {}
            Self::Pink => pink(&mut samples),
            Self::Brown => {
                let kept = (-1.0 / (BROWN_S * f64::from(sample_rate_hz))).exp() as f32;
                let mut state = 0.0;
                for sample in &mut samples {
                    state = kept * state + *sample;
                    *sample = state;
                }
            }
            Self::Hum => {
                for (sample, hum) in samples.iter_mut().zip(hum.unwrap_or_default()) {
                    *sample = 0.3 * *sample + hum;
                }
            }
        }
        samples
    }
}

/// Paul Kellet's sum of one-pole filters, within 0.5 dB of 3 dB per octave.
fn pink(samples: &mut [f32]) {
    const POLES: [(f32, f32); 3] = [(0.99765, 0.099046), (0.963, 0.29651), (0.57, 1.05269)];
    let mut states = [0.0f32; 3];
    for sample in samples {
        let white = *sample;
        *sample *= 0.1848;
        for (state, (pole, gain)) in states.iter_mut().zip(POLES) {
            *state = pole * *state + gain * white;
            *sample += *state;
        }
    }
}

fn hum(draws: &mut Draws, len: usize, sample_rate_hz: u32) -> Vec<f32> {
    let hz = [50.0, 60.0, 100.0, 120.0][draws.below(4)];
    let mut samples = vec![0.0; len];
    for harmonic in 1..=8 {
        let turn = std::f64::consts::TAU * hz * f64::from(harmonic) / f64::from(sample_rate_hz);
        let phase = std::f64::consts::TAU * draws.unit();
        // A rotation a sample: the phasor's sine.
        let (step_sin, step_cos) = turn.sin_cos();
        let (mut sin, mut cos) = phase.sin_cos();
        let gain = 1.0 / f64::from(harmonic);
        for sample in &mut samples {
            *sample += (gain * sin) as f32;
            (sin, cos) = (
                sin * step_cos + cos * step_sin,
                cos * step_cos - sin * step_sin,
            );
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    /// Power of `samples` between two frequencies, in dB per Hz.
    fn density(samples: &[f32], from_hz: usize, to_hz: usize) -> f64 {
        let size = 1 << 18;
        let bins = Workspace::default().transform(samples, size).clone();
        let bin = |hz: usize| hz * size / 16_000;
        let band = &bins[bin(from_hz)..bin(to_hz)];
        let sum: f64 = band.iter().map(|b| f64::from(b.norm_sqr())).sum();
        10.0 * (sum / band.len() as f64).log10()
    }

    #[test]
    fn every_colour_has_its_slope() {
        for (colour, slope) in [
            (Colour::White, 0.0),
            (Colour::Pink, -3.01),
            (Colour::Brown, -6.02),
        ] {
            let mut draws = Draws::when(3, 1u64, 1.0).unwrap();
            let samples = colour.make(&mut draws, 1 << 18, 16_000);
            // Three octaves.
            let found = (density(&samples, 1_600, 2_400) - density(&samples, 200, 300)) / 3.0;
            assert!((found - slope).abs() < 0.25, "{colour:?}: {found}");
        }
    }

    #[test]
    fn hum_is_made_of_harmonics() {
        let mut draws = Draws::when(3, 1u64, 1.0).unwrap();
        let samples = Colour::Hum.make(&mut draws, 1 << 18, 16_000);
        assert!(density(&samples, 40, 130) > density(&samples, 2_000, 4_000) + 20.0);
    }
}
