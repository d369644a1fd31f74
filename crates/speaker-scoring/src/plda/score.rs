//! How much likelier it is that one speaker made two sets of recordings.

use rayon::prelude::*;

use super::model::Plda;
use crate::symmetric::dot;
use crate::{EmbeddingMatrix, ScoringError};

/// All that a [`Plda`] needs to know of recordings of one speaker, to compare them with those of others time and again.
#[derive(Debug, Clone, PartialEq)]
pub struct PldaStatistics {
    count: usize,
    /// `[kept]`: the sum in the coordinates in which both covariances are diagonal.
    sum: Vec<f64>,
}

impl PldaStatistics {
    /// Number of recordings.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Plda {
    /// What there is to know of `recordings` of one speaker, `[dim]` each.
    ///
    /// # Errors
    /// No recordings; one of other dimensions than the model's or that is not finite.
    pub fn statistics<R: AsRef<[f32]>>(
        &self,
        recordings: &[R],
    ) -> Result<PldaStatistics, ScoringError> {
        if recordings.is_empty() {
            return Err(ScoringError::Empty { name: "recordings" });
        }
        let mut sum = vec![0.0; self.kept()];
        for (index, row) in recordings.iter().map(AsRef::as_ref).enumerate() {
            self.check_dim("recordings", index, row.len())?;
            if let Some(&value) = row.iter().find(|value| !value.is_finite()) {
                return Err(ScoringError::NotFinite {
                    name: "recordings",
                    index,
                    value,
                });
            }
            let row = self.coordinates(row);
            sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        Ok(PldaStatistics {
            count: recordings.len(),
            sum,
        })
    }

    /// The natural logarithm of how much likelier recordings `a` and `b` are if one speaker made all than if one made `a` and another `b`, one or
    /// several a side. Positive speaks for one speaker.
    ///
    /// What several recordings say together is by the book: their number counts, not their mean alone.
    ///
    /// # Errors
    /// As [`Self::statistics`].
    pub fn score<A: AsRef<[f32]>, B: AsRef<[f32]>>(
        &self,
        a: &[A],
        b: &[B],
    ) -> Result<f64, ScoringError> {
        self.compare(&self.statistics(a)?, &self.statistics(b)?)
    }

    /// [`Self::score`] of one recording a side, `[dim]` each.
    ///
    /// # Errors
    /// As [`Self::statistics`].
    pub fn score_pair(&self, a: &[f32], b: &[f32]) -> Result<f64, ScoringError> {
        self.score(&[a], &[b])
    }

    /// [`Self::score`] of statistics that this model made.
    ///
    /// # Errors
    /// Statistics of a model of another size.
    pub fn compare(&self, a: &PldaStatistics, b: &PldaStatistics) -> Result<f64, ScoringError> {
        for (index, side) in [a, b].into_iter().enumerate() {
            if side.sum.len() != self.kept() {
                return Err(ScoringError::DimensionMismatch {
                    name: "statistics",
                    index,
                    found: side.sum.len(),
                    expected: self.kept(),
                });
            }
        }
        Ok(self.ratio((a.count, &a.sum), (b.count, &b.sum)))
    }

    /// The score of each pair of rows, one recording a side, in parallel, in the order of `pairs`.
    ///
    /// # Errors
    /// Embeddings of other dimensions than the model's; a pair that names a row which does not exist.
    pub fn scores(
        &self,
        embeddings: &EmbeddingMatrix,
        pairs: &[(usize, usize)],
    ) -> Result<Vec<f64>, ScoringError> {
        self.check_dim("embeddings", 0, embeddings.dim())?;
        for (index, &(a, b)) in pairs.iter().enumerate() {
            embeddings.checked_row("pairs", index, a)?;
            embeddings.checked_row("pairs", index, b)?;
        }
        let rows = (0..embeddings.len()).into_par_iter();
        let rows: Vec<Vec<f64>> = rows
            .map(|row| self.coordinates(embeddings.row(row)))
            .collect();
        let scores = pairs.par_iter();
        Ok(scores
            .map(|&(a, b)| self.ratio((1, &rows[a]), (1, &rows[b])))
            .collect())
    }

    /// Of embeddings `[rows, dim]`, `[rows, kept]` row-major: the coordinates in which recordings of one speaker vary by 1 around it and speakers by
    /// [`Plda::psi`] around 0, whichever the coordinate. [`vbx`](crate::vbx) works with them.
    ///
    /// # Errors
    /// Embeddings of other dimensions than the model's.
    pub fn projected(&self, embeddings: &EmbeddingMatrix) -> Result<Vec<f64>, ScoringError> {
        self.check_dim("embeddings", 0, embeddings.dim())?;
        let rows = embeddings.as_flat().par_chunks_exact(embeddings.dim());
        Ok(rows.flat_map_iter(|row| self.coordinates(row)).collect())
    }

    fn check_dim(
        &self,
        name: &'static str,
        index: usize,
        found: usize,
    ) -> Result<(), ScoringError> {
        if found == self.dim() {
            return Ok(());
        }
        Err(ScoringError::DimensionMismatch {
            name,
            index,
            found,
            expected: self.dim(),
        })
    }

    /// Of an embedding `[dim]`, `[kept]`: those in which both covariances are diagonal.
    fn coordinates(&self, embedding: &[f32]) -> Vec<f64> {
        let mut row = self.front.apply(embedding);
        row.iter_mut().zip(&self.mean).for_each(|(v, m)| *v -= m);
        let lines = self.transform.chunks_exact(row.len());
        lines.map(|line| dot(line, &row)).collect()
    }

    /// Of the numbers of recordings and their sums.
    fn ratio(&self, a: (usize, &[f64]), b: (usize, &[f64])) -> f64 {
        let (count_a, count_b) = (a.0 as f64, b.0 as f64);
        let sums = self.psi.iter().zip(a.1.iter().zip(b.1));
        sums.map(|(&psi, (&sum_a, &sum_b))| {
            let apart = evidence(psi, count_a, sum_a) + evidence(psi, count_b, sum_b);
            evidence(psi, count_a + count_b, sum_a + sum_b) - apart
        })
        .sum()
    }
}

/// The logarithm of the likelihood of `count` recordings with this sum along a coordinate, where recordings have a variance of 1 around their
/// speaker and speakers one of `psi` around 0, but for what is the same whoever made them.
fn evidence(psi: f64, count: f64, sum: f64) -> f64 {
    let known = 1.0 + count * psi;
    0.5 * (psi * sum * sum / known - known.ln())
}
