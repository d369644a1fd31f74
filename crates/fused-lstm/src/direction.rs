//! One direction of the layer over the whole batch: order of reading, and what forward leaves for backward.

use crate::Shape;
use crate::layout::padded;
use crate::pool::Buffer;

/// In which order a direction reads the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// First frame first.
    Forward,
    /// Last frame first.
    Backward,
}

impl Order {
    /// The frame of a step, and the frame that was read just before it.
    pub(crate) fn frame(self, step: usize, frames: usize) -> (usize, Option<usize>) {
        match self {
            Self::Forward => (step, step.checked_sub(1)),
            Self::Backward => {
                let frame = frames - 1 - step;
                (frame, (step > 0).then_some(frame + 1))
            }
        }
    }
}

/// What one direction keeps of its forward pass, in the order of the frames, in the layout of [`crate::layout`].
#[derive(Debug)]
pub(crate) struct Trace {
    /// Activations of the gates `[frames, batch, 4 * padded]`.
    pub(crate) gates: Buffer,
    /// `[frames, batch, padded]`.
    pub(crate) cells: Buffer,
    /// The direction's outputs `[frames, batch, padded]`.
    pub(crate) outputs: Buffer,
}

/// The sizes that the inner loops use.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Units, rounded up to whole blocks.
    pub(crate) units: usize,
    /// Columns of the gates, `4 * units`.
    pub(crate) columns: usize,
    /// Elements of one frame's states, `batch * units`.
    pub(crate) state: usize,
}

impl Sizes {
    pub(crate) fn new(shape: Shape) -> Self {
        let units = padded(shape.hidden);
        Self {
            units,
            columns: 4 * units,
            state: shape.batch * units,
        }
    }
}

/// Rows that a step multiplies at once: up to 48 rows `gemm` 0.19 uses a panel of weights as it lies, beyond that it
/// copies it first. Even parts, in multiples of its tile's 6 rows.
pub(crate) fn row_parts(batch: usize) -> impl Iterator<Item = std::ops::Range<usize>> + Clone {
    let part = batch.div_ceil(batch.div_ceil(48)).next_multiple_of(6);
    (0..batch)
        .step_by(part)
        .map(move |first| first..(first + part).min(batch))
}
