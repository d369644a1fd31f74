//! Sizes of convolutions over frames and over planes, and what their taps read.

use crate::epilogue::LANES;
use crate::{ConvError, Grid};

/// What stands beyond the first and the last frame, so many frames on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros: PyTorch's `padding=`. With `dilation * (kernel - 1) / 2` and stride 1 there are as many frames behind as before.
    Zeros(usize),
    /// The frames mirrored at the first and the last: PyTorch's `padding_mode="reflect"`, which SpeechBrain's `Conv1d` uses.
    Reflect(usize),
}

/// Sizes of a [`Conv1d`](crate::Conv1d).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv1dShape {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Taps.
    pub kernel: usize,
    /// Frames from one tap to the next.
    pub dilation: usize,
    /// Frames from one output to the next.
    pub stride: usize,
    /// What stands beyond the ends.
    pub padding: Padding,
}

impl Conv1dShape {
    /// A dense layer: every frame by itself.
    pub fn dense(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel: 1,
            dilation: 1,
            stride: 1,
            padding: Padding::Zeros(0),
        }
    }

    /// As many frames behind as before, by zeros on both sides; of an odd kernel.
    pub fn same(inputs: usize, outputs: usize, kernel: usize, dilation: usize) -> Self {
        Self {
            kernel,
            dilation,
            padding: Padding::Zeros(dilation.saturating_mul(kernel.saturating_sub(1)) / 2),
            ..Self::dense(inputs, outputs)
        }
    }

    fn pad(&self) -> usize {
        match self.padding {
            Padding::Zeros(pad) | Padding::Reflect(pad) => pad,
        }
    }

    /// Whether Winograd's form is the faster one: three taps were measured to take 0.5 to 0.65 of the direct form's time and
    /// five 0.58 to 0.71 (and 1.4 where there are few more frames than tiles reach, which is a matter of microseconds).
    pub(crate) fn suits_winograd(&self) -> bool {
        let known = matches!(self.kernel, 3 | 5) && self.stride == 1;
        known && self.inputs >= LANES && self.outputs >= LANES
    }

    /// The frame that stands at a place of the padded input; none where zeros stand, or behind the end.
    pub(crate) fn source(&self, padded: usize, frames: usize) -> Option<usize> {
        let found = match self.padding {
            Padding::Zeros(pad) => padded.checked_sub(pad),
            Padding::Reflect(pad) if padded < pad => Some(pad - padded),
            Padding::Reflect(pad) if padded - pad >= frames => {
                (2 * (frames - 1)).checked_sub(padded - pad)
            }
            Padding::Reflect(pad) => Some(padded - pad),
        };
        found.filter(|&frame| frame < frames)
    }

    /// Frames of the output for so many of the input.
    ///
    /// # Errors
    /// [`ConvError::TooShort`] where no frame comes out, or fewer frames than can be mirrored.
    pub fn output_frames(&self, frames: usize) -> Result<usize, ConvError> {
        let too_short = |needed| ConvError::TooShort {
            of: "frames",
            found: frames,
            needed,
        };
        if let Padding::Reflect(pad) = self.padding
            && frames <= pad
        {
            return Err(too_short(pad.saturating_add(1)));
        }
        output_len(
            frames,
            [self.kernel, self.dilation, self.stride, self.pad()],
        )
        .map_err(|needed| too_short(needed.max(1)))
    }
}

/// Sizes of a [`Conv2d`](crate::Conv2d); pairs are of bins and of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Taps.
    pub kernel: [usize; 2],
    /// From one output to the next.
    pub stride: [usize; 2],
    /// Zeros on each side.
    pub padding: [usize; 2],
}

impl Conv2dShape {
    /// 3 x 3 with one zero on each side.
    pub fn three(inputs: usize, outputs: usize, stride: [usize; 2]) -> Self {
        Self {
            inputs,
            outputs,
            kernel: [3; 2],
            stride,
            padding: [1; 2],
        }
    }

    /// 1 x 1: the shortcut of a residual block.
    pub fn one(inputs: usize, outputs: usize, stride: [usize; 2]) -> Self {
        Self {
            inputs,
            outputs,
            kernel: [1; 2],
            stride,
            padding: [0; 2],
        }
    }

    /// Whether Winograd's form is the faster one. It was measured to take 0.25 to 0.55 of the direct form's time on planes
    /// of 10 bins and more, with stride 2 along one axis 0.65, and 1.1 to 1.4 of it on a plane of one bin, which no network
    /// has.
    pub(crate) fn suits_winograd(&self) -> bool {
        let three = self.kernel == [3; 2] && matches!(self.stride, [1, 1] | [2, 1] | [1, 2]);
        three && self.padding.iter().all(|&zeros| zeros <= 1) && self.inputs >= LANES / 2
    }

    /// The plane of the output for that of the input.
    ///
    /// # Errors
    /// [`ConvError::TooShort`] where nothing comes out.
    pub fn output_grid(&self, grid: Grid) -> Result<Grid, ConvError> {
        let along = |axis: usize, of, found| {
            let sizes = [self.kernel[axis], 1, self.stride[axis], self.padding[axis]];
            output_len(found, sizes).map_err(|needed| ConvError::TooShort {
                of,
                found,
                needed: needed.max(1),
            })
        };
        Ok(Grid {
            bins: along(0, "bins", grid.bins)?,
            frames: along(1, "frames", grid.frames)?,
        })
    }
}

/// Elements that come out of `len`, or how many are needed.
pub(crate) fn output_len(
    len: usize,
    [kernel, dilation, stride, pad]: [usize; 4],
) -> Result<usize, usize> {
    let reach = kernel.saturating_sub(1).saturating_mul(dilation);
    let padded = len.saturating_add(pad.saturating_mul(2));
    if len == 0 || padded <= reach {
        return Err(reach
            .saturating_add(1)
            .saturating_sub(pad.saturating_mul(2)));
    }
    Ok((padded - reach - 1) / stride.max(1) + 1)
}
