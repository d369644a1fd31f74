//! Convolution over bins and frames.

use crate::epilogue::{LANES, Residual};
use crate::gather::PADDING;
use crate::kernel::{Geometry, Kernel};
use crate::planes::{Planes, plane_at_points};
use crate::shape::output_len;
use crate::stripes::Stripes;
use crate::transform::Tiling;
use crate::winograd::Winograd;
use crate::{ConvError, Epilogue, Grid, View, ViewMut};

/// Sizes of a [`Conv2d`]; pairs are of bins and of frames.
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
    fn suits_winograd(&self) -> bool {
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

/// A convolution over bins and frames with everything that follows it, weights packed: PyTorch's `Conv2d` of
/// `[channels, bins, frames]` with one group.
#[derive(Debug)]
pub struct Conv2d {
    shape: Conv2dShape,
    form: Form,
}

/// How the sums are made.
#[derive(Debug)]
enum Form {
    Direct(Kernel),
    Stripes(Stripes),
    Winograd(Winograd),
}

impl Conv2d {
    /// From `weights` `[outputs, inputs, taps over bins, taps over frames]`, as PyTorch has them.
    ///
    /// # Errors
    /// A size of zero, or slices of other lengths than the shape has.
    pub fn new(
        shape: Conv2dShape,
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("stride", shape.stride[0])?;
        ConvError::not_zero("stride", shape.stride[1])?;
        let taps = ConvError::product("kernel", &shape.kernel)?;
        let (outputs, inputs) = (shape.outputs, shape.inputs);
        let form = if shape.suits_winograd() && shape.stride == Stripes::STRIDE {
            Form::Stripes(Stripes::new(shape, weights, epilogue)?)
        } else if shape.suits_winograd() {
            let sizes = [outputs, inputs, taps];
            let points = Planes::POINTS;
            Form::Winograd(Winograd::new(
                sizes,
                weights,
                epilogue,
                points,
                plane_at_points,
            )?)
        } else {
            Form::Direct(Kernel::new([outputs, inputs, taps], weights, epilogue)?)
        };
        Ok(Self { shape, form })
    }

    /// Its sizes.
    pub fn shape(&self) -> Conv2dShape {
        self.shape
    }

    /// `out` `[output_grid, outputs]` of `x` `[grid, inputs]`. The `residual`, of `out`'s size, is added before the
    /// activation.
    ///
    /// # Errors
    /// Arguments that do not fit, a plane that is too small, or instructions that the processor lacks.
    pub fn forward(
        &self,
        x: View<'_>,
        grid: Grid,
        residual: Option<View<'_>>,
        mut out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        ConvError::size("rows of the input", x.rows(), grid.rows())?;
        let to = self.shape.output_grid(grid)?;
        ConvError::size("rows of the output", out.rows(), to.rows())?;
        let residual = Residual(residual);
        match &self.form {
            Form::Direct(kernel) => {
                let taps = Taps {
                    shape: self.shape,
                    from: grid,
                    to,
                };
                kernel.run(x, &taps, residual, &mut out)
            }
            Form::Stripes(stripes) => stripes.run(x, [grid, to], residual, &mut out),
            Form::Winograd(winograd) => {
                let tiles = Planes {
                    from: grid,
                    to,
                    stride: self.shape.stride,
                    padding: self.shape.padding,
                };
                winograd.run(x, tiles, residual, &mut out)
            }
        }
    }
}

struct Taps {
    shape: Conv2dShape,
    from: Grid,
    to: Grid,
}

impl Geometry for Taps {
    fn sources(&self, tap: usize, first: usize, sources: &mut [usize]) {
        let [_, across] = self.shape.kernel;
        let (over_bins, over_frames) = (tap / across, tap % across);
        let (mut bin, mut frame) = (first / self.to.frames, first % self.to.frames);
        let inside = |at: usize, axis: usize, tap: usize, len: usize| {
            let padded = at * self.shape.stride[axis] + tap;
            let source = padded.checked_sub(self.shape.padding[axis]);
            source.filter(|&source| source < len)
        };
        let mut rest = sources;
        while !rest.is_empty() {
            // What is left of a bin's frames.
            let (part, behind) = rest.split_at_mut(rest.len().min(self.to.frames - frame));
            match inside(bin, 0, over_bins, self.from.bins) {
                Some(bin) => {
                    for (offset, source) in part.iter_mut().enumerate() {
                        let frame = inside(frame + offset, 1, over_frames, self.from.frames);
                        *source = frame.map_or(PADDING, |frame| bin * self.from.frames + frame);
                    }
                }
                None => part.fill(PADDING),
            }
            (bin, frame, rest) = (bin + 1, 0, behind);
        }
    }
}
