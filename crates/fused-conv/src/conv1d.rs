//! Convolution over frames.

use crate::epilogue::Residual;
use crate::frames::Frames;
use crate::gather::PADDING;
use crate::kernel::{Geometry, Kernel};
use crate::transform::{Tiling, taps_at_points};
use crate::winograd::Winograd;
use crate::{Conv1dShape, ConvError, Epilogue, View, ViewMut};

/// A convolution over frames with everything that follows it, weights packed: PyTorch's `Conv1d` with one group.
#[derive(Debug)]
pub struct Conv1d {
    shape: Conv1dShape,
    form: Form,
}

/// How the sums are made.
#[derive(Debug)]
enum Form {
    Direct(Kernel),
    Winograd(Winograd),
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
        let form = if shape.suits_winograd() {
            let points = Frames::<3>::POINTS;
            Form::Winograd(Winograd::new(
                sizes,
                weights,
                epilogue,
                points,
                taps_at_points,
            )?)
        } else {
            Form::Direct(Kernel::new(sizes, weights, epilogue)?)
        };
        Ok(Self { shape, form })
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
        let (shape, residual) = (self.shape, Residual(residual));
        let (from, to) = (x.rows(), expected);
        match &self.form {
            Form::Direct(kernel) => {
                let taps = Taps {
                    shape,
                    frames: from,
                };
                kernel.run(x, &taps, residual, &mut out)
            }
            Form::Winograd(winograd) if shape.kernel == 3 => {
                winograd.run(x, Frames::<3> { shape, from, to }, residual, &mut out)
            }
            Form::Winograd(winograd) => {
                winograd.run(x, Frames::<5> { shape, from, to }, residual, &mut out)
            }
        }
    }
}

struct Taps {
    shape: Conv1dShape,
    frames: usize,
}

impl Geometry for Taps {
    fn sources(&self, tap: usize, first: usize, sources: &mut [usize]) {
        let Self { shape, frames } = *self;
        for (offset, source) in sources.iter_mut().enumerate() {
            let padded = (first + offset) * shape.stride + tap * shape.dilation;
            *source = shape.source(padded, frames).unwrap_or(PADDING);
        }
    }
}
