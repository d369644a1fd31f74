//! The graph of strongest neighbours, and its Laplacian.

use super::strongest::Strongest;
use crate::cluster::groups::Groups;
use crate::lanczos::{Lowest, Operator};
use crate::symmetric::Eigen;

/// Up to so many points the dense solver is the faster one.
const MAX_DENSE: usize = 160;

/// Each point joined to its strongest neighbours, one way; the affinity of two points is the mean of both ways.
pub(super) struct Graph<'a> {
    lists: &'a Strongest,
    /// Neighbours of each point that count.
    num_joined: usize,
    /// Whether an edge weighs as much as its cosine, or 1.
    weighted: bool,
    /// `[points]`: the sum of a point's affinities.
    degrees: Vec<f64>,
}

impl<'a> Graph<'a> {
    /// Of the `num_joined` strongest of each list. Weighted, those without a positive cosine are not joined.
    pub(super) fn new(lists: &'a Strongest, num_joined: usize, weighted: bool) -> Self {
        let mut graph = Self {
            lists,
            num_joined,
            weighted,
            degrees: vec![0.0; lists.num_points],
        };
        let mut degrees = vec![0.0; lists.num_points];
        for (from, degree) in graph.edges_from() {
            for (to, weight) in degree {
                degrees[from] += 0.5 * weight;
                degrees[to] += 0.5 * weight;
            }
        }
        graph.degrees = degrees;
        graph
    }

    /// For each point its neighbours and how much they weigh.
    fn edges_from(&self) -> impl Iterator<Item = (usize, impl Iterator<Item = (usize, f64)>)> {
        (0..self.degrees.len()).map(|from| {
            let start = from * self.lists.num_held;
            let edges = (start..start + self.num_joined).filter_map(|at| {
                let weight = match self.weighted {
                    true => f64::from(self.lists.cosines[at]),
                    false => 1.0,
                };
                (weight > 0.0).then_some((self.lists.rows[at] as usize, weight))
            });
            (from, edges)
        })
    }

    /// No eigenvalue of the Laplacian is higher (Gershgorin).
    fn size(&self) -> f64 {
        2.0 * self.degrees.iter().copied().fold(0.0, f64::max)
    }

    /// Writes the Laplacian times `vector` to `image`: degrees less affinities.
    fn laplacian(&self, vector: &[f64], image: &mut [f64]) {
        let values = image.iter_mut().zip(vector).zip(&self.degrees);
        values.for_each(|((image, value), degree)| *image = degree * value);
        if self.weighted {
            for (from, edges) in self.edges_from() {
                let (own, mut sum) = (0.5 * vector[from], 0.0);
                for (to, weight) in edges {
                    sum += weight * vector[to];
                    image[to] -= weight * own;
                }
                image[from] -= 0.5 * sum;
            }
            return;
        }
        let lists = self.lists.rows.chunks_exact(self.lists.num_held.max(1));
        for (from, list) in lists.enumerate() {
            let (own, mut sum) = (0.5 * vector[from], 0.0);
            for &to in &list[..self.num_joined] {
                sum += vector[to as usize];
                image[to as usize] -= own;
            }
            image[from] -= 0.5 * sum;
        }
    }

    /// The part of the graph that each point lies in, numbered in order of first appearance.
    pub(super) fn parts(&self) -> Vec<usize> {
        let mut groups = Groups::new(self.degrees.len());
        for (from, edges) in self.edges_from() {
            for (to, _) in edges {
                groups.unite(from, to);
            }
        }
        groups.numbered()
    }

    /// The `wanted` lowest eigenvalues of the Laplacian with their vectors, or all where there are fewer; none below 0.
    ///
    /// As many are 0 as the graph has parts, and their vectors are known.
    pub(super) fn lowest(&self, parts: &[usize], wanted: usize) -> Lowest {
        let dim = self.degrees.len();
        let mut found = if dim <= MAX_DENSE {
            let Eigen { values, vectors } = Eigen::of(self.dense(), dim);
            let rows = vectors.chunks_exact(dim).rev().take(wanted);
            Lowest {
                values: values.into_iter().rev().take(wanted).collect(),
                vectors: rows.map(<[f64]>::to_vec).collect(),
            }
        } else {
            let apply = |vector: &[f64], image: &mut [f64]| self.laplacian(vector, image);
            let operator = Operator {
                dim,
                size: self.size().max(f64::MIN_POSITIVE),
                apply: &apply,
            };
            Lowest::of(&operator, indicators(parts, wanted), wanted)
        };
        found
            .values
            .iter_mut()
            .for_each(|value| *value = value.max(0.0));
        // Known to the last bit.
        let num_parts = parts.iter().max().map_or(0, |&last| last + 1);
        found
            .values
            .iter_mut()
            .take(num_parts)
            .for_each(|v| *v = 0.0);
        found
    }

    /// The highest eigenvalue of the Laplacian.
    pub(super) fn highest(&self) -> f64 {
        let (dim, size) = (self.degrees.len(), self.size());
        if dim <= MAX_DENSE {
            return Eigen::of(self.dense(), dim)
                .values
                .first()
                .map_or(0.0, |&value| value.max(0.0));
        }
        let apply = |vector: &[f64], image: &mut [f64]| {
            self.laplacian(vector, image);
            let values = image.iter_mut().zip(vector);
            values.for_each(|(image, value)| *image = size * value - *image);
        };
        let operator = Operator {
            dim,
            size: size.max(f64::MIN_POSITIVE),
            apply: &apply,
        };
        size - operator.single_lowest()
    }

    /// The Laplacian, `[points, points]`.
    pub(super) fn dense(&self) -> Vec<f64> {
        let dim = self.degrees.len();
        let mut matrix = vec![0.0; dim * dim];
        for (from, edges) in self.edges_from() {
            matrix[from * dim + from] += self.degrees[from];
            for (to, weight) in edges {
                matrix[from * dim + to] -= 0.5 * weight;
                matrix[to * dim + from] -= 0.5 * weight;
            }
        }
        matrix
    }
}

/// For each of the first `most` parts the vector of length 1 that is the same on all of its points, and 0 elsewhere.
fn indicators(parts: &[usize], most: usize) -> Vec<Vec<f64>> {
    let num_parts = parts.iter().max().map_or(0, |&last| last + 1);
    let mut sizes = vec![0_usize; num_parts];
    parts.iter().for_each(|&part| sizes[part] += 1);
    let of = |part: usize| {
        let on = 1.0 / (sizes[part] as f64).sqrt();
        let value = move |&own: &usize| if own == part { on } else { 0.0 };
        parts.iter().map(value).collect()
    };
    (0..num_parts.min(most)).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EmbeddingMatrix;

    fn points(count: usize) -> EmbeddingMatrix {
        let values = (0..count * 4).map(|at| {
            let speaker = at / 4 % 3;
            let own = ((at * 7919 % 1009) as f32 * 0.37).sin() * 0.6;
            own + if at % 4 == speaker { 1.0 } else { 0.0 }
        });
        EmbeddingMatrix::from_flat(values.collect(), 4).unwrap()
    }

    #[test]
    fn the_sparse_way_is_the_dense_one() {
        let count = MAX_DENSE + 90;
        let lists = Strongest::of(&points(count), 40);
        for (num_joined, weighted) in [(1, false), (3, true), (12, false), (40, true)] {
            let graph = Graph::new(&lists, num_joined, weighted);
            let parts = graph.parts();
            let full = Eigen::of(graph.dense(), count).values;
            let found = graph.lowest(&parts, 9);
            let highest = graph.highest();
            assert!((highest - full[0]).abs() < 1e-9 * full[0]);
            for (value, expected) in found.values.iter().zip(full.iter().rev()) {
                assert!(
                    (value - expected).abs() < 1e-9 * full[0],
                    "{num_joined}: found {:?}, expected {:?}",
                    found.values,
                    &full[count - 9..]
                );
            }
            let num_parts = parts.iter().max().unwrap() + 1;
            let zeros = full.iter().filter(|value| value.abs() < 1e-10).count();
            assert_eq!(num_parts, zeros, "{num_joined}");
        }
    }

    #[test]
    fn without_edges_all_is_zero() {
        let lists = Strongest::of(&points(MAX_DENSE + 1), 0);
        let graph = Graph::new(&lists, 0, false);
        assert_eq!(graph.parts().len(), MAX_DENSE + 1);
        assert_eq!(graph.lowest(&graph.parts(), 5).values, [0.0; 5]);
        assert_eq!(graph.highest(), 0.0);
    }
}
