//! The directions of a layer: which there are, in which order each reads, and what forward leaves for backward.

use crate::Shape;
use crate::layout::{UNITS, padded};
use register_tiles::Buffer;

/// Which ways a layer reads its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the first frame on and from the last frame back, each with weights of its own.
    #[default]
    Bidirectional,
    /// From the first frame on.
    Forward,
}

impl Direction {
    /// Number of directions, each of which has its weights: 2 or 1.
    pub fn count(self) -> usize {
        self.orders().len()
    }

    /// The orders of reading, as their weights are given.
    pub(crate) fn orders(self) -> &'static [Order] {
        match self {
            Self::Bidirectional => &[Order::Forward, Order::Backward],
            Self::Forward => &[Order::Forward],
        }
    }
}

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

/// What one direction keeps of its forward pass, in the order of the frames, in the layout of [`crate::layout`]; frames
/// that nobody asked for are overwritten.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Activations of the gates `[blocks, frames * batch, 64]`.
    pub(crate) gates: Buffer,
    /// `[frames, blocks, batch, 16]`.
    pub(crate) cells: Buffer,
    /// The direction's outputs `[frames, batch, padded]`.
    pub(crate) outputs: Buffer,
    /// Where those of the frame that was read last begin.
    pub(crate) last: usize,
}

/// The sizes that the inner loops use.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Units, rounded up to whole blocks.
    pub(crate) units: usize,
    /// Blocks of 16 units, each with 64 columns of gates.
    pub(crate) blocks: usize,
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
            blocks: units / UNITS,
            columns: 4 * units,
            state: shape.batch * units,
        }
    }
}
