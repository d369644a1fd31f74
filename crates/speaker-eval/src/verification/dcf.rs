//! Detection cost.

use serde::{Deserialize, Serialize};

use super::ranking::{ScoreGroup, operating_points, score_groups, threshold_after};
use crate::EvalError;

/// What an error costs and how often a target is expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcfParameters {
    /// Prior probability of a same-speaker trial, strictly between 0 and 1.
    pub p_target: f64,
    /// Cost of rejecting the same speaker.
    pub c_miss: f64,
    /// Cost of accepting another speaker.
    pub c_false_alarm: f64,
}

impl Default for DcfParameters {
    /// 0.01, 1, 1: the point that VoxCeleb and NIST 2010 evaluations quote.
    fn default() -> Self {
        Self {
            p_target: 0.01,
            c_miss: 1.0,
            c_false_alarm: 1.0,
        }
    }
}

impl DcfParameters {
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        if !(self.p_target > 0.0 && self.p_target < 1.0) {
            return Err(EvalError::InvalidParameter {
                name: "p_target",
                found: self.p_target,
                expected: "a probability above 0 and below 1",
            });
        }
        for (name, found) in [
            ("c_miss", self.c_miss),
            ("c_false_alarm", self.c_false_alarm),
        ] {
            if !(found > 0.0 && found.is_finite()) {
                return Err(EvalError::InvalidParameter {
                    name,
                    found,
                    expected: "a finite cost above 0",
                });
            }
        }
        Ok(())
    }

    /// The weights of miss and false-alarm rate, divided by the cost of the better blind decision.
    fn normalised_weights(&self) -> (f64, f64) {
        let miss = self.p_target * self.c_miss;
        let false_alarm = (1.0 - self.p_target) * self.c_false_alarm;
        let blind = miss.min(false_alarm);
        (miss / blind, false_alarm / blind)
    }
}

impl DcfParameters {
    /// The cost of these shares of misses and false alarms, against that of the better blind decision.
    pub(super) fn normalised_cost(&self, misses: f64, false_alarms: f64) -> f64 {
        let (miss, false_alarm) = self.normalised_weights();
        miss * misses + false_alarm * false_alarms
    }
}

/// The lowest normalised detection cost of a scored list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MinDcf {
    /// 0 to 1; 1 is no better than always giving the cheaper answer.
    pub min_dcf: f64,
    /// Accepting scores at or above this threshold has that cost.
    pub threshold: f64,
    /// The prior and costs it was computed for; quote them with the figure.
    pub parameters: DcfParameters,
}

/// Minimum over all thresholds of `p_target·c_miss·P_miss + (1-p_target)·c_false_alarm·P_fa`,
/// divided by the smaller of `p_target·c_miss` and `(1-p_target)·c_false_alarm`
/// (NIST SRE; not interpolated, since only real thresholds can be used).
///
/// # Errors
/// As [`crate::eer`]; also a prior outside (0, 1) or a cost that is not above 0.
pub fn min_dcf(
    scores: &[f32],
    is_target: &[bool],
    parameters: &DcfParameters,
) -> Result<MinDcf, EvalError> {
    parameters.check()?;
    let groups = score_groups(scores, is_target)?;
    let (min_dcf, accepted) = min_dcf_of(&groups, parameters);
    Ok(MinDcf {
        min_dcf,
        threshold: threshold_after(&groups, accepted),
        parameters: *parameters,
    })
}

/// Lowest cost and the number of accepted groups where it is first reached from above.
pub(crate) fn min_dcf_of(groups: &[ScoreGroup], parameters: &DcfParameters) -> (f64, usize) {
    let (miss, false_alarm) = parameters.normalised_weights();
    let mut best = (f64::INFINITY, 0);
    for point in operating_points(groups) {
        let cost = miss * point.p_miss + false_alarm * point.p_false_alarm;
        if cost < best.0 {
            best = (cost, point.accepted);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 6] = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    const LABELS: [bool; 6] = [true, true, false, true, false, false];

    #[test]
    fn low_prior_rejects_every_doubtful_trial() {
        // At p = .01 a false alarm of 1/3 costs 33, so only the first two are accepted: P_miss 1/3.
        let result = min_dcf(&SCORES, &LABELS, &DcfParameters::default()).unwrap();
        assert!((result.min_dcf - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(result.threshold, 4.5);
        assert_eq!(result.parameters.p_target, 0.01);
    }

    #[test]
    fn high_prior_accepts_every_target() {
        let parameters = DcfParameters {
            p_target: 0.9,
            ..Default::default()
        };
        let result = min_dcf(&SCORES, &LABELS, &parameters).unwrap();
        assert!((result.min_dcf - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(result.threshold, 2.5);
    }

    #[test]
    fn a_useless_score_costs_the_blind_decision() {
        let inverted: Vec<bool> = LABELS.iter().map(|t| !t).collect();
        let result = min_dcf(&[0.0; 6], &inverted, &DcfParameters::default()).unwrap();
        assert_eq!(result.min_dcf, 1.0);
        assert!(
            result.threshold > 0.0,
            "rejecting all needs a threshold above the scores"
        );
    }

    #[test]
    fn parameters_outside_their_range_are_refused() {
        for (p_target, c_miss) in [(0.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (0.1, -1.0)] {
            let parameters = DcfParameters {
                p_target,
                c_miss,
                c_false_alarm: 1.0,
            };
            assert!(matches!(
                min_dcf(&SCORES, &LABELS, &parameters),
                Err(EvalError::InvalidParameter { .. })
            ));
        }
    }
}
