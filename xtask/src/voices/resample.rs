//! A change of sampling rate by any ratio; played at the wrong rate on purpose, a voice gets a longer or shorter vocal
//! tract.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const HALF_WIDTH: f64 = 24.0;

/// `samples` taken at `from_hz`, as they would have been taken at `to_hz` (a sinc under a Hann window, with the
/// pass-band of the lower rate).
pub(crate) fn resample(samples: &[f32], from_hz: f64, to_hz: f64) -> Vec<f32> {
    let step = from_hz / to_hz;
    let cutoff = (1.0 / step).min(1.0) * 0.95;
    let reach = HALF_WIDTH / cutoff;
    let length = (samples.len() as f64 / step).floor() as usize;
    (0..length)
        .map(|index| {
            let centre = index as f64 * step;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(samples.len().saturating_sub(1));
            let sum: f64 = (first..=last)
                .map(|n| f64::from(samples[n]) * kernel(n as f64 - centre, cutoff, reach))
                .sum();
            sum as f32
        })
        .collect()
}

fn kernel(offset: f64, cutoff: f64, reach: f64) -> f64 {
    let window = 0.5 + 0.5 * (PI * offset / reach).cos();
    let x = PI * cutoff * offset;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
    cutoff * window * sinc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency_hz: f64, rate_hz: f64, length: usize) -> Vec<f32> {
        (0..length)
            .map(|n| (2.0 * PI * frequency_hz * n as f64 / rate_hz).sin() as f32)
            .collect()
    }

    #[test]
    fn tone_keeps_its_frequency() {
        let resampled = resample(&tone(1000.0, 22_050.0, 8000), 22_050.0, 16_000.0);
        let expected = tone(1000.0, 16_000.0, resampled.len());
        let inside = 100..resampled.len() - 100;
        let worst = inside
            .map(|n| (resampled[n] - expected[n]).abs())
            .fold(0.0, f32::max);
        assert!(worst < 2e-3, "{worst}");
    }

    #[test]
    fn tone_above_the_new_band_is_removed() {
        let resampled = resample(&tone(9500.0, 22_050.0, 8000), 22_050.0, 16_000.0);
        let inside = &resampled[100..resampled.len() - 100];
        assert!(inside.iter().all(|x| x.abs() < 1e-2));
    }

    #[test]
    fn higher_claimed_rate_raises_the_pitch_and_shortens() {
        let resampled = resample(&tone(1000.0, 22_050.0, 8000), 22_050.0 * 1.2, 16_000.0);
        let expected = tone(1200.0, 16_000.0, resampled.len());
        assert_eq!(resampled.len(), (8000.0 / 1.2 * 16.0 / 22.05_f64) as usize);
        assert!((resampled[2000] - expected[2000]).abs() < 2e-3);
        assert!(resample(&[], 22_050.0, 16_000.0).is_empty());
    }
}
