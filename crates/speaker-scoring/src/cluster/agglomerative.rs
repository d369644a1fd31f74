//! Agglomerative clustering of embeddings.

use serde::{Deserialize, Serialize};

use super::clusters::Between;
use super::dendrogram::{Dendrogram, Merge};
use super::distances::{exact_distances, fast_distances};
use super::reciprocal::{reciprocal, reciprocal_bytes};
use super::tiles::{centred_rows, unit_rows};
use crate::{EmbeddingMatrix, ScoringError};

/// Largest memory for pairwise distances where nobody says otherwise: 4 GiB, enough for 46,341 points.
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

/// Up to this many points distances are exact in `f64`: 67 MB.
const MAX_EXACT_POINTS: usize = 4096;

/// Clusters the rows of `embeddings` bottom-up, as [`agglomerative_within`] does in [`MAX_DISTANCE_BYTES`].
///
/// # Errors
/// As [`agglomerative_within`].
pub fn agglomerative(
    embeddings: &EmbeddingMatrix,
    metric: Metric,
    linkage: Linkage,
) -> Result<Dendrogram, ScoringError> {
    agglomerative_within(embeddings, metric, linkage, MAX_DISTANCE_BYTES)
}

/// Clusters the rows of `embeddings` bottom-up, in at most `bytes_allowed` beside the embeddings. Nothing is
/// allocated before that is certain.
///
/// Up to 4,096 points all distances are kept in `f64`, and the `kodama` crate (Müllner's algorithms, O(n²) time and
/// memory) merges: heights agree with SciPy's `linkage`. Above, distances are `f32`, 2 n² + 4 n dim bytes, and heights agree
/// within 1e-4 of themselves; average linkage of cosines and Ward linkage of Euclidean distances then work on the
/// means of clusters instead, in some 4 n (dim + 70) bytes. Where distances tie, the order of merges may differ from
/// other tools, but is always the same here, whatever the number of threads.
///
/// # Errors
/// More points than `bytes_allowed` hold; Ward linkage on cosine distances, for which it is
/// undefined: use [`EmbeddingMatrix::l2_normalise`] and [`Metric::Euclidean`].
pub fn agglomerative_within(
    embeddings: &EmbeddingMatrix,
    metric: Metric,
    linkage: Linkage,
    bytes_allowed: u64,
) -> Result<Dendrogram, ScoringError> {
    if linkage == Linkage::Ward && metric == Metric::Cosine {
        return Err(ScoringError::WardNeedsEuclidean);
    }
    let num_points = embeddings.len();
    if num_points <= MAX_EXACT_POINTS {
        count_pairs(num_points, size_of::<f64>() as u64, 0, bytes_allowed)?;
        return Ok(merge_pairs(
            exact_distances(embeddings, metric),
            num_points,
            linkage,
        ));
    }
    let between = match (metric, linkage) {
        (Metric::Cosine, Linkage::Average) => Between::AverageCosine,
        (Metric::Euclidean, Linkage::Ward) => Between::Ward,
        _ => {
            // Distances are made of a copy of the points.
            let copy = size_of_val(embeddings.as_flat()) as u64;
            count_pairs(num_points, size_of::<f32>() as u64, copy, bytes_allowed)?;
            return Ok(merge_pairs(
                fast_distances(embeddings, metric),
                num_points,
                linkage,
            ));
        }
    };
    let bytes_needed = reciprocal_bytes(num_points, embeddings.dim());
    check_bytes(num_points, bytes_needed, bytes_allowed)?;
    let points = match between {
        Between::AverageCosine => unit_rows(embeddings),
        Between::Ward => centred_rows(embeddings),
    };
    Ok(reciprocal(points, between))
}

fn merge_pairs<T: kodama::Float>(
    mut distances: Vec<T>,
    num_points: usize,
    linkage: Linkage,
) -> Dendrogram {
    let method = match linkage {
        Linkage::Complete => kodama::Method::Complete,
        Linkage::Average => kodama::Method::Average,
        Linkage::Single => kodama::Method::Single,
        Linkage::Ward => kodama::Method::Ward,
    };
    let tree = kodama::linkage(&mut distances, num_points, method);
    let merges = tree.steps().iter().map(|step| Merge {
        cluster_a: step.cluster1.min(step.cluster2),
        cluster_b: step.cluster1.max(step.cluster2),
        height: step.dissimilarity.to_f64(),
        size: step.size,
    });
    Dendrogram::new(merges.collect())
}

/// Number of pairs of points, refused where `bytes_per_pair` and `bytes_beside` add up to more than allowed.
///
/// # Errors
/// More bytes than `bytes_allowed`.
pub fn count_pairs(
    num_points: usize,
    bytes_per_pair: u64,
    bytes_beside: u64,
    bytes_allowed: u64,
) -> Result<usize, ScoringError> {
    let points = num_points as u64;
    let pairs = points.saturating_mul(points.saturating_sub(1)) / 2;
    check_bytes(
        num_points,
        pairs
            .saturating_mul(bytes_per_pair)
            .saturating_add(bytes_beside),
        bytes_allowed,
    )?;
    Ok(pairs as usize)
}

/// Refuses to need more than is allowed.
pub(crate) fn check_bytes(
    num_points: usize,
    bytes_needed: u64,
    bytes_allowed: u64,
) -> Result<(), ScoringError> {
    match bytes_needed <= bytes_allowed {
        true => Ok(()),
        false => Err(ScoringError::TooManyPoints {
            num_points,
            bytes_needed,
            bytes_allowed,
        }),
    }
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
        assert_eq!(error, ScoringError::WardNeedsEuclidean);
        assert!(error.remedy().unwrap().contains("L2-normalise"));
    }

    #[test]
    fn too_many_points_name_the_bytes() {
        let points = line(&[0.0; 5]);
        let error = agglomerative_within(&points, Metric::Euclidean, Linkage::Single, 79);
        let error = error.unwrap_err();
        assert_eq!(
            error,
            ScoringError::TooManyPoints {
                num_points: 5,
                bytes_needed: 80,
                bytes_allowed: 79
            }
        );
    }
}
