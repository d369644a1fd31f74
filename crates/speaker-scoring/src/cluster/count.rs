//! How many speakers there may be, and the cut of a tree that keeps to it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::dendrogram::Dendrogram;
use crate::ScoringError;

/// What is known of the number of speakers before anybody is told apart. What is `None` is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpeakerCount {
    /// Exactly so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<usize>,
    /// So many or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
    /// So many or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<usize>,
}

impl SpeakerCount {
    /// Exactly `number` speakers.
    #[must_use]
    pub fn exactly(number: usize) -> Self {
        Self {
            exact: Some(number),
            ..Self::default()
        }
    }

    /// `at_least` to `at_most` speakers, both among them.
    #[must_use]
    pub fn between(at_least: usize, at_most: usize) -> Self {
        Self {
            exact: None,
            at_least: Some(at_least),
            at_most: Some(at_most),
        }
    }

    /// The numbers that are allowed of `num_points` points: at least one speaker, and never more than points. More than there
    /// are points is no trouble for `at_most`, which allows what it does not demand.
    ///
    /// # Errors
    /// A number that is to be met and cannot be: none at all, or more than points; bounds that contradict each other.
    pub fn range(&self, num_points: usize) -> Result<RangeInclusive<usize>, ScoringError> {
        if num_points == 0 {
            return Err(ScoringError::Empty { name: "embeddings" });
        }
        let refuse = |found| ScoringError::ClusterCount { found, num_points };
        let contradiction = |name, found: usize, expected| ScoringError::InvalidParameter {
            name,
            found: found as f64,
            expected,
        };
        if self.at_most == Some(0) {
            return Err(refuse(0));
        }
        let least = self.at_least.unwrap_or(1).max(1);
        let most = self.at_most.unwrap_or(usize::MAX);
        if least > most {
            return Err(contradiction("at_most", most, "no less than `at_least`"));
        }
        if let Some(exact) = self.exact {
            if exact == 0 || exact > num_points {
                return Err(refuse(exact));
            }
            if !(least..=most).contains(&exact) {
                let expected = "a number from `at_least` to `at_most`";
                return Err(contradiction("exact", exact, expected));
            }
            return Ok(exact..=exact);
        }
        if least > num_points {
            return Err(refuse(least));
        }
        Ok(least..=most.min(num_points))
    }
}

/// The clusters of `tree` after all merges of at most `threshold`, a distance in the unit of its metric; where that makes more
/// or fewer clusters than `count` allows, the tree is cut above or below, into the number nearest to what the threshold made.
/// Labels are numbered in order of first appearance.
///
/// # Errors
/// A threshold that is NaN; numbers that cannot be met, as [`SpeakerCount::range`] says.
pub fn cut_for_count(
    tree: &Dendrogram,
    threshold: f64,
    count: &SpeakerCount,
) -> Result<Vec<usize>, ScoringError> {
    if threshold.is_nan() {
        return Err(ScoringError::InvalidParameter {
            name: "threshold",
            found: threshold,
            expected: "a number",
        });
    }
    let range = count.range(tree.num_points())?;
    let merged = tree
        .merges()
        .partition_point(|merge| merge.height <= threshold);
    let by_threshold = tree.num_points() - merged;
    tree.cut_into(by_threshold.clamp(*range.start(), *range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmbeddingMatrix, Linkage, Metric, agglomerative};

    fn tree() -> Dendrogram {
        let points = EmbeddingMatrix::from_flat(vec![0.0, 1.0, 3.0, 9.0], 1).unwrap();
        agglomerative(&points, Metric::Euclidean, Linkage::Single).unwrap()
    }

    #[test]
    fn the_threshold_holds_where_the_number_allows_it() {
        let cut = |threshold, count| cut_for_count(&tree(), threshold, &count).unwrap();
        assert_eq!(cut(2.0, SpeakerCount::default()), [0, 0, 0, 1]);
        assert_eq!(cut(2.0, SpeakerCount::between(1, 9)), [0, 0, 0, 1]);
        assert_eq!(cut(2.0, SpeakerCount::between(3, 4)), [0, 0, 1, 2]);
        assert_eq!(cut(0.5, SpeakerCount::between(1, 2)), [0, 0, 0, 1]);
        assert_eq!(cut(0.5, SpeakerCount::exactly(1)), [0, 0, 0, 0]);
        assert_eq!(cut(f64::INFINITY, SpeakerCount::exactly(4)), [0, 1, 2, 3]);
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        let refused = |count: SpeakerCount| count.range(4).unwrap_err();
        for number in [0, 5] {
            assert_eq!(
                refused(SpeakerCount::exactly(number)),
                ScoringError::ClusterCount {
                    found: number,
                    num_points: 4
                }
            );
        }
        assert!(matches!(
            refused(SpeakerCount::between(5, 6)),
            ScoringError::ClusterCount { found: 5, .. }
        ));
        assert!(matches!(
            refused(SpeakerCount::between(0, 0)),
            ScoringError::ClusterCount { found: 0, .. }
        ));
        assert!(matches!(
            refused(SpeakerCount::between(3, 2)),
            ScoringError::InvalidParameter {
                name: "at_most",
                ..
            }
        ));
        let count = SpeakerCount {
            exact: Some(2),
            at_least: Some(3),
            at_most: None,
        };
        assert!(refused(count).to_string().contains("`exact` is 2"));
        assert!(cut_for_count(&tree(), f64::NAN, &SpeakerCount::default()).is_err());
        assert!(SpeakerCount::default().range(0).is_err());
    }
}
