//! Whether what log-likelihood ratios promise is kept.

use serde::{Deserialize, Serialize};
use speaker_scoring::sigmoid;

use super::ranking::{ScoreGroup, score_groups, totals};
use crate::EvalError;

/// Bins of an expected calibration error.
pub(super) const NUM_BINS: usize = 10;

/// Trials of neighbouring ratios: what was promised, and what came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean probability of one speaker by the ratios at even odds, 0 to 1.
    pub probability: f64,
    /// Share of the trials that are of one speaker, both kinds counting alike, 0 to 1.
    pub observed: f64,
    /// Same-speaker trials.
    pub num_target: u64,
    /// Different-speaker trials.
    pub num_nontarget: u64,
}

/// At most `num_bins` bins of rising log-likelihood ratios (natural logarithm), where both kinds of trials have the same weight in all,
/// and so have all bins, as far as equal ratios can be parted.
///
/// # Errors
/// As [`crate::eer`].
pub fn reliability(
    llrs: &[f32],
    is_target: &[bool],
    num_bins: usize,
) -> Result<Vec<ReliabilityBin>, EvalError> {
    Ok(bins_of(&score_groups(llrs, is_target)?, num_bins))
}

/// Mean difference of promised and observed probability, weighted by the bins' trials, 0 to 1: the expected calibration error (ECE of
/// Naeini et al. 2015) at even odds.
///
/// # Errors
/// As [`crate::eer`].
pub fn calibration_error(llrs: &[f32], is_target: &[bool]) -> Result<f64, EvalError> {
    let groups = score_groups(llrs, is_target)?;
    Ok(calibration_error_of(&bins_of(&groups, NUM_BINS)))
}

pub(super) fn calibration_error_of(bins: &[ReliabilityBin]) -> f64 {
    let sums = bins.iter().fold((0, 0), |(targets, nontargets), bin| {
        (targets + bin.num_target, nontargets + bin.num_nontarget)
    });
    let gap = |bin: &ReliabilityBin| {
        let weight = 0.5
            * (bin.num_target as f64 / sums.0 as f64 + bin.num_nontarget as f64 / sums.1 as f64);
        weight * (bin.probability - bin.observed).abs()
    };
    bins.iter().map(gap).sum()
}

pub(super) fn bins_of(groups: &[ScoreGroup], num_bins: usize) -> Vec<ReliabilityBin> {
    let (num_target, num_nontarget) = totals(groups);
    let (same, different) = (0.5 / num_target as f64, 0.5 / num_nontarget as f64);
    let mut bins = Vec::new();
    let mut bin = Bin::default();
    let mut filled = 0.0;
    for group in groups.iter().rev() {
        let weight = same * group.targets as f64 + different * group.nontargets as f64;
        bin.promised += weight * sigmoid(group.score);
        bin.weight += weight;
        bin.targets += group.targets;
        bin.nontargets += group.nontargets;
        filled += weight;
        if filled * num_bins.max(1) as f64 >= (bins.len() + 1) as f64 - 1e-9 {
            bins.push(std::mem::take(&mut bin));
        }
    }
    let bins = bins.into_iter().map(|bin| ReliabilityBin {
        probability: bin.promised / bin.weight,
        observed: same * bin.targets as f64 / bin.weight,
        num_target: bin.targets,
        num_nontarget: bin.nontargets,
    });
    bins.collect()
}

#[derive(Default)]
struct Bin {
    promised: f64,
    weight: f64,
    targets: u64,
    nontargets: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log-likelihood ratios of two normal distributions of this deviation around ±s²/2, which are right.
    fn right(deviation: f64, [num_target, num_nontarget]: [usize; 2]) -> (Vec<f32>, Vec<bool>) {
        use statrs::distribution::{ContinuousCDF, Normal};
        let quantiles = |mean: f64, count: usize| {
            let normal = Normal::new(mean, deviation).unwrap();
            (0..count)
                .map(move |place| normal.inverse_cdf((place as f64 + 0.5) / count as f64) as f32)
        };
        let mean = 0.5 * deviation * deviation;
        let mut llrs: Vec<f32> = quantiles(mean, num_target).collect();
        llrs.extend(quantiles(-mean, num_nontarget));
        let is_target = (0..llrs.len()).map(|place| place < num_target);
        (llrs, is_target.collect())
    }

    #[test]
    fn bins_of_equal_weight_keep_what_right_ratios_promise() {
        let (llrs, is_target) = right(1.7, [1000, 5000]);
        let bins = reliability(&llrs, &is_target, 10).unwrap();
        assert_eq!(bins.len(), 10);
        assert_eq!(bins.iter().map(|bin| bin.num_target).sum::<u64>(), 1000);
        for bin in &bins {
            assert!((bin.observed - bin.probability).abs() < 0.02, "{bin:?}");
        }
        assert!(calibration_error(&llrs, &is_target).unwrap() < 0.01);
        let wrong: Vec<f32> = llrs.iter().map(|llr| llr + 2.0).collect();
        let bins = reliability(&wrong, &is_target, 10).unwrap();
        assert!(bins.iter().all(|bin| bin.probability >= bin.observed));
        assert!(calibration_error(&wrong, &is_target).unwrap() > 0.1);
        // Equal ratios stay together.
        let one = reliability(&[0.5; 4], &[true, true, false, false], 10).unwrap();
        assert_eq!((one.len(), one[0].observed), (1, 0.5));
    }
}
