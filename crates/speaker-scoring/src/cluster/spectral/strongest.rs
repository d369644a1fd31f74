//! The strongest neighbours of each point by cosine.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use crate::EmbeddingMatrix;
use crate::symmetric::dot;

/// Points whose cosines to all are looked at at a time.
const BLOCK: usize = 64;

/// For each point the others, strongest first; of equally strong ones the lower row.
pub(super) struct Strongest {
    pub(super) num_points: usize,
    /// Others that are held of each point.
    pub(super) num_held: usize,
    /// `[points, held]`
    pub(super) rows: Vec<u32>,
    /// `[points, held]`: their cosines, rounded to `f32`, so that copies tie whatever the order of a sum.
    pub(super) cosines: Vec<f32>,
}

impl Strongest {
    /// Bytes of the lists, and of what makes them on `num_threads`.
    pub(super) fn bytes(embeddings: &EmbeddingMatrix, num_held: usize, num_threads: usize) -> u64 {
        let (num_points, dim) = (embeddings.len() as u64, embeddings.dim() as u64);
        let lists = num_points.saturating_mul(8 * num_held as u64);
        let block = BLOCK as u64 * 8 + 8;
        lists
            .saturating_add(num_points.saturating_mul(8 * dim))
            .saturating_add(num_points.saturating_mul(block * num_threads as u64))
    }

    /// The `num_held` strongest of each row, fewer than there are rows.
    pub(super) fn of(embeddings: &EmbeddingMatrix, num_held: usize) -> Self {
        let (num_points, dim) = (embeddings.len(), embeddings.dim());
        let unit = unit_rows(embeddings);
        let mut rows = vec![0; num_points * num_held];
        let mut cosines = vec![0.0; num_points * num_held];
        if num_held == 0 {
            return Self {
                num_points,
                num_held,
                rows,
                cosines,
            };
        }
        let lists = rows.par_chunks_mut(BLOCK * num_held);
        let lists = lists.zip(cosines.par_chunks_mut(BLOCK * num_held));
        let queries = unit.par_chunks(BLOCK * dim);
        lists.zip(queries).enumerate().for_each_init(
            || (vec![0.0; BLOCK * num_points], Vec::new()),
            |(tile, order), (block, ((rows, cosines), queries))| {
                let count = queries.len() / dim;
                let tile = &mut tile[..count * num_points];
                dots(queries, &unit, dim, tile);
                for (place, values) in tile.chunks_exact(num_points).enumerate() {
                    let own = block * BLOCK + place;
                    strongest_of(values, own, num_held, order);
                    let held = place * num_held..(place + 1) * num_held;
                    let lists = rows[held.clone()].iter_mut().zip(&mut cosines[held]);
                    for ((row, cosine), &(value, other)) in lists.zip(order.iter()) {
                        (*row, *cosine) = (other, value);
                    }
                }
            },
        );
        Self {
            num_points,
            num_held,
            rows,
            cosines,
        }
    }
}

/// `[points, dim]`, of length 1; zeros stay zeros.
fn unit_rows(embeddings: &EmbeddingMatrix) -> Vec<f64> {
    let flat = embeddings.as_flat().iter();
    let mut unit: Vec<f64> = flat.map(|&value| f64::from(value)).collect();
    for row in unit.chunks_exact_mut(embeddings.dim()) {
        let length = dot(row, row).sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value /= length);
        }
    }
    unit
}

fn dots(queries: &[f64], all: &[f64], dim: usize, out: &mut [f64]) {
    let (rows, columns) = (queries.len() / dim, all.len() / dim);
    // The lengths follow from the shapes, so that every view is there.
    if let (Ok(a), Ok(b), Ok(mut out)) = (
        ArrayView2::from_shape((rows, dim), queries),
        ArrayView2::from_shape((columns, dim), all),
        ArrayViewMut2::from_shape((rows, columns), out),
    ) {
        general_mat_mul(1.0, &a, &b.t(), 0.0, &mut out);
    }
}

/// Leaves in `order` the `num_held` strongest of `values` but for the row `own`.
fn strongest_of(values: &[f64], own: usize, num_held: usize, order: &mut Vec<(f32, u32)>) {
    order.clear();
    let others = values.iter().enumerate().filter(|&(row, _)| row != own);
    order.extend(others.map(|(row, &value)| (value.clamp(-1.0, 1.0) as f32, row as u32)));
    let stronger =
        |a: &(f32, u32), b: &(f32, u32)| b.0.partial_cmp(&a.0).map(|by| by.then(a.1.cmp(&b.1)));
    let stronger = |a: &(f32, u32), b: &(f32, u32)| stronger(a, b).unwrap_or(a.1.cmp(&b.1));
    if num_held < order.len() {
        order.select_nth_unstable_by(num_held, stronger);
        order.truncate(num_held);
    }
    order.sort_unstable_by(stronger);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosine;

    #[test]
    fn lists_are_those_of_all_cosines() {
        let (count, dim, held) = (150, 3, 7);
        let values = (0..count * dim).map(|at| ((at * 7919 % 1009) as f32 * 0.1).sin());
        let points = EmbeddingMatrix::from_flat(values.collect(), dim).unwrap();
        let found = Strongest::of(&points, held);
        for own in 0..count {
            let of = |other: usize| cosine(points.row(own), points.row(other));
            let mut others: Vec<f32> = (0..count).filter(|&o| o != own).map(of).collect();
            others.sort_by(|a, b| b.total_cmp(a));
            for (place, expected) in others[..held].iter().enumerate() {
                let at = own * held + place;
                assert!((found.cosines[at] - expected).abs() < 1e-6);
                assert!((of(found.rows[at] as usize) - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn copies_and_zeros_tie_towards_the_lower_row() {
        let points = EmbeddingMatrix::from_rows(&[[1.0_f32], [3.0], [0.0], [2.0], [-1.0]]).unwrap();
        let found = Strongest::of(&points, 3);
        assert_eq!(found.rows[..6], [1, 3, 2, 0, 3, 2]);
        assert_eq!(found.rows[6..9], [0, 1, 3]);
        assert_eq!(found.cosines[6..9], [0.0; 3]);
        assert_eq!(found.cosines[12..], [0.0, -1.0, -1.0]);
    }
}
