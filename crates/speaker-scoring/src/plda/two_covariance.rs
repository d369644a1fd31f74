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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::statistics::Speakers;
    use super::*;

    type Groups = Vec<Vec<Vec<f64>>>;

    fn statistics(groups: &Groups, dim: usize) -> SpeakerStatistics {
        let numbered = groups.iter().enumerate();
        let labels: Vec<usize> = numbered
            .flat_map(|(label, rows)| vec![label; rows.len()])
            .collect();
        let rows = groups.concat();
        SpeakerStatistics::of(dim, &Speakers::of(&labels), &|at| rows[at].clone())
    }

    /// The density of a speaker's recordings one after another, by the root of their whole covariance: no trick is shared with the model.
    fn likelihood(model: &TwoCovariance, groups: &Groups) -> f64 {
        let dim = model.mean.len();
        let of_speaker = |rows: &Vec<Vec<f64>>| {
            let size = rows.len() * dim;
            let covariance = |row: usize, column: usize| {
                let at = row % dim * dim + column % dim;
                let same = row / dim == column / dim;
                model.between[at] + if same { model.within[at] } else { 0.0 }
            };
            let mut root = vec![0.0; size * size];
            let mut solved: Vec<f64> = Vec::new();
            let mut sum = -0.5 * size as f64 * (2.0 * std::f64::consts::PI).ln();
            for row in 0..size {
                for column in 0..=row {
                    let (a, b) = (
                        &root[row * size..][..column],
                        &root[column * size..][..column],
                    );
                    let rest = covariance(row, column) - dot(a, b);
                    root[row * size + column] = match row == column {
                        true => rest.sqrt(),
                        false => rest / root[column * size + column],
                    };
                }
                let offset = rows[row / dim][row % dim] - model.mean[row % dim];
                let on = root[row * size + row];
                solved.push((offset - dot(&root[row * size..][..row], &solved)) / on);
                sum -= on.ln() + 0.5 * solved[row] * solved[row];
            }
            sum
        };
        groups.iter().map(of_speaker).sum()
    }

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < tolerance, "{found} {expected}");
        }
    }

    #[test]
    fn steps_are_those_of_dense_matrices() {
        let golden = include_str!("../../tests/golden/plda.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let floats = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
        let rows: Vec<Vec<f64>> = serde_json::from_value(golden["rows"].clone()).unwrap();
        let labels: Vec<usize> = serde_json::from_value(golden["labels"].clone()).unwrap();
        let mut groups = vec![Vec::new(); labels.iter().max().unwrap() + 1];
        for (row, label) in rows.iter().zip(labels) {
            groups[label].push(row.iter().map(|value| value / 5.0).collect());
        }
        let data = statistics(&groups, rows[0].len());
        let mut model = TwoCovariance::of_moments(&data);
        for expected in golden["em"].as_array().unwrap() {
            close(&model.mean, &floats(&expected["mean"]), 1e-10);
            close(&model.within, &floats(&expected["within"]), 1e-10);
            close(&model.between, &floats(&expected["between"]), 1e-10);
            let expected = expected["likelihood"].as_f64().unwrap();
            assert!((likelihood(&model, &groups) / expected - 1.0).abs() < 1e-10);
            model = model.step(&data);
        }
    }

    /// Speakers with one to four recordings, of a known model.
    fn drawn(truth: &TwoCovariance, speakers: usize, seed: u64) -> Groups {
        let dim = truth.mean.len();
        let mut state = seed;
        let mut uniform = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut around = |centre: &[f64], covariance: &[f64]| -> Vec<f64> {
            let eigen = crate::symmetric::Eigen::of(covariance.to_vec(), dim);
            let mut point = centre.to_vec();
            for (axis, value) in eigen.vectors.chunks_exact(dim).zip(&eigen.values) {
                let angle = 2.0 * std::f64::consts::PI * uniform();
                let length = (-2.0 * value * (1.0 - uniform()).ln()).sqrt() * angle.cos();
                point
                    .iter_mut()
                    .zip(axis)
                    .for_each(|(v, a)| *v += length * a);
            }
            point
        };
        let numbers = 0..speakers;
        numbers
            .map(|number| {
                let speaker = around(&truth.mean, &truth.between);
                let recordings = 0..=number % 4;
                recordings
                    .map(|_| around(&speaker, &truth.within))
                    .collect()
            })
            .collect()
    }

    fn truth() -> TwoCovariance {
        TwoCovariance {
            mean: vec![1.0, -0.5, 0.2],
            within: vec![0.9, 0.3, 0.0, 0.3, 0.5, -0.1, 0.0, -0.1, 0.4],
            between: vec![1.5, -0.4, 0.2, -0.4, 0.6, 0.1, 0.2, 0.1, 0.3],
        }
    }

    #[test]
    fn no_step_makes_the_data_less_likely() {
        for seed in 0..6 {
            let groups = drawn(&truth(), 12, seed);
            let data = statistics(&groups, 3);
            let mut model = TwoCovariance::of_moments(&data);
            let mut before = likelihood(&model, &groups);
            for _ in 0..30 {
                model = model.step(&data);
                let after = likelihood(&model, &groups);
                assert!(after >= before - 1e-9, "{seed}: {before} {after}");
                before = after;
            }
        }
    }

    #[test]
    fn a_known_model_is_found_again() {
        let truth = truth();
        let groups = drawn(&truth, 20_000, 1);
        let data = statistics(&groups, 3);
        let start = TwoCovariance::of_moments(&data);
        let model = (0..20).fold(start, |model, _| model.step(&data));
        // Three deviations of a variance of 1.5 from 20 000 speakers, most with two recordings or more.
        close(&model.mean, &truth.mean, 0.05);
        close(&model.within, &truth.within, 0.05);
        close(&model.between, &truth.between, 0.07);
    }
}
