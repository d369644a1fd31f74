//! How spectral clustering works.

use serde::{Deserialize, Serialize};

use crate::{ScoringError, SpeakerCount};

/// Which affinities of a point count: those to its strongest neighbours, itself among them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Pruning {
    /// As many as make the gap between eigenvalues stand out most for their number; all that are kept count alike (NME-SC, Park et al. 2020).
    Automatic {
        /// The fewest, at least 1, as in the paper. With one or two neighbours points fall into pairs, whose number passes for that of speakers.
        at_least: usize,
        /// The most, as a share of all points, above 0 and at most 1; where that is fewer than the fewest, as many as those.
        most: f64,
        /// Numbers that are tried, evenly spread from the fewest to the most, at least 1.
        num_tried: usize,
    },
    /// A given share of all points, each by its cosine, none below 0: as in 3D-Speaker and what follows it.
    Share {
        /// Above 0, at most 1.
        share: f64,
        /// Never fewer than so many, at least 1.
        at_least: usize,
    },
}

impl Default for Pruning {
    /// Thirty numbers from six, the fewest of 3D-Speaker, to a quarter of all points, the most of NeMo.
    fn default() -> Self {
        Self::Automatic {
            at_least: 6,
            most: 0.25,
            num_tried: 30,
        }
    }
}

/// How [`spectral_clusters`](crate::spectral_clusters) works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpectralSettings {
    /// Which affinities count.
    pub pruning: Pruning,
    /// What is known of the number of speakers.
    pub count: SpeakerCount,
    /// Seed of the centres that points are gathered around.
    pub seed: u64,
    /// Sets of centres that are tried, at least 1; the best counts.
    pub num_starts: usize,
}

impl Default for SpectralSettings {
    /// NME-SC for any number of speakers, ten starts.
    fn default() -> Self {
        Self {
            pruning: Pruning::default(),
            count: SpeakerCount::default(),
            seed: 0,
            num_starts: 10,
        }
    }
}

impl Pruning {
    /// # Errors
    /// A share that is not above 0 and at most 1; a number of 0.
    pub(super) fn check(&self) -> Result<(), ScoringError> {
        let (name, share, at_least) = match *self {
            Self::Automatic { at_least, most, .. } => ("most", most, at_least),
            Self::Share { share, at_least } => ("share", share, at_least),
        };
        if !(share > 0.0 && share <= 1.0) {
            return Err(ScoringError::InvalidParameter {
                name,
                found: share,
                expected: "above 0 and at most 1",
            });
        }
        if let Self::Automatic { num_tried, .. } = *self {
            at_least_one("num_tried", num_tried)?;
        }
        at_least_one("at_least", at_least)
    }

    /// The numbers of neighbours, a point itself among them, that come into question for so many points; ascending.
    pub(super) fn candidates(&self, num_points: usize) -> Vec<usize> {
        match *self {
            Self::Automatic {
                at_least,
                most,
                num_tried,
            } => {
                let most = (most * num_points as f64).floor() as usize;
                let most = most.max(at_least).min(num_points);
                let spread = most - at_least.min(most);
                let num_tried = num_tried.min(spread + 1);
                let before_last = num_tried - 1;
                // Rounded, halves up.
                let part = |at| (2 * at * spread + before_last) / (2 * before_last).max(1);
                (0..num_tried)
                    .map(|at| {
                        if before_last == 0 {
                            most
                        } else {
                            most - spread + part(at)
                        }
                    })
                    .collect()
            }
            Self::Share { share, at_least } => {
                let pruned = ((1.0 - share) * num_points as f64).floor() as usize;
                vec![(num_points - pruned).max(at_least).min(num_points)]
            }
        }
    }
}

impl SpectralSettings {
    /// # Errors
    /// As [`Pruning::check`]; no starts.
    pub(super) fn check(&self) -> Result<(), ScoringError> {
        self.pruning.check()?;
        at_least_one("num_starts", self.num_starts)
    }
}

fn at_least_one(name: &'static str, number: usize) -> Result<(), ScoringError> {
    match number {
        0 => Err(ScoringError::InvalidParameter {
            name,
            found: 0.0,
            expected: "at least 1",
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_spread_from_one_to_the_most() {
        let numbers = |at_least, most, num_tried, num_points| {
            let pruning = Pruning::Automatic {
                at_least,
                most,
                num_tried,
            };
            pruning.candidates(num_points)
        };
        assert_eq!(numbers(1, 0.25, 30, 40), (1..=10).collect::<Vec<_>>());
        assert_eq!(numbers(6, 0.25, 30, 40), [6, 7, 8, 9, 10]);
        assert_eq!(numbers(6, 0.25, 30, 8), [6]);
        assert_eq!(numbers(6, 0.25, 30, 4), [4]);
        assert_eq!(numbers(1, 0.25, 5, 68), [1, 5, 9, 13, 17]);
        assert_eq!(numbers(1, 0.25, 4, 46), [1, 4, 8, 11]);
        assert_eq!(numbers(1, 0.25, 1, 40), [10]);
        assert_eq!(numbers(1, 1.0, usize::MAX, 3), [1, 2, 3]);
    }

    #[test]
    fn a_share_is_never_too_few() {
        let kept = |share, at_least, n| Pruning::Share { share, at_least }.candidates(n)[0];
        assert_eq!(kept(0.02, 6, 1000), 20);
        assert_eq!(kept(0.02, 6, 100), 6);
        assert_eq!(kept(0.02, 6, 3), 3);
        assert_eq!(kept(1.0, 1, 9), 9);
    }
}
