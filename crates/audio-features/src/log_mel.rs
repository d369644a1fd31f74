//! Samples to log-mel features.
//!
//! Frames are computed as many at a time as a vector register has lanes, one frame in each lane, from
//! the samples to the logarithm: each step is then the same few instructions for all of them, and
//! no step but the first and the last moves values between lanes.

pub(crate) mod stream;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::feature_config::{Compression, FeatureConfig, Framing, PreemphasisOver, WindowShape};
use crate::feature_error::FeatureError;
use crate::features::Features;
use crate::hops::{Hops, Outside};
use crate::lanes::{Lanes, MAX_LANES};
use crate::mel_scale::MelBank;
use crate::raised_level::MeanSquare;
use crate::spectrum::{Spectrum, SpectrumScratch};
use crate::transpose::transpose;
use crate::windows::Windows;

/// Log-mel filter bank of one configuration; the FFT is planned once, and the value is shared
/// between threads by reference.
pub struct LogMel {
    window: Vec<f32>,
    hop_samples: usize,
    fft_size: usize,
    /// First sample of frame 0, at or before the first sample of the recording.
    first_sample: isize,
    framing: Framing,
    /// What stands for samples before the first and behind the last.
    outside: Outside,
    /// Coefficients within each frame, and over the recording; one of them is 0.
    preemphasis: f32,
    recording_preemphasis: f32,
    remove_dc: bool,
    least_level_dbfs: Option<f64>,
    whole_windows: Option<Windows>,
    spectrum: Spectrum,
    bank: MelBank,
    compression: Compression,
}

/// Working memory of [`LogMel::extract_into`], reused from recording to recording.
pub struct LogMelScratch {
    hops: Hops,
    frames: Lanes,
    spectrum: SpectrumScratch,
    power: Lanes,
    bands: Lanes,
    rows: Vec<f32>,
    quads: Vec<[f32; 4]>,
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
            Framing::KaldiMirrored => {
                (config.hop_samples / 2) as isize - (config.window_samples / 2) as isize
            }
            Framing::CentredReflect | Framing::CentredZeros | Framing::CentredZerosWholeHops => {
                let padding = (config.fft_size - config.window_samples) / 2;
                padding as isize - (config.fft_size / 2) as isize
            }
        };
        let outside = match config.framing {
            Framing::SnipEdges | Framing::CentredReflect => Outside::Mirrored,
            Framing::KaldiMirrored => Outside::MirroredRepeated,
            Framing::CentredZeros | Framing::CentredZerosWholeHops => Outside::Zeros,
        };
        let preemphasis = config.preemphasis as f32;
        let (preemphasis, recording_preemphasis) = match config.preemphasis_over {
            PreemphasisOver::Frame => (preemphasis, 0.0),
            PreemphasisOver::Recording => (0.0, preemphasis),
        };
        Ok(Self {
            window: window(config),
            hop_samples: config.hop_samples,
            fft_size: config.fft_size,
            first_sample,
            framing: config.framing,
            preemphasis,
            recording_preemphasis,
            outside,
            remove_dc: config.remove_dc,
            least_level_dbfs: config.least_level_dbfs,
            whole_windows: config.whole_windows,
            spectrum: Spectrum::new(config.fft_size),
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
        let num_frames = match self.framing {
            _ if num_samples == 0 => 0,
            Framing::CentredReflect | Framing::CentredZeros => 1 + num_samples / self.hop_samples,
            Framing::CentredZerosWholeHops => num_samples / self.hop_samples,
            Framing::KaldiMirrored => (num_samples + self.hop_samples / 2) / self.hop_samples,
            Framing::SnipEdges => num_samples
                .checked_sub(self.window.len())
                .map_or(0, |rest| 1 + rest / self.hop_samples),
        };
        self.whole_windows
            .map_or(num_frames, |windows| windows.filled(num_frames))
    }

    /// Working memory for [`LogMel::extract_into`].
    pub fn scratch(&self) -> LogMelScratch {
        LogMelScratch {
            hops: Hops::new(
                self.window.len(),
                self.hop_samples,
                self.outside,
                self.recording_preemphasis,
            ),
            frames: Lanes::new(self.fft_size),
            spectrum: self.spectrum.scratch(),
            power: Lanes::new(self.fft_size / 2 + 1),
            bands: Lanes::new(self.num_bins()),
            rows: vec![0.0; MAX_LANES * self.num_bins()],
            quads: Vec::new(),
        }
    }

    /// Raw log-mel features `[frames, bins]` of mono `samples` at the configured rate, in [-1, 1].
    ///
    /// A recording shorter than a frame gives no frames with [`Framing::SnipEdges`]. With
    /// [`Framing::CentredReflect`] it is mirrored as often as needed, and a single sample repeated,
    /// which is what `numpy.pad(mode="reflect")` does.
    pub fn extract(&self, samples: &[f32]) -> Features {
        // Fresh zeros cost nothing, unlike a vector that is filled with them.
        let mut out = vec![0.0; self.num_frames(samples.len()) * self.num_bins()];
        self.extract_into(samples, &mut self.scratch(), &mut out);
        Features::new(out, self.num_bins())
    }

    /// Like [`LogMel::extract`], into `out`, which is overwritten, without an allocation per frame.
    ///
    /// `scratch` comes from [`LogMel::scratch`] of the same configuration.
    pub fn extract_into(&self, samples: &[f32], scratch: &mut LogMelScratch, out: &mut Vec<f32>) {
        out.resize(self.num_frames(samples.len()) * self.num_bins(), 0.0);
        if !out.is_empty() {
            Arch::new().dispatch(Extraction {
                log_mel: self,
                samples,
                first_sample: self.first_sample,
                scratch,
                out,
            });
            self.raise(|| MeanSquare::of(samples), out);
        }
    }

    /// Makes features as loud as a quiet recording is to be: of powers that is a factor.
    fn raise(&self, mean_square: impl FnOnce() -> MeanSquare, features: &mut [f32]) {
        if let Some(least) = self.least_level_dbfs {
            let gain = mean_square().power_gain(least);
            if gain != 1.0 {
                features.iter_mut().for_each(|power| *power *= gain);
            }
        }
    }

    /// Frames `frames` of what [`LogMel::extract`] gives for a recording of `num_samples`, to the bit, from the samples
    /// that they depend on alone (all, where the level of a quiet recording is raised): `read` is asked for these by their range. Frames that there are not are left out.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn extract_frames<E>(
        &self,
        num_samples: usize,
        frames: Range<usize>,
        read: impl FnOnce(Range<usize>) -> Result<Vec<f32>, E>,
    ) -> Result<Features, E> {
        let num_frames = self.num_frames(num_samples);
        let frames = frames.start.min(num_frames)..frames.end.min(num_frames);
        if frames.is_empty() {
            return Ok(Features::new(Vec::new(), self.num_bins()));
        }
        let range = self.samples_of(frames.clone(), num_samples);
        let samples = read(range.clone())?;
        let mut out = vec![0.0; frames.len() * self.num_bins()];
        if !samples.is_empty() {
            Arch::new().dispatch(Extraction {
                log_mel: self,
                samples: &samples,
                first_sample: self.start_of(frames.start) - range.start as isize,
                scratch: &mut self.scratch(),
                out: &mut out,
            });
            self.raise(|| MeanSquare::of(&samples), &mut out);
        }
        Ok(Features::new(out, self.num_bins()))
    }

    /// Where a frame begins, in samples from the first of the recording; before it for the first centred frames.
    fn start_of(&self, frame: usize) -> isize {
        (frame * self.hop_samples) as isize + self.first_sample
    }

    /// The samples that frames depend on, those included that are mirrored at the ends. `frames` is not empty.
    fn samples_of(&self, frames: Range<usize>, num_samples: usize) -> Range<usize> {
        let length = num_samples as isize;
        let start = self.start_of(frames.start);
        let end = self.start_of(frames.end - 1) + self.window.len() as isize;
        let (before, after) = ((-start).max(0), (end - length).max(0));
        // Both ends, or mirrored more than once, or the level of it all: everything is needed.
        if self.least_level_dbfs.is_some() || before > 0 && after > 0 || before.max(after) >= length
        {
            return 0..num_samples;
        }
        // Sample -n is sample n, and n beyond the last is n before it.
        let first = start.max(0).min(if after > 0 {
            length - 1 - after
        } else {
            length
        });
        let last = end.min(length).max(if before > 0 { before + 1 } else { 0 });
        // Preemphasis over the recording looks at the sample before.
        let before = isize::from(self.recording_preemphasis != 0.0 && first > 0);
        (first - before) as usize..last as usize
    }

    /// Windows the frames in `scratch.hops` into `scratch.frames`.
    #[inline(always)]
    fn window<S: Simd>(&self, simd: S, scratch: &mut LogMelScratch) {
        let hops = &scratch.hops;
        let mean = if self.remove_dc {
            let scale = simd.splat_f32s(1.0 / self.window.len() as f32);
            simd.mul_f32s(hops.sum(simd, self.window.len()), scale)
        } else {
            simd.splat_f32s(0.0)
        };
        let preemphasis = simd.splat_f32s(self.preemphasis);
        let frames = scratch.frames.simd_mut::<S>(self.fft_size);
        let (windowed, padding) = frames.split_at_mut(self.window.len());
        // Kaldi takes the first sample for its own predecessor.
        let mut previous = simd.sub_f32s(hops.sample::<S>(0, 0), mean);
        for (q, (frame, window)) in windowed
            .chunks_mut(self.hop_samples)
            .zip(self.window.chunks(self.hop_samples))
            .enumerate()
        {
            for (r, (out, weight)) in frame.iter_mut().zip(window).enumerate() {
                let sample = simd.sub_f32s(hops.sample::<S>(r, q), mean);
                let emphasised = simd.negate_mul_add_e_f32s(preemphasis, previous, sample);
                *out = simd.mul_f32s(emphasised, simd.splat_f32s(*weight));
                previous = sample;
            }
        }
        padding.fill(simd.splat_f32s(0.0));
    }
}

/// [`LogMel::extract_into`] of at least one frame; `out` has its final length.
struct Extraction<'a> {
    log_mel: &'a LogMel,
    samples: &'a [f32],
    /// First sample of the first frame, counted from the first of `samples`.
    first_sample: isize,
    scratch: &'a mut LogMelScratch,
    out: &'a mut [f32],
}

impl WithSimd for Extraction<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const { assert!(S::F32_LANES <= MAX_LANES) };
        let (log_mel, scratch) = (self.log_mel, self.scratch);
        let (lanes, num_bins) = (S::F32_LANES, log_mel.num_bins());
        for (batch, rows) in self.out.chunks_mut(lanes * num_bins).enumerate() {
            let start = (batch * lanes * log_mel.hop_samples) as isize + self.first_sample;
            scratch.hops.load(self.samples, start, lanes);
            log_mel.window(simd, scratch);
            let frames = scratch.frames.simd_mut::<S>(log_mel.fft_size);
            let power = scratch.power.simd_mut::<S>(log_mel.fft_size / 2 + 1);
            log_mel
                .spectrum
                .power(simd, frames, &mut scratch.spectrum, power);
            log_mel
                .bank
                .apply_to_lanes(simd, power, scratch.bands.simd_mut::<S>(num_bins));
            let bands = &mut scratch.bands.values_mut()[..lanes * num_bins];
            log_mel.compression.compress(bands);
            // The last frames may be fewer than the lanes. Rows are put together in the cache, so that
            // the result is written in order.
            let num_frames = rows.len() / num_bins;
            let complete = &mut scratch.rows[..rows.len()];
            let quads = &mut scratch.quads;
            transpose(
                bands,
                lanes,
                num_frames,
                complete,
                num_bins,
                quads,
                |band| band,
            );
            rows.copy_from_slice(complete);
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
            WindowShape::HannSymmetric => hann(i, length - 1.0),
            WindowShape::Povey => hann(i, length - 1.0).powf(0.85),
            // 0.54 - 0.46 cos is 0.08 + 0.92 (0.5 - 0.5 cos).
            WindowShape::Hamming => 0.92f64.mul_add(hann(i, length - 1.0), 0.08),
            WindowShape::HammingPeriodic => 0.92f64.mul_add(hann(i, length), 0.08),
        })
        .map(|value| (value * config.sample_scale) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::stream::STREAM_FRAMES;
    use super::*;

    /// Every framing, over frames and over the recording.
    fn every_framing() -> Vec<FeatureConfig> {
        let mut configs = vec![
            FeatureConfig::kaldi(),
            FeatureConfig::librosa(),
            FeatureConfig::sherpa(),
            FeatureConfig::nemo(),
            FeatureConfig::speechbrain(),
            FeatureConfig::resemblyzer(),
        ];
        configs.push(FeatureConfig {
            preemphasis_over: PreemphasisOver::Recording,
            ..FeatureConfig::sherpa()
        });
        configs
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
    fn any_width_of_registers_gives_the_same_features() {
        // Steps of 2^-23 as a 24-bit recording has; 37 frames fill no register.
        let samples: Vec<f32> = (0..6_160u32)
            .map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 8) as f32 / 1e7 - 0.8)
            .collect();
        // A length that is a power of two, and one that is not.
        for (fft_size, window_samples) in [(512, 400), (400, 400)] {
            let config = FeatureConfig {
                fft_size,
                window_samples,
                num_bins: 40,
                ..FeatureConfig::kaldi()
            };
            let log_mel = LogMel::new(&config).unwrap();
            let widest = log_mel.extract(&samples);
            let mut out = vec![0.0; widest.data().len()];
            Extraction {
                log_mel: &log_mel,
                samples: &samples,
                first_sample: log_mel.first_sample,
                scratch: &mut log_mel.scratch(),
                out: &mut out,
            }
            .with_simd(pulp::Scalar);
            for (wide, narrow) in widest.data().iter().zip(&out) {
                assert!((wide - narrow).abs() < 1e-4, "{wide} {narrow}");
            }
        }
    }

    #[test]
    fn a_frame_does_not_depend_on_its_neighbours_nor_on_its_lane() {
        let log_mel = LogMel::new(&FeatureConfig::kaldi()).unwrap();
        let samples: Vec<f32> = (0..8_000).map(|i| (i as f32 * 0.3).sin()).collect();
        let whole = log_mel.extract(&samples);
        for frame in 0..whole.num_frames() {
            let alone = log_mel.extract(&samples[160 * frame..][..400]);
            assert_eq!(alone.data(), whole.frame(frame), "frame {frame}");
        }
    }

    /// With either framing, at both ends, and in recordings that are shorter than a window.
    #[test]
    fn some_frames_alone_are_those_of_the_whole_recording() {
        for config in every_framing() {
            let log_mel = LogMel::new(&config).unwrap();
            for num_samples in [1, 2, 150, 399, 400, 401, 639, 1_000, 4_321] {
                let samples: Vec<f32> = (0..num_samples).map(|i| (i as f32 * 0.3).sin()).collect();
                let whole = log_mel.extract(&samples);
                for start in 0..whole.num_frames() {
                    for end in start + 1..=whole.num_frames() + 1 {
                        let mut asked = 0..0;
                        let found = log_mel.extract_frames(num_samples, start..end, |range| {
                            asked = range.clone();
                            Ok::<_, ()>(samples[range].to_vec())
                        });
                        let found = found.unwrap();
                        let expected = whole.rows(start..end.min(whole.num_frames()));
                        assert_eq!(found.data(), expected, "{num_samples} {start}..{end}");
                        // No more is read than frames cover, mirrored samples included.
                        let most = (end - start - 1) * config.hop_samples + config.fft_size + 2;
                        // The level of a recording is that of all of it.
                        let is_whole = config.least_level_dbfs.is_some();
                        assert!(is_whole || asked.len() <= most, "{asked:?}");
                    }
                }
                let none = |_| -> Result<Vec<f32>, ()> { Err(()) };
                let beyond = whole.num_frames()..whole.num_frames() + 3;
                let found = log_mel.extract_frames(num_samples, beyond, none).unwrap();
                assert_eq!(found.num_frames(), 0, "nothing is read for no frame");
            }
        }
    }

    #[test]
    fn samples_that_come_block_by_block_give_the_same_bits() {
        for config in every_framing() {
            let log_mel = LogMel::new(&config).unwrap();
            let stretch = STREAM_FRAMES * config.hop_samples;
            let margin = 4 * config.fft_size + 2 * config.hop_samples;
            for num_samples in [
                0,
                1,
                399,
                4_321,
                stretch + margin + 1,
                3 * stretch + 77,
                5 * stretch,
            ] {
                let samples: Vec<f32> = (0..num_samples).map(|i| (i as f32 * 0.3).sin()).collect();
                let whole = log_mel.extract(&samples);
                for len in [333, 5_000, num_samples.max(1)] {
                    let mut stream = log_mel.stream();
                    samples.chunks(len).for_each(|block| stream.push(block));
                    assert!(stream.samples.len() <= stretch + margin + len, "bounded");
                    assert!(stream.finish() == whole, "{num_samples} by {len}");
                }
            }
        }
    }

    #[test]
    fn samples_too_small_for_any_feature_count_as_silence() {
        for config in every_framing() {
            let log_mel = LogMel::new(&config).unwrap();
            let silence = log_mel.extract(&[0.0; 3_200]);
            for tiny in [1e-17, 1e-30, 1e-40] {
                assert_eq!(log_mel.extract(&[tiny; 3_200]), silence, "{tiny:e}");
            }
        }
    }

    #[test]
    fn log_mel_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<LogMel>();
    }
}
