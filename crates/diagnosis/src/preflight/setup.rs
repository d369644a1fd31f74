//! Settings that are known to be wrong before anything is measured.

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// Judges a learning rate of Adam, whose steps move every weight by about the rate itself, against the root mean square
/// of the weights.
#[must_use]
pub fn learning_rate(rate: f64, weight_rms: f64) -> Check {
    let share = rate / weight_rms.max(f64::MIN_POSITIVE);
    Check::new(
        Name::LearningRate,
        if share > 0.2 { Suspect } else { Passed },
        format!(
            "learning rate {}: a step moves a typical weight ({}) by {}",
            number(rate),
            number(weight_rms),
            percent(share)
        ),
        "at most 20 %",
        "Adam moves every weight by about the learning rate, whatever the gradient: a few steps of this length throw away the \
         initialisation, saturate recurrent units and leave outputs dead",
        format!(
            "set the learning rate to {} or less; 0.001 is usual",
            number(0.05 * weight_rms)
        ),
    )
}

/// Says whether both directions of an unsymmetric divergence are in the loss.
#[must_use]
pub fn both_directions(both: bool) -> Check {
    Check::new(
        Name::OneDirection,
        if both { Passed } else { Note },
        if both {
            "both directions count"
        } else {
            "only one direction of the divergence counts"
        },
        "both directions",
        "KL(P ‖ Q) and KL(Q ‖ P) differ: one alone lets an output that is flat where the other is peaked pass as close",
        "add the divergence of the pair the other way round, with a hinge of its own",
    )
}

/// Judges the probability that a loss on classes can give the right one at most.
#[must_use]
pub fn scale_reaches(certainty: f64) -> Check {
    Check::new(
        Name::SmallScale,
        match certainty {
            certainty if certainty < 0.5 => Suspect,
            certainty if certainty < 0.8 => Note,
            _ => Passed,
        },
        format!(
            "with this scale the right class gets a probability of {} at most",
            percent(certainty)
        ),
        "more than 80 %",
        "cosines lie between -1 and 1: what they are multiplied by decides how far the loss can fall, and its gradient hardly changes \
         while it cannot",
        "set `loss.scale` to 30",
    )
}

/// Judges noise at `snr_db` (dB, the mean) behind a `share` of the crops.
#[must_use]
pub fn noise_leaves_the_voice(share: f64, snr_db: f64) -> Check {
    Check::new(
        Name::Augmentation,
        match share {
            share if share > 0.5 && snr_db < -5.0 => Suspect,
            share if share > 0.2 && snr_db < 0.0 => Note,
            _ => Passed,
        },
        format!(
            "noise behind {} of the crops, at {} dB on average",
            percent(share),
            number(snr_db)
        ),
        "noise that is weaker than the speech",
        "a network that seldom hears the voice learns to tell noises apart, or nothing",
        "set `augment.noise.snr_db` (or that of `[samples]`) to [10.0, 25.0]",
    )
}

/// Weight below which a kind of pairs counts for nothing.
const WEIGHTLESS: f64 = 0.005;

/// Judges what same-speaker pairs weigh in the loss beside different-speaker pairs, 0 to 1.
#[must_use]
pub fn both_kinds_count(same_weight: f64) -> Check {
    let lighter = same_weight.min(1.0 - same_weight);
    let (which, what) = match same_weight < 0.5 {
        true => ("same-speaker", "drive everything apart"),
        false => ("different-speaker", "make everything alike"),
    };
    Check::new(
        Name::Weighting,
        match lighter {
            lighter if lighter <= 1e-6 => Broken,
            lighter if lighter < WEIGHTLESS => Suspect,
            _ => Passed,
        },
        format!(
            "{which} pairs have {} of the loss's weight",
            percent(lighter)
        ),
        "half a percent and more of either kind",
        format!("the other pairs alone are in the loss, and {what}"),
        "set `loss.weighting` to \"balanced\" or to \"as_counted\"",
    )
}

/// Judges whether the margin of a loss on divergences (nats) of distributions over `num_outputs` classes asks for enough.
#[must_use]
pub fn small_margin(margin: f64, num_outputs: usize) -> Check {
    // Two outputs that each put mass a on a class of their own and spread the rest diverge by the margin.
    let needed = mass_at(margin, num_outputs);
    Check::new(
        Name::SmallMargin,
        match margin {
            margin if margin < 0.3 => Suspect,
            margin if margin < 1.5 => Note,
            _ => Passed,
        },
        format!(
            "margin {}: two outputs that put {} on a class each are far enough apart",
            number(margin),
            percent(needed)
        ),
        "1 to 3 nats",
        "a pair beyond the margin is no longer moved, so that a small one is satisfied by outputs that hardly differ",
        "below 0.3 set it to 1; from there to 3 it decides little (`docs/why-it-failed.md`: with P × K batches 1 and 2 were no worse than the paper's 3)",
    )
}

/// Judges whether outputs over `num_outputs` classes can be a margin (nats) apart without being certain.
#[must_use]
pub fn large_margin(margin: f64, num_outputs: usize) -> Check {
    let needed = mass_at(margin, num_outputs);
    Check::new(
        Name::LargeMargin,
        if needed > 0.995 { Suspect } else { Passed },
        format!(
            "margin {}: two outputs have to put {} on a class each to be far enough apart",
            number(margin),
            percent(needed)
        ),
        "1 to 3 nats",
        "outputs that have to be certain of every segment saturate the softmax, and pairs of two speakers are driven apart for ever",
        "set the margin to 3 or less",
    )
}

/// The mass on an own class at which two outputs, the rest spread evenly, diverge by `margin`.
fn mass_at(margin: f64, num_outputs: usize) -> f64 {
    let others = num_outputs.saturating_sub(1).max(1) as f64;
    let divergence = |mass: f64| {
        let rest = (1.0 - mass) / others;
        (mass - rest) * (mass / rest).ln()
    };
    let (mut low, mut high) = (1.0 / (others + 1.0), 1.0 - 1e-9);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if divergence(middle) < margin {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Says how many of the pairs that a batch's segments make the loss uses.
#[must_use]
pub fn all_pairs_used(num_segments: usize, num_pairs: usize) -> Check {
    let possible = num_segments * num_segments.saturating_sub(1) / 2;
    let few = possible > 0 && num_pairs * 4 < possible;
    Check::new(
        Name::FewPairs,
        if few { Note } else { Passed },
        format!(
            "{num_pairs} of the {possible} pairs that a batch's {num_segments} segments make are used"
        ),
        "all of them",
        "the segments have passed the network anyway; every further pair among them costs next to nothing",
        "compare all segments of a batch with each other, as P × K batches do",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values computed by another program, to three digits.
    #[test]
    fn mass_that_meets_the_margin() {
        for (outputs, expected) in [
            (100, [0.281, 0.458, 0.603]),
            (40, [0.347, 0.537, 0.684]),
            (1000, [0.185, 0.325, 0.448]),
        ] {
            for (margin, expected) in [1.0, 2.0, 3.0].into_iter().zip(expected) {
                assert!(
                    (mass_at(margin, outputs) - expected).abs() < 2e-3,
                    "{outputs} {margin}"
                );
            }
        }
    }
}
