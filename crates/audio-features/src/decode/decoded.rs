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
    /// What comes has this rate and so many interleaved channels. A second call means that all so far was for nothing,
    /// and that the recording comes once more.
    fn begin(&mut self, sample_rate_hz: u32, num_channels: usize) -> Result<(), AudioError>;

    /// The next samples, whole frames.
    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError>;
}

/// All samples as they are.
impl Sink for Vec<f32> {
    fn begin(&mut self, _: u32, _: usize) -> Result<(), AudioError> {
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
}
