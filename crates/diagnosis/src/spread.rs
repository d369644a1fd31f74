//! How a set of vectors lies in its space.

use serde::{Deserialize, Serialize};

/// How a set of vectors lies in its space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Dimensions of the space.
    pub num_dimensions: usize,
    /// Directions that the vectors, less their mean, spread over: the participation ratio (Σλ)² / Σλ² of the
    /// covariance's eigenvalues λ. 1 for points on a line; 0 where all vectors are one.
    pub effective_rank: f64,
    /// Mean length.
    pub mean_norm: f64,
    /// Standard deviation of the lengths.
    pub norm_deviation: f64,
    /// Length of the mean vector over the root of the mean squared length, 0 to 1: how much all vectors share.
    pub offset_share: f64,
}

impl Spread {
    /// The spread of `rows`, each `[dimensions]`. None without two rows of like length.
    #[must_use]
    pub fn of(rows: &[Vec<f32>]) -> Option<Self> {
        let dim = rows.first()?.len();
        if rows.len() < 2 || dim == 0 || rows.iter().any(|row| row.len() != dim) {
            return None;
        }
        let count = rows.len() as f64;
        let mut mean = vec![0.0; dim];
        for row in rows {
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, &v)| *sum += f64::from(v) / count);
        }
        let norms: Vec<f64> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|&v| f64::from(v).powi(2))
                    .sum::<f64>()
                    .sqrt()
            })
            .collect();
        let mean_norm = norms.iter().sum::<f64>() / count;
        let deviation = (norms.iter().map(|n| (n - mean_norm).powi(2)).sum::<f64>() / count).sqrt();
        let mean_square = norms.iter().map(|n| n * n).sum::<f64>() / count;
        let offset = mean.iter().map(|v| v * v).sum::<f64>();
        // Σλ and Σλ² are trace and squared Frobenius norm, of the covariance as of the Gram matrix of the rows.
        let centred: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&mean)
                    .map(|(&v, m)| f64::from(v) - m)
                    .collect()
            })
            .collect();
        let columns: Vec<Vec<f64>> = if rows.len() <= dim {
            centred
        } else {
            (0..dim)
                .map(|d| centred.iter().map(|row| row[d]).collect())
                .collect()
        };
        let (mut trace, mut squares) = (0.0, 0.0);
        for (i, a) in columns.iter().enumerate() {
            for b in &columns[..=i] {
                let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                squares += dot * dot;
                if std::ptr::eq(a, b) {
                    trace += dot;
                } else {
                    squares += dot * dot;
                }
            }
        }
        // Rounding leaves a trace where all rows are one.
        let constant = trace <= 1e-12 * mean_square * count;
        Some(Self {
            num_dimensions: dim,
            effective_rank: if constant {
                0.0
            } else {
                trace * trace / squares
            },
            mean_norm,
            norm_deviation: deviation,
            offset_share: if mean_square > 0.0 {
                (offset / mean_square).sqrt().min(1.0)
            } else {
                0.0
            },
        })
    }
}
