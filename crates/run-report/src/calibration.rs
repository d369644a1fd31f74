//! Whether scores mean the same in every list.

use speaker_eval::{
    BayesErrorPoint, ReliabilityBin, bayes_error_curve, cllr, min_cllr, reliability,
};
use speaker_scoring::{RegressionSettings, ScoreLine};

use crate::ReportError;
use crate::development::Development;
use crate::tippett::Tippett;
use crate::verification::Verification;

/// Bins of a list at most, and same-speaker trials that a bin should have.
const MAX_BINS: usize = 10;
const TRIALS_A_BIN: usize = 8;

/// Priors of one speaker that costs are told for, rising; the first and the last one end the drawing.
pub(crate) const PRIORS: [f64; 9] = [0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999];

/// Those that the costs of VoxCeleb's lists are told for.
pub(crate) const VOXCELEB_PRIORS: [f64; 2] = [0.01, 0.05];

/// Parts between neighbours of [`PRIORS`].
const PARTS: usize = 16;

/// One map from scores to probabilities for all lists, and what it is worth to each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reliability {
    /// Fitted on the trials of all lists.
    pub(crate) line: ScoreLine,
    pub(crate) lists: Vec<ListReliability>,
    /// Of the same lists.
    pub(crate) tippett: Tippett,
}

/// One list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ListReliability {
    pub(crate) name: String,
    pub(crate) bins: Vec<ReliabilityBin>,
    /// Cost of the map's log-likelihood ratios, in bits.
    pub(crate) cllr: f64,
    /// The least cost of any map that keeps the order of the scores.
    pub(crate) min_cllr: f64,
    /// What decisions by the ratios cost, by rising prior: at [`PRIORS`] and between them.
    pub(crate) bayes_errors: Vec<BayesErrorPoint>,
}

impl Reliability {
    /// None where there is no list.
    pub(crate) fn new(
        development: &Development,
        verifications: &[Verification],
    ) -> Result<Option<Self>, ReportError> {
        let lists: Vec<Scored> = development
            .lists
            .iter()
            .zip(verifications)
            .map(|(list, one)| Scored {
                name: &one.name,
                scores: &one.scores,
                is_target: list.trials.iter().map(|trial| trial.is_target).collect(),
            })
            .collect();
        if lists.is_empty() {
            return Ok(None);
        }
        let scores: Vec<f32> = lists.iter().flat_map(|list| list.scores).copied().collect();
        let labels = lists.iter().flat_map(|list| &list.is_target);
        let is_target: Vec<bool> = labels.copied().collect();
        let line = ScoreLine::fit(&scores, &is_target, &RegressionSettings::default())?;
        let llrs: Vec<Vec<f32>> = lists.iter().map(|list| list.llrs(&line)).collect();
        let of_trials: Vec<(&[f32], &[bool])> = lists
            .iter()
            .zip(&llrs)
            .map(|(list, llrs)| (llrs.as_slice(), list.is_target.as_slice()))
            .collect();
        let log_odds = drawn_log_odds();
        Ok(Some(Self {
            line,
            tippett: Tippett::new(&of_trials),
            lists: lists
                .iter()
                .zip(&llrs)
                .map(|(list, llrs)| ListReliability::new(list, llrs, &log_odds))
                .collect::<Result<_, _>>()?,
        }))
    }
}

/// The trials of a list.
struct Scored<'a> {
    name: &'a str,
    scores: &'a [f32],
    is_target: Vec<bool>,
}

impl Scored<'_> {
    fn llrs(&self, line: &ScoreLine) -> Vec<f32> {
        let llrs = self.scores.iter().map(|&one| line.llr(one.into()) as f32);
        llrs.collect()
    }
}

impl ListReliability {
    fn new(list: &Scored, llrs: &[f32], log_odds: &[f64]) -> Result<Self, ReportError> {
        let is_target = &list.is_target;
        let kinds = [true, false].map(|kind| is_target.iter().filter(|&&one| one == kind).count());
        let num_bins = (kinds[0].min(kinds[1]) / TRIALS_A_BIN).clamp(2, MAX_BINS);
        Ok(Self {
            name: list.name.to_owned(),
            bins: reliability(llrs, is_target, num_bins)?,
            cllr: cllr(llrs, is_target)?,
            min_cllr: min_cllr(list.scores, is_target)?,
            bayes_errors: bayes_error_curve(llrs, is_target, log_odds)?,
        })
    }
}

/// ln(p / (1 - p)).
pub(crate) fn log_odds(prior: f64) -> f64 {
    (prior / (1.0 - prior)).ln()
}

/// Log odds of [`PRIORS`], and [`PARTS`] steps from each to the next.
fn drawn_log_odds() -> Vec<f64> {
    let between = PRIORS.windows(2).flat_map(|pair| {
        let [from, to] = [pair[0], pair[1]].map(log_odds);
        (0..PARTS).map(move |part| from + (to - from) * part as f64 / PARTS as f64)
    });
    between
        .chain(PRIORS.last().copied().map(log_odds))
        .collect()
}
