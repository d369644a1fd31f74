//! What the samples themselves tell: not-numbers, silence, clipping, offset.

use crate::warning::AudioWarning;

/// Runs of at least this many samples at full scale count as clipped: a loud but whole wave touches
/// full scale with a sample or two.
const CLIPPED_RUN: u64 = 3;

/// A mean larger than this share of full scale is reported; microphones stay below 0.01.
const LARGEST_MEAN: f64 = 0.05;

/// Replaces what is not finite and watches levels while interleaved samples pass through.
#[derive(Debug)]
pub(crate) struct LevelMeter {
    full_scale: f32,
    runs: Vec<u64>,
    num_clipped: u64,
    num_samples: u64,
    num_non_finite: u64,
    first_non_finite_frame: u64,
    num_frames: u64,
    lowest: f32,
    highest: f32,
    sum: f64,
}

impl LevelMeter {
    /// A meter for frames of `num_channels` samples; from `full_scale` on a sample may be clipped.
    pub(crate) fn new(num_channels: usize, full_scale: f32) -> Self {
        Self {
            full_scale,
            runs: vec![0; num_channels],
            num_clipped: 0,
            num_samples: 0,
            num_non_finite: 0,
            first_non_finite_frame: 0,
            num_frames: 0,
            lowest: f32::INFINITY,
            highest: f32::NEG_INFINITY,
            sum: 0.0,
        }
    }

    /// Takes whole frames, `[frames * channels]`; NaN and infinity become 0.
    pub(crate) fn pass(&mut self, interleaved: &mut [f32]) {
        let num_channels = self.runs.len();
        for frame in interleaved.chunks_exact_mut(num_channels) {
            for (sample, run) in frame.iter_mut().zip(&mut self.runs) {
                if !sample.is_finite() {
                    *sample = 0.0;
                    if self.num_non_finite == 0 {
                        self.first_non_finite_frame = self.num_frames;
                    }
                    self.num_non_finite += 1;
                }
                if sample.abs() >= self.full_scale {
                    *run += 1;
                } else {
                    if *run >= CLIPPED_RUN {
                        self.num_clipped += *run;
                    }
                    *run = 0;
                }
                self.lowest = self.lowest.min(*sample);
                self.highest = self.highest.max(*sample);
                self.sum += f64::from(*sample);
            }
            self.num_frames += 1;
        }
        self.num_samples += interleaved.len() as u64;
    }

    /// The warnings for all that passed, at `sample_rate_hz`.
    pub(crate) fn warnings(mut self, sample_rate_hz: u32) -> Vec<AudioWarning> {
        let mut warnings = Vec::new();
        if self.num_samples == 0 {
            return warnings;
        }
        let rate = f64::from(sample_rate_hz);
        for run in std::mem::take(&mut self.runs) {
            if run >= CLIPPED_RUN {
                self.num_clipped += run;
            }
        }
        if self.num_non_finite > 0 {
            warnings.push(AudioWarning::NonFinite {
                num_samples: self.num_non_finite,
                first_s: self.first_non_finite_frame as f64 / rate,
            });
        }
        if self.lowest == self.highest {
            warnings.push(AudioWarning::DigitalSilence {
                duration_s: self.num_frames as f64 / rate,
            });
            return warnings;
        }
        if self.num_clipped > 0 {
            let share = self.num_clipped as f64 / self.num_samples as f64;
            warnings.push(AudioWarning::Clipping {
                num_samples: self.num_clipped,
                share,
            });
        }
        let mean = self.sum / self.num_samples as f64;
        if mean.abs() > LARGEST_MEAN {
            warnings.push(AudioWarning::DcOffset { mean });
        }
        warnings
    }
}
