//! Mean 0 and deviation 1 over a batch (Ioffe & Szegedy 2015, without scale and shift).

use burn::tensor::Tensor;

/// Added to a variance over the batch, as in Keras and `PyTorch`.
pub(crate) const VARIANCE_EPSILON: f64 = 1e-5;

/// `[batch, dim]` with mean 0 and deviation 1 in every column.
pub(crate) fn standardised(x: Tensor<2>) -> Tensor<2> {
    let offset = x.clone() - x.mean_dim(0);
    let variance = (offset.clone() * offset.clone()).mean_dim(0);
    offset / variance.add_scalar(VARIANCE_EPSILON).sqrt()
}
