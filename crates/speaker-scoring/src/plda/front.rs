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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::statistics::Speakers;
    use super::*;

    /// The cosines of the principal angles between two subspaces are all 1 where each direction of one lies in the other.
    #[test]
    fn discriminants_span_the_subspace_of_scikit_learns() {
        let golden = include_str!("../../tests/golden/plda.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let rows: Vec<Vec<f32>> = serde_json::from_value(golden["rows"].clone()).unwrap();
        let labels: Vec<usize> = serde_json::from_value(golden["labels"].clone()).unwrap();
        let bases: Vec<Vec<Vec<f64>>> = serde_json::from_value(golden["lda"].clone()).unwrap();
        let dim = rows[0].len();
        assert_eq!(bases.len(), dim);
        let speakers = Speakers::of(&labels);
        let units = SpeakerStatistics::of(dim, &speakers, &|at| unit(&rows[at]));
        for basis in bases {
            let front = Front::of(&units, Some(basis.len()), 0.0);
            assert_eq!((front.dim(), front.kept()), (dim, basis.len()));
            for line in front.lda.unwrap().chunks_exact(dim) {
                let within: f64 = basis.iter().map(|axis| dot(axis, line).powi(2)).sum();
                // 1 less the squared cosine of the angle to the subspace.
                assert!((1.0 - within / dot(line, line)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_has_no_direction_stays_finite() {
        let front = Front {
            centre: vec![0.6, 0.8],
            lda: Some(vec![1.0, 0.0]),
        };
        assert_eq!(front.apply(&[3.0, 4.0]), [0.0]);
        assert_eq!(front.apply(&[0.0, 0.0]), [-1.0]);
        assert_eq!(front.apply(&[f32::MAX, -f32::MAX]), [1.0]);
        assert_eq!(unit(&[1e-45, 0.0]), [1.0, 0.0]);
    }
}
