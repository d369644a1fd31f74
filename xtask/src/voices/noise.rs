//! Background noise whose power falls as `1 / f^slope`: 0 is white, 1 pink, 2 brown.
//!
//! White Gaussian noise through the all-pole filter of Kasdin, "Discrete simulation of colored noise" (Proc. IEEE 83,
//! 1995), cut at [`POLES`] terms: below `rate / POLES` the spectrum is flat, which is what keeps it from drifting.

use rand::RngExt;

const POLES: usize = 128;

/// `num_samples` of noise of zero mean and unit root mean square.
pub(crate) fn coloured_noise(
    slope: f64,
    num_samples: usize,
    generator: &mut impl RngExt,
) -> Vec<f32> {
    let poles = poles(slope);
    let mut noise: Vec<f64> = Vec::with_capacity(num_samples + POLES);
    for index in 0..num_samples + POLES {
        let past: f64 = noise
            .iter()
            .rev()
            .zip(&poles)
            .map(|(sample, pole)| sample * pole)
            .sum();
        noise.push(gaussian(generator) - past);
        debug_assert!(noise[index].is_finite());
    }
    // The filter starts from rest: its first samples are quieter than the others.
    let noise = &noise[POLES..];
    let count = num_samples.max(1) as f64;
    let mean = noise.iter().sum::<f64>() / count;
    let power = noise.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    let scale = 1.0 / power.sqrt().max(f64::MIN_POSITIVE);
    noise.iter().map(|x| ((x - mean) * scale) as f32).collect()
}

/// Coefficients `a_1..` of `(1 - z^-1)^(slope / 2)`. All are negative for a slope below 2 and sum to more than -1, so
/// that the filter is stable.
fn poles(slope: f64) -> Vec<f64> {
    (1..=POLES)
        .scan(1.0, |last, k| {
            let k = k as f64;
            *last *= (k - 1.0 - slope / 2.0) / k;
            Some(*last)
        })
        .collect()
}

/// One standard normal number (Box and Muller).
pub(crate) fn gaussian(generator: &mut impl RngExt) -> f64 {
    let radius = (-2.0 * (1.0 - generator.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * generator.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::super::streams::{Purpose, stream};
    use super::*;

    /// Mean power at `bin` of blocks of 256 samples under a Hann window.
    fn power_at(noise: &[f32], bin: usize) -> f64 {
        let blocks = noise.chunks_exact(256);
        let count = blocks.len() as f64;
        let power = blocks.map(|block| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in block.iter().enumerate() {
                let turn = std::f64::consts::TAU * n as f64 / 256.0;
                let x = f64::from(*x) * (0.5 - 0.5 * turn.cos());
                re += x * (turn * bin as f64).cos();
                im += x * (turn * bin as f64).sin();
            }
            re * re + im * im
        });
        power.sum::<f64>() / count
    }

    #[test]
    fn power_falls_as_the_slope_says() {
        for slope in [0.0, 0.5, 1.0, 1.5] {
            let noise = coloured_noise(slope, 256 * 800, &mut stream(7, Purpose::Utterance, 0));
            // Two octaves, from 1000 Hz to 4000 Hz at 16 kHz. There the discrete filter is
            // (2 sin(w / 2))^slope, a little flatter than w^slope.
            let [low, high] = [16, 64].map(|bin| power_at(&noise, bin));
            let expected = ((0.25 * std::f64::consts::PI).sin()
                / (0.0625 * std::f64::consts::PI).sin())
            .powf(slope);
            let difference_db = 10.0 * (low / high / expected).log10();
            assert!(
                difference_db.abs() < 0.8,
                "slope {slope}: {difference_db} dB"
            );
        }
    }

    #[test]
    fn noise_has_zero_mean_and_unit_power() {
        let noise = coloured_noise(1.2, 4000, &mut stream(7, Purpose::Utterance, 1));
        let mean = noise.iter().sum::<f32>() / 4000.0;
        let power = noise.iter().map(|x| x * x).sum::<f32>() / 4000.0;
        assert!(mean.abs() < 1e-4 && (power - 1.0).abs() < 1e-3);
        assert!(coloured_noise(1.0, 0, &mut stream(7, Purpose::Utterance, 2)).is_empty());
    }

    #[test]
    fn filter_is_stable() {
        for slope in [0.3, 1.0, 1.9] {
            let poles = poles(slope);
            assert!(poles.iter().all(|a| *a < 0.0) && poles.iter().sum::<f64>() > -1.0);
        }
        // (1 - x)^(1/2) = 1 - x/2 - x^2/8 - x^3/16 - ...
        assert_eq!(poles(1.0)[..3], [-0.5, -0.125, -0.0625]);
    }
}
