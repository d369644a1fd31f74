//! A convolution over frames.

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use fused_conv::training::Convolution;
use fused_conv::{
    Activation, Conv1d, Conv1dShape, Conv2d, Conv2dShape, Epilogue, Padding, RectifiedDense,
};

use super::batch_norm::values;
use super::frame_shape::{FrameConvShape, FramePadding};
use super::prepared::{PreparedFrameConv, PreparedImageConv};
use super::{After, BatchNorm, activated, ops};
use crate::layers::{Initialiser, Pass};
use crate::{ModelError, device};

/// A convolution over frames, and what follows it.
#[derive(Module, Debug)]
pub(crate) struct FrameConv {
    /// `[output, input, kernel]`, as PyTorch has it
    weight: Param<Tensor<3>>,
    /// `[output]`
    bias: Option<Param<Tensor<1>>>,
    after: After,
    #[module(skip)]
    shape: FrameConvShape,
}

impl FrameConv {
    pub(crate) fn new(
        name: &str,
        shape: FrameConvShape,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let bias = shape.has_bias.then(|| initialiser.zeros(shape.output));
        Ok(Self {
            weight: initialiser.filters(
                &format!("{name}.weight"),
                [shape.output, shape.input, shape.kernel],
            )?,
            bias: bias.transpose()?,
            after: After::new(shape.after, shape.output, initialiser)?,
            shape,
        })
    }

    /// `[batch, frames, input]` to `[batch, frames', output]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for fewer frames than the convolution needs, or another width.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<3>, ModelError> {
        self.joined(x, None, pass)
    }

    /// max(0, the same plus `beside`).
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_beside(
        &self,
        x: Tensor<3>,
        beside: Tensor<3>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<3>, ModelError> {
        self.joined(x, Some(beside), pass)
    }

    fn joined(
        &self,
        x: Tensor<3>,
        beside: Option<Tensor<3>>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<3>, ModelError> {
        let [_, frames, width] = x.dims();
        self.shape.check(frames, width)?;
        let sums = self.sums(x, self.weight.val(), None, pass)?;
        Ok(self.after.outer(sums, beside, pass))
    }

    /// [`Self::forward`] of one frame at a time, each with `shared` `[batch, width]` behind it: the last of the inputs.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_shared(
        &self,
        x: Tensor<3>,
        shared: Tensor<2>,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<3>, ModelError> {
        let ([_, frames, own], [_, beside]) = (x.dims(), shared.dims());
        self.shape.check(frames, own + beside)?;
        let weight = self.weight.val();
        let of_shared = weight.clone().narrow(1, own, beside);
        let of_shared = of_shared.reshape([self.shape.output, beside]);
        let context = shared.matmul(of_shared.transpose());
        let sums = self.sums(x, weight.narrow(1, 0, own), Some(context), pass)?;
        Ok(self.after.outer(sums, None, pass))
    }

    /// What the convolution adds up, plus `context` `[batch, output]` in all frames, and the function right behind it.
    fn sums(
        &self,
        x: Tensor<3>,
        weight: Tensor<3>,
        context: Option<Tensor<2>>,
        pass: &Pass<'_>,
    ) -> Result<Tensor<3>, ModelError> {
        let FrameConvShape {
            dilation, stride, ..
        } = self.shape;
        let padded = self.shape.num_padded();
        let x = match self.shape.padding {
            FramePadding::Reflect => reflected(x, padded),
            _ => x,
        };
        let zeros = match self.shape.padding {
            FramePadding::Zeros => padded,
            _ => 0,
        };
        let bias = self.bias.as_ref().map(Param::val);
        if !device::has_kernels(&x.device()) {
            let options = ConvOptions::new([stride], [zeros], [dilation], 1);
            let sums = conv1d(x.swap_dims(1, 2), weight, bias, options).swap_dims(1, 2);
            let sums = match context {
                Some(context) => sums + context.unsqueeze_dim(1),
                None => sums,
            };
            return Ok(activated(sums, self.after.inner()));
        }
        let [_, frames, inputs] = x.dims();
        let shape = Conv1dShape {
            inputs,
            padding: Padding::Zeros(zeros),
            ..self.sizes()
        };
        let options = ops::ConvOptions {
            convolution: Convolution::over_frames(shape, frames)?,
            has_bias: bias.is_some(),
            has_context: context.is_some(),
            activation: self.after.inner(),
            is_undone: self.after.undoes_inner(pass),
        };
        Ok(ops::fused_conv(x, weight, bias, context, options))
    }

    fn sizes(&self) -> Conv1dShape {
        let shape = self.shape;
        let padded = shape.num_padded();
        Conv1dShape {
            inputs: shape.input,
            outputs: shape.output,
            kernel: shape.kernel,
            dilation: shape.dilation,
            stride: shape.stride,
            padding: match shape.padding {
                FramePadding::None => Padding::Zeros(0),
                FramePadding::Zeros => Padding::Zeros(padded),
                FramePadding::Reflect => Padding::Reflect(padded),
            },
        }
    }

    /// The same on slices, with `last` behind it where no activation follows it anyway.
    pub(crate) fn prepared(&self, last: Activation) -> Result<PreparedFrameConv, ModelError> {
        let sizes = self.sizes();
        let (weights, bias) = self.values();
        let build = |epilogue: &Epilogue<'_>| Conv1d::new(sizes, &weights, epilogue);
        let conv = self.after.prepared(bias.as_deref(), last, build)?;
        Ok(PreparedFrameConv::new(conv, self.shape))
    }

    /// One tap on slices, behind a norm and a rectifier.
    pub(crate) fn prepared_behind(&self, norm: &BatchNorm) -> Result<RectifiedDense, ModelError> {
        let sizes = [self.shape.input, self.shape.output];
        let (weights, bias) = self.values();
        let norm = norm.values();
        let build = |epilogue: &Epilogue<'_>| {
            RectifiedDense::new(sizes, &norm.borrowed(), &weights, epilogue)
        };
        self.after
            .prepared(bias.as_deref(), Activation::None, build)
    }

    /// The same on an image whose `bands` of all channels are the channels here, in PyTorch's order (channel, then band):
    /// one tap a band, so that nobody has to bring them side by side.
    pub(crate) fn prepared_over_bands(
        &self,
        bands: usize,
    ) -> Result<PreparedImageConv, ModelError> {
        let shape = self.shape;
        let sizes = Conv2dShape {
            inputs: shape.input / bands,
            outputs: shape.output,
            kernel: [bands, shape.kernel],
            stride: [1, shape.stride],
            padding: [0, shape.num_padded()],
        };
        let (weights, bias) = self.values();
        let build = |epilogue: &Epilogue<'_>| Conv2d::new(sizes, &weights, epilogue);
        let conv = self
            .after
            .prepared(bias.as_deref(), Activation::None, build)?;
        Ok(PreparedImageConv::new(conv))
    }

    /// Weights `[output, input, kernel]`, row-major, and the bias.
    pub(crate) fn values(&self) -> (Vec<f32>, Option<Vec<f32>>) {
        let bias = self.bias.as_ref().map(|bias| values(bias.val()));
        (values(self.weight.val()), bias)
    }

    /// The norm that follows, if one does.
    pub(crate) fn norm(&self) -> Option<&BatchNorm> {
        self.after.norm.as_ref()
    }
}

/// `[batch, frames, width]` with `count` frames more on either side, mirrored at the outermost ones.
fn reflected(x: Tensor<3>, count: usize) -> Tensor<3> {
    if count == 0 {
        return x;
    }
    let [_, frames, _] = x.dims();
    let before = x.clone().narrow(1, 1, count).flip([1]);
    let behind = x.clone().narrow(1, frames - 1 - count, count).flip([1]);
    Tensor::cat(vec![before, x, behind], 1)
}
