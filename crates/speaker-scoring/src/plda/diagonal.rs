//! Two covariances made diagonal at once.

use super::matrix::{congruent, times_transposed, trace, transposed};
use crate::symmetric::Eigen;

/// The least variance within speakers, over the mean variance of a direction: where recordings do not differ at all, too few were seen.
const FLOOR: f64 = 1e-6;

/// Coordinates in which the covariance within speakers is the identity and that between them diagonal.
pub(super) struct Diagonal {
    /// `[dim, dim]`: a row for each coordinate, those first in which speakers differ most.
    pub(super) transform: Vec<f64>,
    /// `[dim, dim]`: back again.
    pub(super) inverse: Vec<f64>,
    /// `[dim]`: the variance between speakers, over that within, from the largest; none below 0.
    pub(super) psi: Vec<f64>,
}

impl Diagonal {
    /// Of symmetric matrices `[dim, dim]` without eigenvalues below 0, not both of zeros.
    pub(super) fn of(within: &[f64], between: &[f64], dim: usize) -> Self {
        let floor = FLOOR * (trace(within, dim) + trace(between, dim)) / dim as f64;
        let Eigen { values, vectors } = Eigen::of(within.to_vec(), dim);
        let deviations: Vec<f64> = values.iter().map(|&v| v.max(floor).sqrt()).collect();
        let scaled = |scale: &dyn Fn(f64) -> f64| -> Vec<f64> {
            let rows = vectors.chunks_exact(dim).zip(&deviations);
            rows.flat_map(|(row, &deviation)| {
                let factor = scale(deviation);
                row.iter().map(move |value| value * factor)
            })
            .collect()
        };
        let whitening = scaled(&f64::recip);
        let colouring = scaled(&|deviation| deviation);
        let turn = Eigen::of(congruent(&whitening, between, dim), dim);
        Self {
            transform: times_transposed(&turn.vectors, &transposed(&whitening, dim), dim),
            inverse: times_transposed(&transposed(&colouring, dim), &turn.vectors, dim),
            // A covariance has none below 0 but for rounding.
            psi: turn.values.iter().map(|value| value.max(0.0)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_covariances_become_diagonal_and_come_back() {
        let dim = 3;
        let within = vec![2.0, 0.3, 0.1, 0.3, 1.0, -0.2, 0.1, -0.2, 0.5];
        let between = vec![1.0, 0.5, 0.2, 0.5, 3.0, 0.1, 0.2, 0.1, 0.4];
        let Diagonal {
            transform,
            inverse,
            psi,
        } = Diagonal::of(&within, &between, dim);
        assert!(psi.is_sorted_by(|a, b| a >= b));
        let (one, diagonal) = (
            congruent(&transform, &within, dim),
            congruent(&transform, &between, dim),
        );
        for at in 0..dim * dim {
            let on = at % (dim + 1) == 0;
            let psi = psi[at / dim];
            assert!((one[at] - f64::from(u8::from(on))).abs() < 1e-12);
            assert!((diagonal[at] - if on { psi } else { 0.0 }).abs() < 1e-12);
        }
        for (found, expected) in congruent(&inverse, &one, dim).iter().zip(&within) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn without_spread_within_the_floor_stands() {
        let between = [4.0, 0.0, 0.0, 0.0];
        let diagonal = Diagonal::of(&[0.0; 4], &between, 2);
        assert!((diagonal.psi[0] - 2e6).abs() < 1.0 && diagonal.psi[1] == 0.0);
        assert!(diagonal.transform.iter().all(|value| value.is_finite()));
    }
}
