//! A calibration from labelled trials.

use std::collections::BTreeMap;

use speaker_eval::{cllr, min_cllr, rates_at};
use speaker_model::{CalibratedOn, CalibrationGroup, ErrorsAt, ModelCalibration};
use speaker_scoring::{Calibrator, Cohort, LabelledEvidence, RegressionSettings, Term};
use speech_data::TrialList;

use super::pairs::EvidenceOfSet;
use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// A list and the embeddings of the recordings that it names, or of copies of them.
#[derive(Clone, Copy, Debug)]
pub struct CalibrationTrials<'a> {
    /// The list.
    pub list: &'a TrialList,
    /// Which recordings, in words; lists of one name are left out together where a map is judged by what it was not fitted on.
    pub recordings: &'a str,
    /// Whether they are cuts: errors are told of whole recordings.
    pub is_cut: bool,
    /// Their embeddings, with how they sound.
    pub set: &'a EmbeddingSet,
}

/// Ratios at which errors are written down: of even odds, and of priors of a tenth, a hundredth and a thousandth.
const ODDS: [f64; 4] = [1.0, 9.0, 99.0, 999.0];

/// The map from scores and how long the recordings speak to log-likelihood ratios, fitted so that all `groups` count alike, and judged on
/// each list by a map fitted on the others. With a cohort the score is its score beside the `top` nearest of it (AS-norm).
///
/// # Errors
/// [`Error::NothingToScore`] where no trial of a list can be used, [`Error::Scoring`] where a kind of trials is missing or a higher score
/// speaks against one speaker.
pub fn calibrate(
    groups: &[CalibrationTrials<'_>],
    cohort: Option<(Cohort, usize)>,
    settings: &RegressionSettings,
) -> Result<ModelCalibration, Error> {
    let terms: &[Term] = match cohort {
        Some(_) => &[
            Term::Normalised,
            Term::ShorterSpeech,
            Term::NormalisedByShorterSpeech,
        ],
        None => &[Term::Score, Term::ShorterSpeech, Term::ScoreByShorterSpeech],
    };
    let mut trials = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let found = labelled(group, number, cohort.as_ref())?;
        if found.is_empty() {
            return Err(Error::NothingToScore {
                list: group.list.name.clone(),
                num_trials: group.list.trials.len(),
            });
        }
        trials.push(found);
    }
    let fit = |is_used: &dyn Fn(usize) -> bool| {
        let used = trials
            .iter()
            .enumerate()
            .filter(|(number, _)| is_used(*number));
        let used: Vec<LabelledEvidence> = used.flat_map(|(_, group)| group).copied().collect();
        Calibrator::fit(&used, terms, settings)
    };
    let calibrator = fit(&|_| true)?;
    // Copies of a list are left out with it, by one map.
    let mut without: BTreeMap<&str, Option<Calibrator>> = BTreeMap::new();
    for group in groups {
        without.entry(&group.list.name).or_insert_with_key(|name| {
            let is_other = |other: usize| groups[other].list.name != *name;
            let has_others = (0..groups.len()).any(is_other);
            // What no map can be fitted on without this list has no figure.
            has_others.then(|| fit(&is_other).ok()).flatten()
        });
    }
    let all_cut = groups.iter().all(|group| group.is_cut);
    let (mut about, mut whole) = (Vec::new(), Vec::new());
    for (group, found) in groups.iter().zip(&trials) {
        let own = ratios(found, &calibrator);
        let other = without
            .get(group.list.name.as_str())
            .and_then(Option::as_ref);
        about.push(group_of(group, found, &own, other)?);
        if all_cut || !group.is_cut {
            whole.push(own);
        }
    }
    let errors = ODDS.iter().map(|odds| errors_at(odds.ln(), &whole));
    Ok(ModelCalibration {
        fitted_on: CalibratedOn {
            groups: about,
            prior: settings.prior,
            errors: errors.collect(),
        },
        calibrator,
        cohort,
    })
}

fn labelled(
    group: &CalibrationTrials<'_>,
    number: usize,
    cohort: Option<&(Cohort, usize)>,
) -> Result<Vec<LabelledEvidence>, Error> {
    let evidence = EvidenceOfSet::new(group.set, cohort)?;
    let rows = group.set.index();
    let of_trial = |trial: &speech_data::Trial| {
        let row = |id: &str| rows.get(id).copied();
        Some(LabelledEvidence {
            evidence: evidence.of(row(&trial.enrolment)?, row(&trial.test)?)?,
            is_target: trial.target,
            group: number,
        })
    };
    Ok(group.list.trials.iter().filter_map(of_trial).collect())
}

/// Ratios and labels of trials.
type Ratios = (Vec<f32>, Vec<bool>);

/// Of those trials that have a ratio.
fn ratios(trials: &[LabelledEvidence], calibrator: &Calibrator) -> Ratios {
    let with_ratio = trials.iter().filter_map(|trial| {
        let llr = calibrator.llr(&trial.evidence).ok()?;
        Some((llr.value as f32, trial.is_target))
    });
    with_ratio.unzip()
}

fn group_of(
    group: &CalibrationTrials<'_>,
    found: &[LabelledEvidence],
    (llrs, labels): &Ratios,
    other: Option<&Calibrator>,
) -> Result<CalibrationGroup, Error> {
    let num_target = found.iter().filter(|trial| trial.is_target).count();
    // A map that says nothing of this list has no figure.
    let left_out = other.and_then(|other| {
        let (llrs, labels) = ratios(found, other);
        let cost = cllr(&llrs, &labels).ok()?;
        Some((cost, cost - min_cllr(&llrs, &labels).ok()?))
    });
    Ok(CalibrationGroup {
        list: group.list.name.clone(),
        recordings: group.recordings.to_owned(),
        num_target,
        num_nontarget: found.len() - num_target,
        num_left_out: group.list.trials.len() - found.len(),
        cllr: cllr(llrs, labels)?,
        min_cllr: min_cllr(llrs, labels)?,
        cllr_left_out: left_out.map(|(cost, _)| cost),
        loss_left_out: left_out.map(|(_, loss)| loss),
    })
}

fn errors_at(llr: f64, groups: &[Ratios]) -> ErrorsAt {
    let rates = groups
        .iter()
        .map(|(llrs, labels)| rates_at(llrs, labels, llr));
    let (misses, false_alarms): (Vec<_>, Vec<_>) = rates.unzip();
    let mean = |rates: Vec<Option<f64>>| {
        let known: Vec<f64> = rates.into_iter().flatten().collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    ErrorsAt {
        llr,
        false_alarms: mean(false_alarms),
        misses: mean(misses),
    }
}
