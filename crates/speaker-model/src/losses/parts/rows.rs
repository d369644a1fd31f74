//! Rows of tensors: their lengths, their distances, some of them.

use burn::tensor::{Int, Tensor, TensorData};

use crate::ModelError;

/// Least square of a length that is divided by: a row of zeros stays one, without a gradient.
const LEAST: f64 = 1e-12;

/// Rows `[rows, width]` of length 1.
pub(in crate::losses) fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let squares = (x.clone() * x.clone()).sum_dim(1);
    x / squares.clamp_min(LEAST).sqrt()
}

/// Squares of the Euclidean distances of all rows of `x` `[rows, width]`, `[rows, rows]`.
pub(in crate::losses) fn squared_distances(x: Tensor<2>) -> Tensor<2> {
    // Distances know no origin, and with the mean there lengths are not much longer than they are: fewer digits cancel.
    let x = x.clone() - x.detach().mean_dim(0);
    let squares = (x.clone() * x.clone()).sum_dim(1);
    let products = x.clone().matmul(x.transpose());
    (squares.clone() + squares.transpose() - products * 2.0).clamp_min(0.0)
}

/// The rows of `x` with these indices, in their order.
pub(in crate::losses) fn select(
    x: &Tensor<2>,
    indices: impl IntoIterator<Item = usize>,
) -> Tensor<2> {
    let indices: Vec<i64> = indices.into_iter().map(|index| index as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::from(indices.as_slice()), &x.device());
    x.clone().select(0, indices)
}

/// Cells (row, column) of a square matrix `x`, as a column.
pub(in crate::losses) fn cells(
    x: Tensor<2>,
    cells: impl IntoIterator<Item = (usize, usize)>,
) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let flat = x.reshape([rows * columns, 1]);
    let indices = cells
        .into_iter()
        .map(|(row, column)| row * columns + column);
    select(&flat, indices)
}

/// A matrix of numbers, where `like` is.
pub(in crate::losses) fn matrix(
    values: Vec<f32>,
    shape: [usize; 2],
    like: &Tensor<2>,
) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), &like.device())
}

/// One number, where `like` is.
pub(in crate::losses) fn number(value: f64, like: &Tensor<2>) -> Tensor<1> {
    Tensor::from_floats([value as f32], &like.device())
}

/// # Errors
/// [`ModelError::Shape`] for another width than `expected`.
pub(in crate::losses) fn check_width(
    embeddings: &Tensor<2>,
    expected: usize,
) -> Result<(), ModelError> {
    let [_, found] = embeddings.dims();
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Shape {
        what: "embeddings",
        found: found.to_string(),
        expected: expected.to_string(),
    })
}
