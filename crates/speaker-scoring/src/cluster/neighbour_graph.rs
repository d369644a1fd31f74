//! Which points are near each other: the graph that approximate clustering works on.

use rayon::prelude::*;

use super::nearest::{Neighbour, nearest};

/// Points whose neighbours are searched at once.
const BATCH: usize = 8192;

/// Passes of Lloyd's algorithm for the cells' centres.
const NUM_PASSES: usize = 4;

/// Points for each centre that the passes look at.
const SAMPLE_PER_CELL: usize = 64;

/// The at most `k` nearest of each of `points` `[points, dim]` (of unit length or zeros) that are within `limit` of
/// it, 1 - cosine; each edge on both sides, nearest first.
///
/// All are compared with all, or, with `num_probed`, as in an inverted file (Jégou et al. 2011): points belong to the
/// nearest of √n centres, and each is compared with those of the `num_probed` nearest centres.
pub(crate) fn neighbour_graph(
    points: &[f32],
    dim: usize,
    k: usize,
    limit: f32,
    num_probed: Option<usize>,
) -> Vec<Vec<Neighbour>> {
    let num_points = points.len() / dim;
    let all: Vec<u32> = (0..num_points as u32).collect();
    let within = |distance: f32, is_same: bool| match is_same || distance > limit {
        true => f32::INFINITY,
        false => distance.max(0.0),
    };
    let found = match num_probed {
        None => nearest(&all, points, points, dim, k, |query, candidate, dot| {
            within(1.0 - dot, query as usize == candidate)
        }),
        Some(num_probed) => {
            let cells = Cells::new(points, dim);
            let batches = all.chunks(BATCH);
            let lists = batches.flat_map(|batch| cells.probe(points, batch, k, num_probed, within));
            lists.collect()
        }
    };
    on_both_sides(found)
}

fn on_both_sides(found: Vec<Vec<Neighbour>>) -> Vec<Vec<Neighbour>> {
    let mut graph = vec![Vec::new(); found.len()];
    for (point, list) in found.into_iter().enumerate() {
        for held in list {
            graph[point].push(held);
            let row = point as u32;
            graph[held.row as usize].push(Neighbour { row, ..held });
        }
    }
    graph.par_iter_mut().for_each(|list: &mut Vec<Neighbour>| {
        // Tiles of another shape may round the same distance otherwise: the lower one counts.
        list.sort_unstable_by(|a, b| a.row.cmp(&b.row).then(a.order(b)));
        list.dedup_by_key(|held| held.row);
        list.sort_unstable_by(Neighbour::order);
        list.shrink_to_fit();
    });
    graph
}

/// The rows at `numbers`, `[numbers, dim]`.
fn gathered(points: &[f32], dim: usize, numbers: &[u32]) -> Vec<f32> {
    let rows = numbers.iter().map(|&row| row as usize * dim);
    rows.flat_map(|start| &points[start..start + dim])
        .copied()
        .collect()
}

/// Points by the centre that is nearest to them.
struct Cells {
    dim: usize,
    /// `[cells, dim]`, of unit length.
    centres: Vec<f32>,
    members: Vec<Vec<u32>>,
}

impl Cells {
    fn new(points: &[f32], dim: usize) -> Self {
        let num_points = points.len() / dim;
        let num_cells = num_points.isqrt();
        // Every so manieth point: the order of a file may follow its speakers.
        let spread = |count: usize| -> Vec<u32> {
            let count = count.min(num_points);
            (0..count)
                .map(|i| (i * num_points / count) as u32)
                .collect()
        };
        let mut cells = Self {
            dim,
            centres: gathered(points, dim, &spread(num_cells)),
            members: Vec::new(),
        };
        let sample = spread(num_cells * SAMPLE_PER_CELL);
        for _ in 0..NUM_PASSES {
            cells.assign(points, &sample);
            cells.move_centres(points);
        }
        let all: Vec<u32> = (0..num_points as u32).collect();
        cells.assign(points, &all);
        cells
    }

    fn assign(&mut self, points: &[f32], numbers: &[u32]) {
        let centres = &self.centres;
        let found = nearest(numbers, points, centres, self.dim, 1, |_, _, dot| 1.0 - dot);
        self.members = vec![Vec::new(); centres.len() / self.dim];
        for (&point, list) in numbers.iter().zip(found) {
            let cell = list.first().map_or(0, |first| first.row);
            self.members[cell as usize].push(point);
        }
    }

    /// Moves each centre to the direction of its members' mean; one without members stays.
    fn move_centres(&mut self, points: &[f32]) {
        let dim = self.dim;
        let centres = self.centres.par_chunks_mut(dim).zip(&self.members);
        centres.for_each(|(centre, members)| {
            let mut sum = vec![0.0_f64; dim];
            for &member in members {
                let start = member as usize * dim;
                for (sum, &value) in sum.iter_mut().zip(&points[start..start + dim]) {
                    *sum += f64::from(value);
                }
            }
            let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length > 0.0 {
                for (centre, sum) in centre.iter_mut().zip(sum) {
                    *centre = (sum / length) as f32;
                }
            }
        });
    }

    /// The at most `k` nearest of each of the points `batch`, whose numbers follow each other.
    fn probe(
        &self,
        points: &[f32],
        batch: &[u32],
        k: usize,
        num_probed: usize,
        within: impl Fn(f32, bool) -> f32 + Sync,
    ) -> Vec<Vec<Neighbour>> {
        let dim = self.dim;
        let near = nearest(
            batch,
            points,
            &self.centres,
            dim,
            num_probed,
            |_, _, dot| 1.0 - dot,
        );
        let mut queries = vec![Vec::new(); self.members.len()];
        for (&point, near) in batch.iter().zip(near) {
            near.iter()
                .for_each(|cell| queries[cell.row as usize].push(point));
        }
        let of_cells = queries.par_iter().zip(&self.members);
        let of_cells = of_cells.map(|(queries, members)| {
            let rows = gathered(points, dim, members);
            nearest(queries, points, &rows, dim, k, |query, candidate, dot| {
                within(1.0 - dot, query == members[candidate])
            })
        });
        let of_cells: Vec<Vec<Vec<Neighbour>>> = of_cells.collect();
        let mut lists = vec![Vec::new(); batch.len()];
        for ((queries, members), found) in queries.iter().zip(&self.members).zip(of_cells) {
            for (query, found) in queries.iter().zip(found) {
                let known = found.into_iter().map(|held| Neighbour {
                    row: members[held.row as usize],
                    ..held
                });
                lists[(query - batch[0]) as usize].extend(known);
            }
        }
        for list in &mut lists {
            list.sort_unstable_by(Neighbour::order);
            list.truncate(k);
            list.shrink_to_fit();
        }
        lists
    }
}
