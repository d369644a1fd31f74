//! Dot products of many rows with many rows, one tile at a time.
//!
//! A tile is one matrix product on one thread, of a size that does not depend on how many threads there are:
//! neither do its values.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::EmbeddingMatrix;

/// Rows and columns of a tile: its operands stay in the second-level cache up to some 500 dimensions.
pub(crate) const TILE: usize = 256;

/// Fills `out` `[a rows, b rows]` with the dot product of each row of `a` with each row of `b`, both `[rows, dim]`.
/// `out` may be longer than needed.
pub(crate) fn dots(a: &[f32], b: &[f32], dim: usize, out: &mut [f32]) {
    let (rows, columns) = (a.len() / dim, b.len() / dim);
    let out = &mut out[..rows * columns];
    // The lengths follow from the shapes, so that every view is there.
    if let (Ok(a), Ok(b), Ok(mut out)) = (
        ArrayView2::from_shape((rows, dim), a),
        ArrayView2::from_shape((columns, dim), b),
        ArrayViewMut2::from_shape((rows, columns), out),
    ) {
        general_mat_mul(1.0, &a, &b.t(), 0.0, &mut out);
    }
}

/// The rows at unit length, `[points, dim]`; zeros stay zeros.
pub(crate) fn unit_rows(embeddings: &EmbeddingMatrix) -> EmbeddingMatrix {
    let mut unit = embeddings.clone();
    unit.l2_normalise();
    unit
}

/// The rows less their mean, `[points, dim]`: straight-line distances have no origin, and near the mean squares are
/// smallest. As they are where a difference overflows.
pub(crate) fn centred_rows(embeddings: &EmbeddingMatrix) -> EmbeddingMatrix {
    let mut centred = embeddings.clone();
    let mean = centred.mean();
    match centred.centre(&mean) {
        Ok(()) => centred,
        Err(_) => {
            // Never two copies at a time.
            drop(centred);
            embeddings.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::dot_f64;

    #[test]
    fn a_tile_holds_every_pair() {
        let (dim, rows, columns) = (7, 5, 3);
        let values = |count: usize| -> Vec<f32> { (0..count).map(|i| (i as f32).sin()).collect() };
        let (a, b) = (values(rows * dim), values(columns * dim));
        let mut out = vec![f32::NAN; TILE];
        dots(&a, &b, dim, &mut out);
        for (i, row) in a.chunks(dim).enumerate() {
            for (j, column) in b.chunks(dim).enumerate() {
                let expected = dot_f64(row, column) as f32;
                assert!((out[i * columns + j] - expected).abs() < 1e-6);
            }
        }
        assert!(out[rows * columns].is_nan());
    }
}
