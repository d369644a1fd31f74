//! Batch norm by stored statistics (Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>).

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use fused_conv::{Activation, Norm};

use crate::ModelError;
use crate::layers::{Initialiser, VARIANCE_EPSILON};

/// `(x - mean) / sqrt(variance + 1e-5) * scale + shift` for every channel. Mean and variance are what was stored; they take no
/// gradient.
#[derive(Module, Debug)]
pub(crate) struct BatchNorm {
    /// `[channels]`
    scale: Param<Tensor<1>>,
    /// `[channels]`
    shift: Param<Tensor<1>>,
    /// `[channels]`
    mean: Param<Tensor<1>>,
    /// `[channels]`
    variance: Param<Tensor<1>>,
}

impl BatchNorm {
    pub(crate) fn new(
        channels: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            scale: initialiser.constant(channels, 1.0)?,
            shift: initialiser.zeros(channels)?,
            mean: initialiser.zeros(channels)?.set_require_grad(false),
            variance: initialiser.constant(channels, 1.0)?.set_require_grad(false),
        })
    }

    /// `[batch, channels, ...]`, each channel by its own numbers.
    pub(crate) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let mut shape = [1; D];
        shape[1] = self.scale.dims()[0];
        let deviation = self.variance.val().add_scalar(VARIANCE_EPSILON).sqrt();
        let scale = self.scale.val() / deviation;
        let shift = self.shift.val() - self.mean.val() * scale.clone();
        x * scale.reshape(shape) + shift.reshape(shape)
    }

    /// The same on slices, with an activation behind it.
    pub(crate) fn prepared(&self, activation: Activation) -> Result<Norm, ModelError> {
        let values = self.values();
        let norm = values.borrowed();
        Ok(Norm::new(values.mean.len(), &norm, activation)?)
    }

    pub(super) fn values(&self) -> NormValues {
        let of = |param: &Param<Tensor<1>>| values(param.val());
        NormValues {
            scale: of(&self.scale),
            shift: of(&self.shift),
            mean: of(&self.mean),
            variance: of(&self.variance),
        }
    }
}

/// The numbers of a [`BatchNorm`].
pub(super) struct NormValues {
    scale: Vec<f32>,
    shift: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
}

impl NormValues {
    pub(super) fn borrowed(&self) -> fused_conv::BatchNorm<'_> {
        fused_conv::BatchNorm {
            weight: Some(&self.scale),
            bias: Some(&self.shift),
            mean: &self.mean,
            variance: &self.variance,
            eps: VARIANCE_EPSILON,
        }
    }
}

/// A tensor's numbers, row-major.
pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
