//! What the samples themselves tell: not-numbers, silence, clipping, offset.

use crate::warning::AudioWarning;

/// Runs of at least this many samples at full scale count as clipped: a loud but whole wave touches
/// full scale with a sample or two.
const CLIPPED_RUN: u64 = 3;

/// A mean larger than this share of full scale is reported; microphones stay below 0.01.
const LARGEST_MEAN: f64 = 0.05;

/// Samples beyond this are not sound: even 32-bit integers stored as floats without scaling stay below.
/// Larger ones would overflow the sums of filters and spectra.
const LARGEST_SAMPLE: f32 = 2_147_483_648.0;

/// Peaks beyond this are not the overshoot of a lossy decoder but samples on another scale.
const LARGEST_PEAK: f32 = 4.0;

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

    /// From now on a sample may be clipped from here on.
    pub(crate) fn set_full_scale(&mut self, full_scale: f32) {
        self.full_scale = full_scale;
    }

    /// Takes whole frames, `[frames * channels]`; NaN and infinity become 0.
    pub(crate) fn pass(&mut self, interleaved: &mut [f32]) {
        let num_channels = self.runs.len();
        for frame in interleaved.chunks_exact_mut(num_channels) {
            for (sample, run) in frame.iter_mut().zip(&mut self.runs) {
                if sample.is_nan() || sample.abs() > LARGEST_SAMPLE {
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
        let peak = self.highest.max(-self.lowest);
        if peak > LARGEST_PEAK {
            warnings.push(AudioWarning::BeyondFullScale { peak });
        } else if self.num_clipped > 0 {
            let share = self.num_clipped as f64 / self.num_samples as f64;
            warnings.push(AudioWarning::Clipping {
                num_samples: self.num_clipped,
                share,
            });
        }
        let mean = self.sum / self.num_samples as f64;
        if mean.abs() > LARGEST_MEAN * f64::from(peak.max(1.0)) {
            warnings.push(AudioWarning::DcOffset { mean });
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(mut samples: Vec<f32>, num_channels: usize) -> Vec<AudioWarning> {
        let mut meter = LevelMeter::new(num_channels, 32_767.0 / 32_768.0);
        meter.pass(&mut samples);
        meter.warnings(1_000)
    }

    fn tone(amplitude: f32) -> impl Iterator<Item = f32> {
        (0..1_000).map(move |index| amplitude * (index as f32 * 0.3).sin())
    }

    #[test]
    fn a_clean_tone_has_no_warning() {
        assert_eq!(warnings(tone(0.9).collect(), 1), []);
    }

    #[test]
    fn a_constant_is_silence_whatever_its_value() {
        for value in [0.0, 0.25] {
            assert_eq!(
                warnings(vec![value; 500], 1),
                [AudioWarning::DigitalSilence { duration_s: 0.5 }]
            );
        }
    }

    #[test]
    fn what_is_no_number_becomes_zero_and_is_counted() {
        let mut samples: Vec<f32> = tone(0.5).collect();
        samples[20] = f32::NAN;
        samples[21] = f32::NEG_INFINITY;
        samples[22] = 1e20;
        let mut meter = LevelMeter::new(2, 1.0);
        meter.pass(&mut samples);
        assert_eq!(samples[20..23], [0.0; 3]);
        assert_eq!(
            meter.warnings(1_000),
            [AudioWarning::NonFinite {
                num_samples: 3,
                first_s: 0.01
            }]
        );
    }

    #[test]
    fn only_runs_at_full_scale_count_as_clipped() {
        let mut samples: Vec<f32> = tone(0.5).collect();
        samples[100..102].fill(1.0);
        assert_eq!(warnings(samples.clone(), 1), []);
        samples[200..204].fill(-1.0);
        assert_eq!(
            warnings(samples, 1),
            [AudioWarning::Clipping {
                num_samples: 4,
                share: 0.004
            }]
        );
    }

    #[test]
    fn a_run_is_counted_by_channel_and_to_the_last_sample() {
        // The left channel is at full scale in the last three frames, the right one is not.
        let mut samples: Vec<f32> = tone(0.5).collect();
        for index in [994, 996, 998] {
            samples[index] = 1.0;
        }
        assert_eq!(
            warnings(samples, 2),
            [AudioWarning::Clipping {
                num_samples: 3,
                share: 0.003
            }]
        );
    }

    #[test]
    fn an_offset_and_another_scale_are_told() {
        assert!(matches!(
            warnings(tone(0.2).map(|x| x + 0.4).collect(), 1)[..],
            [AudioWarning::DcOffset { mean }] if (mean - 0.4).abs() < 0.01
        ));
        assert!(matches!(
            warnings(tone(20_000.0).collect(), 1)[..],
            [AudioWarning::BeyondFullScale { peak }] if (peak - 20_000.0).abs() < 20.0
        ));
    }
}
