//! Batch norm by the statistics of the batch in training, and by stored ones else (Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>).

mod onnx;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use fused_conv::training::BatchStatistics;
use fused_conv::{Activation, Norm};

use super::ops::{self, Rectified};
use crate::layers::{Initialiser, Pass, VARIANCE_EPSILON};
use crate::{ModelError, device};

/// `(x - mean) / sqrt(variance + 1e-5) * scale + shift` for every channel. Mean and variance are those of the batch in training,
/// which moves the stored ones towards them, and the stored ones else; these take no gradient.
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

    /// `[batch, .., channels]`, each channel by its own numbers, plus `beside`, with max(x, 0) where `rectified` says.
    pub(crate) fn forward<const D: usize>(
        &self,
        x: Tensor<D>,
        beside: Option<Tensor<D>>,
        rectified: Rectified,
        pass: &mut Pass<'_>,
    ) -> Tensor<D> {
        let of_batch = pass.takes_statistics() && !self.is_frozen();
        if of_batch && device::has_kernels(&x.device()) {
            let (scale, shift) = (self.scale.val(), self.shift.val());
            let (y, batch) = ops::fused_norm(x, scale, shift, beside, rectified);
            pass.keep_statistics(&batch, &self.mean, &self.variance);
            return y;
        }
        let (mean, variance) = match of_batch {
            true => self.of_batch(x.clone(), pass),
            false => (self.mean.val(), self.variance.val()),
        };
        let mut shape = [1; D];
        shape[D - 1] = self.scale.dims()[0];
        let scale = self.scale.val() / variance.add_scalar(VARIANCE_EPSILON).sqrt();
        let shift = self.shift.val() - mean * scale.clone();
        let y = x * scale.reshape(shape) + shift.reshape(shape);
        let y = match beside {
            Some(beside) => y + beside,
            None => y,
        };
        match rectified {
            Rectified::Behind => activation::relu(y),
            Rectified::Not | Rectified::Before => y,
        }
    }

    /// Whether it is no part of what is trained, though something is: it keeps to its stored statistics then.
    fn is_frozen(&self) -> bool {
        let scale = self.scale.val();
        scale.device().is_autodiff() && !scale.is_require_grad()
    }

    /// Mean and variance over the batch, by Burn's operations, which the stored ones move towards.
    fn of_batch<const D: usize>(
        &self,
        x: Tensor<D>,
        pass: &mut Pass<'_>,
    ) -> (Tensor<1>, Tensor<1>) {
        let channels = self.scale.dims()[0];
        let rows = x.shape().num_elements() / channels;
        let x = x.reshape([rows, channels]);
        let mean = x.clone().mean_dim(0);
        let offset = x - mean.clone();
        let variance = (offset.clone() * offset).mean_dim(0);
        let (mean, variance) = (mean.reshape([channels]), variance.reshape([channels]));
        let numbers = |x: &Tensor<1>| x.clone().into_data().iter::<f64>().collect();
        let batch = BatchStatistics {
            mean: numbers(&mean),
            variance: numbers(&variance),
            rows,
        };
        pass.keep_statistics(&batch, &self.mean, &self.variance);
        (mean, variance)
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
