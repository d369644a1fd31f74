//! A convolution over frames.

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use serde::{Deserialize, Serialize};

use super::{After, AfterConvolution};
use crate::ModelError;
use crate::layers::Initialiser;

/// What lies beyond the first and the last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FramePadding {
    /// Nothing: there are fewer frames afterwards.
    None,
    /// Zeros, so that there are as many frames afterwards.
    #[default]
    Zeros,
    /// The frames mirrored at the first and the last one, as SpeechBrain does.
    Reflect,
}

/// Sizes of a convolution over frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameConvShape {
    pub(crate) input: usize,
    pub(crate) output: usize,
    /// Frames that one output frame sees; odd where there is padding.
    pub(crate) kernel: usize,
    pub(crate) dilation: usize,
    pub(crate) stride: usize,
    pub(crate) padding: FramePadding,
    pub(crate) has_bias: bool,
    pub(crate) after: AfterConvolution,
}

impl FrameConvShape {
    /// A convolution of one frame at a time, with a bias.
    pub(crate) fn pointwise(input: usize, output: usize, after: AfterConvolution) -> Self {
        Self {
            input,
            output,
            kernel: 1,
            dilation: 1,
            stride: 1,
            padding: FramePadding::Zeros,
            has_bias: true,
            after,
        }
    }

    /// Frames on either side that padding adds.
    fn num_padded(&self) -> usize {
        (self.kernel - 1) * self.dilation / 2
    }
}

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
            input,
            kernel,
            dilation,
            stride,
            padding,
            ..
        } = self.shape;
        let [_, width, frames] = x.dims();
        let padded = self.shape.num_padded();
        let needed = match padding {
            FramePadding::None => (kernel - 1) * dilation + 1,
            FramePadding::Zeros => 1,
            FramePadding::Reflect => padded + 1,
        };
        if width != input || frames < needed {
            return Err(ModelError::Shape {
                what: "input of a convolution over frames",
                found: format!("{frames} frames of {width}"),
                expected: format!("at least {needed} frames of {input}"),
            });
        }
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
