//! A thin line between a speaker and a recording: what a channel does that a network's front end is to take away.

use std::f64::consts::TAU;

/// Where the line's band begins, in Hz; 24 dB per octave.
const LOW_HZ: f64 = 1_000.0;
/// Where it ends; 12 dB per octave.
const HIGH_HZ: f64 = 3_000.0;

/// Samples as they come out of the line: no noise, no codec, nothing but a filter, which a mean over the recording's log-mel takes
/// away nearly whole.
pub(super) fn over_a_thin_line(samples: &[f32], sample_rate_hz: u32) -> Vec<f32> {
    let rate = f64::from(sample_rate_hz);
    let edge = |hz: f64| hz.min(0.4 * rate) / rate;
    let mut passed = samples.to_vec();
    for (is_high, edge) in [
        (true, edge(LOW_HZ)),
        (true, edge(LOW_HZ)),
        (false, edge(HIGH_HZ)),
    ] {
        second_order(&mut passed, is_high, edge);
    }
    passed
}

/// A Butterworth filter of second order by the bilinear transform, in place; its edge is a share of the rate.
fn second_order(samples: &mut [f32], is_high: bool, edge: f64) {
    let (sine, cosine) = (TAU * edge).sin_cos();
    let alpha = sine / 2f64.sqrt();
    let a0 = 1.0 + alpha;
    let sign = if is_high { -1.0 } else { 1.0 };
    let outer = (1.0 - sign * cosine) / (2.0 * a0);
    let (b, a) = (
        [outer, 2.0 * sign * outer, outer],
        [-2.0 * cosine / a0, (1.0 - alpha) / a0],
    );
    let (mut first, mut second) = (0.0, 0.0);
    for sample in samples {
        let x = f64::from(*sample);
        let y = b[0] * x + first;
        first = b[1] * x - a[0] * y + second;
        second = b[2] * x - a[1] * y;
        *sample = y as f32;
    }
}

#[cfg(test)]
mod tests {
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
