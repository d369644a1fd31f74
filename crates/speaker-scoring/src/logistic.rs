//! The logistic function and its integral, without overflow.

/// 1 / (1 + e⁻ˣ): the probability whose log odds are `log_odds`.
#[must_use]
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// ln(1 + eˣ): what log odds of `value` cost where they are wrong, in natural units.
#[must_use]
pub fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}
