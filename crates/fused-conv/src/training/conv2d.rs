//! Convolution over the bins and frames of a batch, with its gradients.

use super::after::After;
use super::layer::Layer;
use super::reads::Sizes;
use crate::{Conv2dShape, ConvError, Grid, View, ViewMut};

/// A convolution over bins and frames of a batch of planes of equal size: PyTorch's `Conv2d` with one group.
///
/// Activations are `[batch * bins * frames, channels]`, weights and their gradients `[outputs, inputs, taps over bins, taps
/// over frames]`.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d {
    shape: Conv2dShape,
    layer: Layer,
}

impl Conv2d {
    /// For planes of that size.
    ///
    /// # Errors
    /// A size of zero, or a plane that is too small.
    pub fn new(shape: Conv2dShape, grid: Grid) -> Result<Self, ConvError> {
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
        Ok(Self {
            shape,
            layer: Layer::new([shape.inputs, shape.outputs], axes)?,
        })
    }

    /// Its sizes.
    pub fn shape(&self) -> Conv2dShape {
        self.shape
    }

    /// A plane of the input.
    pub fn grid(&self) -> Grid {
        self.layer.from()
    }

    /// A plane of the output.
    pub fn output_grid(&self) -> Grid {
        self.layer.to()
    }

    /// `out` = the convolution of `x`.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    pub fn forward(&self, x: View<'_>, weights: &[f32], out: ViewMut<'_>) -> Result<(), ConvError> {
        self.layer.forward(x, weights, After::default(), out)
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

    /// The gradient of the weights, from the input and the gradient of the output.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn weight_gradient(
        &self,
        x: View<'_>,
        dy: View<'_>,
        weights: &mut [f32],
    ) -> Result<(), ConvError> {
        self.layer.weight_gradient(x, dy, weights, None)
    }
}
