//! Tensors of Burn's own CPU backend as slices, for operations of ours that compute on them.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::{Shape, TensorData};

/// A tensor of the backend.
pub(crate) type FlexTensor = FloatTensor<Flex>;

/// The same numbers row by row.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The numbers of a tensor that [`contiguous`] gave.
pub(crate) fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .unwrap_or_else(|| unreachable!("inputs were made contiguous f32 tensors"))
}

/// A tensor of `values`, row-major.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    <Flex as FloatTensorOps<Flex>>::float_from_data(
        TensorData::new(values, shape.into()),
        &Default::default(),
    )
}
