//! What decoding gives.

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

/// Samples at the file's own rate, and what was odd about them.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) samples: Vec<f32>,
    pub(crate) source: Source,
    pub(crate) warnings: Vec<AudioWarning>,
}
