//! The two-covariance model (Brümmer and de Villiers 2010): a speaker is a point drawn from one normal distribution, and a recording is drawn from
//! another around it.

use super::diagonal::Diagonal;
use super::matrix::{add_outer, congruent, times_transposed};
use super::statistics::SpeakerStatistics;
use crate::symmetric::dot;

/// Its parameters.
#[derive(Debug, Clone)]
pub(super) struct TwoCovariance {
    /// `[dim]`
    pub(super) mean: Vec<f64>,
    /// `[dim, dim]`: of recordings of one speaker.
    pub(super) within: Vec<f64>,
    /// `[dim, dim]`: of speakers.
    pub(super) between: Vec<f64>,
}

impl TwoCovariance {
    /// The covariance within speakers, and those of the speakers' means: where the estimate begins.
    ///
    /// Some speaker must have two rows.
    pub(super) fn of_moments(data: &SpeakerStatistics) -> Self {
        let dim = data.dim;
        let speakers = data.counts.len();
        let freedom = (data.num_rows() - speakers).max(1) as f64;
        let (mean, mut between) = moments(&data.means, dim);
        between
            .iter_mut()
            .for_each(|value| *value /= speakers as f64);
        Self {
            mean,
            within: data.scatter.iter().map(|value| value / freedom).collect(),
            between,
        }
    }

    /// One step of expectation and maximisation, after which the data are at least as likely.
    ///
    /// In the coordinates in which both covariances are diagonal what is known of a speaker with `n` recordings is one number a coordinate:
    /// the mean `n ψ / (1 + n ψ)` of the way from the common mean to that of the recordings, and the variance `ψ / (1 + n ψ)`.
    pub(super) fn step(&self, data: &SpeakerStatistics) -> Self {
        let dim = data.dim;
        let Diagonal {
            transform,
            inverse,
            psi,
        } = Diagonal::of(&self.within, &self.between, dim);
        let centre = times_transposed(&self.mean, &transform, dim);
        let means = times_transposed(&data.means, &transform, dim);
        let mut speakers = Vec::with_capacity(means.len());
        // What recordings' means lie off their speakers, weighted.
        let mut rest = Vec::with_capacity(means.len());
        let (mut of_speakers, mut of_recordings) = (vec![0.0; dim], vec![0.0; dim]);
        for (mean, &count) in means.chunks_exact(dim).zip(&data.counts) {
            let count = count as f64;
            for (place, psi) in psi.iter().enumerate() {
                let variance = psi / (1.0 + count * psi);
                let offset = mean[place] - centre[place];
                let speaker = count * variance * offset;
                speakers.push(speaker);
                rest.push(count.sqrt() * (offset - speaker));
                of_speakers[place] += variance;
                of_recordings[place] += count * variance;
            }
        }
        let (shift, mut between) = moments(&speakers, dim);
        let mut within = congruent(&transform, &data.scatter, dim);
        add_outer(&mut within, &rest, dim);
        let parts = [
            (&mut between, of_speakers, data.counts.len()),
            (&mut within, of_recordings, data.num_rows()),
        ];
        for (covariance, variances, count) in parts {
            for (place, variance) in variances.iter().enumerate() {
                covariance[place * dim + place] += variance;
            }
            covariance
                .iter_mut()
                .for_each(|value| *value /= count as f64);
        }
        let back = inverse.chunks_exact(dim).map(|row| dot(row, &shift));
        Self {
            mean: self.mean.iter().zip(back).map(|(m, v)| m + v).collect(),
            within: congruent(&inverse, &within, dim),
            between: congruent(&inverse, &between, dim),
        }
    }
}

/// The mean of rows, and the sum of their outer products around it.
fn moments(rows: &[f64], dim: usize) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![0.0; dim];
    for row in rows.chunks_exact(dim) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
    }
    let count = (rows.len() / dim) as f64;
    mean.iter_mut().for_each(|value| *value /= count);
    let offsets = rows.chunks_exact(dim);
    let offsets: Vec<f64> = offsets
        .flat_map(|row| row.iter().zip(&mean).map(|(v, m)| v - m))
        .collect();
    let mut outer = vec![0.0; dim * dim];
    add_outer(&mut outer, &offsets, dim);
    (mean, outer)
}
