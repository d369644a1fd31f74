//! What `fused-conv` computes in training, as operations of Burn's CPU backend with backward passes of their own: channels lie
//! side by side there, so that layers on them are matrix products and need no copies.

mod attend;
mod conv;
mod norm;
#[cfg(test)]
mod tests;

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use fused_conv::{ConvError, View, ViewMut};

pub(crate) use attend::fused_attend;
pub(crate) use conv::{ConvOptions, fused_conv};
pub(crate) use norm::{Rectified, fused_norm};

use crate::layers::flex::{FlexTensor, slice, tensor};

/// Burn's operations have no way to report a fault; the layers have checked all shapes before.
fn checked<T>(result: Result<T, ConvError>) -> T {
    result.unwrap_or_else(|error| unreachable!("{error}"))
}

/// `[.., channels]` as rows.
fn rows(tensor: &FlexTensor) -> View<'_> {
    checked(View::new(slice(tensor), last(&tensor.shape())))
}

fn view_mut(values: &mut [f32], channels: usize) -> ViewMut<'_> {
    checked(ViewMut::new(values, channels))
}

/// A tensor `[.., channels]` of what `compute` writes.
fn write(shape: Shape, compute: impl FnOnce(ViewMut<'_>) -> Result<(), ConvError>) -> FlexTensor {
    let mut values = vec![0.0; shape.num_elements()];
    checked(compute(view_mut(&mut values, last(&shape))));
    tensor(values, shape)
}

fn last(shape: &Shape) -> usize {
    shape[shape.num_dims() - 1]
}
