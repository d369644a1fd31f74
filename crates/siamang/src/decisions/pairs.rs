//! Log-likelihood ratios of the trials of a list.

use std::collections::BTreeMap;

use serde::Serialize;
use speaker_eval::{BootstrapSettings, LlrFigures, LlrIntervals, llr_report};
use speaker_model::ModelCalibration;
use speaker_scoring::{CohortStatistics, Evidence, NoLlr, Scorer, normalised};

use super::side::{is_counted, side_of};
use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// What is known of the pairs of a set of embeddings.
pub(crate) struct EvidenceOfSet<'a> {
    set: &'a EmbeddingSet,
    statistics: Option<Vec<CohortStatistics>>,
}

impl<'a> EvidenceOfSet<'a> {
    /// Beside the cohort of `calibration`, if it has one.
    pub(crate) fn new(
        set: &'a EmbeddingSet,
        cohort: Option<&(speaker_scoring::Cohort, usize)>,
    ) -> Result<Self, Error> {
        let statistics = cohort
            .map(|(cohort, top)| cohort.statistics_of(&set.matrix, Some(*top)))
            .transpose()?;
        Ok(Self { set, statistics })
    }

    /// Of two rows; none where one has too little speech for a verdict, or it is not known how it sounds.
    pub(crate) fn of(&self, a: usize, b: usize) -> Option<Evidence> {
        let heard = |row: usize| {
            let quality = self.set.quality[row].as_ref()?;
            (quality.is_heard() && is_counted(quality)).then(|| side_of(quality))
        };
        let sides = [heard(a)?, heard(b)?];
        let score = Scorer::default().score(self.set.matrix.row(a), self.set.matrix.row(b));
        let of = |statistics: &Vec<CohortStatistics>| {
            normalised(score.into(), &statistics[a], &statistics[b])
        };
        Some(Evidence {
            score: score.into(),
            normalised: self.statistics.as_ref().map(of),
            sides,
        })
    }
}

/// Trials that have no ratio.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WithoutLlr {
    /// Their number.
    pub num_trials: usize,
    /// Of these, by reason.
    pub by_reason: BTreeMap<String, usize>,
}

/// What a model's ratios are worth on a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LlrEvaluation {
    /// Figures at the prior and the costs asked for.
    #[serde(flatten)]
    pub figures: LlrFigures,
    /// Intervals over speakers, where these are known.
    pub interval: Option<LlrIntervals>,
    /// The ratio from which on two recordings are taken for one speaker's, natural logarithm.
    pub threshold: f64,
    /// Trials that were measured.
    pub num_trials: usize,
    /// Trials that were not.
    pub without: WithoutLlr,
}

/// Measures the ratios of pairs of rows; none where no kind of trials, or one alone, has any.
pub(crate) fn llr_evaluation(
    calibration: &ModelCalibration,
    set: &EmbeddingSet,
    pairs: &[(usize, usize)],
    is_target: &[bool],
    speakers: Option<(&[usize], &[usize])>,
    settings: &BootstrapSettings,
) -> Result<Option<LlrEvaluation>, Error> {
    let evidence = EvidenceOfSet::new(set, calibration.cohort.as_ref())?;
    let mut without = WithoutLlr::default();
    let mut leave_out = |reason: &str| {
        without.num_trials += 1;
        *without.by_reason.entry(reason.to_owned()).or_default() += 1;
    };
    let (mut places, mut llrs) = (Vec::new(), Vec::new());
    for (place, &(a, b)) in pairs.iter().enumerate() {
        let Some(evidence) = evidence.of(a, b) else {
            leave_out("too little speech, or not known how much as the calibration counts it");
            continue;
        };
        match calibration.calibrator.llr(&evidence) {
            Ok(llr) => {
                places.push(place);
                llrs.push(llr.value as f32);
            }
            Err(NoLlr::OutsideSeen { .. }) => {
                leave_out("less speech or sound than the calibration has seen");
            }
            Err(error) => leave_out(&error.to_string()),
        }
    }
    let chosen = |all: &[usize]| places.iter().map(|&place| all[place]).collect::<Vec<_>>();
    let labels: Vec<bool> = places.iter().map(|&place| is_target[place]).collect();
    let num_target = labels.iter().filter(|&&target| target).count();
    if num_target == 0 || num_target == labels.len() {
        return Ok(None);
    }
    let sides = speakers.map(|(a, b)| (chosen(a), chosen(b)));
    let sides = sides.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
    // The figures are sound without the intervals.
    let (figures, interval) = llr_report(&llrs, &labels, sides, settings)
        .or_else(|_| llr_report(&llrs, &labels, None, settings))?;
    Ok(Some(LlrEvaluation {
        figures,
        interval,
        threshold: settings.dcf.bayes_threshold(),
        num_trials: llrs.len(),
        without,
    }))
}
