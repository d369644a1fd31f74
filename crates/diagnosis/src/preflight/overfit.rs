//! Can one small batch be learned by heart?

use crate::check::CheckVerdict::{Broken, Passed, Suspect};
use crate::words::number;
use crate::{Check, Name};

/// What some steps on one small batch did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overfit {
    /// Steps taken.
    pub num_steps: u64,
    /// Loss before and after, without dropout where that is possible.
    pub loss: [f64; 2],
    /// Mean distance of same-speaker pairs afterwards.
    pub same_distance: f64,
    /// Mean distance of different-speaker pairs afterwards.
    pub different_distance: f64,
}

/// Judges an attempt to learn one small batch by heart: the loss should fall, and same-speaker pairs should end closer
/// than the others.
#[must_use]
pub fn can_overfit(attempt: &Overfit) -> Check {
    let [before, after] = attempt.loss;
    let falls = after < 0.8 * before;
    let sorted = attempt.same_distance < attempt.different_distance;
    let verdict = match (falls, sorted) {
        (true, true) => Passed,
        (true, false) | (false, true) if after < before => Suspect,
        _ => Broken,
    };
    Check::new(
        Name::CannotOverfit,
        verdict,
        format!(
            "{} steps on one small batch take the loss from {} to {}; same-speaker pairs are then {} apart, others {}",
            attempt.num_steps,
            number(before),
            number(after),
            number(attempt.same_distance),
            number(attempt.different_distance)
        ),
        "the loss falls by a fifth at least, and same-speaker pairs end closer than others",
        "what cannot learn ten segments by heart cannot learn a corpus: loss, gradient, learning rate or features are at fault",
        "see the other checks first; then try a tenth of the learning rate",
    )
}
