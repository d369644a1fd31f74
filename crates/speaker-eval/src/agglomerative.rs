//! Agglomerative clustering of embeddings.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dendrogram::{Dendrogram, Merge};
use crate::embeddings::{dot_f64, squared_euclidean_f64};
use crate::{EmbeddingMatrix, EvalError};

/// Largest memory for pairwise distances: 4 GiB, enough for 32 768 points.
pub const MAX_DISTANCE_BYTES: u64 = 4 << 30;

/// Distance between two embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// 1 - cosine, 0 to 2. A vector of zeros is at distance 1 from everything.
    Cosine,
    /// Straight-line distance.
    Euclidean,
}

/// Distance between two clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// Their two farthest points.
    Complete,
    /// The mean over all pairs of their points.
    Average,
    /// Their two nearest points.
    Single,
    /// Growth of the within-cluster variance (Ward 1963); Euclidean distances only.
    Ward,
}

/// Clusters the rows of `embeddings` bottom-up with the `kodama` crate (Müllner's algorithms,
/// O(n²) time and memory). Heights agree with SciPy's `linkage`; where distances tie, the order of
/// merges may differ from other tools, but is always the same here.
///
/// # Errors
/// More points than [`MAX_DISTANCE_BYTES`] allow; Ward linkage on cosine distances, for which it is
/// undefined: use [`EmbeddingMatrix::l2_normalise`] and [`Metric::Euclidean`].
pub fn agglomerative(
    embeddings: &EmbeddingMatrix,
    metric: Metric,
    linkage: Linkage,
) -> Result<Dendrogram, EvalError> {
    if linkage == Linkage::Ward && metric == Metric::Cosine {
        return Err(EvalError::WardNeedsEuclidean);
    }
    let mut distances = condensed_distances(embeddings, metric, MAX_DISTANCE_BYTES)?;
    let method = match linkage {
        Linkage::Complete => kodama::Method::Complete,
        Linkage::Average => kodama::Method::Average,
        Linkage::Single => kodama::Method::Single,
        Linkage::Ward => kodama::Method::Ward,
    };
    let tree = kodama::linkage(&mut distances, embeddings.len(), method);
    let merges = tree.steps().iter().map(|step| Merge {
        cluster_a: step.cluster1.min(step.cluster2),
        cluster_b: step.cluster1.max(step.cluster2),
        height: step.dissimilarity,
        size: step.size,
    });
    Ok(Dendrogram::new(merges.collect()))
}

/// Number of pairs of points, refused where `bytes_per_pair` adds up to more than allowed.
pub(crate) fn count_pairs(
    num_points: usize,
    bytes_per_pair: u64,
    bytes_allowed: u64,
) -> Result<usize, EvalError> {
    let points = num_points as u64;
    let pairs = points.saturating_mul(points.saturating_sub(1)) / 2;
    let bytes_needed = pairs.saturating_mul(bytes_per_pair);
    if bytes_needed > bytes_allowed {
        return Err(EvalError::TooManyPoints {
            num_points,
            bytes_needed,
            bytes_allowed,
        });
    }
    Ok(pairs as usize)
}

/// Distances of all pairs (i, j), i < j, row by row.
fn condensed_distances(
    embeddings: &EmbeddingMatrix,
    metric: Metric,
    bytes_allowed: u64,
) -> Result<Vec<f64>, EvalError> {
    let num_points = embeddings.len();
    let pairs = count_pairs(num_points, size_of::<f64>() as u64, bytes_allowed)?;
    let mut distances = vec![0.0; pairs];
    let mut rest = distances.as_mut_slice();
    let mut rows = Vec::with_capacity(num_points);
    for i in 0..num_points {
        let (row, tail) = rest.split_at_mut(num_points - 1 - i);
        rows.push(row);
        rest = tail;
    }
    let norms: Vec<f64> = embeddings
        .rows()
        .map(|row| dot_f64(row, row).sqrt())
        .collect();
    rows.into_par_iter().enumerate().for_each(|(i, row)| {
        let a = embeddings.row(i);
        for (offset, distance) in row.iter_mut().enumerate() {
            let b = embeddings.row(i + 1 + offset);
            *distance = match metric {
                Metric::Cosine => {
                    let norms = norms[i] * norms[i + 1 + offset];
                    let cosine = if norms > 0.0 {
                        dot_f64(a, b) / norms
                    } else {
                        0.0
                    };
                    1.0 - cosine.clamp(-1.0, 1.0)
                }
                Metric::Euclidean => squared_euclidean_f64(a, b).sqrt(),
            };
        }
    });
    Ok(distances)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[f32]) -> EmbeddingMatrix {
        EmbeddingMatrix::from_flat(points.to_vec(), 1).unwrap()
    }

    fn heights(linkage: Linkage) -> Vec<f64> {
        agglomerative(&line(&[0.0, 1.0, 5.0]), Metric::Euclidean, linkage)
            .unwrap()
            .heights()
    }

    #[test]
    fn three_points_on_a_line() {
        assert_eq!(heights(Linkage::Complete), [1.0, 5.0]);
        assert_eq!(heights(Linkage::Average), [1.0, 4.5]);
        assert_eq!(heights(Linkage::Single), [1.0, 4.0]);
        // Ward: sqrt(2·|A||B|/(|A|+|B|))·distance of centroids = sqrt(4/3)·4.5
        assert!((heights(Linkage::Ward)[1] - (4.0_f64 / 3.0).sqrt() * 4.5).abs() < 1e-12);
    }

    #[test]
    fn one_point_has_no_merge() {
        let tree = agglomerative(&line(&[1.0]), Metric::Cosine, Linkage::Complete).unwrap();
        assert!(tree.merges().is_empty());
    }

    #[test]
    fn identical_points_merge_at_zero() {
        let tree = agglomerative(&line(&[2.0; 9]), Metric::Cosine, Linkage::Average).unwrap();
        assert_eq!(tree.heights(), [0.0; 8]);
        assert_eq!(tree.sweep().count(), 1);
    }

    #[test]
    fn ward_on_cosine_is_refused_with_the_remedy() {
        let error = agglomerative(&line(&[1.0, 2.0]), Metric::Cosine, Linkage::Ward).unwrap_err();
        assert_eq!(error, EvalError::WardNeedsEuclidean);
        assert!(error.to_string().contains("L2-normalise"));
    }

    #[test]
    fn too_many_points_name_the_bytes() {
        let points = line(&[0.0; 5]);
        let error = condensed_distances(&points, Metric::Euclidean, 79).unwrap_err();
        assert_eq!(
            error,
            EvalError::TooManyPoints {
                num_points: 5,
                bytes_needed: 80,
                bytes_allowed: 79
            }
        );
    }
}
