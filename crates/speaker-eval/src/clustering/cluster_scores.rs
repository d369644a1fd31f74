//! All scores of one clustering.

use serde::{Deserialize, Serialize};

use super::contingency::Contingency;
use super::misclassification::{mr_ab, mr_hungarian, mr_legacy};
use super::partition::{acp, ari, nmi};
use crate::EvalError;

/// How well clusters agree with speakers. The three misclassification rates differ in what counts
/// as the cluster of a speaker; never compare one with another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterScores {
    /// Misclassification rate under the best one-to-one assignment of clusters to speakers, the
    /// headline. 0 to 1; singletons of two points a speaker already reach 0.5.
    #[serde(rename = "mr")]
    pub mr_hungarian: f64,
    /// Misclassification rate of ANNPR 2018: a speaker's largest cluster is correct where each
    /// other speaker has fewer points. 0 to 1; 0.5 is chance for two points a speaker.
    pub mr_ab: f64,
    /// The stricter rate of MLSP 2016 and 2017: singletons and mixed clusters are all wrong.
    pub mr_legacy: f64,
    /// Average cluster purity, above 0 to 1.
    pub acp: f64,
    /// Adjusted Rand index, -0.5 to 1.
    pub ari: f64,
    /// Normalised mutual information (arithmetic mean), 0 to 1.
    pub nmi: f64,
    /// Number of clusters.
    #[serde(rename = "n_clusters")]
    pub num_clusters: usize,
}

/// Scores clusters `labels` against `speakers`, one entry a point; any ids will do.
///
/// # Errors
/// Lists of unequal length or empty.
pub fn cluster_scores(labels: &[usize], speakers: &[usize]) -> Result<ClusterScores, EvalError> {
    let table = Contingency::new(labels, speakers)?;
    Ok(ClusterScores {
        mr_hungarian: mr_hungarian(&table),
        mr_ab: mr_ab(&table),
        mr_legacy: mr_legacy(&table),
        acp: acp(&table),
        ari: ari(&table),
        nmi: nmi(&table),
        num_clusters: table.cluster_sizes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_are_those_of_the_command_line() {
        let scores = cluster_scores(&[0, 0, 1], &[0, 0, 1]).unwrap();
        assert_eq!(
            serde_json::to_string(&scores).unwrap(),
            r#"{"mr":0.0,"mr_ab":0.0,"mr_legacy":0.3333333333333333,"acp":1.0,"ari":1.0,"nmi":1.0,"n_clusters":2}"#
        );
    }

    #[test]
    fn malformed_labels_are_refused() {
        assert!(matches!(
            cluster_scores(&[], &[]),
            Err(EvalError::Empty { .. })
        ));
        assert!(matches!(
            cluster_scores(&[0], &[0, 1]),
            Err(EvalError::LengthMismatch { found: 2, .. })
        ));
    }
}
