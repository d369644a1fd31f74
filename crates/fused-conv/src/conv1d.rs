//! Convolution over frames.

use crate::epilogue::Residual;
use crate::gather::PADDING;
use crate::kernel::{Geometry, Kernel};
use crate::{ConvError, Epilogue, View, ViewMut};

/// What stands beyond the first and the last frame, so many frames on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros: PyTorch's `padding=`. With `dilation * (kernel - 1) / 2` and stride 1 there are as many frames behind as before.
    Zeros(usize),
    /// The frames mirrored at the first and the last: PyTorch's `padding_mode="reflect"`, which SpeechBrain's `Conv1d` uses.
    Reflect(usize),
}

/// Sizes of a [`Conv1d`].
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

/// A convolution over frames with everything that follows it, weights packed: PyTorch's `Conv1d` with one group.
#[derive(Debug)]
pub struct Conv1d {
    shape: Conv1dShape,
    kernel: Kernel,
}

impl Conv1d {
    /// From `weights` `[outputs, inputs, kernel]` (of a dense layer, `[outputs, inputs]`), as PyTorch has them.
    ///
    /// # Errors
    /// A size of zero, or slices of other lengths than the shape has.
    pub fn new(
        shape: Conv1dShape,
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("dilation", shape.dilation)?;
        ConvError::not_zero("stride", shape.stride)?;
        let sizes = [shape.outputs, shape.inputs, shape.kernel];
        Ok(Self {
            shape,
            kernel: Kernel::new(sizes, weights, epilogue)?,
        })
    }

    /// Its sizes.
    pub fn shape(&self) -> Conv1dShape {
        self.shape
    }

    /// `out` `[output_frames, outputs]` of `x` `[frames, inputs]`. The `residual` is added before the activation: as many
    /// rows as `out`, or one that is added to all.
    ///
    /// # Errors
    /// Arguments that do not fit, fewer frames than are needed, or instructions that the processor lacks.
    pub fn forward(
        &self,
        x: View<'_>,
        residual: Option<View<'_>>,
        mut out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let expected = self.shape.output_frames(x.rows())?;
        ConvError::size("frames of the output", out.rows(), expected)?;
        let taps = Taps {
            shape: self.shape,
            frames: x.rows(),
        };
        self.kernel.run(x, &taps, Residual(residual), &mut out)
    }
}

struct Taps {
    shape: Conv1dShape,
    frames: usize,
}

impl Geometry for Taps {
    fn sources(&self, tap: usize, first: usize, sources: &mut [usize]) {
        let Self { shape, frames } = *self;
        let pad = shape.pad();
        for (offset, source) in sources.iter_mut().enumerate() {
            let padded = (first + offset) * shape.stride + tap * shape.dilation;
            *source = match shape.padding {
                Padding::Zeros(_) if padded < pad || padded - pad >= frames => PADDING,
                Padding::Reflect(_) if padded < pad => pad - padded,
                Padding::Reflect(_) if padded - pad >= frames => 2 * (frames - 1) - (padded - pad),
                _ => padded - pad,
            };
        }
    }
}
