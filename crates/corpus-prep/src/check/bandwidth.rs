//! How far up a recording's spectrum reaches.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Samples of a frame, 32 ms at 16 kHz.
const FRAME: usize = 512;

/// Frames more than this below the loudest, as a ratio of energies, are pauses: their noise is not the voice's.
const PAUSE: f32 = 1e-3;

/// The band reaches as far as the power is above this share of the mean power from 300 to 3,400 Hz (−50 dB). Of
/// speech from telephones the band ends there between 3.9 and 4.6 kHz, of wide-band speech above 5 kHz.
const FLOOR: f32 = 1e-5;

/// Bins over which the spectrum is smoothed.
const SMOOTHING: usize = 5;

/// Measures bandwidths; made once, for all threads.
pub(super) struct Bandwidth {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
}

impl Bandwidth {
    pub(super) fn new() -> Self {
        let step = std::f32::consts::TAU / FRAME as f32;
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(FRAME),
            window: (0..FRAME)
                .map(|i| 0.5 - 0.5 * (step * i as f32).cos())
                .collect(),
        }
    }

    /// The highest frequency with sound, in Hz, of samples at `sample_rate_hz`; `None` for silence and for less than
    /// a frame.
    pub(super) fn measure(&self, samples: &[f32], sample_rate_hz: u32) -> Option<f32> {
        let mut frames: Vec<(f32, Vec<f32>)> = Vec::new();
        let mut input = self.transform.make_input_vec();
        let mut output = self.transform.make_output_vec();
        for frame in samples.chunks_exact(FRAME) {
            for (to, (sample, weight)) in input.iter_mut().zip(frame.iter().zip(&self.window)) {
                *to = sample * weight;
            }
            self.transform.process(&mut input, &mut output).ok()?;
            let power: Vec<f32> = output.iter().map(|bin| bin.norm_sqr()).collect();
            frames.push((power.iter().sum(), power));
        }
        let loudest = frames.iter().map(|(energy, _)| *energy).fold(0.0, f32::max);
        let mut spectrum = vec![0.0; FRAME / 2 + 1];
        for (_, power) in frames
            .iter()
            .filter(|(energy, _)| *energy > PAUSE * loudest)
        {
            spectrum
                .iter_mut()
                .zip(power)
                .for_each(|(sum, power)| *sum += power);
        }
        let bin_hz = sample_rate_hz as f32 / FRAME as f32;
        let bins = |from_hz: f32, to_hz: f32| {
            (from_hz / bin_hz).ceil() as usize..(to_hz / bin_hz) as usize + 1
        };
        let voice = spectrum.get(bins(300.0, 3_400.0))?;
        let level = voice.iter().sum::<f32>() / voice.len() as f32;
        if level <= 0.0 {
            return None;
        }
        let smooth = spectrum
            .windows(SMOOTHING)
            .map(|bins| bins.iter().sum::<f32>() / SMOOTHING as f32);
        let (last, _) = smooth
            .enumerate()
            .rfind(|(_, power)| *power > FLOOR * level)?;
        Some((last + SMOOTHING / 2) as f32 * bin_hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Harmonics of 100 Hz up to a limit that fall by 6 dB an octave, with the rounding of 16 bits.
    fn voice(limit_hz: f32) -> Vec<f32> {
        (0..16_000)
            .map(|i| {
                let time_s = i as f32 / 16_000.0;
                let tones = (1..)
                    .map(|k| k as f32 * 100.0)
                    .take_while(|hz| *hz < limit_hz);
                let sum: f32 = tones
                    .map(|hz| (std::f32::consts::TAU * hz * time_s + hz).sin() * 100.0 / hz)
                    .sum();
                (sum * 0.1 * 32_768.0).round() / 32_768.0
            })
            .collect()
    }

    #[test]
    fn the_band_ends_where_the_harmonics_do() {
        let bandwidth = Bandwidth::new();
        for limit_hz in [3_600.0, 5_500.0, 7_500.0] {
            let found = bandwidth.measure(&voice(limit_hz), 16_000).unwrap();
            assert!((found - limit_hz).abs() < 250.0, "{found} for {limit_hz}");
        }
    }

    #[test]
    fn silence_and_scraps_have_no_band() {
        let bandwidth = Bandwidth::new();
        assert_eq!(bandwidth.measure(&[0.0; 16_000], 16_000), None);
        assert_eq!(bandwidth.measure(&[0.1; 100], 16_000), None);
    }
}
