//! A convolution over frames.

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use fused_conv::{Activation, Conv1d, Conv1dShape, Conv2d, Conv2dShape, Epilogue, Padding};

use super::batch_norm::values;
use super::frame_shape::{FrameConvShape, FramePadding};
use super::prepared::{PreparedFrameConv, PreparedImageConv};
use super::{After, BatchNorm};
use crate::ModelError;
use crate::layers::Initialiser;

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

    /// `[batch, input, frames]` to `[batch, output, frames']`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for fewer frames than the convolution needs, or another width.
    pub(crate) fn forward(&self, x: Tensor<3>) -> Result<Tensor<3>, ModelError> {
        let FrameConvShape {
            dilation,
            stride,
            padding,
            ..
        } = self.shape;
        let [_, width, frames] = x.dims();
        self.shape.check(frames, width)?;
        let padded = self.shape.num_padded();
        let x = match padding {
            FramePadding::Reflect => reflected(x, padded),
            _ => x,
        };
        let zeros = match padding {
            FramePadding::Zeros => padded,
            _ => 0,
        };
        let options = ConvOptions::new([stride], [zeros], [dilation], 1);
        let bias = self.bias.as_ref().map(Param::val);
        Ok(self
            .after
            .apply(conv1d(x, self.weight.val(), bias, options)))
    }

    /// The same on slices, with `last` behind it where no activation follows it anyway.
    pub(crate) fn prepared(&self, last: Activation) -> Result<PreparedFrameConv, ModelError> {
        let shape = self.shape;
        let padded = shape.num_padded();
        let sizes = Conv1dShape {
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
        };
        let (weights, bias) = self.values();
        let build = |epilogue: &Epilogue<'_>| Conv1d::new(sizes, &weights, epilogue);
        let conv = self.after.prepared(bias.as_deref(), last, build)?;
        Ok(PreparedFrameConv::new(conv, shape))
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

/// `[batch, width, frames]` with `count` frames more on either side, mirrored at the outermost ones.
fn reflected(x: Tensor<3>, count: usize) -> Tensor<3> {
    if count == 0 {
        return x;
    }
    let [_, _, frames] = x.dims();
    let before = x.clone().narrow(2, 1, count).flip([2]);
    let behind = x.clone().narrow(2, frames - 1 - count, count).flip([2]);
    Tensor::cat(vec![before, x, behind], 2)
}
