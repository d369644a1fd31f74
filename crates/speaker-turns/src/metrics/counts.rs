//! How many speakers there are, and how many were found.

use serde::{Deserialize, Serialize};

/// Numbers of speakers of one recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerCounts {
    /// In the reference.
    pub reference: usize,
    /// In the hypothesis.
    pub hypothesis: usize,
}

/// How wrong the numbers of speakers of several recordings are. Recordings count alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerCountErrors {
    /// Number of recordings.
    pub recordings: usize,
    /// Recordings with the right number.
    pub right: usize,
    /// Recordings with too few.
    pub too_few: usize,
    /// Recordings with too many.
    pub too_many: usize,
    /// Mean of what was found less what there are (speakers): above 0 where too many are found.
    pub mean_error: f64,
    /// Mean of that without its sign (speakers).
    pub mean_absolute_error: f64,
    /// The largest of those (speakers).
    pub largest_absolute_error: usize,
}

impl SpeakerCountErrors {
    /// Of any recordings; of none, all is 0.
    pub fn new(counts: impl IntoIterator<Item = SpeakerCounts>) -> Self {
        let mut errors = Self {
            recordings: 0,
            right: 0,
            too_few: 0,
            too_many: 0,
            mean_error: 0.0,
            mean_absolute_error: 0.0,
            largest_absolute_error: 0,
        };
        for count in counts {
            let (found, there) = (count.hypothesis, count.reference);
            errors.recordings += 1;
            match found.cmp(&there) {
                std::cmp::Ordering::Less => errors.too_few += 1,
                std::cmp::Ordering::Equal => errors.right += 1,
                std::cmp::Ordering::Greater => errors.too_many += 1,
            }
            errors.mean_error += found as f64 - there as f64;
            errors.mean_absolute_error += found.abs_diff(there) as f64;
            errors.largest_absolute_error =
                errors.largest_absolute_error.max(found.abs_diff(there));
        }
        let number = errors.recordings.max(1) as f64;
        errors.mean_error /= number;
        errors.mean_absolute_error /= number;
        errors
    }

    /// Share of the recordings with the right number; none where there are no recordings.
    pub fn share_right(&self) -> Option<f64> {
        (self.recordings > 0).then(|| self.right as f64 / self.recordings as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_with_and_without_their_sign() {
        let counts = [(2, 2), (3, 1), (2, 3), (4, 4)];
        let errors = SpeakerCountErrors::new(counts.map(|(reference, hypothesis)| SpeakerCounts {
            reference,
            hypothesis,
        }));
        assert_eq!((errors.right, errors.too_few, errors.too_many), (2, 1, 1));
        assert_eq!(
            (errors.mean_error, errors.mean_absolute_error),
            (-0.25, 0.75)
        );
        assert_eq!(
            (errors.largest_absolute_error, errors.share_right()),
            (2, Some(0.5))
        );
        assert_eq!(SpeakerCountErrors::new([]).share_right(), None);
    }
}
