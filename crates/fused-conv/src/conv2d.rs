//! Convolution over bins and frames.

use crate::epilogue::Residual;
use crate::gather::PADDING;
use crate::kernel::{Geometry, Kernel};
use crate::plane::Plane;
use crate::planes::{Planes, plane_at_points};
use crate::stripes::Stripes;
use crate::transform::Tiling;
use crate::winograd::Winograd;
use crate::{Conv2dShape, ConvError, Epilogue, Grid, View, ViewMut};

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
    Plane(Plane),
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
        } else if inputs == 1 {
            Form::Plane(Plane::new(shape, weights, epilogue)?)
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
            Form::Plane(plane) => plane.run(x, [grid, to], residual, &mut out),
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
        let ([down, stride], padding) = (self.shape.stride, self.shape.padding);
        // The frames of the output for which the tap reads a frame of the input.
        let [begin, end] = [0, self.from.frames].map(|source| {
            (source + padding[1])
                .saturating_sub(over_frames)
                .div_ceil(stride)
        });
        let mut rest = sources;
        while !rest.is_empty() {
            // What is left of a bin's frames.
            let (part, behind) = rest.split_at_mut(rest.len().min(self.to.frames - frame));
            part.fill(PADDING);
            let read = (bin * down + over_bins).checked_sub(padding[0]);
            if let Some(read) = read.filter(|&read| read < self.from.bins) {
                let [begin, end] = [begin, end].map(|at| at.clamp(frame, frame + part.len()));
                let line = read * self.from.frames;
                let reading = &mut part[begin - frame..end - frame];
                for (source, frame) in reading.iter_mut().zip(begin..) {
                    *source = line + frame * stride + over_frames - padding[1];
                }
            }
            (bin, frame, rest) = (bin + 1, 0, behind);
        }
    }
}
