//! Whether scores mean the same in every list.

use speaker_eval::{ReliabilityBin, cllr, min_cllr, reliability};
use speaker_scoring::{RegressionSettings, ScoreLine};

use crate::ReportError;
use crate::development::Development;
use crate::verification::Verification;

/// Bins of a list at most, and same-speaker trials that a bin should have.
const MAX_BINS: usize = 10;
const TRIALS_A_BIN: usize = 8;

/// One map from scores to probabilities for all lists, and what it is worth to each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reliability {
    /// Fitted on the trials of all lists.
    pub(crate) line: ScoreLine,
    pub(crate) lists: Vec<ListReliability>,
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
}

impl Reliability {
    /// None where there is no list.
    pub(crate) fn new(
        development: &Development,
        verifications: &[Verification],
    ) -> Result<Option<Self>, ReportError> {
        let lists: Vec<(&str, &[f32], Vec<bool>)> = development
            .lists
            .iter()
            .zip(verifications)
            .map(|(list, one)| {
                let is_target = list.trials.iter().map(|trial| trial.is_target);
                (
                    one.name.as_str(),
                    one.scores.as_slice(),
                    is_target.collect(),
                )
            })
            .collect();
        if lists.is_empty() {
            return Ok(None);
        }
        let scores: Vec<f32> = lists
            .iter()
            .flat_map(|(_, scores, _)| *scores)
            .copied()
            .collect();
        let is_target: Vec<bool> = lists
            .iter()
            .flat_map(|(.., labels)| labels)
            .copied()
            .collect();
        let line = ScoreLine::fit(&scores, &is_target, &RegressionSettings::default())?;
        let of_list = |(name, scores, is_target): &(&str, &[f32], Vec<bool>)| {
            let llrs: Vec<f32> = scores
                .iter()
                .map(|&one| line.llr(one.into()) as f32)
                .collect();
            let kinds =
                [true, false].map(|kind| is_target.iter().filter(|&&one| one == kind).count());
            let num_bins = (kinds[0].min(kinds[1]) / TRIALS_A_BIN).clamp(2, MAX_BINS);
            Ok::<_, ReportError>(ListReliability {
                name: (*name).to_owned(),
                bins: reliability(&llrs, is_target, num_bins)?,
                cllr: cllr(&llrs, is_target)?,
                min_cllr: min_cllr(scores, is_target)?,
            })
        };
        Ok(Some(Self {
            line,
            lists: lists.iter().map(of_list).collect::<Result<_, _>>()?,
        }))
    }
}
