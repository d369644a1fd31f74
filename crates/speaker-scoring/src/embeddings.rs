//! Embeddings as rows of one matrix.

use crate::ScoringError;

/// Embeddings `[points, dim]`, row-major. There is at least one row and one dimension, and every
/// value is finite: what holds a NaN is refused when the matrix is made.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingMatrix {
    data: Vec<f32>,
    dim: usize,
}

impl EmbeddingMatrix {
    /// Copies `rows` into one matrix.
    ///
    /// # Errors
    /// No rows, rows of no or of unequal dimension, a value that is not finite.
    pub fn from_rows<R: AsRef<[f32]>>(rows: &[R]) -> Result<Self, ScoringError> {
        let dim = rows.first().map_or(0, |row| row.as_ref().len());
        let mut data = Vec::with_capacity(dim * rows.len());
        for (index, row) in rows.iter().map(AsRef::as_ref).enumerate() {
            if row.len() != dim {
                return Err(ScoringError::DimensionMismatch {
                    name: "embeddings",
                    index,
                    found: row.len(),
                    expected: dim,
                });
            }
            data.extend_from_slice(row);
        }
        Self::from_flat(data, dim)
    }

    /// Takes `data`, `[points, dim]` row-major, as it is.
    ///
    /// # Errors
    /// As [`EmbeddingMatrix::from_rows`]; also a length that is not a multiple of `dim`.
    pub fn from_flat(data: Vec<f32>, dim: usize) -> Result<Self, ScoringError> {
        if data.is_empty() || dim == 0 {
            return Err(ScoringError::Empty { name: "embeddings" });
        }
        if !data.len().is_multiple_of(dim) {
            return Err(ScoringError::DimensionMismatch {
                name: "embeddings",
                index: data.len() / dim,
                found: data.len() % dim,
                expected: dim,
            });
        }
        if let Some(at) = data.iter().position(|value| !value.is_finite()) {
            return Err(ScoringError::NotFinite {
                name: "embeddings",
                index: at / dim,
                value: data[at],
            });
        }
        Ok(Self { data, dim })
    }

    /// Number of embeddings.
    pub fn len(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Always false: an empty matrix cannot be made.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Number of values of each embedding.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The embedding at `index`, `[dim]`.
    ///
    /// # Panics
    /// When `index` is not below [`EmbeddingMatrix::len`], as indexing a slice does.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.data[index * self.dim..(index + 1) * self.dim]
    }

    /// All embeddings in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.data.chunks_exact(self.dim)
    }

    /// The values, `[points, dim]` row-major.
    pub fn as_flat(&self) -> &[f32] {
        &self.data
    }

    /// As [`EmbeddingMatrix::as_flat`], giving up the matrix.
    pub(crate) fn into_flat(self) -> Vec<f32> {
        self.data
    }

    /// The rows at `indices`, in that order; a row may be taken more than once.
    ///
    /// # Errors
    /// No indices, or one that is out of range.
    pub fn select(&self, indices: &[usize]) -> Result<Self, ScoringError> {
        let rows = indices
            .iter()
            .enumerate()
            .map(|(index, &row)| self.checked_row("indices", index, row))
            .collect::<Result<Vec<_>, _>>()?;
        Self::from_rows(&rows)
    }

    /// The mean over all rows, `[dim]`, accumulated in `f64`.
    pub fn mean(&self) -> Vec<f32> {
        self.weighted(0..self.len(), std::iter::repeat(1.0))
    }

    /// The mean over the rows at `members`, each with its weight, `[dim]`, accumulated in `f64`. Members without a weight
    /// are left out.
    ///
    /// # Errors
    /// A member that is not a row.
    pub fn weighted_mean(
        &self,
        members: &[usize],
        weights: &[f64],
    ) -> Result<Vec<f32>, ScoringError> {
        for (index, &member) in members.iter().enumerate() {
            self.checked_row("members", index, member)?;
        }
        Ok(self.weighted(members.iter().copied(), weights.iter().copied()))
    }

    /// As [`EmbeddingMatrix::weighted_mean`], of rows that exist.
    fn weighted(
        &self,
        members: impl Iterator<Item = usize>,
        weights: impl Iterator<Item = f64>,
    ) -> Vec<f32> {
        let mut sum = vec![0.0_f64; self.dim];
        let mut total = 0.0;
        for (member, weight) in members.zip(weights) {
            for (sum, &value) in sum.iter_mut().zip(self.row(member)) {
                *sum += weight * f64::from(value);
            }
            total += weight;
        }
        sum.into_iter().map(|sum| (sum / total) as f32).collect()
    }

    /// Subtracts `mean` `[dim]` from every row. A common offset hides speakers from the cosine;
    /// the mean should come from other data than the rows under test, the training set's say.
    ///
    /// # Errors
    /// `mean` has another dimension or a value that is not finite, or a difference overflows.
    pub fn centre(&mut self, mean: &[f32]) -> Result<(), ScoringError> {
        if mean.len() != self.dim {
            return Err(ScoringError::DimensionMismatch {
                name: "mean",
                index: 0,
                found: mean.len(),
                expected: self.dim,
            });
        }
        if let Some(index) = mean.iter().position(|value| !value.is_finite()) {
            return Err(ScoringError::NotFinite {
                name: "mean",
                index,
                value: mean[index],
            });
        }
        let means = mean.iter().cycle();
        let centred = self
            .data
            .iter()
            .zip(means)
            .map(|(value, mean)| value - mean);
        *self = Self::from_flat(centred.collect(), self.dim)?;
        Ok(())
    }

    /// Scales every row to length 1. A row of zeros stays as it is.
    pub fn l2_normalise(&mut self) {
        for row in self.data.chunks_exact_mut(self.dim) {
            let square: f64 = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
            if square > 0.0 {
                let norm = square.sqrt();
                row.iter_mut()
                    .for_each(|v| *v = (f64::from(*v) / norm) as f32);
            }
        }
    }

    pub(crate) fn checked_row(
        &self,
        name: &'static str,
        index: usize,
        row: usize,
    ) -> Result<&[f32], ScoringError> {
        if row < self.len() {
            return Ok(self.row(row));
        }
        Err(ScoringError::RowOutOfRange {
            name,
            index,
            found: row,
            num_rows: self.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_centre_and_normalise() {
        let mut matrix = EmbeddingMatrix::from_rows(&[[4.0, 0.0], [10.0, 8.0]]).unwrap();
        let mean = matrix.mean();
        assert_eq!(mean, [7.0, 4.0]);
        matrix.centre(&mean).unwrap();
        assert_eq!(matrix.as_flat(), [-3.0, -4.0, 3.0, 4.0]);
        matrix.l2_normalise();
        assert_eq!(matrix.row(1), [0.6, 0.8]);
    }

    #[test]
    fn malformed_matrices_are_refused() {
        let none: [[f32; 2]; 0] = [];
        assert!(matches!(
            EmbeddingMatrix::from_rows(&none),
            Err(ScoringError::Empty { .. })
        ));
        let ragged = EmbeddingMatrix::from_rows(&[vec![1.0], vec![1.0, 2.0]]);
        assert!(matches!(
            ragged,
            Err(ScoringError::DimensionMismatch {
                index: 1,
                found: 2,
                expected: 1,
                ..
            })
        ));
        let nan = EmbeddingMatrix::from_rows(&[[1.0, 2.0], [3.0, f32::NAN]]);
        assert!(matches!(nan, Err(ScoringError::NotFinite { index: 1, .. })));
        let mut matrix = EmbeddingMatrix::from_flat(vec![1.0; 4], 2).unwrap();
        assert!(matrix.centre(&[1.0]).is_err());
        assert!(matrix.select(&[2]).is_err());
    }
}
