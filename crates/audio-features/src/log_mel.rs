//! Samples to log-mel features.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::feature_config::{Compression, FeatureConfig, Framing, WindowShape};
use crate::feature_error::FeatureError;
use crate::features::Features;
use crate::mel_scale::MelBank;

/// Log-mel filter bank of one configuration; the FFT is planned once, and the value is shared
/// between threads by reference.
pub struct LogMel {
    window: Vec<f32>,
    hop_samples: usize,
    /// First sample of frame 0, at or before the first sample of the recording.
    first_sample: isize,
    framing: Framing,
    preemphasis: f32,
    remove_dc: bool,
    fft: Arc<dyn RealToComplex<f32>>,
    bank: MelBank,
    compression: Compression,
}

/// Working memory of [`LogMel::extract_into`], reused from recording to recording.
pub struct LogMelScratch {
    frame: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    power: Vec<f32>,
    fft: Vec<Complex<f32>>,
}

impl LogMel {
    /// Plans the transform and builds window and filters.
    ///
    /// # Errors
    /// What [`FeatureConfig::validate`] refuses, and [`FeatureError::EmptyMelBand`].
    pub fn new(config: &FeatureConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        // librosa centres the window in the transform and the transform on the sample; only the
        // position of the window matters for power.
        let first_sample = match config.framing {
            Framing::SnipEdges => 0,
            Framing::CentredReflect => {
                let padding = (config.fft_size - config.window_samples) / 2;
                padding as isize - (config.fft_size / 2) as isize
            }
        };
        Ok(Self {
            window: window(config),
            hop_samples: config.hop_samples,
            first_sample,
            framing: config.framing,
            preemphasis: config.preemphasis as f32,
            remove_dc: config.remove_dc,
            fft: RealFftPlanner::new().plan_fft_forward(config.fft_size),
            bank: MelBank::new(config)?,
            compression: config.compression,
        })
    }

    /// Number of mel bands.
    pub fn num_bins(&self) -> usize {
        self.bank.centres_hz().len()
    }

    pub(crate) fn bank(&self) -> &MelBank {
        &self.bank
    }

    /// Number of frames for a recording of `num_samples`; none without samples.
    pub fn num_frames(&self, num_samples: usize) -> usize {
        match self.framing {
            _ if num_samples == 0 => 0,
            Framing::CentredReflect => 1 + num_samples / self.hop_samples,
            Framing::SnipEdges => num_samples
                .checked_sub(self.window.len())
                .map_or(0, |rest| 1 + rest / self.hop_samples),
        }
    }

    /// Working memory for [`LogMel::extract_into`].
    pub fn scratch(&self) -> LogMelScratch {
        LogMelScratch {
            frame: vec![0.0; self.window.len()],
            input: self.fft.make_input_vec(),
            spectrum: self.fft.make_output_vec(),
            power: vec![0.0; self.fft.len() / 2 + 1],
            fft: self.fft.make_scratch_vec(),
        }
    }

    /// Raw log-mel features `[frames, bins]` of mono `samples` at the configured rate, in [-1, 1].
    ///
    /// A recording shorter than a frame gives no frames with [`Framing::SnipEdges`]. With
    /// [`Framing::CentredReflect`] it is mirrored as often as needed, and a single sample repeated,
    /// which is what `numpy.pad(mode="reflect")` does.
    pub fn extract(&self, samples: &[f32]) -> Features {
        let mut out = Vec::new();
        self.extract_into(samples, &mut self.scratch(), &mut out);
        Features::new(out, self.num_bins())
    }

    /// Like [`LogMel::extract`], into `out` (cleared first), without an allocation per frame.
    ///
    /// `scratch` comes from [`LogMel::scratch`] of the same configuration.
    pub fn extract_into(&self, samples: &[f32], scratch: &mut LogMelScratch, out: &mut Vec<f32>) {
        let num_frames = self.num_frames(samples.len());
        out.clear();
        out.reserve(num_frames * self.num_bins());
        for frame in 0..num_frames {
            let start = self.first_sample + (frame * self.hop_samples) as isize;
            copy_mirrored(samples, start, &mut scratch.frame);
            self.transform(scratch);
            self.bank.apply(&scratch.power, out);
        }
        self.compression.compress(out);
    }

    /// From `scratch.frame` to `scratch.power`.
    fn transform(&self, scratch: &mut LogMelScratch) {
        let frame = &mut scratch.frame;
        if self.remove_dc {
            let mean = sum(frame) / frame.len() as f32;
            frame.iter_mut().for_each(|sample| *sample -= mean);
        }
        let (windowed, padding) = scratch.input.split_at_mut(frame.len());
        // Kaldi takes the first sample for its own predecessor.
        windowed[0] = (frame[0] - self.preemphasis * frame[0]) * self.window[0];
        for ((out, pair), window) in windowed[1..]
            .iter_mut()
            .zip(frame.windows(2))
            .zip(&self.window[1..])
        {
            *out = (pair[1] - self.preemphasis * pair[0]) * window;
        }
        padding.fill(0.0);
        let outcome = self.fft.process_with_scratch(
            &mut scratch.input,
            &mut scratch.spectrum,
            &mut scratch.fft,
        );
        debug_assert!(outcome.is_ok(), "buffers come from the plan");
        for (power, bin) in scratch.power.iter_mut().zip(&scratch.spectrum) {
            *power = bin.norm_sqr();
        }
    }
}

/// The analysis window, with the scale of the samples multiplied in.
pub(crate) fn window(config: &FeatureConfig) -> Vec<f32> {
    let length = config.window_samples as f64;
    let hann =
        |i: usize, period: f64| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / period).cos();
    (0..config.window_samples)
        .map(|i| match config.window {
            WindowShape::Hann => hann(i, length),
            WindowShape::Povey => hann(i, length - 1.0).powf(0.85),
        })
        .map(|value| (value * config.sample_scale) as f32)
        .collect()
}

/// Fills `out` with the samples from `start` on, mirrored (without repeating the end sample) where
/// they lie outside; `samples` is not empty.
fn copy_mirrored(samples: &[f32], start: isize, out: &mut [f32]) {
    let inside = usize::try_from(start)
        .ok()
        .and_then(|start| samples.get(start..start.checked_add(out.len())?));
    if let Some(inside) = inside {
        out.copy_from_slice(inside);
        return;
    }
    let last = samples.len() - 1;
    let period = (2 * last).max(1) as isize;
    for (i, value) in out.iter_mut().enumerate() {
        let position = (start + i as isize).rem_euclid(period) as usize;
        *value = samples[position.min(2 * last - position)];
    }
}

/// Sum in eight running sums, so that it vectorises and rounds less.
fn sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_is_that_of_numpy() {
        let mut out = [0.0; 9];
        copy_mirrored(&[0.0, 1.0, 2.0], -3, &mut out);
        // numpy.pad([0, 1, 2], (3, 3), mode="reflect")
        assert_eq!(out, [1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0]);
        copy_mirrored(&[7.0], -3, &mut out);
        assert_eq!(out, [7.0; 9]);
    }

    #[test]
    fn frame_counts() {
        let librosa = LogMel::new(&FeatureConfig::librosa()).unwrap();
        let kaldi = LogMel::new(&FeatureConfig::kaldi()).unwrap();
        for (samples, centred, snipped) in [
            (0, 0, 0),
            (1, 1, 0),
            (399, 3, 0),
            (400, 3, 1),
            (560, 4, 2),
            (6_399, 40, 38),
        ] {
            assert_eq!(
                librosa.extract(&vec![0.1; samples]).num_frames(),
                centred,
                "{samples}"
            );
            assert_eq!(
                kaldi.extract(&vec![0.1; samples]).num_frames(),
                snipped,
                "{samples}"
            );
        }
    }

    #[test]
    fn silence_gives_the_floor_not_nan() {
        let kaldi = LogMel::new(&FeatureConfig::kaldi())
            .unwrap()
            .extract(&[0.0; 1_600]);
        assert!(kaldi.data().iter().all(|&v| v == f32::EPSILON.ln()));
        let librosa = LogMel::new(&FeatureConfig::librosa())
            .unwrap()
            .extract(&[0.0; 1_600]);
        assert!(librosa.data().iter().all(|&v| v == 0.0));
    }

    #[test]
    fn reused_scratch_changes_nothing() {
        let log_mel = LogMel::new(&FeatureConfig::kaldi()).unwrap();
        let loud: Vec<f32> = (0..4_000).map(|i| (i as f32 * 0.3).sin()).collect();
        let quiet: Vec<f32> = loud.iter().map(|v| v * 1e-3).collect();
        let (mut scratch, mut out) = (log_mel.scratch(), Vec::new());
        log_mel.extract_into(&loud, &mut scratch, &mut out);
        log_mel.extract_into(&quiet, &mut scratch, &mut out);
        assert_eq!(out, log_mel.extract(&quiet).into_data());
    }

    #[test]
    fn log_mel_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<LogMel>();
    }
}
