//! The score of two embeddings.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::vectors::cosine;
use crate::{EmbeddingMatrix, ScoringError};

/// What makes a number of two embeddings, the larger the more they sound like one speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Scorer {
    /// The cosine of the angle between them, -1 to 1.
    #[default]
    Cosine,
}

impl Scorer {
    /// The score of `a` and `b`, `[dim]` each.
    pub fn score(&self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Cosine => cosine(a, b),
        }
    }

    /// The score of each pair of rows, in parallel, in the order of `pairs`.
    ///
    /// # Errors
    /// A pair that names a row which does not exist.
    pub fn scores(
        &self,
        embeddings: &EmbeddingMatrix,
        pairs: &[(usize, usize)],
    ) -> Result<Vec<f32>, ScoringError> {
        pairs
            .par_iter()
            .enumerate()
            .map(|(index, &(a, b))| {
                let a = embeddings.checked_row("pairs", index, a)?;
                let b = embeddings.checked_row("pairs", index, b)?;
                Ok(self.score(a, b))
            })
            .collect()
    }

    /// What the numbers mean, for reports.
    pub fn scale(&self) -> &'static str {
        match self {
            Self::Cosine => "cosine, -1 to 1",
        }
    }

    /// The lowest and the highest score there can be.
    pub fn range(&self) -> [f64; 2] {
        match self {
            Self::Cosine => [-1.0, 1.0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_scores_are_those_of_each_pair() {
        let rows: Vec<[f32; 3]> = (0..9)
            .map(|row| [row as f32, 1.0, (row as f32).sin()])
            .collect();
        let matrix = EmbeddingMatrix::from_rows(&rows).unwrap();
        let pairs: Vec<(usize, usize)> = (0..9).map(|row| (row, row * 5 % 9)).collect();
        let expected: Vec<f32> = pairs
            .iter()
            .map(|&(a, b)| Scorer::Cosine.score(&rows[a], &rows[b]))
            .collect();
        let scorer = Scorer::default();
        assert_eq!(scorer.scores(&matrix, &pairs).unwrap(), expected);
        assert!(matches!(
            scorer.scores(&matrix, &[(0, 1), (0, 9)]),
            Err(ScoringError::RowOutOfRange {
                index: 1,
                found: 9,
                ..
            })
        ));
    }

    #[test]
    fn a_scorer_is_a_tagged_choice() {
        let json = serde_json::to_string(&Scorer::Cosine).unwrap();
        assert_eq!(json, r#"{"kind":"cosine"}"#);
        assert_eq!(
            serde_json::from_str::<Scorer>(&json).unwrap(),
            Scorer::Cosine
        );
        assert!(serde_json::from_str::<Scorer>(r#"{"kind":"plda"}"#).is_err());
    }
}
