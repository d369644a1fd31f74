//! How many speakers the eigenvalues tell of, and how many neighbours make them tell it best.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::graph::Graph;
use super::strongest::Strongest;
use crate::lanczos::Lowest;

/// What a gap has to be wider by than another, over the highest eigenvalue: less is rounding.
const NOISE: f64 = 1e-9;

/// What one number of neighbours says.
pub(super) struct Reading {
    /// Neighbours of each point, itself among them.
    pub(super) num_kept: usize,
    /// Speakers.
    pub(super) count: usize,
    pub(super) lowest: Lowest,
    /// The number of neighbours over the widest gap, itself over the highest eigenvalue: the lower, the surer.
    ratio: f64,
}

/// The number of clusters, of those allowed, above whose eigenvalue the widest gap lies, and that gap. `values` ascend, and there is one
/// beyond the highest number where there are so many points. Equally wide gaps go to the lower number.
fn widest_gap(values: &[f64], allowed: &RangeInclusive<usize>, noise: f64) -> (usize, f64) {
    let mut widest = (*allowed.start(), 0.0);
    for number in allowed.clone() {
        if let (Some(below), Some(above)) = (values.get(number - 1), values.get(number))
            && above - below > widest.1 + noise
        {
            widest = (number, above - below);
        }
    }
    widest
}

impl Reading {
    /// Of weighted edges to a given number of neighbours.
    pub(super) fn weighted(
        lists: &Strongest,
        num_kept: usize,
        allowed: &RangeInclusive<usize>,
    ) -> Self {
        let graph = Graph::new(lists, num_kept - 1, true);
        let lowest = graph.lowest(&graph.parts(), allowed.end() + 1);
        let noise = NOISE * lowest.values.last().copied().unwrap_or(0.0);
        let (count, _) = widest_gap(&lowest.values, allowed, noise);
        Self {
            num_kept,
            count,
            lowest,
            ratio: f64::NAN,
        }
    }

    /// Of edges that all weigh the same, to `num_kept` neighbours.
    fn binary(lists: &Strongest, num_kept: usize, allowed: &RangeInclusive<usize>) -> Self {
        let graph = Graph::new(lists, num_kept - 1, false);
        let lowest = graph.lowest(&graph.parts(), allowed.end() + 1);
        let beyond = lowest.values.last().copied().unwrap_or(0.0);
        let (mut count, mut ratio) = (*allowed.start(), f64::INFINITY);
        // In more parts than there may be speakers there is no gap.
        if beyond > 0.0 {
            let highest = graph.highest();
            let (number, gap) = widest_gap(&lowest.values, allowed, NOISE * highest);
            count = number;
            if gap > 0.0 {
                ratio = num_kept as f64 * highest / gap;
            }
        }
        Self {
            num_kept,
            count,
            lowest,
            ratio,
        }
    }

    /// That of the `candidates`, which ascend, with the lowest ratio; of equal ones the first, and the last where none has a gap
    /// (NME-SC, Park et al. 2020).
    ///
    /// A gap is never wider than the highest eigenvalue, nor a ratio lower than its number of neighbours: once that reaches the lowest ratio seen, the rest
    /// need not be looked at. Which is chosen does not depend on how many are looked at together.
    pub(super) fn surest(
        lists: &Strongest,
        candidates: &[usize],
        allowed: &RangeInclusive<usize>,
    ) -> Option<Self> {
        let mut best: Option<Self> = None;
        for together in candidates.chunks(rayon::current_num_threads()) {
            let lowest = best.as_ref().map_or(f64::INFINITY, |best| best.ratio);
            if together
                .first()
                .is_some_and(|&first| first as f64 >= lowest)
            {
                break;
            }
            let readings: Vec<Self> = together
                .par_iter()
                .map(|&num_kept| Self::binary(lists, num_kept, allowed))
                .collect();
            for next in readings {
                let is_surer = best.as_ref().is_none_or(|best| {
                    next.ratio < best.ratio
                        || next.ratio == f64::INFINITY && best.ratio == next.ratio
                });
                if is_surer {
                    best = Some(next);
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_gap_allowed_counts() {
        let values = [0.0, 0.1, 0.5, 0.6, 2.0];
        let count = |allowed| widest_gap(&values, &allowed, 1e-9).0;
        assert_eq!(count(1..=4), 4);
        assert_eq!(count(1..=3), 2);
        assert_eq!(count(3..=3), 3);
        // Above the last there is no gap.
        assert_eq!(count(1..=5), 4);
        assert_eq!(count(5..=5), 5);
        assert_eq!(widest_gap(&[0.0; 4], &(2..=3), 0.0), (2, 0.0));
        assert_eq!(widest_gap(&[0.0, 1.0, 2.0], &(1..=2), 1e-9).0, 1);
    }
}
