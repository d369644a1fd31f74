//! Convolutions over frames and over images of frames and bands, with the normalisation and the activation that go with them.

mod batch_norm;
mod frame_shape;
mod frames;
mod image;
mod onnx;
mod ops;
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
pub(crate) use ops::{Rectified, fused_attend};
pub(crate) use prepared::{Image, PreparedFrameConv, PreparedImageConv};

use crate::ModelError;
use crate::layers::{Initialiser, Pass};

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

/// `activation` by Burn's operations.
fn activated<const D: usize>(x: Tensor<D>, function: Activation) -> Tensor<D> {
    match function {
        Activation::None => x,
        Activation::Relu => activation::relu(x),
        Activation::LeakyRelu => activation::leaky_relu(x, LEAK),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => activation::sigmoid(x),
    }
}

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

    /// The function that stands right behind the convolution's sums.
    fn inner(&self) -> Activation {
        match self.order {
            AfterConvolution::Relu | AfterConvolution::ReluNorm => Activation::Relu,
            AfterConvolution::LeakyReluNorm => Activation::LeakyRelu,
            AfterConvolution::Nothing | AfterConvolution::Norm | AfterConvolution::NormRelu => {
                Activation::None
            }
        }
    }

    /// Whether the gradient that comes back is already that of what came before [`Self::inner`].
    fn undoes_inner(&self, pass: &Pass<'_>) -> bool {
        self.order == AfterConvolution::ReluNorm && pass.takes_statistics()
    }

    /// What follows [`Self::inner`], of `[batch, .., channels]`; `beside` is added to it, and max(x, 0) taken of the sum.
    fn outer<const D: usize>(
        &self,
        x: Tensor<D>,
        beside: Option<Tensor<D>>,
        pass: &mut Pass<'_>,
    ) -> Tensor<D> {
        let rectified = match self.order {
            _ if beside.is_some() => Rectified::Behind,
            AfterConvolution::NormRelu => Rectified::Behind,
            AfterConvolution::ReluNorm => Rectified::Before,
            _ => Rectified::Not,
        };
        match (&self.norm, beside) {
            (Some(norm), beside) => norm.forward(x, beside, rectified, pass),
            (None, Some(beside)) => activation::relu(x + beside),
            (None, None) => x,
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
