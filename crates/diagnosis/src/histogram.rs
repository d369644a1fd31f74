//! How the values of same- and of different-speaker pairs lie to each other.

use serde::{Deserialize, Serialize};

/// Bins of a histogram.
const NUM_BINS: usize = 40;

/// Values of same- and of different-speaker pairs, counted in bins of equal width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoHistograms {
    /// Lower end of the first bin.
    pub low: f64,
    /// Upper end of the last bin.
    pub high: f64,
    /// Same-speaker pairs by bin.
    pub same: Vec<u64>,
    /// Different-speaker pairs by bin.
    pub different: Vec<u64>,
    /// Area that the two share where each has area 1: 0 for kinds that are apart, 1 for kinds that are alike.
    pub overlap: f64,
}

impl TwoHistograms {
    /// Counts `values`, each with whether it is of one speaker; values that are not finite are left out. None where
    /// one of the kinds has no value.
    #[must_use]
    pub fn of(values: impl Iterator<Item = (f64, bool)> + Clone) -> Option<Self> {
        let finite = values.filter(|(value, _)| value.is_finite());
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (value, _) in finite.clone() {
            low = low.min(value);
            high = high.max(value);
        }
        let mut counts = [vec![0_u64; NUM_BINS], vec![0_u64; NUM_BINS]];
        let width = (high - low) / NUM_BINS as f64;
        for (value, same) in finite {
            let bin = if width > 0.0 {
                ((value - low) / width) as usize
            } else {
                0
            };
            counts[usize::from(!same)][bin.min(NUM_BINS - 1)] += 1;
        }
        let [same, different] = counts;
        let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let (num_same, num_different) = (total(&same), total(&different));
        if num_same == 0.0 || num_different == 0.0 {
            return None;
        }
        let overlap = same
            .iter()
            .zip(&different)
            .map(|(&a, &b)| (a as f64 / num_same).min(b as f64 / num_different))
            .sum();
        Some(Self {
            low,
            high,
            same,
            different,
            overlap,
        })
    }
}
