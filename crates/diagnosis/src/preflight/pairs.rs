//! Is the loss of a batch what its pairs, one by one, make it?

use crate::check::CheckVerdict::{Broken, Passed};
use crate::words::{number, percent};
use crate::{Check, Name};

/// One pair, computed on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The pair's loss.
    pub loss: f64,
    /// Its weight in the batch's loss; 1 for a plain mean.
    pub weight: f64,
}

/// KL(p ‖ q) = Σ p ln(p / q) in nats, in 64 bits, one term at a time: the reference that quick code is compared with. A
/// `p` of 0 contributes nothing, a `q` of 0 beside a positive `p` gives infinity.
#[must_use]
pub fn kl_divergence(p: &[f64], q: &[f64]) -> f64 {
    p.iter()
        .zip(q)
        .map(|(&p, &q)| if p > 0.0 { p * (p / q).ln() } else { 0.0 })
        .sum()
}

/// Compares `reported`, the loss of a batch as training computes it, with the weighted mean of `pairs`, each computed
/// alone.
#[must_use]
pub fn loss_is_mean_of_pairs(reported: f64, pairs: &[Pair]) -> Check {
    let name = Name::LossNotMeanOfPairs;
    let weight: f64 = pairs.iter().map(|pair| pair.weight).sum();
    if weight <= 0.0 {
        return Check::skipped(name, "the batch has no pairs");
    }
    let mean = pairs
        .iter()
        .map(|pair| pair.weight * pair.loss)
        .sum::<f64>()
        / weight;
    let agree = (reported - mean).abs() <= 1e-3 * mean.abs().max(1e-3);
    Check::new(
        name,
        if agree { Passed } else { Broken },
        format!(
            "loss of the batch {}, mean of its {} pairs one by one {}",
            number(reported),
            pairs.len(),
            number(mean)
        ),
        "the same but for rounding",
        "where they differ the training minimises something else than the loss that was written down",
        "compute the loss of two pairs by hand and look at the shape of every intermediate: a mean or a sum runs over the \
         wrong axis, or one shape is broadcast to another",
    )
}

/// Looks whether `outputs`, one row an input, are distributions: no entry below 0, and a sum of 1.
#[must_use]
pub fn are_distributions(outputs: &[Vec<f32>]) -> Check {
    let name = Name::NotADistribution;
    let Some(width) = outputs.first().map(Vec::len) else {
        return Check::skipped(name, "there are no outputs to look at");
    };
    let sums = outputs
        .iter()
        .map(|row| row.iter().map(|&v| f64::from(v)).sum::<f64>());
    let (low, high) = sums.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), sum| {
        (low.min(sum), high.max(sum))
    });
    let entries = outputs.iter().flatten();
    let count = (outputs.len() * width).max(1) as f64;
    let negative = entries.clone().filter(|&&v| v < 0.0).count() as f64 / count;
    let zero = entries.filter(|&&v| v <= 1e-7).count() as f64 / count;
    let fine = (low - 1.0).abs() < 1e-3 && (high - 1.0).abs() < 1e-3 && negative == 0.0;
    Check::new(
        name,
        if fine { Passed } else { Broken },
        format!(
            "outputs sum to {} to {}; {} of the entries are negative, {} are 0 or would be clipped",
            number(low),
            number(high),
            percent(negative),
            percent(zero)
        ),
        "entries of 0 to 1 that sum to 1",
        "the Kullback-Leibler divergence is a distance of distributions only: of anything else it may be negative, and \
         entries that are clipped pass on no gradient",
        "end the network with a softmax, and compute the divergence from its logarithm (log-softmax)",
    )
}
