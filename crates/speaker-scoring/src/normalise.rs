//! Scores beside those of a cohort, so that one threshold suits all embeddings.
//!
//! Some recordings are near to everyone: noisy ones, and those of a room or telephone that many share. How near a recording is to a
//! cohort of strangers says what its scores are worth.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::vectors::dot_f64;
use crate::{EmbeddingMatrix, ScoringError};

/// The least deviation of a cohort's cosines. Real ones are hundredths; below this there are but copies, or a vector of zeros, and what is
/// divided by it stays finite.
pub const DEVIATION_FLOOR: f64 = 1e-4;

/// What is done to the score of a pair, given a cohort of strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScoreNormalisation {
    /// The score as it is.
    #[default]
    None,
    /// Symmetric normalisation with the whole cohort (Shum et al. 2010).
    SNorm,
    /// With those of the cohort that are nearest, of either side its own (Karam et al. 2011; the first of the adaptive ones of
    /// Matějka et al. 2017).
    AsNorm {
        /// How many of the cohort, at least 2; all where there are fewer. A few hundred are usual.
        top: usize,
    },
}

impl ScoreNormalisation {
    /// What the cohort says of each embedding, in their order; nothing where scores stay as they are.
    ///
    /// # Errors
    /// As [`Cohort::statistics_of`].
    pub fn statistics(
        self,
        cohort: &Cohort,
        embeddings: &EmbeddingMatrix,
    ) -> Result<Option<Vec<CohortStatistics>>, ScoringError> {
        let top = match self {
            Self::None => return Ok(None),
            Self::SNorm => None,
            Self::AsNorm { top } => Some(top),
        };
        cohort.statistics_of(embeddings, top).map(Some)
    }
}

/// The cosines of one embedding with a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CohortStatistics {
    /// Their mean.
    pub mean: f64,
    /// Their deviation, over their number, at least [`DEVIATION_FLOOR`].
    pub deviation: f64,
}

/// The cosine `score` of two embeddings in deviations above what either has with the cohort, the mean of both sides: S-norm where the statistics
/// are of the whole cohort, AS-norm where they are of its nearest.
#[must_use]
pub fn normalised(score: f64, a: &CohortStatistics, b: &CohortStatistics) -> f64 {
    let above = |side: &CohortStatistics| (score - side.mean) / side.deviation.max(DEVIATION_FLOOR);
    0.5 * (above(a) + above(b))
}

/// Embeddings of strangers: of none of the speakers that are compared, and best of recordings like theirs. A mean embedding for each
/// stranger does as well as all their recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    embeddings: EmbeddingMatrix,
    /// `[points]`: 1 over the length of each, 0 for zeros; rows of length 1 would be rounded to 32 bits.
    scales: Vec<f64>,
}

impl Cohort {
    /// Of these embeddings, which count by their direction alone. One of zeros has a cosine of 0 with everything.
    ///
    /// # Errors
    /// Fewer than two; that all are finite is seen to by the matrix.
    pub fn new(embeddings: EmbeddingMatrix) -> Result<Self, ScoringError> {
        if embeddings.len() < 2 {
            return Err(ScoringError::CohortTooSmall {
                found: embeddings.len(),
                expected: 2,
            });
        }
        let scales = embeddings.rows().map(scale).collect();
        Ok(Self { embeddings, scales })
    }

    /// The embeddings, as they were given.
    #[must_use]
    pub fn embeddings(&self) -> &EmbeddingMatrix {
        &self.embeddings
    }

    /// Number of embeddings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Always false: there are two at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Number of values of each embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.embeddings.dim()
    }

    /// Mean and deviation of the `top` highest cosines of `embedding` `[dim]` with the cohort, of all without, or where there are fewer.
    ///
    /// # Errors
    /// An embedding of another dimension or that is not finite; a `top` below 2, which has no deviation.
    pub fn statistics(
        &self,
        embedding: &[f32],
        top: Option<usize>,
    ) -> Result<CohortStatistics, ScoringError> {
        self.check(embedding.len(), top)?;
        if let Some(&value) = embedding.iter().find(|value| !value.is_finite()) {
            return Err(ScoringError::NotFinite {
                name: "embedding",
                index: 0,
                value,
            });
        }
        Ok(self.checked_statistics(embedding, top))
    }

    /// [`Self::statistics`] of each row, in parallel, in their order.
    ///
    /// # Errors
    /// As [`Self::statistics`].
    pub fn statistics_of(
        &self,
        embeddings: &EmbeddingMatrix,
        top: Option<usize>,
    ) -> Result<Vec<CohortStatistics>, ScoringError> {
        self.check(embeddings.dim(), top)?;
        let rows = (0..embeddings.len()).into_par_iter();
        Ok(rows
            .map(|row| self.checked_statistics(embeddings.row(row), top))
            .collect())
    }

    fn check(&self, dim: usize, top: Option<usize>) -> Result<(), ScoringError> {
        if dim != self.dim() {
            return Err(ScoringError::DimensionMismatch {
                name: "embedding",
                index: 0,
                found: dim,
                expected: self.dim(),
            });
        }
        match top {
            Some(top) if top < 2 => Err(ScoringError::InvalidParameter {
                name: "top",
                found: top as f64,
                expected: "at least 2",
            }),
            _ => Ok(()),
        }
    }

    fn checked_statistics(&self, embedding: &[f32], top: Option<usize>) -> CohortStatistics {
        let own = scale(embedding);
        let cohort = self.embeddings.rows().zip(&self.scales);
        let mut cosines: Vec<f64> = cohort
            .map(|(row, scale)| (dot_f64(row, embedding) * own * scale).clamp(-1.0, 1.0))
            .collect();
        if let Some(top) = top.filter(|&top| top < cosines.len()) {
            cosines.select_nth_unstable_by(top, |a, b| b.total_cmp(a));
            cosines.truncate(top);
        }
        // Sums of sorted numbers are the same for any order of the cohort.
        cosines.sort_unstable_by(f64::total_cmp);
        let count = cosines.len() as f64;
        let mean = cosines.iter().sum::<f64>() / count;
        let squares = cosines.iter().map(|cosine| (cosine - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        CohortStatistics {
            mean,
            deviation: deviation.max(DEVIATION_FLOOR),
        }
    }
}

/// 1 over the length of `row`; 0 for zeros.
fn scale(row: &[f32]) -> f64 {
    match dot_f64(row, row).sqrt() {
        0.0 => 0.0,
        length => length.recip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(rows: &[[f32; 2]]) -> Result<Cohort, ScoringError> {
        Cohort::new(EmbeddingMatrix::from_rows(rows).unwrap())
    }

    #[test]
    fn the_highest_cosines_count() {
        // Cosines with (1, 0): 1, 0.6, 0, -1.
        let cohort = cohort(&[[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0], [3.0, 4.0]]).unwrap();
        let all = cohort.statistics(&[9.0, 0.0], None).unwrap();
        assert!((all.mean - 0.15).abs() < 1e-12);
        let variance =
            (0.85_f64.powi(2) + 0.45_f64.powi(2) + 0.15_f64.powi(2) + 1.15_f64.powi(2)) / 4.0;
        assert!((all.deviation - variance.sqrt()).abs() < 1e-12);
        let two = cohort.statistics(&[9.0, 0.0], Some(2)).unwrap();
        assert!((two.mean - 0.8).abs() < 1e-12 && (two.deviation - 0.2).abs() < 1e-12);
        for top in [4, 5, usize::MAX] {
            assert_eq!(cohort.statistics(&[9.0, 0.0], Some(top)).unwrap(), all);
        }
        let score = normalised(0.9, &all, &two);
        let by_hand = 0.5 * (0.75 / variance.sqrt() + 0.1 / 0.2);
        assert!((score - by_hand).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let copies = cohort(&[[1.0, 0.0], [2.0, 0.0], [0.5, 0.0]]).unwrap();
        for embedding in [[1.0, 1.0], [0.0, 0.0], [f32::MAX, f32::MAX], [1e-45, 0.0]] {
            let found = copies.statistics(&embedding, Some(2)).unwrap();
            assert_eq!(found.deviation, DEVIATION_FLOOR);
            assert!(normalised(1.0, &found, &found).is_finite());
        }
        let zeros = cohort(&[[0.0, 0.0], [0.0, 0.0]]).unwrap();
        assert_eq!(zeros.statistics(&[1.0, 0.0], None).unwrap().mean, 0.0);
    }

    #[test]
    fn what_cannot_be_normalised_is_refused() {
        assert!(matches!(
            cohort(&[[1.0, 0.0]]),
            Err(ScoringError::CohortTooSmall { found: 1, .. })
        ));
        let cohort = cohort(&[[1.0, 0.0], [0.0, 1.0]]).unwrap();
        assert!(matches!(
            cohort.statistics(&[1.0], None),
            Err(ScoringError::DimensionMismatch {
                found: 1,
                expected: 2,
                ..
            })
        ));
        assert!(matches!(
            cohort.statistics(&[1.0, f32::NAN], None),
            Err(ScoringError::NotFinite { .. })
        ));
        for top in [0, 1] {
            assert!(matches!(
                cohort.statistics(&[1.0, 0.0], Some(top)),
                Err(ScoringError::InvalidParameter { name: "top", .. })
            ));
        }
    }

    #[test]
    fn a_normalisation_is_a_tagged_choice() {
        for (choice, json) in [
            (ScoreNormalisation::None, r#"{"kind":"none"}"#),
            (ScoreNormalisation::SNorm, r#"{"kind":"s-norm"}"#),
            (
                ScoreNormalisation::AsNorm { top: 300 },
                r#"{"kind":"as-norm","top":300}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&choice).unwrap(), json);
            assert_eq!(
                serde_json::from_str::<ScoreNormalisation>(json).unwrap(),
                choice
            );
        }
        assert!(serde_json::from_str::<ScoreNormalisation>(r#"{"kind":"as-norm"}"#).is_err());
    }

    #[test]
    fn a_choice_takes_its_share_of_the_cohort() {
        let cohort = cohort(&[[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]]).unwrap();
        let embeddings = EmbeddingMatrix::from_rows(&[[1.0, 2.0], [3.0, 0.0]]).unwrap();
        let found = |choice: ScoreNormalisation| choice.statistics(&cohort, &embeddings).unwrap();
        assert_eq!(found(ScoreNormalisation::None), None);
        for (choice, top) in [
            (ScoreNormalisation::SNorm, None),
            (ScoreNormalisation::AsNorm { top: 2 }, Some(2)),
        ] {
            let expected = cohort.statistics_of(&embeddings, top).unwrap();
            assert_eq!(expected[1], cohort.statistics(&[3.0, 0.0], top).unwrap());
            assert_eq!(found(choice), Some(expected));
        }
    }
}
