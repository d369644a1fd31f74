//! A convolution over an image of bands and frames.

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use fused_conv::{Activation, Conv2d, Conv2dShape, Epilogue};

use super::batch_norm::values;
use super::prepared::PreparedImageConv;
use super::{After, AfterConvolution};
use crate::ModelError;
use crate::layers::Initialiser;

/// Sizes of a convolution over an image, which has no bias: batch norm follows it. An image is padded by zeros, so that a
/// stride of 1 keeps its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageConvShape {
    pub(crate) input: usize,
    pub(crate) output: usize,
    /// Bands and frames that one pixel sees: 1 or 3.
    pub(crate) kernel: usize,
    /// Over bands and over frames.
    pub(crate) stride: [usize; 2],
    pub(crate) after: AfterConvolution,
}

/// A convolution over an image, and what follows it.
#[derive(Module, Debug)]
pub(crate) struct ImageConv {
    /// `[output, input, kernel, kernel]`, as PyTorch has it
    weight: Param<Tensor<4>>,
    after: After,
    #[module(skip)]
    shape: ImageConvShape,
}

impl ImageConv {
    pub(crate) fn new(
        name: &str,
        shape: ImageConvShape,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let ImageConvShape {
            input,
            output,
            kernel,
            ..
        } = shape;
        Ok(Self {
            weight: initialiser
                .filters(&format!("{name}.weight"), [output, input, kernel, kernel])?,
            after: After::new(shape.after, output, initialiser)?,
            shape,
        })
    }

    /// `[batch, input, bands, frames]` to `[batch, output, bands', frames']`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let padding = self.shape.kernel / 2;
        let options = ConvOptions::new(self.shape.stride, [padding; 2], [1, 1], 1);
        self.after
            .apply(conv2d(x, self.weight.val(), None, options))
    }

    /// The same on slices, with `last` behind it where no activation follows it anyway: in the block that it ends.
    pub(crate) fn prepared(&self, last: Activation) -> Result<PreparedImageConv, ModelError> {
        let ImageConvShape {
            input,
            output,
            kernel,
            stride,
            ..
        } = self.shape;
        let shape = Conv2dShape {
            inputs: input,
            outputs: output,
            kernel: [kernel; 2],
            stride,
            padding: [kernel / 2; 2],
        };
        let weights = values(self.weight.val());
        let build = |epilogue: &Epilogue<'_>| Conv2d::new(shape, &weights, epilogue);
        self.after
            .prepared(None, last, build)
            .map(PreparedImageConv::new)
    }
}
