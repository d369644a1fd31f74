//! What becomes of decisions by log-likelihood ratios.

use serde::{Deserialize, Serialize};
use speaker_scoring::sigmoid;

use super::bootstrap::{BootstrapSettings, Interval, draws, enough, percentile_interval};
use super::cross_entropy::{cllr_of, min_cllr_of};
use super::dcf::{DcfParameters, min_dcf_of};
use super::ranking::{ScoreGroup, score_groups, totals};
use super::reliability::{NUM_BINS, bins_of, calibration_error_of};
use crate::EvalError;

impl DcfParameters {
    /// The log-likelihood ratio (natural logarithm) from which on accepting costs less than rejecting: Bayes' decision.
    #[must_use]
    pub fn bayes_threshold(&self) -> f64 {
        ((1.0 - self.p_target) * self.c_false_alarm / (self.p_target * self.c_miss)).ln()
    }
}

/// The normalised detection cost of deciding by these ratios at the prior and the costs of `parameters`: 1 is no better than always giving
/// the cheaper answer. What lies above [`crate::min_dcf`] is lost by calibration.
///
/// # Errors
/// As [`crate::min_dcf`].
pub fn act_dcf(
    llrs: &[f32],
    is_target: &[bool],
    parameters: &DcfParameters,
) -> Result<f64, EvalError> {
    parameters.check()?;
    Ok(act_dcf_of(&score_groups(llrs, is_target)?, parameters))
}

fn act_dcf_of(groups: &[ScoreGroup], parameters: &DcfParameters) -> f64 {
    let (misses, alarms) = rates_of(groups, parameters.bayes_threshold());
    parameters.normalised_cost(misses, alarms)
}

/// Shares of targets below `threshold`, and of the others at or above it.
fn rates_of(groups: &[ScoreGroup], threshold: f64) -> (f64, f64) {
    let (num_target, num_nontarget) = totals(groups);
    let accepted = groups.iter().take_while(|group| group.score >= threshold);
    let (hits, alarms) = accepted.fold((0, 0), |(hits, alarms), group| {
        (hits + group.targets, alarms + group.nontargets)
    });
    (
        (num_target - hits) as f64 / num_target as f64,
        alarms as f64 / num_nontarget as f64,
    )
}

/// One prior, and what deciding costs there with both errors equally dear: a point of the normalised Bayes error-rate plot (Brümmer & de
/// Villiers 2011). 1 is no better than always giving the likelier answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BayesErrorPoint {
    /// ln(p / (1 - p)) of the prior.
    pub log_odds: f64,
    /// Of decisions by the ratios.
    pub actual: f64,
    /// Of the best threshold for this list.
    pub minimum: f64,
}

/// The points at these priors, which are log odds.
///
/// # Errors
/// As [`crate::eer`].
pub fn bayes_error_curve(
    llrs: &[f32],
    is_target: &[bool],
    log_odds: &[f64],
) -> Result<Vec<BayesErrorPoint>, EvalError> {
    let groups = score_groups(llrs, is_target)?;
    let point = |&log_odds: &f64| {
        let parameters = DcfParameters {
            p_target: sigmoid(log_odds),
            c_miss: 1.0,
            c_false_alarm: 1.0,
        };
        parameters.check()?;
        Ok(BayesErrorPoint {
            log_odds,
            actual: act_dcf_of(&groups, &parameters),
            minimum: min_dcf_of(&groups, &parameters).0,
        })
    };
    log_odds.iter().map(point).collect()
}

/// What log-likelihood ratios are worth on a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LlrFigures {
    /// [`crate::cllr`], bits.
    pub cllr: f64,
    /// [`crate::min_cllr`], bits.
    pub min_cllr: f64,
    /// [`act_dcf`].
    pub act_dcf: f64,
    /// [`crate::min_dcf`].
    pub min_dcf: f64,
    /// Share of targets that are rejected at Bayes' threshold, 0 to 1.
    pub misses: f64,
    /// Share of the others that are accepted there, 0 to 1.
    pub false_alarms: f64,
    /// Mean difference of promised and observed probability over ten bins of equal weight, 0 to 1.
    pub calibration_error: f64,
}

/// Intervals of [`LlrFigures`], over speakers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LlrIntervals {
    /// Of [`LlrFigures::cllr`].
    pub cllr: Interval,
    /// Of what calibration loses: [`LlrFigures::cllr`] less [`LlrFigures::min_cllr`].
    pub calibration_loss: Interval,
    /// Of [`LlrFigures::act_dcf`].
    pub act_dcf: Interval,
    /// Of [`LlrFigures::misses`].
    pub misses: Interval,
    /// Of [`LlrFigures::false_alarms`].
    pub false_alarms: Interval,
    /// Share of the resamples inside.
    pub confidence: f64,
    /// Resamples that held both kinds of trials.
    #[serde(rename = "resamples")]
    pub usable_resamples: usize,
    /// Number of speakers drawn from.
    #[serde(rename = "n_speakers")]
    pub num_speakers: usize,
}

/// Figures of ratios at the prior and costs of `settings.dcf`, with intervals where the speakers of both sides are given.
///
/// # Errors
/// As [`crate::bootstrap_interval`].
pub fn llr_report(
    llrs: &[f32],
    is_target: &[bool],
    speakers: Option<(&[usize], &[usize])>,
    settings: &BootstrapSettings,
) -> Result<(LlrFigures, Option<LlrIntervals>), EvalError> {
    settings.dcf.check()?;
    let figures = figures_of(&score_groups(llrs, is_target)?, &settings.dcf);
    let Some((a, b)) = speakers else {
        return Ok((figures, None));
    };
    let drawn = draws(llrs, is_target, a, b, settings, |groups| {
        figures_of(groups, &settings.dcf)
    })?;
    let usable: Vec<LlrFigures> = drawn.figures.into_iter().flatten().collect();
    let usable_resamples = enough(usable.len(), drawn.num_speakers, settings)?;
    let interval = |get: fn(&LlrFigures) -> f64| {
        percentile_interval(usable.iter().map(get).collect(), settings.confidence)
    };
    let intervals = LlrIntervals {
        cllr: interval(|one| one.cllr),
        calibration_loss: interval(|one| one.cllr - one.min_cllr),
        act_dcf: interval(|one| one.act_dcf),
        misses: interval(|one| one.misses),
        false_alarms: interval(|one| one.false_alarms),
        confidence: settings.confidence,
        usable_resamples,
        num_speakers: drawn.num_speakers,
    };
    Ok((figures, Some(intervals)))
}

fn figures_of(groups: &[ScoreGroup], parameters: &DcfParameters) -> LlrFigures {
    let (misses, false_alarms) = rates_of(groups, parameters.bayes_threshold());
    LlrFigures {
        cllr: cllr_of(groups),
        min_cllr: min_cllr_of(groups),
        act_dcf: parameters.normalised_cost(misses, false_alarms),
        min_dcf: min_dcf_of(groups, parameters).0,
        misses,
        false_alarms,
        calibration_error: calibration_error_of(&bins_of(groups, NUM_BINS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::min_dcf;

    const LLRS: [f32; 6] = [5.0, 3.0, 0.5, 1.0, -2.0, -4.0];
    const LABELS: [bool; 6] = [true, true, true, false, false, false];

    #[test]
    fn bayes_threshold_is_where_the_costs_are_even() {
        let even = DcfParameters {
            p_target: 0.5,
            c_miss: 1.0,
            c_false_alarm: 1.0,
        };
        assert_eq!(even.bayes_threshold(), 0.0);
        assert!((DcfParameters::default().bayes_threshold() - 99.0_f64.ln()).abs() < 1e-12);
        let dear = DcfParameters {
            c_false_alarm: 10.0,
            ..even
        };
        assert!((dear.bayes_threshold() - 10.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_cost_of_decisions_by_hand() {
        // At ln 99 = 4.6 one target of three is accepted and nobody else.
        let cost = act_dcf(&LLRS, &LABELS, &DcfParameters::default()).unwrap();
        assert!((cost - 2.0 / 3.0).abs() < 1e-12);
        // At even odds the list has one false alarm of three.
        let even = bayes_error_curve(&LLRS, &LABELS, &[0.0]).unwrap();
        assert!((even[0].actual - 1.0 / 3.0).abs() < 1e-12, "{even:?}");
    }

    #[test]
    fn no_decision_is_better_than_the_best_threshold() {
        let odds: Vec<f64> = (-20..=20).map(|step| f64::from(step) * 0.4).collect();
        for point in bayes_error_curve(&LLRS, &LABELS, &odds).unwrap() {
            assert!(point.minimum <= point.actual + 1e-12, "{point:?}");
            assert!(point.minimum <= 1.0);
        }
    }

    #[test]
    fn a_report_holds_the_single_figures_and_intervals_around_them() {
        let speakers: Vec<usize> = (0..12).collect();
        let mut trials = (vec![], vec![], vec![], vec![]);
        for (i, &a) in speakers.iter().enumerate() {
            for &b in &speakers[i..] {
                let noise = ((a * 31 + b * 17) % 13) as f32 / 6.0 - 1.0;
                trials.0.push(if a == b { 2.0 } else { -2.0 } + 3.0 * noise);
                trials.1.push(a == b);
                trials.2.push(a);
                trials.3.push(b);
            }
        }
        let settings = BootstrapSettings::default();
        let sides = Some((trials.2.as_slice(), trials.3.as_slice()));
        let (figures, intervals) = llr_report(&trials.0, &trials.1, sides, &settings).unwrap();
        assert_eq!(figures.cllr, crate::cllr(&trials.0, &trials.1).unwrap());
        assert_eq!(
            figures.act_dcf,
            act_dcf(&trials.0, &trials.1, &settings.dcf).unwrap()
        );
        let least = min_dcf(&trials.0, &trials.1, &settings.dcf).unwrap();
        assert_eq!(figures.min_dcf, least.min_dcf);
        let intervals = intervals.unwrap();
        assert!(intervals.cllr.low < intervals.cllr.high, "{intervals:?}");
        // No order of the scores costs more than the scores themselves.
        assert!(intervals.calibration_loss.low >= 0.0, "{intervals:?}");
        let without = llr_report(&trials.0, &trials.1, None, &settings).unwrap();
        assert_eq!(without, (figures, None));
    }
}
