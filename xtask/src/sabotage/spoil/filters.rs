//! Second-order filters (R. Bristow-Johnson's cookbook), in cascades.

use std::f64::consts::PI;

use crate::sabotage::material::RATE_HZ;

/// Which part of the spectrum passes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    Below,
    Above,
}

/// `samples` below or above a frequency; eight poles: 48 dB an octave.
pub(crate) fn pass(samples: &[f32], pass: Pass, hz: f64) -> Vec<f32> {
    let mut now: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    // Qualities of a Butterworth filter of eighth order.
    for quality in [0.509_8, 0.601_3, 0.9, 2.562_9] {
        section(&mut now, pass, hz, quality);
    }
    now.into_iter().map(|sample| sample as f32).collect()
}

fn section(samples: &mut [f64], pass: Pass, hz: f64, quality: f64) {
    let angle = 2.0 * PI * hz / f64::from(RATE_HZ);
    let (sine, cosine) = angle.sin_cos();
    let alpha = sine / (2.0 * quality);
    let (outer, inner) = match pass {
        Pass::Below => ((1.0 - cosine) / 2.0, 1.0 - cosine),
        Pass::Above => ((1.0 + cosine) / 2.0, -(1.0 + cosine)),
    };
    let norm = 1.0 + alpha;
    let (b0, b1) = (outer / norm, inner / norm);
    let (a1, a2) = (-2.0 * cosine / norm, (1.0 - alpha) / norm);
    let (mut first, mut second) = (0.0, 0.0);
    for sample in samples {
        let out = b0 * *sample + first;
        first = b1 * *sample - a1 * out + second;
        second = b0 * *sample - a2 * out;
        *sample = out;
    }
}

/// What a telephone lets through: 300 to 3,400 Hz.
pub(crate) fn telephone(samples: &[f32]) -> Vec<f32> {
    pass(&pass(samples, Pass::Below, 3_400.0), Pass::Above, 300.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level of a tone behind the filter, in decibels.
    fn gain_db(hz: f64, filter: impl Fn(&[f32]) -> Vec<f32>) -> f64 {
        let tone: Vec<f32> = (0..16_000)
            .map(|n| (2.0 * PI * hz * f64::from(n) / f64::from(RATE_HZ)).sin() as f32)
            .collect();
        let power = |samples: &[f32]| -> f64 {
            samples[8_000..]
                .iter()
                .map(|sample| f64::from(*sample).powi(2))
                .sum()
        };
        10.0 * (power(&filter(&tone)) / power(&tone)).log10()
    }

    #[test]
    fn a_telephone_keeps_the_middle_and_loses_the_ends() {
        assert!(gain_db(1_000.0, telephone).abs() < 0.1);
        assert!((gain_db(3_400.0, telephone) + 3.0).abs() < 0.1);
        assert!((gain_db(300.0, telephone) + 3.0).abs() < 0.1);
        assert!(gain_db(5_000.0, telephone) < -30.0);
        assert!(gain_db(7_500.0, telephone) < -100.0);
        assert!(gain_db(100.0, telephone) < -70.0);
    }
}
