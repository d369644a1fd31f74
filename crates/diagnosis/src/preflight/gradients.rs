//! Do gradients reach every layer?

use crate::check::CheckVerdict::{Broken, Passed};
use crate::words::number;
use crate::{Check, LayerGradient, Name};

/// A gradient this much shorter than the longest one is as good as none.
const NEGLIGIBLE: f64 = 1e-9;

/// Names the layers whose gradient is zero, vanishing or no number.
#[must_use]
pub fn gradients_reach(gradients: &[LayerGradient]) -> Check {
    let name = Name::NoGradient;
    if gradients.is_empty() {
        return Check::skipped(name, "no gradients were measured");
    }
    let longest = gradients
        .iter()
        .map(|gradient| gradient.norm)
        .fold(0.0, f64::max);
    let lost: Vec<&str> = gradients
        .iter()
        .filter(|gradient| !(gradient.norm.is_finite() && gradient.norm > NEGLIGIBLE * longest))
        .map(|gradient| gradient.layer.as_str())
        .collect();
    let least = gradients.iter().min_by(|a, b| a.norm.total_cmp(&b.norm));
    let measured = match (lost.as_slice(), least) {
        ([], Some(least)) => format!(
            "gradient norms of {} layers, {} ({}) to {}",
            gradients.len(),
            number(least.norm),
            least.layer,
            number(longest)
        ),
        _ => format!(
            "no gradient in {}; the longest is {}",
            lost.join(", "),
            number(longest)
        ),
    };
    Check::new(
        name,
        if lost.is_empty() { Passed } else { Broken },
        measured,
        "a gradient in every layer",
        "a layer without a gradient stays as it was initialised: a clip, a rounding, a detached tensor or dead units stand \
         between it and the loss",
        "look at what lies between the last layer that has a gradient and the first that has none",
    )
}
