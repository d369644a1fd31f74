//! Batch norm by stored statistics (Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>).

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::Tensor;

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
}
