//! Clusters that are merged wherever two are each other's nearest.
//!
//! Each cluster keeps a list of near ones and a bound of how near any other can be; only where the list has nothing
//! below the bound are all clusters looked at again. Where the lists are a graph that is given, nobody is looked for:
//! only what the graph joins is merged.

use std::collections::HashMap;

use rayon::prelude::*;

use super::dendrogram::Join;
use super::farthest::Farthest;
use super::nearest::{Neighbour, nearest};
use crate::EmbeddingMatrix;
use crate::vectors::{dot_f64, squared_euclidean_f64};

/// Clusters in a list that a search makes.
pub(crate) const NEAR: usize = 12;

/// Distances between clusters that follow from means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Between {
    /// 1 - the mean cosine; the points have unit length or are zeros.
    AverageCosine,
    /// `sqrt(2 |A||B| / (|A| + |B|))` times the distance of the means.
    Ward,
}

/// Clusters, one a row; rows that were merged into others stay empty until they are a quarter of all.
pub(crate) struct Clusters {
    between: Between,
    dim: usize,
    /// Means, one row a cluster, `[rows, dim]`.
    means: Vec<f32>,
    /// Number of points; 0 in rows that were merged into others.
    sizes: Vec<f32>,
    /// Squared length of each mean.
    squares: Vec<f32>,
    /// 0, or infinite where the row is no longer a cluster.
    gone: Vec<f32>,
    /// A point of the cluster.
    points: Vec<u32>,
    /// The near clusters, nearest first.
    lists: Vec<Vec<Neighbour>>,
    /// No cluster outside the list is nearer.
    bounds: Vec<f32>,
    num_clusters: usize,
    /// What is farther away than this is in no list.
    limit: f32,
    /// Clusters in a list at most.
    list_len: usize,
    /// The points themselves, where the farthest two count and not the means.
    farthest: Option<Farthest>,
}

impl Clusters {
    /// Each point, `[points, dim]`, a cluster.
    pub(crate) fn new(points: EmbeddingMatrix, between: Between) -> Self {
        let rows = points.len();
        Self {
            between,
            dim: points.dim(),
            sizes: vec![1.0; rows],
            squares: points.rows().map(|row| dot_f64(row, row) as f32).collect(),
            gone: vec![0.0; rows],
            points: (0..rows as u32).collect(),
            lists: vec![Vec::new(); rows],
            bounds: vec![f32::NEG_INFINITY; rows],
            num_clusters: rows,
            limit: f32::INFINITY,
            list_len: NEAR,
            farthest: None,
            means: points.into_flat(),
        }
    }

    /// As [`Clusters::new`], for merges along the edges of a graph alone and up to the distance `limit`. `lists` holds
    /// each edge on both sides, nearest first. With `farthest`, clusters are as far apart as their farthest points.
    pub(crate) fn of_graph(
        points: EmbeddingMatrix,
        lists: Vec<Vec<Neighbour>>,
        limit: f32,
        farthest: Option<Farthest>,
    ) -> Self {
        Self {
            bounds: vec![f32::INFINITY; lists.len()],
            lists,
            limit,
            list_len: usize::MAX,
            farthest,
            ..Self::new(points, Between::AverageCosine)
        }
    }

    fn mean(&self, row: usize) -> &[f32] {
        &self.means[row * self.dim..(row + 1) * self.dim]
    }

    /// What orders the neighbours of `a`: the distance, or its square.
    fn key(&self, a: usize, b: usize, dot: f32) -> f32 {
        let key = match self.between {
            Between::AverageCosine => 1.0 - dot,
            Between::Ward => {
                let square = self.squares[a] + self.squares[b] - 2.0 * dot;
                let (size_a, size_b) = (self.sizes[a], self.sizes[b]);
                square * (size_a * size_b / (size_a + size_b))
            }
        };
        key + self.gone[b]
    }

    fn neighbour(&self, a: usize, b: u32) -> Neighbour {
        let dot = dot_f64(self.mean(a), self.mean(b as usize)) as f32;
        let mean = self.key(a, b as usize, dot);
        let distance = match &self.farthest {
            // The farthest two are farther than the mean.
            Some(farthest) if mean <= self.limit => {
                let [a, b] = [a, b as usize].map(|row| self.points[row] as usize);
                farthest.distance(a, b, self.limit)
            }
            _ => mean,
        };
        Neighbour { distance, row: b }
    }

    /// From means, which is more exact than the keys.
    fn height(&self, a: usize, b: usize) -> f64 {
        match self.between {
            Between::AverageCosine => (1.0 - dot_f64(self.mean(a), self.mean(b))).clamp(0.0, 2.0),
            Between::Ward => {
                let (size_a, size_b) = (f64::from(self.sizes[a]), f64::from(self.sizes[b]));
                let square = squared_euclidean_f64(self.mean(a), self.mean(b));
                (2.0 * size_a * size_b / (size_a + size_b) * square).sqrt()
            }
        }
    }

    /// Whether the first of the list is sure to be the nearest of all.
    fn is_sure(&self, row: usize) -> bool {
        let first = self.lists[row].first();
        first.is_some_and(|first| first.distance <= self.bounds[row])
    }

    /// Makes every list's first the nearest of all.
    pub(crate) fn search(&mut self) {
        let stale: Vec<u32> = (0..self.sizes.len())
            .filter(|&row| self.gone[row] == 0.0 && !self.is_sure(row))
            .map(|row| row as u32)
            .collect();
        let found = nearest(
            &stale,
            &self.means,
            &self.means,
            self.dim,
            NEAR,
            |query, candidate, dot| {
                let key = self.key(query as usize, candidate, dot);
                match query as usize == candidate {
                    true => f32::INFINITY,
                    false => key,
                }
            },
        );
        for (row, list) in stale.into_iter().zip(found) {
            let last = list.last().filter(|_| list.len() == NEAR);
            self.bounds[row as usize] = last.map_or(f32::INFINITY, |last| last.distance);
            self.lists[row as usize] = list;
        }
    }

    /// Clusters that are each other's nearest, the lower row first. Where rounding leaves none, the nearest pair of all.
    fn reciprocal_pairs(&self) -> Vec<(usize, usize)> {
        let nearest = |row: usize| self.lists[row].first().map(|first| first.row as usize);
        let pairs = (0..self.sizes.len()).filter_map(|a| {
            let b = nearest(a)?;
            (a < b && nearest(b) == Some(a)).then_some((a, b))
        });
        let pairs: Vec<(usize, usize)> = pairs.collect();
        if !pairs.is_empty() {
            return pairs;
        }
        let firsts = self.lists.iter().enumerate();
        let firsts = firsts.filter_map(|(a, list)| Some((a, list.first()?)));
        let closest = firsts.min_by(|(_, a), (_, b)| a.order(b));
        closest
            .map(|(a, first)| (a.min(first.row as usize), a.max(first.row as usize)))
            .into_iter()
            .collect()
    }

    /// Merges all clusters that are each other's nearest, or nothing where no list holds any.
    pub(crate) fn merge_reciprocal(&mut self) -> Vec<Join> {
        let pairs = self.reciprocal_pairs();
        let joins = pairs.iter().map(|&(a, b)| Join {
            point_a: self.points[a] as usize,
            point_b: self.points[b] as usize,
            height: self.height(a, b),
        });
        let joins = joins.collect();
        let mut merged_into: HashMap<u32, u32> = HashMap::with_capacity(2 * pairs.len());
        for &(a, b) in &pairs {
            merged_into.insert(a as u32, a as u32);
            merged_into.insert(b as u32, a as u32);
            self.merge(a, b);
        }
        self.num_clusters -= pairs.len();
        self.update_lists(&merged_into);
        self.compact();
        joins
    }

    /// Puts row `b` into row `a`, and its list behind that one's.
    fn merge(&mut self, a: usize, b: usize) {
        let (head, tail) = self.means.split_at_mut(b * self.dim);
        let mean_a = &mut head[a * self.dim..(a + 1) * self.dim];
        let share = f64::from(self.sizes[b]) / f64::from(self.sizes[a] + self.sizes[b]);
        for (a, &b) in mean_a.iter_mut().zip(&tail[..self.dim]) {
            *a = (f64::from(*a) + share * (f64::from(b) - f64::from(*a))) as f32;
        }
        self.squares[a] = dot_f64(self.mean(a), self.mean(a)) as f32;
        self.sizes[a] += self.sizes[b];
        self.sizes[b] = 0.0;
        self.gone[b] = f32::INFINITY;
        let list = std::mem::take(&mut self.lists[b]);
        self.lists[a].extend(list);
        self.bounds[a] = self.bounds[a].min(self.bounds[b]);
        if let Some(farthest) = &mut self.farthest {
            farthest.merge(self.points[a] as usize, self.points[b] as usize);
        }
    }

    /// Measures again what merged clusters are near to.
    fn update_lists(&mut self, merged_into: &HashMap<u32, u32>) {
        let is_merged = |row: u32| merged_into.contains_key(&row);
        let updated: Vec<Option<Vec<Neighbour>>> = (0..self.lists.len())
            .into_par_iter()
            .map(|a| {
                let list = &self.lists[a];
                let is_new = !list.is_empty() && is_merged(a as u32);
                if !(is_new || list.iter().any(|held| is_merged(held.row))) {
                    return None;
                }
                let (mut again, mut updated) = (Vec::new(), Vec::with_capacity(list.len()));
                for held in list {
                    match merged_into.get(&held.row) {
                        Some(&row) => again.push(row),
                        None if is_new => again.push(held.row),
                        None => updated.push(*held),
                    }
                }
                again.sort_unstable();
                again.dedup();
                let others = again.into_iter().filter(|&row| row as usize != a);
                let measured = others.map(|row| self.neighbour(a, row));
                updated.extend(measured.filter(|held| held.distance <= self.limit));
                updated.sort_unstable_by(Neighbour::order);
                Some(updated)
            })
            .collect();
        for (row, updated) in updated.into_iter().enumerate() {
            let Some(mut list) = updated else { continue };
            // What a list holds too many of is beyond the bound from now on.
            if let Some(first_beyond) = list.get(self.list_len) {
                self.bounds[row] = self.bounds[row].min(first_beyond.distance);
                list.truncate(self.list_len);
            }
            self.lists[row] = list;
        }
    }

    /// Closes the gaps once a quarter of the rows are gone.
    fn compact(&mut self) {
        let rows = self.sizes.len();
        if 4 * self.num_clusters > 3 * rows {
            return;
        }
        let mut new_row = vec![u32::MAX; rows];
        let mut next = 0;
        for (row, new_row) in new_row.iter_mut().enumerate() {
            if self.gone[row] != 0.0 {
                continue;
            }
            *new_row = next as u32;
            let from = row * self.dim..(row + 1) * self.dim;
            self.means.copy_within(from, next * self.dim);
            self.sizes[next] = self.sizes[row];
            self.squares[next] = self.squares[row];
            self.points[next] = self.points[row];
            self.bounds[next] = self.bounds[row];
            self.gone[next] = 0.0;
            self.lists.swap(next, row);
            next += 1;
        }
        self.means.truncate(next * self.dim);
        self.lists.truncate(next);
        for values in [
            &mut self.sizes,
            &mut self.squares,
            &mut self.bounds,
            &mut self.gone,
        ] {
            values.truncate(next);
        }
        self.points.truncate(next);
        for held in self.lists.iter_mut().flatten() {
            held.row = new_row[held.row as usize];
        }
    }
}
