//! The nearest rows of each row, by brute force over tiles.

use rayon::prelude::*;

use super::tiles::{TILE, dots};

/// A row and how far away it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) distance: f32,
    pub(crate) row: u32,
}

impl Neighbour {
    /// Nearer first; at equal distance the lower row.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let order = self.distance.total_cmp(&other.distance);
        order.then(self.row.cmp(&other.row))
    }
}

/// The at most `k` rows of `candidates` `[rows, dim]` nearest to each of `queries`, nearest first.
///
/// A query is the number of a row of `all` `[rows, dim]`. `distance` makes a distance of the query's number, the
/// candidate's place among the candidates and their dot product; infinite ones are left out.
pub(crate) fn nearest<D>(
    queries: &[u32],
    all: &[f32],
    candidates: &[f32],
    dim: usize,
    k: usize,
    distance: D,
) -> Vec<Vec<Neighbour>>
where
    D: Fn(u32, usize, f32) -> f32 + Sync,
{
    let blocks: Vec<Vec<Vec<Neighbour>>> = queries
        .par_chunks(TILE)
        .map_init(
            || (Vec::new(), vec![0.0; TILE * TILE]),
            |(rows, tile), queries| {
                rows.clear();
                for &query in queries {
                    let start = query as usize * dim;
                    rows.extend_from_slice(&all[start..start + dim]);
                }
                let mut lists = vec![Vec::with_capacity(k + 1); queries.len()];
                for (block, candidates) in candidates.chunks(TILE * dim).enumerate() {
                    dots(rows, candidates, dim, tile);
                    let columns = candidates.len() / dim;
                    let first = block * TILE;
                    for ((list, row), &query) in
                        lists.iter_mut().zip(tile.chunks_mut(columns)).zip(queries)
                    {
                        for (column, value) in row.iter_mut().enumerate() {
                            *value = distance(query, first + column, *value);
                        }
                        keep_nearest(list, row, first, k);
                    }
                }
                lists
            },
        )
        .collect();
    blocks.into_iter().flatten().collect()
}

/// Puts what is nearer than the farthest of a full `list` in its place.
fn keep_nearest(list: &mut Vec<Neighbour>, distances: &[f32], first: usize, k: usize) {
    // Sixteen at once are passed over where none of them is near, which is nearly always.
    const AT_ONCE: usize = 16;
    for (group, distances) in distances.chunks(AT_ONCE).enumerate() {
        let farthest = |list: &[Neighbour]| match list.len() < k {
            true => f32::INFINITY,
            false => list.last().map_or(f32::INFINITY, |last| last.distance),
        };
        let limit = farthest(list);
        let lowest =
            distances.iter().fold(
                f32::INFINITY,
                |low, &distance| {
                    if distance < low { distance } else { low }
                },
            );
        if lowest >= limit {
            continue;
        }
        for (offset, &distance) in distances.iter().enumerate() {
            // Rows come in ascending order: at equal distance the earlier one stays.
            if distance < farthest(list) {
                let row = (first + group * AT_ONCE + offset) as u32;
                let place = list.partition_point(|held| held.distance <= distance);
                list.insert(place, Neighbour { distance, row });
                list.truncate(k);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_sorting_all_distances() {
        let (count, dim, k) = (600, 3, 4);
        let values: Vec<f32> = (0..count * dim)
            .map(|i| ((i * 7919 % 1009) as f32 * 0.1).sin())
            .collect();
        let queries: Vec<u32> = (0..count as u32).rev().collect();
        let distance = |query: u32, candidate: usize, dot: f32| match query as usize == candidate {
            true => f32::INFINITY,
            false => 1.0 - dot,
        };
        let found = nearest(&queries, &values, &values, dim, k, distance);
        for (&query, list) in queries.iter().zip(&found) {
            let row = |row: usize| &values[row * dim..(row + 1) * dim];
            let dot = |other: usize| -> f32 {
                let products = row(query as usize).iter().zip(row(other));
                products.map(|(a, b)| a * b).sum()
            };
            let mut others: Vec<f32> = (0..count)
                .filter(|&other| other != query as usize)
                .map(|other| 1.0 - dot(other))
                .collect();
            others.sort_by(f32::total_cmp);
            assert_eq!(list.len(), k);
            for (neighbour, expected) in list.iter().zip(others) {
                assert!((neighbour.distance - expected).abs() < 1e-5);
                assert!((1.0 - dot(neighbour.row as usize) - neighbour.distance).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn ties_go_to_the_lower_row() {
        let rows = [1.0_f32; 40];
        let found = nearest(&[5], &rows, &rows, 1, 3, |_, _, dot| dot);
        let rows: Vec<u32> = found[0].iter().map(|neighbour| neighbour.row).collect();
        assert_eq!(rows, [0, 1, 2]);
    }
}
