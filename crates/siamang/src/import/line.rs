//! A thin line between a speaker and a recording: what a channel does that a network's front end is to take away.

use sound_augment::butterworth::{filter, high_pass, low_pass};

/// Where the line's band begins, in Hz; 24 dB per octave.
const LOW_HZ: f64 = 1_000.0;
/// Where it ends; 12 dB per octave.
const HIGH_HZ: f64 = 3_000.0;

/// Samples as they come out of the line: no noise, no codec, nothing but a filter, which a mean over the recording's log-mel takes
/// away nearly whole.
pub(super) fn over_a_thin_line(samples: &[f32], sample_rate_hz: u32) -> Vec<f32> {
    let rate = f64::from(sample_rate_hz);
    let [low, high] = [LOW_HZ, HIGH_HZ].map(|hz| hz.min(0.4 * rate));
    let mut passed = samples.to_vec();
    for sections in [
        high_pass(2, low, rate),
        high_pass(2, low, rate),
        low_pass(2, high, rate),
    ] {
        filter(&sections, &mut passed);
    }
    passed
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Power of a tone behind the line, in dB of that before.
    fn gain_db(hz: f64) -> f64 {
        let tone: Vec<f32> = (0..16_000)
            .map(|n| (TAU * hz * f64::from(n) / 16_000.0).sin() as f32)
            .collect();
        let power = |samples: &[f32]| -> f64 {
            samples[4_000..].iter().map(|v| f64::from(*v).powi(2)).sum()
        };
        10.0 * (power(&over_a_thin_line(&tone, 16_000)) / power(&tone)).log10()
    }

    #[test]
    fn edges_lose_what_butterworth_filters_lose() {
        // Twice 3 dB below, once above; 24 dB an octave below the band and nothing in it.
        let at = [
            (1_000.0, -6.02),
            (3_000.0, -3.06),
            (250.0, -48.6),
            (1_800.0, -1.2),
        ];
        for (hz, expected) in at {
            let found = gain_db(hz);
            assert!((found - expected).abs() < 0.6, "{hz} Hz: {found} dB");
        }
    }
}
