//! Where speakers are, as far as is known: a normal distribution for each.

use rayon::prelude::*;

use super::settings::VbxSettings;
use crate::symmetric::dot;

/// Segments that are looked at at a time.
const BLOCK: usize = 256;

/// Segments in the coordinates of the model, and the model.
pub(super) struct Segments<'a> {
    /// `[segments, dim]`: those of one speaker vary by 1 along each coordinate.
    pub(super) features: &'a [f64],
    /// `[dim]`: how far speakers vary along each, squared.
    pub(super) phi: &'a [f64],
}

/// What is known of the speakers' places, in coordinates along which they vary by 1.
pub(super) struct Places {
    dim: usize,
    /// `[speakers, dim]` (α)
    means: Vec<f64>,
    /// `[speakers, dim]`, the diagonals (L⁻¹)
    variances: Vec<f64>,
}

impl Segments<'_> {
    /// The speakers' places given who is `responsible` `[segments, speakers]` for what (equations 16 and 17).
    ///
    /// Each speaker is summed on one thread, so that the number of threads does not matter.
    pub(super) fn places(&self, responsible: &[f64], settings: &VbxSettings) -> Places {
        let dim = self.phi.len();
        let speakers = responsible.len() / (self.features.len() / dim);
        let scale = settings.observations / settings.prior;
        let of_speaker = |speaker: usize| {
            let (mut count, mut sum) = (0.0, vec![0.0; dim]);
            let shares = responsible.iter().skip(speaker).step_by(speakers);
            for (row, share) in self.features.chunks_exact(dim).zip(shares) {
                count += share;
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += share * v);
            }
            let variances: Vec<f64> = self
                .phi
                .iter()
                .map(|phi| 1.0 / (1.0 + scale * count * phi))
                .collect();
            let parts = sum.iter().zip(self.phi).zip(&variances);
            let means: Vec<f64> = parts
                .map(|((sum, phi), variance)| scale * variance * sum * phi.sqrt())
                .collect();
            (means, variances)
        };
        let all = (0..speakers).into_par_iter().map(of_speaker);
        let (means, variances): (Vec<_>, Vec<_>) = all.unzip();
        Places {
            dim,
            means: means.concat(),
            variances: variances.concat(),
        }
    }

    /// `[segments, speakers]`: the logarithm of how likely each speaker makes each segment, expected over the places (equation 23).
    pub(super) fn likelihoods(&self, places: &Places, settings: &VbxSettings) -> Vec<f64> {
        let dim = self.phi.len();
        let roots: Vec<f64> = self.phi.iter().map(|phi| phi.sqrt()).collect();
        // The part that is the same for every segment.
        let means = places.means.chunks_exact(dim);
        let own: Vec<f64> = means
            .zip(places.variances.chunks_exact(dim))
            .map(|(means, variances)| {
                let parts = means.iter().zip(variances).zip(self.phi);
                let sum: f64 = parts.map(|((m, v), phi)| (v + m * m) * phi).sum();
                0.5 * sum
            })
            .collect();
        let always = dim as f64 * (2.0 * std::f64::consts::PI).ln();
        let mut likelihoods = vec![0.0; self.features.len() / dim * own.len()];
        let blocks = likelihoods.par_chunks_mut(BLOCK * own.len());
        let rows = self.features.par_chunks(BLOCK * dim);
        blocks.zip(rows).for_each(|(block, rows)| {
            let lines = block.chunks_exact_mut(own.len());
            for (line, row) in lines.zip(rows.chunks_exact(dim)) {
                let same = -0.5 * (dot(row, row) + always);
                let scaled: Vec<f64> = row.iter().zip(&roots).map(|(v, r)| v * r).collect();
                let speakers = places.means.chunks_exact(dim).zip(&own);
                for (value, (mean, own)) in line.iter_mut().zip(speakers) {
                    *value = settings.observations * (dot(&scaled, mean) - own + same);
                }
            }
        });
        likelihoods
    }
}

impl Places {
    /// What the speakers' places cost: how far they are from what is known of any, as in the bound on the evidence (equation 25).
    pub(super) fn cost(&self, settings: &VbxSettings) -> f64 {
        let speakers = self.means.chunks_exact(self.dim);
        let costs = speakers.zip(self.variances.chunks_exact(self.dim));
        let each = costs.map(|(means, variances)| -> f64 {
            let parts = means.iter().zip(variances);
            parts.map(|(m, v)| m * m + v - v.ln() - 1.0).sum()
        });
        0.5 * settings.prior * each.sum::<f64>()
    }
}
