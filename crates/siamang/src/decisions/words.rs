//! Log-likelihood ratios in words and odds.

use std::f64::consts::LN_10;

use serde::Serialize;
use speaker_scoring::sigmoid;

/// How strong evidence is, in words: a scale of powers of ten as forensic institutes use them (ENFSI guideline 2015), told for
/// whichever side it speaks for.
#[must_use]
pub fn strength_in_words(llr: f64) -> String {
    let side = match llr >= 0.0 {
        true => "one speaker",
        false => "two speakers",
    };
    let tens = llr.abs() / LN_10;
    let strength = match tens {
        tens if tens < 2.0_f64.log10() => return "says next to nothing either way".to_owned(),
        tens if tens < 1.0 => "speaks weakly for",
        tens if tens < 2.0 => "speaks moderately for",
        tens if tens < 4.0 => "speaks strongly for",
        _ => "speaks very strongly for",
    };
    format!("{strength} {side}")
}

/// Odds of one speaker against two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Odds {
    /// Prior probability of one speaker, 0 to 1.
    pub prior: f64,
    /// The same after the evidence.
    pub posterior: f64,
}

impl Odds {
    /// After evidence of this log-likelihood ratio.
    #[must_use]
    pub fn after(prior: f64, llr: f64) -> Self {
        let logit = (prior / (1.0 - prior)).ln() + llr;
        Self {
            prior,
            posterior: sigmoid(logit),
        }
    }

    /// The odds after it, the larger number first and said for whom: "12 to 1 for one speaker".
    #[must_use]
    pub fn in_words(&self) -> String {
        let odds = self.posterior / (1.0 - self.posterior);
        let (ratio, side) = match odds >= 1.0 {
            true => (odds, "one speaker"),
            false => (1.0 / odds, "two speakers"),
        };
        let ratio = match ratio {
            ratio if ratio < 10.0 => format!("{ratio:.1}"),
            ratio => format!("{ratio:.0}"),
        };
        format!("{ratio} to 1 for {side}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_as_strong_on_either_side() {
        assert_eq!(strength_in_words(0.5), "says next to nothing either way");
        assert_eq!(strength_in_words(-0.5), strength_in_words(0.5));
        assert_eq!(strength_in_words(2.0), "speaks weakly for one speaker");
        assert_eq!(
            strength_in_words(-3.0),
            "speaks moderately for two speakers"
        );
        assert_eq!(strength_in_words(6.0), "speaks strongly for one speaker");
        assert_eq!(
            strength_in_words(-12.0),
            "speaks very strongly for two speakers"
        );
    }

    #[test]
    fn odds_are_the_prior_times_the_ratio() {
        let odds = Odds::after(0.5, 12.0_f64.ln());
        assert!((odds.posterior - 12.0 / 13.0).abs() < 1e-12);
        assert_eq!(odds.in_words(), "12 to 1 for one speaker");
        // One of a hundred before: 12 against 99.
        assert_eq!(
            Odds::after(0.01, 12.0_f64.ln()).in_words(),
            "8.2 to 1 for two speakers"
        );
        assert!(Odds::after(1e-9, -30.0).posterior > 0.0);
    }
}
