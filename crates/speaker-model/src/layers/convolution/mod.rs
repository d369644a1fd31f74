//! Convolutions over frames and over images of frames and bands, with the normalisation and the activation that go with them.

mod batch_norm;
mod frame_shape;
mod frames;
mod image;
mod onnx;
mod prepared;

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use fused_conv::{Activation, ConvError, Epilogue};
use serde::{Deserialize, Serialize};

pub(crate) use batch_norm::BatchNorm;
use batch_norm::NormValues;
pub(crate) use frame_shape::FrameConvShape;
pub use frame_shape::FramePadding;
pub(crate) use frames::FrameConv;
pub(crate) use image::{ImageConv, ImageConvShape};
pub(crate) use prepared::{Image, PreparedFrameConv, PreparedImageConv};

use crate::ModelError;
use crate::layers::Initialiser;

/// What follows a convolution, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AfterConvolution {
    /// Nothing.
    #[default]
    Nothing,
    /// max(x, 0).
    Relu,
    /// Batch norm.
    Norm,
    /// Batch norm, then max(x, 0): ResNet, CAM++.
    NormRelu,
    /// max(x, 0), then batch norm: x-vectors, ECAPA-TDNN.
    ReluNorm,
    /// max(x, 0.01 x), then batch norm: SpeechBrain's x-vectors.
    LeakyReluNorm,
}

impl AfterConvolution {
    fn has_norm(self) -> bool {
        matches!(
            self,
            Self::Norm | Self::NormRelu | Self::ReluNorm | Self::LeakyReluNorm
        )
    }
}

/// What PyTorch's `LeakyReLU` leaves of what lies below 0.
const LEAK: f64 = 0.01;

/// [`AfterConvolution`] with its weights.
#[derive(Module, Debug)]
struct After {
    norm: Option<BatchNorm>,
    #[module(skip)]
    order: AfterConvolution,
}

impl After {
    fn new(
        order: AfterConvolution,
        channels: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let norm = order
            .has_norm()
            .then(|| BatchNorm::new(channels, initialiser));
        Ok(Self {
            norm: norm.transpose()?,
            order,
        })
    }

    /// `[batch, channels, ...]`.
    fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let norm = |x| match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        match self.order {
            AfterConvolution::Nothing => x,
            AfterConvolution::Relu => activation::relu(x),
            AfterConvolution::Norm => norm(x),
            AfterConvolution::NormRelu => activation::relu(norm(x)),
            AfterConvolution::ReluNorm => norm(activation::relu(x)),
            AfterConvolution::LeakyReluNorm => norm(activation::leaky_relu(x, LEAK)),
        }
    }

    /// What `build` makes of the same for a convolution on slices: with its bias, and with `last` where no activation of its
    /// own follows.
    fn prepared<T>(
        &self,
        bias: Option<&[f32]>,
        last: Activation,
        build: impl FnOnce(&Epilogue<'_>) -> Result<T, ConvError>,
    ) -> Result<T, ModelError> {
        let values = self.norm.as_ref().map(BatchNorm::values);
        let norm = values.as_ref().map(NormValues::borrowed);
        let activation = match self.order {
            AfterConvolution::Nothing | AfterConvolution::Norm => last,
            AfterConvolution::Relu | AfterConvolution::NormRelu | AfterConvolution::ReluNorm => {
                Activation::Relu
            }
            AfterConvolution::LeakyReluNorm => Activation::LeakyRelu,
        };
        let is_behind = matches!(
            self.order,
            AfterConvolution::ReluNorm | AfterConvolution::LeakyReluNorm
        );
        let epilogue = Epilogue {
            bias,
            norm: norm.filter(|_| !is_behind),
            activation,
            norm_behind: norm.filter(|_| is_behind),
        };
        Ok(build(&epilogue)?)
    }
}
