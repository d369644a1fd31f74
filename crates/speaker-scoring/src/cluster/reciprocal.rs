//! Agglomerative clustering by centroids: exact, in memory that grows with the points and not with their pairs.
//!
//! The mean cosine between the points of two clusters is the dot product of the means of their unit vectors, and Ward's
//! distance follows from the means too. Both linkages are reducible (a merge brings nobody nearer than its nearer part
//! was), so that all clusters that are each other's nearest may be merged at once (reciprocal agglomerative
//! clustering, Sumengen et al. 2021): the tree is that of merging the nearest pair again and again.

use super::clusters::{Between, Clusters, NEAR};
use super::dendrogram::Dendrogram;
use super::nearest::Neighbour;
use crate::EmbeddingMatrix;

/// Bytes that [`reciprocal`] needs beside the embeddings themselves.
pub(crate) fn reciprocal_bytes(num_points: usize, dim: usize) -> u64 {
    // Means, lists with their headers, sizes and bounds, pairs.
    let each = 4 * dim + size_of::<Neighbour>() * (NEAR + 1) + 100;
    num_points as u64 * each as u64
}

/// The tree of `points`, `[points, dim]`, by distances that follow from means: the average of cosines (of points of
/// unit length or zeros), or Ward's.
pub(crate) fn reciprocal(points: EmbeddingMatrix, between: Between) -> Dendrogram {
    let num_points = points.len();
    let mut clusters = Clusters::new(points, between);
    let mut joins = Vec::with_capacity(num_points - 1);
    while joins.len() + 1 < num_points {
        clusters.search();
        joins.extend(clusters.merge_reciprocal());
    }
    Dendrogram::from_joins(num_points, joins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tiles::{TILE, unit_rows};
    use crate::{Linkage, Metric, agglomerative};

    /// Speakers of five points each.
    fn points(num_points: usize) -> EmbeddingMatrix {
        let dim = 6;
        let noise = |i: usize| (i * 7919 % 10007) as f32 / 10007.0 - 0.5;
        let values: Vec<f32> = (0..num_points * dim)
            .map(|i| 2.0 * noise(i / dim / 5 * dim + i % dim) + 0.3 * noise(i + 12345))
            .collect();
        EmbeddingMatrix::from_flat(values, dim).unwrap()
    }

    #[test]
    fn trees_are_those_of_all_pairs() {
        for num_points in [2, 3, 50, TILE + 200] {
            let points = unit_rows(&points(num_points));
            for (metric, linkage, between) in [
                (Metric::Cosine, Linkage::Average, Between::AverageCosine),
                (Metric::Euclidean, Linkage::Ward, Between::Ward),
            ] {
                let expected = agglomerative(&points, metric, linkage).unwrap();
                let found = reciprocal(points.clone(), between);
                for (found, expected) in found.merges().iter().zip(expected.merges()) {
                    let tolerance = 1e-5 * expected.height + 1e-6;
                    assert!((found.height - expected.height).abs() < tolerance);
                }
                assert_eq!(
                    found.cut_into(num_points.div_ceil(5)).unwrap(),
                    expected.cut_into(num_points.div_ceil(5)).unwrap()
                );
            }
        }
    }

    #[test]
    fn equal_points_end() {
        let points = EmbeddingMatrix::from_flat(vec![1.0; 700], 1).unwrap();
        for between in [Between::AverageCosine, Between::Ward] {
            assert_eq!(reciprocal(points.clone(), between).heights(), [0.0; 699]);
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let points = unit_rows(&points(600));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap()
                .install(|| reciprocal(points.clone(), Between::AverageCosine))
        };
        assert_eq!(run(1), run(3));
    }
}
