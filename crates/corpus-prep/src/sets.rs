//! How much of a published set is there.

use serde::Serialize;

/// How much of one of the four published sets is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetCount {
    /// `voxceleb1` or `voxceleb2`.
    pub corpus: &'static str,
    /// `train` for what VoxCeleb calls dev, or `test`.
    pub split: &'static str,
    /// Speakers found.
    pub speakers: u64,
    /// Videos found.
    pub videos: u64,
    /// Utterances found.
    pub utterances: u64,
    /// Utterances of the published set.
    pub expected_utterances: u64,
}
