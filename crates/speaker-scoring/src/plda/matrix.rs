//! The few products of matrices that are needed, row-major, each row of a result by one thread: the same for any number of threads.

use rayon::prelude::*;

use crate::symmetric::dot;

/// Rows that are summed at a time: few enough to stay in the cache.
const BLOCK: usize = 512;

/// `a` times `b` transposed, for rows of length `inner` each: `[rows of a, rows of b]`.
pub(super) fn times_transposed(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    a.par_chunks_exact(inner)
        .flat_map_iter(|row| b.chunks_exact(inner).map(move |other| dot(row, other)))
        .collect()
}

/// Rows of length `columns` to columns.
pub(super) fn transposed(matrix: &[f64], columns: usize) -> Vec<f64> {
    (0..columns)
        .flat_map(|column| matrix.iter().skip(column).step_by(columns).copied())
        .collect()
}

/// `turn` times `matrix` times `turn` transposed, `[dim, dim]` each, for a symmetric `matrix`; symmetric to the last bit.
pub(super) fn congruent(turn: &[f64], matrix: &[f64], dim: usize) -> Vec<f64> {
    let half = times_transposed(turn, matrix, dim);
    let mut whole = times_transposed(&half, turn, dim);
    mirror(&mut whole, dim);
    whole
}

/// Adds to `sum` `[dim, dim]` the outer product of each row with itself.
pub(super) fn add_outer(sum: &mut [f64], rows: &[f64], dim: usize) {
    for block in rows.chunks(BLOCK * dim) {
        let count = block.len() / dim;
        let columns = transposed(block, dim);
        sum.par_chunks_exact_mut(dim)
            .enumerate()
            .for_each(|(place, sums)| {
                let own = &columns[place * count..(place + 1) * count];
                // The other half is mirrored.
                let others = columns.chunks_exact(count).take(place + 1);
                for (sum, other) in sums.iter_mut().zip(others) {
                    *sum += dot(own, other);
                }
            });
    }
    mirror(sum, dim);
}

/// Makes the upper half equal to the lower.
fn mirror(matrix: &mut [f64], dim: usize) {
    for row in 0..dim {
        for column in row + 1..dim {
            matrix[row * dim + column] = matrix[column * dim + row];
        }
    }
}

pub(super) fn trace(matrix: &[f64], dim: usize) -> f64 {
    (0..dim).map(|at| matrix[at * dim + at]).sum()
}

/// The covariance drawn by `share` towards the multiple of the identity that has its trace (Ledoit and Wolf 2004).
pub(super) fn smooth(covariance: &mut [f64], dim: usize, share: f64) {
    let even = share * trace(covariance, dim) / dim as f64;
    covariance
        .iter_mut()
        .for_each(|value| *value *= 1.0 - share);
    (0..dim).for_each(|at| covariance[at * dim + at] += even);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
        assert_eq!(
            times_transposed(&a, &b, 2),
            [17.0, 23.0, 29.0, 39.0, 53.0, 67.0]
        );
        assert_eq!(transposed(&b, 2), [5.0, 7.0, 9.0, 6.0, 8.0, 10.0]);
        // [1 2; 3 4] [2 1; 1 3] [1 3; 2 4]
        assert_eq!(
            congruent(&a, &[2.0, 1.0, 1.0, 3.0], 2),
            [18.0, 40.0, 40.0, 90.0]
        );
        let mut covariance = vec![3.0, 1.0, 1.0, 5.0];
        smooth(&mut covariance, 2, 0.5);
        assert_eq!(covariance, [3.5, 0.5, 0.5, 4.5]);
    }

    #[test]
    fn outer_products_of_many_blocks_are_those_of_each_row() {
        let dim = 3;
        let rows: Vec<f64> = (0..dim * (2 * BLOCK + 7))
            .map(|at| (at as f64).sin())
            .collect();
        let mut found = vec![0.0; dim * dim];
        add_outer(&mut found, &rows, dim);
        for i in 0..dim {
            for j in 0..dim {
                let expected: f64 = rows.chunks_exact(dim).map(|row| row[i] * row[j]).sum();
                assert!((found[i * dim + j] - expected).abs() < 1e-10);
            }
        }
    }
}
