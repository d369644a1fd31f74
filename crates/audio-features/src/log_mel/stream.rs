//! Log-mel features of samples that come block by block.

use pulp::Arch;

use super::{Extraction, LogMel, LogMelScratch};
use crate::features::Features;
use crate::raised_level::MeanSquare;

/// Frames that are made in one go of samples that come block by block.
pub(super) const STREAM_FRAMES: usize = 512;

impl LogMel {
    /// The same features from samples that come block by block.
    pub fn stream(&self) -> LogMelStream<'_> {
        LogMelStream {
            log_mel: self,
            scratch: self.scratch(),
            samples: Vec::new(),
            first: 0,
            num_samples: 0,
            mean_square: MeanSquare::default(),
            out: Vec::new(),
        }
    }
}

/// [`LogMel::extract`] of samples that come block by block, to the bit; holds the features and few samples.
pub struct LogMelStream<'a> {
    log_mel: &'a LogMel,
    scratch: LogMelScratch,
    /// The samples that frames to come depend on.
    pub(super) samples: Vec<f32>,
    /// Number of the first of them.
    first: usize,
    num_samples: usize,
    mean_square: MeanSquare,
    out: Vec<f32>,
}

impl LogMelStream<'_> {
    /// Makes room for the features of so many samples to come.
    pub fn reserve(&mut self, num_samples: usize) {
        let values = self.log_mel.num_frames(num_samples) * self.log_mel.num_bins();
        self.out.reserve_exact(values);
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
        self.num_samples += samples.len();
        let log_mel = self.log_mel;
        if log_mel.least_level_dbfs.is_some() {
            self.mean_square.push(samples);
        }
        // Mirrored samples at the end reach back by less than a transform, and a frame is a transform long at most.
        let margin = 2 * log_mel.fft_size + log_mel.hop_samples;
        let stretch = STREAM_FRAMES * log_mel.hop_samples;
        while self.samples.len() > stretch + 2 * margin {
            self.make(STREAM_FRAMES);
            let next = log_mel.start_of(self.num_made()) - margin as isize;
            let kept = (next.max(self.first as isize) as usize).min(self.num_samples);
            self.samples.drain(..kept - self.first);
            self.first = kept;
        }
    }

    /// All features.
    pub fn finish(mut self) -> Features {
        let left = self.log_mel.num_frames(self.num_samples) - self.num_made();
        self.make(left);
        self.log_mel.raise(|| self.mean_square, &mut self.out);
        Features::new(self.out, self.log_mel.num_bins())
    }

    fn num_made(&self) -> usize {
        self.out.len() / self.log_mel.num_bins()
    }

    /// Makes the next frames; the samples that they depend on are there.
    fn make(&mut self, frames: usize) {
        if frames == 0 {
            return;
        }
        let first_sample = self.log_mel.start_of(self.num_made()) - self.first as isize;
        let made = self.out.len();
        self.out
            .resize(made + frames * self.log_mel.num_bins(), 0.0);
        Arch::new().dispatch(Extraction {
            log_mel: self.log_mel,
            samples: &self.samples,
            first_sample,
            scratch: &mut self.scratch,
            out: &mut self.out[made..],
        });
    }
}
