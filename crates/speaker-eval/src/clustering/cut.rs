//! Where to cut a dendrogram, each way called by its name.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use speaker_scoring::Dendrogram;

use super::best_cut::best_cut;
use super::contingency::{Contingency, numbered};
use super::misclassification::{mr_ab, mr_legacy};
use crate::{ClusterScores, EvalError, cluster_scores};

/// What decides the number of clusters. Figures of different cuts are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cut {
    /// A height that was chosen on other speakers, the development set's (see [`best_threshold`]).
    Threshold {
        /// Merges up to and with this height are made.
        height: f64,
    },
    /// The true number of speakers is given away.
    KnownSpeakers,
    /// The height with the lowest MR-hungarian on these very points, as published figures are
    /// quoted; it needs the answers, so no real use can reach it but by luck.
    Oracle,
}

/// Clusters of one cut and their scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutResult {
    /// How the cut was made; an oracle's height is in `height`.
    pub cut: Cut,
    /// A height that gives these clusters. With known speakers and tied heights, the height of the
    /// last merge made.
    pub height: f64,
    /// How they agree with the speakers.
    pub scores: ClusterScores,
    /// Cluster of each point.
    #[serde(skip)]
    pub labels: Vec<usize>,
}

/// Cuts `dendrogram` as `cut` says and scores the clusters against `speakers`, one entry a point.
///
/// # Errors
/// Another number of speakers than points; a threshold that is NaN.
pub fn cut_and_score(
    dendrogram: &Dendrogram,
    speakers: &[usize],
    cut: Cut,
) -> Result<CutResult, EvalError> {
    check_count(dendrogram, speakers)?;
    let (height, labels) = match cut {
        Cut::Threshold { height } if height.is_nan() => {
            return Err(EvalError::InvalidParameter {
                name: "height",
                found: height,
                expected: "a number",
            });
        }
        Cut::Threshold { height } => (height, dendrogram.cut_at(height)),
        Cut::KnownSpeakers => {
            let mut distinct = speakers.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            let labels = dendrogram.cut_into(distinct.len())?;
            let last = dendrogram.num_points() - distinct.len();
            let merge = last.checked_sub(1).map(|last| dendrogram.merges()[last]);
            (merge.map_or(0.0, |merge| merge.height), labels)
        }
        Cut::Oracle => {
            let height = best_threshold(dendrogram, speakers)?;
            (height, dendrogram.cut_at(height))
        }
    };
    Ok(CutResult {
        cut,
        height,
        scores: cluster_scores(&labels, speakers)?,
        labels,
    })
}

/// The threshold with the lowest MR-hungarian over all cuts of the sweep. Of several, the one with
/// the highest ARI, then the lowest. The value lies halfway between the merges on both sides, where
/// it carries over to other speakers with the least luck; at the top it is the last merge's height.
///
/// # Errors
/// Another number of speakers than points.
pub fn best_threshold(dendrogram: &Dendrogram, speakers: &[usize]) -> Result<f64, EvalError> {
    check_count(dendrogram, speakers)?;
    let speakers = numbered(speakers);
    let end = best_cut(dendrogram, &speakers);
    let level = dendrogram.level(end);
    let middle = 0.5 * (level.height + level.next_height);
    // At the top there is no next merge; between neighbouring numbers there is no middle.
    Ok(match middle < level.next_height {
        true => middle,
        false => level.height,
    })
}

/// The lowest value of each misclassification rate over all cuts, each at a cut of its own: what
/// papers print that sweep one rate alone. Oracle figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowestRates {
    /// Lowest MR-hungarian.
    #[serde(rename = "mr")]
    pub mr_hungarian: f64,
    /// Lowest MR-ab.
    pub mr_ab: f64,
    /// Lowest MR-legacy.
    pub mr_legacy: f64,
}

/// Sweeps all cuts for the lowest value of each misclassification rate.
///
/// # Errors
/// Another number of speakers than points.
pub fn lowest_rates(dendrogram: &Dendrogram, speakers: &[usize]) -> Result<LowestRates, EvalError> {
    let oracle = cut_and_score(dendrogram, speakers, Cut::Oracle)?;
    let rates = for_each_cut(dendrogram, &numbered(speakers), |_, table| {
        (mr_ab(table), mr_legacy(table))
    });
    Ok(LowestRates {
        mr_hungarian: oracle.scores.mr_hungarian,
        mr_ab: rates.iter().map(|rates| rates.0).fold(1.0, f64::min),
        mr_legacy: rates.iter().map(|rates| rates.1).fold(1.0, f64::min),
    })
}

/// Applies `measure` to every cut of the sweep, given the number of merges made and the table.
/// `speakers` are numbered and checked.
fn for_each_cut<T: Send>(
    dendrogram: &Dendrogram,
    speakers: &[usize],
    measure: impl Fn(usize, &Contingency) -> T + Sync,
) -> Vec<T> {
    let ends = dendrogram.level_ends().into_par_iter();
    ends.map(|end| {
        let labels = dendrogram.labels_after(end);
        measure(end, &Contingency::from_numbered(&labels, speakers))
    })
    .collect()
}

fn check_count(dendrogram: &Dendrogram, speakers: &[usize]) -> Result<(), EvalError> {
    if speakers.len() == dendrogram.num_points() {
        return Ok(());
    }
    Err(EvalError::LengthMismatch {
        name: "speakers",
        reference: "points",
        found: speakers.len(),
        expected: dendrogram.num_points(),
    })
}

#[cfg(test)]
mod tests {
    use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

    use super::*;

    fn line(points: &[f32]) -> Dendrogram {
        let points = EmbeddingMatrix::from_flat(points.to_vec(), 1).unwrap();
        agglomerative(&points, Metric::Euclidean, Linkage::Complete).unwrap()
    }

    #[test]
    fn best_threshold_is_the_middle_of_the_gap() {
        // Pairs at distance 1 and 2, all within 12: anything from 2 to 12 is right.
        let tree = line(&[0.0, 1.0, 10.0, 12.0]);
        assert_eq!(best_threshold(&tree, &[5, 5, 8, 8]).unwrap(), 7.0);
        let oracle = cut_and_score(&tree, &[5, 5, 8, 8], Cut::Oracle).unwrap();
        assert_eq!((oracle.height, oracle.scores.mr_hungarian), (7.0, 0.0));
        assert_eq!(oracle.labels, [0, 0, 1, 1]);
    }

    #[test]
    fn best_threshold_at_the_ends_of_the_tree() {
        let tree = line(&[0.0, 1.0, 10.0, 12.0]);
        assert_eq!(best_threshold(&tree, &[1, 1, 1, 1]).unwrap(), 12.0);
        assert_eq!(best_threshold(&tree, &[1, 2, 3, 4]).unwrap(), 0.5);
        let close = line(&[0.0, f32::MIN_POSITIVE]);
        assert_eq!(
            cut_and_score(&close, &[1, 2], Cut::Oracle)
                .unwrap()
                .scores
                .num_clusters,
            2
        );
    }

    #[test]
    fn the_three_cuts_differ_by_name_and_number() {
        // Speaker 1's last point lies with speaker 2.
        let tree = line(&[0.0, 1.0, 9.0, 10.0, 12.5]);
        let speakers = [1, 1, 1, 2, 2];
        let known = cut_and_score(&tree, &speakers, Cut::KnownSpeakers).unwrap();
        assert_eq!(
            (known.scores.num_clusters, known.scores.mr_hungarian),
            (2, 0.2)
        );
        assert_eq!(known.height, 3.5);
        let low = cut_and_score(&tree, &speakers, Cut::Threshold { height: 0.9 }).unwrap();
        assert_eq!(low.scores.num_clusters, 5);
        let json = serde_json::to_value(low.cut).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"kind": "threshold", "height": 0.9})
        );
        let nan = Cut::Threshold { height: f64::NAN };
        assert!(cut_and_score(&tree, &speakers, nan).is_err());
    }

    #[test]
    fn no_cut_of_the_sweep_beats_the_oracle() {
        let points: Vec<f32> = (0..60).map(|i| (i * 37 % 101) as f32 / 7.0).collect();
        let speakers: Vec<usize> = (0..60).map(|i| i * 37 % 101 / 13 + i % 2).collect();
        let tree = line(&points);
        let best = lowest_rates(&tree, &speakers).unwrap();
        let all: Vec<ClusterScores> = tree
            .sweep()
            .map(|level| cluster_scores(&level.labels, &speakers).unwrap())
            .collect();
        let lowest = |rate: fn(&ClusterScores) -> f64| all.iter().map(rate).fold(1.0, f64::min);
        assert_eq!(best.mr_hungarian, lowest(|scores| scores.mr_hungarian));
        assert_eq!(best.mr_ab, lowest(|scores| scores.mr_ab));
        assert_eq!(best.mr_legacy, lowest(|scores| scores.mr_legacy));
    }

    #[test]
    fn speakers_of_another_list_are_refused() {
        let tree = line(&[0.0, 1.0]);
        for cut in [
            Cut::Oracle,
            Cut::KnownSpeakers,
            Cut::Threshold { height: 0.0 },
        ] {
            assert!(cut_and_score(&tree, &[1, 2, 3], cut).is_err());
        }
    }
}
