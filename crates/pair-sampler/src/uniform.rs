//! The paper's uniform batches.

use crate::draws::Draws;
use crate::index::GroupIndex;

/// `segments` places drawn uniformly with replacement.
pub(crate) fn draw(index: &GroupIndex, segments: usize, draws: &mut Draws) -> Vec<usize> {
    (0..segments)
        .map(|_| draws.below(index.order.len()))
        .collect()
}

/// Probability that two segments are of one speaker: Σ (n_s / n)², 1/S if all have equally many utterances.
pub(crate) fn same_share(index: &GroupIndex) -> f64 {
    let total = index.order.len() as f64;
    index
        .speakers
        .iter()
        .map(|span| (span.places.len() as f64 / total).powi(2))
        .sum()
}
