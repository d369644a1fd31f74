//! A fixed linear map that gives vectors mean 0 and the identity as covariance.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use onnx_graph::write::{Builder, Handle};

use crate::ModelError;
use crate::layers::Initialiser;
use crate::layers::written::numbers;

/// Added to every variance, so that what is constant in the data is not divided by zero.
const VARIANCE_FLOOR: f64 = 1e-12;

/// `(x − mean) W`, with the covariance's inverse as `W Wᵀ`. It is data, not a weight: no gradient reaches it.
#[derive(Module, Debug)]
pub struct Whitening {
    /// `[dim]`
    mean: Param<Tensor<1>>,
    /// `[dim, dim]`, upper triangular
    matrix: Param<Tensor<2>>,
}

impl Whitening {
    /// The map that changes nothing.
    pub(crate) fn identity(
        dim: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        initialiser.reserve([dim + 1, dim])?;
        let mut matrix = vec![0.0; dim * dim];
        for i in 0..dim {
            matrix[i * dim + i] = 1.0_f32;
        }
        Ok(Self::new(vec![0.0; dim], matrix, initialiser.device()))
    }

    fn new(mean: Vec<f32>, matrix: Vec<f32>, device: &Device) -> Self {
        let dim = mean.len();
        let mean = Param::from_data(TensorData::new(mean, [dim]), device);
        let matrix = Param::from_data(TensorData::new(matrix, [dim, dim]), device);
        Self {
            mean: mean.set_require_grad(false),
            matrix: matrix.set_require_grad(false),
        }
    }

    /// The map that whitens `rows`, each `[dim]`: the inverse of the covariance's Cholesky factor. `shrinkage` of the
    /// mean variance is added to every variance, so that directions which the data hardly has are not blown up.
    #[must_use]
    pub fn of(rows: &[Vec<f32>], dim: usize, shrinkage: f64, device: &Device) -> Self {
        let count = rows.len().max(1) as f64;
        let mut mean = vec![0.0; dim];
        for row in rows {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value) / count;
            }
        }
        let mut covariance = vec![0.0; dim * dim];
        for row in rows {
            let offset: Vec<f64> = row
                .iter()
                .zip(&mean)
                .map(|(&value, mean)| f64::from(value) - mean)
                .collect();
            for i in 0..dim {
                for j in 0..=i {
                    covariance[i * dim + j] += offset[i] * offset[j] / count;
                }
            }
        }
        let trace: f64 = (0..dim).map(|i| covariance[i * dim + i]).sum();
        let added = shrinkage * trace / dim as f64 + VARIANCE_FLOOR;
        for i in 0..dim {
            covariance[i * dim + i] += added;
        }
        let inverse = inverse_lower(&cholesky(covariance, dim), dim);
        let transposed = (0..dim * dim).map(|cell| inverse[cell % dim * dim + cell / dim] as f32);
        Self::new(
            mean.into_iter().map(|value| value as f32).collect(),
            transposed.collect(),
            device,
        )
    }

    /// `[batch, dim]` to `[batch, dim]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    pub fn forward(&self, rows: Tensor<2>) -> Result<Tensor<2>, ModelError> {
        let ([_, found], [expected]) = (rows.dims(), self.mean.dims());
        if found != expected {
            return Err(ModelError::Shape {
                what: "rows to whiten",
                found: found.to_string(),
                expected: expected.to_string(),
            });
        }
        Ok((rows - self.mean.val().detach().unsqueeze()).matmul(self.matrix.val().detach()))
    }

    /// The same as nodes of a graph.
    pub(crate) fn write(&self, builder: &mut Builder, rows: &Handle) -> Result<Handle, ModelError> {
        Ok(builder.whiten(rows, &numbers(&self.mean), &numbers(&self.matrix))?)
    }
}

/// The lower triangular L with `L Lᵀ` the positive definite `matrix` `[dim, dim]`, of which the lower half is read.
fn cholesky(mut matrix: Vec<f64>, dim: usize) -> Vec<f64> {
    for j in 0..dim {
        for i in j..dim {
            let sum: f64 = (0..j)
                .map(|k| matrix[i * dim + k] * matrix[j * dim + k])
                .sum();
            let rest = matrix[i * dim + j] - sum;
            matrix[i * dim + j] = if i == j {
                rest.max(VARIANCE_FLOOR).sqrt()
            } else {
                rest / matrix[j * dim + j]
            };
        }
    }
    matrix
}

/// The inverse of the lower triangular `lower` `[dim, dim]`, zero above the diagonal.
fn inverse_lower(lower: &[f64], dim: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; dim * dim];
    for column in 0..dim {
        inverse[column * dim + column] = 1.0 / lower[column * dim + column];
        for row in column + 1..dim {
            let sum: f64 = (column..row)
                .map(|k| lower[row * dim + k] * inverse[k * dim + column])
                .sum();
            inverse[row * dim + column] = -sum / lower[row * dim + row];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitened_rows_have_mean_zero_and_unit_covariance() {
        let device = Device::flex();
        let (count, dim) = (2_000, 4);
        // Correlated, of unlike scales and off the origin.
        let mut state = 1_u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        let rows: Vec<Vec<f32>> = (0..count)
            .map(|_| {
                let (a, b, c, d) = (uniform(), uniform(), uniform(), uniform());
                [10.0 * a + 7.0, a + b, 2.0 * b - c, 3.0 * d - 1.0]
                    .map(|value| value as f32)
                    .to_vec()
            })
            .collect();
        let flat: Vec<f32> = rows.concat();
        let white: Vec<f32> = Whitening::of(&rows, dim, 0.0, &device)
            .forward(Tensor::from_data(
                TensorData::new(flat, [count, dim]),
                &device,
            ))
            .unwrap()
            .into_data()
            .iter::<f32>()
            .collect();
        for i in 0..dim {
            for j in 0..=i {
                let moment = |order: fn(f64, f64) -> f64| {
                    let rows = white.chunks_exact(dim);
                    rows.map(|row| order(f64::from(row[i]), f64::from(row[j])))
                        .sum::<f64>()
                        / count as f64
                };
                let expected = f64::from(u8::from(i == j));
                // The matrix is rounded to 32 bits, and its largest elements cancel.
                assert!((moment(|a, b| a * b) - expected).abs() < 1e-4, "{i} {j}");
                assert!(moment(|a, _| a).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn constant_rows_stay_finite() {
        let device = Device::flex();
        let rows = vec![vec![3.0, 3.0]; 5];
        let white = Whitening::of(&rows, 2, 0.0, &device)
            .forward(Tensor::from_floats([[3.0, 3.0]], &device))
            .unwrap();
        assert!(white.into_data().iter::<f32>().all(|value| value == 0.0));
    }
}
