//! Clustering of more points than can all be compared.

use serde::{Deserialize, Serialize};

use super::agglomerative::check_bytes;
use super::clusters::Clusters;
use super::farthest::Farthest;
use super::groups::Groups;
use super::nearest::Neighbour;
use super::neighbour_graph::neighbour_graph;
use super::tiles::unit_rows;
use crate::{EmbeddingMatrix, Linkage, ScoringError};

/// How [`approximate_clusters`] approximates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approximation {
    /// Nearest points that each is joined to, at least 1.
    pub num_neighbours: usize,
    /// Of the √n cells that points are divided into, those where the neighbours of a point are looked for; none to look
    /// everywhere, which takes n² dim multiplications and misses nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_probed: Option<usize>,
}

impl Default for Approximation {
    /// 32 neighbours, looked for everywhere.
    fn default() -> Self {
        Self {
            num_neighbours: 32,
            num_probed: None,
        }
    }
}

/// Clusters the rows of `embeddings` on cosine up to the distance `threshold`, 1 - cosine, and gives the cluster of each
/// row, numbered in order of first appearance. Needs some n (8 dim + 24 `num_neighbours` + 300) bytes at most.
///
/// Only clusters that the graph of nearest neighbours joins are merged, as with scikit-learn's `connectivity`; how far
/// apart two of them are is exact (complete and average linkage), and all that are each other's nearest are merged at
/// once. Single linkage takes the connected components of the graph. The result does not depend on the number of threads.
///
/// # Errors
/// Ward linkage; no neighbours or cells; a threshold that is not finite; more points than `bytes_allowed` hold.
pub fn approximate_clusters(
    embeddings: &EmbeddingMatrix,
    linkage: Linkage,
    threshold: f64,
    approximation: &Approximation,
    bytes_allowed: u64,
) -> Result<Vec<usize>, ScoringError> {
    if linkage == Linkage::Ward {
        return Err(ScoringError::WardNeedsEuclidean);
    }
    let invalid = |name, found, expected| ScoringError::InvalidParameter {
        name,
        found,
        expected,
    };
    if !threshold.is_finite() {
        return Err(invalid("threshold", threshold, "a finite number"));
    }
    if approximation.num_probed == Some(0) {
        return Err(invalid("num_probed", 0.0, "at least 1"));
    }
    let num_neighbours = approximation.num_neighbours.min(embeddings.len());
    if num_neighbours == 0 {
        return Err(invalid("num_neighbours", 0.0, "at least 1"));
    }
    let bytes_needed = bytes_needed(embeddings, linkage, num_neighbours);
    check_bytes(embeddings.len(), bytes_needed, bytes_allowed)?;
    let unit = unit_rows(embeddings);
    let limit = threshold as f32;
    let num_probed = approximation.num_probed;
    let graph = neighbour_graph(
        unit.as_flat(),
        unit.dim(),
        num_neighbours,
        limit,
        num_probed,
    );
    let mut groups = Groups::new(unit.len());
    if linkage == Linkage::Single {
        for (point, list) in graph.iter().enumerate() {
            for held in list {
                groups.unite(point, held.row as usize);
            }
        }
    } else {
        let farthest = (linkage == Linkage::Complete).then(|| Farthest::new(unit.clone()));
        let mut clusters = Clusters::of_graph(unit, graph, limit, farthest);
        loop {
            let joins = clusters.merge_reciprocal();
            if joins.is_empty() {
                break;
            }
            for join in joins {
                groups.unite(join.point_a, join.point_b);
            }
        }
    }
    Ok(groups.numbered())
}

fn bytes_needed(embeddings: &EmbeddingMatrix, linkage: Linkage, num_neighbours: usize) -> u64 {
    let copies = match linkage {
        Linkage::Complete => 2,
        _ => 1,
    };
    // Lists as they are found, and the graph with each edge twice.
    let lists = 3 * num_neighbours * size_of::<Neighbour>();
    let each = copies * 4 * embeddings.dim() + lists + 300;
    embeddings.len() as u64 * each as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, agglomerative};

    /// `num_speakers` directions with `each` points around each.
    fn speakers(num_speakers: usize, each: usize) -> (EmbeddingMatrix, Vec<usize>) {
        let dim = 16;
        let noise = |i: usize| ((i as f64 * 12.9898).sin() * 43758.5453).fract() as f32;
        let num_points = num_speakers * each;
        let speaker: Vec<usize> = (0..num_points).map(|point| point % num_speakers).collect();
        let values = (0..num_points * dim).map(|i| {
            let centre = noise(speaker[i / dim] * dim + i % dim);
            centre + 0.5 * noise(i + 1_000_000)
        });
        (
            EmbeddingMatrix::from_flat(values.collect(), dim).unwrap(),
            speaker,
        )
    }

    /// Hubert and Arabie's index over all pairs, written out: 1 for equal partitions, about 0 for unrelated ones.
    fn adjusted_rand(a: &[usize], b: &[usize]) -> f64 {
        let [mut both, mut in_a, mut in_b, mut all] = [0.0; 4];
        for i in 0..a.len() {
            for j in 0..i {
                let [same_a, same_b] = [a[i] == a[j], b[i] == b[j]];
                both += f64::from(same_a && same_b);
                in_a += f64::from(same_a);
                in_b += f64::from(same_b);
                all += 1.0;
            }
        }
        let chance = in_a * in_b / all;
        (both - chance) / (0.5 * (in_a + in_b) - chance)
    }

    #[test]
    fn clusters_are_those_of_the_whole_tree() {
        let (points, _) = speakers(40, 20);
        for (linkage, threshold) in [
            (Linkage::Complete, 0.5),
            (Linkage::Average, 0.3),
            (Linkage::Single, 0.15),
        ] {
            let tree = agglomerative(&points, Metric::Cosine, linkage).unwrap();
            let expected = tree.cut_at(threshold);
            let found = approximate_clusters(
                &points,
                linkage,
                threshold,
                &Approximation::default(),
                1 << 30,
            );
            let found = found.unwrap();
            assert!(found.iter().any(|&cluster| cluster > 5), "{linkage:?}");
            let agreement = adjusted_rand(&found, &expected);
            assert!(agreement > 0.97, "{linkage:?}: {agreement}");
        }
    }

    #[test]
    fn all_cells_probed_are_everywhere() {
        let (points, _) = speakers(40, 20);
        let run = |num_probed| {
            let approximation = Approximation {
                num_probed,
                ..Approximation::default()
            };
            approximate_clusters(&points, Linkage::Average, 0.3, &approximation, 1 << 30).unwrap()
        };
        let everywhere = run(None);
        assert_eq!(run(Some(1000)), everywhere);
        let agreement = adjusted_rand(&run(Some(4)), &everywhere);
        assert!(agreement > 0.9, "{agreement}");
    }

    #[test]
    fn threads_do_not_matter() {
        let (points, _) = speakers(40, 20);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let cluster = || {
                let few = Approximation {
                    num_neighbours: 5,
                    num_probed: Some(3),
                };
                approximate_clusters(&points, Linkage::Complete, 0.5, &few, 1 << 30).unwrap()
            };
            pool.unwrap().install(cluster)
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn mistakes_are_refused() {
        let (points, _) = speakers(3, 2);
        let run = |linkage, threshold, num_neighbours, bytes| {
            let approximation = Approximation {
                num_neighbours,
                ..Approximation::default()
            };
            approximate_clusters(&points, linkage, threshold, &approximation, bytes)
        };
        assert!(run(Linkage::Single, 0.5, 1, 1 << 20).is_ok());
        assert!(run(Linkage::Ward, 0.5, 1, 1 << 20).is_err());
        assert!(run(Linkage::Single, f64::NAN, 1, 1 << 20).is_err());
        assert!(run(Linkage::Single, 0.5, 0, 1 << 20).is_err());
        assert!(matches!(
            run(Linkage::Single, 0.5, 1, 1 << 8),
            Err(ScoringError::TooManyPoints { num_points: 6, .. })
        ));
    }
}
