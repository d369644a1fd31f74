//! Convolution over the frames of a batch, with its gradients.

use super::after::After;
use super::layer::Layer;
use super::reads::Sizes;
use crate::{Conv1dShape, ConvError, Padding, View, ViewMut};

/// A convolution over the frames of a batch of equal-length items: PyTorch's `Conv1d` with one group, zeros as padding.
///
/// Activations are `[batch * frames, channels]`, weights and their gradients `[outputs, inputs, kernel]`.
#[derive(Clone, Copy, Debug)]
pub struct Conv1d {
    shape: Conv1dShape,
    frames: usize,
    layer: Layer,
}

impl Conv1d {
    /// For items of so many frames. A dense layer is a convolution of kernel 1.
    ///
    /// # Errors
    /// A size of zero, mirrored ends, or fewer frames than the kernel needs.
    pub fn new(shape: Conv1dShape, frames: usize) -> Result<Self, ConvError> {
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
        let sizes = [shape.inputs, shape.outputs];
        Ok(Self {
            shape,
            frames,
            layer: Layer::new(sizes, [alone, over_frames])?,
        })
    }

    /// Its sizes.
    pub fn shape(&self) -> Conv1dShape {
        self.shape
    }

    /// Frames of an item of the input.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Frames of an item of the output.
    pub fn output_frames(&self) -> usize {
        self.layer.to().frames
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
        self.layer.forward(x, weights, after, out)
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
        self.layer.input_gradient(dy, weights, accumulate, out)
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
        self.layer.weight_gradient(x, dy, weights, bias)
    }
}
