//! What decoding gives.

use crate::error::AudioError;
use crate::source::Source;
use crate::warning::AudioWarning;

/// How the channels come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// The plain mean of all.
    Mean,
    /// One alone, counted from 0.
    One(usize),
    /// All, interleaved.
    Interleaved,
}

/// What samples are given to, block by block.
pub(crate) trait Sink {
    /// What comes has this rate and so many interleaved channels, and about so many frames where that is known. A second
    /// call means that all so far was for nothing, and that the recording comes once more.
    fn begin(
        &mut self,
        sample_rate_hz: u32,
        num_channels: usize,
        num_frames: Option<u64>,
    ) -> Result<(), AudioError>;

    /// The next samples, whole frames.
    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError>;

    /// Whether nothing more is wanted.
    fn is_full(&self) -> bool {
        false
    }
}

/// How much is decoded at most.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// So long a recording.
    Seconds(f64),
    /// So many samples, of all channels together.
    Samples(u64),
}

impl Limit {
    /// The longest recording of a rate and a number of channels, in s.
    pub(crate) fn seconds(self, sample_rate_hz: u32, num_channels: usize) -> f64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Samples(samples) => {
                samples as f64 / (f64::from(sample_rate_hz.max(1)) * num_channels.max(1) as f64)
            }
        }
    }
}

/// All samples as they are.
impl Sink for Vec<f32> {
    fn begin(&mut self, _: u32, _: usize, _: Option<u64>) -> Result<(), AudioError> {
        self.clear();
        Ok(())
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        self.extend_from_slice(samples);
        Ok(())
    }
}

/// What a recording said of itself, and what was odd about its samples.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) source: Source,
    pub(crate) warnings: Vec<AudioWarning>,
    /// Whether no more was wanted, so that the end was not reached.
    pub(crate) is_cut_short: bool,
}
