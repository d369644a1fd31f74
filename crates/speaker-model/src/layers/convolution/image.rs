//! A convolution over an image of bands and frames.

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use fused_conv::training::Convolution;
use fused_conv::{Activation, Conv2d, Conv2dShape, Epilogue, Grid};

use super::batch_norm::values;
use super::prepared::PreparedImageConv;
use super::{After, AfterConvolution, activated, ops};
use crate::layers::{Initialiser, Pass};
use crate::{ModelError, device};

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

    /// `[batch, bands, frames, input]` to `[batch, bands', frames', output]`. `beside` is added to it, and max(x, 0) taken of
    /// the sum.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] for another number of channels.
    pub(crate) fn forward(
        &self,
        x: Tensor<4>,
        beside: Option<Tensor<4>>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<4>, ModelError> {
        let sums = self.sums(x, pass)?;
        Ok(self.after.outer(sums, beside, pass))
    }

    fn sums(&self, x: Tensor<4>, pass: &Pass<'_>) -> Result<Tensor<4>, ModelError> {
        let (shape, weight) = (self.sizes(), self.weight.val());
        if !device::has_kernels(&x.device()) {
            let options = ConvOptions::new(shape.stride, shape.padding, [1, 1], 1);
            let sums = conv2d(x.permute([0, 3, 1, 2]), weight, None, options);
            return Ok(activated(sums.permute([0, 2, 3, 1]), self.after.inner()));
        }
        let [_, bins, frames, _] = x.dims();
        let options = ops::ConvOptions {
            convolution: Convolution::over_planes(shape, Grid { bins, frames })?,
            has_bias: false,
            has_context: false,
            activation: self.after.inner(),
            is_undone: self.after.undoes_inner(pass),
        };
        Ok(ops::fused_conv(x, weight, None, None, options))
    }

    fn sizes(&self) -> Conv2dShape {
        Conv2dShape {
            inputs: self.shape.input,
            outputs: self.shape.output,
            kernel: [self.shape.kernel; 2],
            stride: self.shape.stride,
            padding: [self.shape.kernel / 2; 2],
        }
    }

    /// The same on slices, with `last` behind it where no activation follows it anyway: in the block that it ends.
    pub(crate) fn prepared(&self, last: Activation) -> Result<PreparedImageConv, ModelError> {
        let shape = self.sizes();
        let weights = values(self.weight.val());
        let build = |epilogue: &Epilogue<'_>| Conv2d::new(shape, &weights, epilogue);
        self.after
            .prepared(None, last, build)
            .map(PreparedImageConv::new)
    }
}
