//! What becomes of an embedding before it is modelled.

use super::diagonal::Diagonal;
use super::matrix::{add_outer, smooth};
use super::statistics::SpeakerStatistics;
use crate::symmetric::dot;

/// Length 1, less the mean, by the discriminants, and length 1 again: embeddings of length 1 are more nearly normally distributed
/// (Garcia-Romero and Espy-Wilson 2011).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Front {
    /// `[dim]`: the mean of embeddings of length 1.
    pub(super) centre: Vec<f64>,
    /// `[kept, dim]`; all is kept as it is without.
    pub(super) lda: Option<Vec<f64>>,
}

impl Front {
    /// Of statistics of embeddings of length 1. `kept` is how many discriminants are kept, at most `[dim]`.
    ///
    /// They are those of scikit-learn and of Kaldi, where a speaker counts by recordings: the covariance within speakers becomes the identity,
    /// and of its coordinates those remain in which the speakers' means differ most. `smoothing` is the share of the identity in it.
    pub(super) fn of(units: &SpeakerStatistics, kept: Option<usize>, smoothing: f64) -> Self {
        let dim = units.dim;
        let centre = units.mean_of_rows();
        let lda = kept.map(|kept| {
            let mut within = units.scatter.clone();
            smooth(&mut within, dim, smoothing);
            let speakers = units.means.chunks_exact(dim).zip(&units.counts);
            let offsets: Vec<f64> = speakers
                .flat_map(|(mean, &count)| {
                    let weight = (count as f64).sqrt();
                    let offset = mean.iter().zip(&centre);
                    offset.map(move |(value, centre)| weight * (value - centre))
                })
                .collect();
            let mut between = vec![0.0; dim * dim];
            add_outer(&mut between, &offsets, dim);
            let mut transform = Diagonal::of(&within, &between, dim).transform;
            transform.truncate(kept * dim);
            transform
        });
        Self { centre, lda }
    }

    /// Number of values of an embedding.
    pub(super) fn dim(&self) -> usize {
        self.centre.len()
    }

    /// Number of values of what is modelled.
    pub(super) fn kept(&self) -> usize {
        self.lda
            .as_ref()
            .map_or(self.dim(), |lda| lda.len() / self.dim())
    }

    /// Of an embedding `[dim]`, `[kept]`. What has no direction stays zeros.
    pub(super) fn apply(&self, embedding: &[f32]) -> Vec<f64> {
        let unit = unit(embedding);
        let offset = unit.iter().zip(&self.centre);
        let mut row: Vec<f64> = offset.map(|(value, centre)| value - centre).collect();
        if let Some(lda) = &self.lda {
            row = lda
                .chunks_exact(row.len())
                .map(|line| dot(line, &row))
                .collect();
        }
        to_unit(&mut row);
        row
    }
}

/// The embedding at length 1, or zeros.
pub(super) fn unit(embedding: &[f32]) -> Vec<f64> {
    let mut row: Vec<f64> = embedding.iter().map(|&value| f64::from(value)).collect();
    to_unit(&mut row);
    row
}

fn to_unit(row: &mut [f64]) {
    let length = dot(row, row).sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|value| *value /= length);
    }
}
