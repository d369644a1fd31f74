//! Convolution over the frames of a batch, or over the bins and frames of its planes, with its gradients.

use super::after::{After, Finish};
use super::packed::{Packed, Side, Weights};
use super::product::run;
use super::reads::{Reads, Sizes, batch_of};
use super::tiled_product;
use super::tiled_weights;
use super::tiling::Tiling;
use super::weights::weight_gradient;
use crate::{Conv1dShape, Conv2dShape, ConvError, Grid, Padding, View, ViewMut};

/// A convolution of a batch of items of equal size, with one group and zeros as padding: PyTorch's `Conv1d` and `Conv2d`.
///
/// Activations are `[batch * frames, channels]` or `[batch * bins * frames, channels]`, weights and their gradients
/// `[outputs, inputs, kernel]` or `[outputs, inputs, taps over bins, taps over frames]`.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    inputs: usize,
    outputs: usize,
    /// Over bins and over frames.
    axes: [Sizes; 2],
}

impl Convolution {
    /// Over frames, of items of so many. A dense layer is a convolution of kernel 1.
    ///
    /// # Errors
    /// A size of zero, mirrored ends, or fewer frames than the kernel needs.
    pub fn over_frames(shape: Conv1dShape, frames: usize) -> Result<Self, ConvError> {
        let Padding::Zeros(padding) = shape.padding else {
            return Err(ConvError::Padding);
        };
        ConvError::not_zero("kernel", shape.kernel)?;
        ConvError::not_zero("dilation", shape.dilation)?;
        ConvError::not_zero("stride", shape.stride)?;
        let alone = Sizes {
            kernel: 1,
            dilation: 1,
            stride: 1,
            padding: 0,
            from: 1,
            to: 1,
        };
        let over_frames = Sizes {
            kernel: shape.kernel,
            dilation: shape.dilation,
            stride: shape.stride,
            padding,
            from: frames,
            to: shape.output_frames(frames)?,
        };
        Self::new([shape.inputs, shape.outputs], [alone, over_frames])
    }

    /// Over bins and frames, of planes of that size.
    ///
    /// # Errors
    /// A size of zero, or a plane that is too small.
    pub fn over_planes(shape: Conv2dShape, grid: Grid) -> Result<Self, ConvError> {
        let to = shape.output_grid(grid)?;
        let axis = |axis: usize, from, to| -> Result<Sizes, ConvError> {
            ConvError::not_zero("kernel", shape.kernel[axis])?;
            ConvError::not_zero("stride", shape.stride[axis])?;
            Ok(Sizes {
                kernel: shape.kernel[axis],
                dilation: 1,
                stride: shape.stride[axis],
                padding: shape.padding[axis],
                from,
                to,
            })
        };
        let axes = [
            axis(0, grid.bins, to.bins)?,
            axis(1, grid.frames, to.frames)?,
        ];
        Self::new([shape.inputs, shape.outputs], axes)
    }

    fn new([inputs, outputs]: [usize; 2], axes: [Sizes; 2]) -> Result<Self, ConvError> {
        ConvError::not_zero("inputs", inputs)?;
        ConvError::not_zero("outputs", outputs)?;
        let [bins, frames] = axes;
        ConvError::product("weights", &[inputs, outputs, bins.kernel, frames.kernel])?;
        ConvError::product("rows of an item", &[bins.from, frames.from])?;
        ConvError::product("rows of an item", &[bins.to, frames.to])?;
        Ok(Self {
            inputs,
            outputs,
            axes,
        })
    }

    /// Channels of the output.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// An item of the input; one over frames has one bin.
    pub fn input_grid(&self) -> Grid {
        let [bins, frames] = self.axes.map(|sizes| sizes.from);
        Grid { bins, frames }
    }

    /// An item of the output.
    pub fn output_grid(&self) -> Grid {
        let [bins, frames] = self.axes.map(|sizes| sizes.to);
        Grid { bins, frames }
    }

    fn taps(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }

    fn weights<'a>(&self, values: &'a [f32]) -> Result<Weights<'a>, ConvError> {
        let Self {
            inputs, outputs, ..
        } = *self;
        let taps = self.taps();
        let all = inputs * outputs * taps;
        ConvError::size("elements of the weights", values.len(), all)?;
        Ok(Weights {
            outputs,
            inputs,
            taps,
            values,
        })
    }

    /// Holds that input and output fit each other, and gives the items.
    fn batch(&self, [x, y]: [(usize, usize); 2]) -> Result<usize, ConvError> {
        ConvError::size("channels of the input", x.1, self.inputs)?;
        ConvError::size("channels of the output", y.1, self.outputs)?;
        let batch = batch_of(x.0, self.input_grid())?;
        let rows = ConvError::product("rows of the output", &[batch, self.output_grid().rows()])?;
        ConvError::size("rows of the output", y.0, rows)?;
        Ok(batch)
    }

    /// `out` = the convolution of `x` and what follows it.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    pub fn forward(
        &self,
        x: View<'_>,
        weights: &[f32],
        after: After<'_>,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(x), size(out.view())])?;
        let weights = self.weights(weights)?;
        if let Some(bias) = after.bias {
            ConvError::size("elements of the bias", bias.len(), self.outputs)?;
        }
        if let Some(context) = after.context {
            ConvError::size("channels of the context", context.channels(), self.outputs)?;
            ConvError::size("rows of the context", context.rows(), batch)?;
        }
        let finish = Finish {
            after,
            accumulate: false,
        };
        let reads = Reads::forward(batch, self.axes);
        if let Some(tiling) = Tiling::of(&reads, [self.inputs, self.outputs]) {
            return tiled_product::run(x, &tiling, weights, Side::Forward, finish, out);
        }
        let packed = Packed::new(weights, Side::Forward, &reads.taps());
        run(x, &[(reads, packed)], finish, out)
    }

    /// The gradient of the input from that of the output: `out` becomes it, or it is added to `out` with `accumulate`.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn input_gradient(
        &self,
        dy: View<'_>,
        weights: &[f32],
        accumulate: bool,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(out.view()), size(dy)])?;
        let weights = self.weights(weights)?;
        let finish = Finish {
            accumulate,
            ..Finish::default()
        };
        let phases = Reads::backward(batch, self.axes);
        if let [whole] = &phases[..]
            && let Some(tiling) = Tiling::of(whole, [self.inputs, self.outputs])
        {
            return tiled_product::run(dy, &tiling, weights, Side::Backward, finish, out);
        }
        let phases: Vec<(Reads, Packed)> = phases
            .into_iter()
            .map(|reads| {
                let packed = Packed::new(weights, Side::Backward, &reads.taps());
                (reads, packed)
            })
            .collect();
        run(dy, &phases, finish, out)
    }

    /// The gradients of the weights and of the bias, from the input and the gradient of the output.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn weight_gradient(
        &self,
        x: View<'_>,
        dy: View<'_>,
        weights: &mut [f32],
        bias: Option<&mut [f32]>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(x), size(dy)])?;
        self.weights(weights)?;
        if let Some(bias) = &bias {
            ConvError::size("elements of the bias", bias.len(), self.outputs)?;
        }
        let reads = Reads::forward(batch, self.axes);
        match Tiling::of(&reads, [self.inputs, self.outputs]) {
            Some(tiling) => tiled_weights::weight_gradient(&tiling, x, dy, weights, bias),
            None => weight_gradient(&reads, x, dy, weights, bias),
        }
    }
}

fn size(view: View<'_>) -> (usize, usize) {
    (view.rows(), view.channels())
}
