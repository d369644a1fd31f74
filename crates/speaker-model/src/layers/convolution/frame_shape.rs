//! Sizes of a convolution over frames.

use serde::{Deserialize, Serialize};

use super::AfterConvolution;
use crate::ModelError;

/// What lies beyond the first and the last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FramePadding {
    /// Nothing: there are fewer frames afterwards.
    None,
    /// Zeros, so that there are as many frames afterwards.
    #[default]
    Zeros,
    /// The frames mirrored at the first and the last one, as SpeechBrain does.
    Reflect,
}

/// Sizes of a convolution over frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameConvShape {
    pub(crate) input: usize,
    pub(crate) output: usize,
    /// Frames that one output frame sees; odd where there is padding.
    pub(crate) kernel: usize,
    pub(crate) dilation: usize,
    pub(crate) stride: usize,
    pub(crate) padding: FramePadding,
    pub(crate) has_bias: bool,
    pub(crate) after: AfterConvolution,
}

impl FrameConvShape {
    /// A convolution of one frame at a time, with a bias.
    pub(crate) fn pointwise(input: usize, output: usize, after: AfterConvolution) -> Self {
        Self {
            input,
            output,
            kernel: 1,
            dilation: 1,
            stride: 1,
            padding: FramePadding::Zeros,
            has_bias: true,
            after,
        }
    }

    /// Frames on either side that padding adds.
    pub(super) fn num_padded(&self) -> usize {
        (self.kernel - 1) * self.dilation / 2
    }

    /// Refuses fewer frames than the convolution needs, or another width.
    pub(super) fn check(&self, frames: usize, width: usize) -> Result<(), ModelError> {
        let needed = match self.padding {
            FramePadding::None => (self.kernel - 1) * self.dilation + 1,
            FramePadding::Zeros => 1,
            FramePadding::Reflect => self.num_padded() + 1,
        };
        if width == self.input && frames >= needed {
            return Ok(());
        }
        Err(ModelError::Shape {
            what: "input of a convolution over frames",
            found: format!("{frames} frames of {width}"),
            expected: format!("at least {needed} frames of {}", self.input),
        })
    }
}
