//! What a bundle says of its graph.

use serde::{Deserialize, Serialize};

/// Order of the axes of a graph's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphLayout {
    /// `[items, frames, bins]`.
    FramesBins,
    /// `[items, bins, frames]`, as NeMo has it.
    BinsFrames,
}

/// `[graph]` of a bundle: an ONNX file beside it, and how it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphConfig {
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Name of the input that takes the features.
    pub input: String,
    /// Order of its axes.
    pub layout: GraphLayout,
    /// Name of the input that takes the number of frames, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<String>,
    /// Name of the output that is the embedding.
    pub output: String,
    /// Dimensions of it.
    pub embedding_dim: usize,
    /// Frames of zeros are put behind a segment until their number is a multiple of this, as NeMo does with 16; the input
    /// `length` is told how many there were before.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub frames_multiple: usize,
    /// Most memory that running it may take, in MB.
    pub memory_mb: u64,
}

fn one() -> usize {
    1
}

fn is_one(number: &usize) -> bool {
    *number == 1
}
