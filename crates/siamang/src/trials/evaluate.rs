//! EER and minDCF of a trial list.

use std::collections::BTreeSet;

use speaker_eval::{
    BootstrapSettings, EvalError, ListIdentity, VerificationReport, verification_report,
};
use speaker_model::ModelCalibration;
use speaker_scoring::Scorer;
use speech_data::{Manifest, PairCounts, Trial, TrialList, same_session};

use super::score_file::ListScores;
use super::speakers::{folder_level, numbered, prefix};
use crate::decisions::{LlrEvaluation, llr_evaluation};
use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// What a list says of the embeddings of its recordings.
#[derive(Debug)]
pub struct Evaluation {
    /// Rates, and their intervals where the speakers are known.
    pub report: VerificationReport,
    /// Recordings of the trials that were scored.
    pub num_recordings: usize,
    /// Trials of the list.
    pub num_trials: usize,
    /// Trials that have no score.
    pub num_skipped_trials: usize,
    /// What is odd about the pairs of the list.
    pub pairs: PairCounts,
    /// The same figures without the trials of a recording with itself, where there are any and others as well.
    pub without_self_trials: Option<Box<VerificationReport>>,
    /// Recordings of the scored trials with too little speech for a verdict, where how they sound is known.
    pub unheard: Vec<String>,
    /// Trials of these.
    pub num_unheard_trials: usize,
    /// The same figures without these trials, where there are any and others as well.
    pub without_unheard: Option<Box<VerificationReport>>,
    /// Targets whose recordings are of one session (video), where sessions are known.
    pub num_same_session_targets: Option<usize>,
    /// The same figures without these targets, where there are any.
    pub without_same_session: Option<Box<VerificationReport>>,
    /// What the model's log-likelihood ratios are worth on the list, where they are known.
    pub llr: Option<LlrEvaluation>,
    /// Why there are no intervals, where there are none.
    pub warnings: Vec<String>,
}

/// Scores one list by the cosines of embeddings, and measures it; with the calibration of the model that made them, its log-likelihood
/// ratios as well.
///
/// # Errors
/// [`Error::NothingToScore`], [`Error::Measure`].
pub fn evaluate(
    list: &TrialList,
    set: &EmbeddingSet,
    manifest: Option<&Manifest>,
    calibration: Option<&ModelCalibration>,
    settings: &BootstrapSettings,
) -> Result<Evaluation, Error> {
    let rows = set.index();
    let row = |id: &str| rows.get(id).copied();
    let (usable, pairs): (Vec<usize>, Vec<(usize, usize)>) = list
        .trials
        .iter()
        .enumerate()
        .filter_map(|(place, trial)| Some((place, (row(&trial.enrolment)?, row(&trial.test)?))))
        .unzip();
    let scores = Scorer::default().scores(&set.matrix, &pairs)?;
    let is_unheard = |row: usize| matches!(&set.quality[row], Some(quality) if !quality.is_heard());
    let unheard = (0..set.ids.len()).filter(|&row| is_unheard(row));
    let unheard = unheard.map(|row| set.ids[row].as_str()).collect();
    let mut evaluation = measure(list, &usable, &scores, &unheard, manifest, settings)?;
    if let Some(calibration) = calibration {
        let trials: Vec<&Trial> = usable.iter().map(|&place| &list.trials[place]).collect();
        let is_target: Vec<bool> = trials.iter().map(|trial| trial.target).collect();
        // Why there are no intervals has been said.
        let speakers = match evaluation.report.interval {
            Some(_) => sides(list, &trials, manifest, &mut Vec::new()),
            None => None,
        };
        let speakers = speakers.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
        evaluation.llr = llr_evaluation(calibration, set, &pairs, &is_target, speakers, settings)?;
    }
    Ok(evaluation)
}

/// Measures one list by scores that were made before.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_scores(
    list: &TrialList,
    scores: &ListScores,
    manifest: Option<&Manifest>,
    settings: &BootstrapSettings,
) -> Result<Evaluation, Error> {
    let scored = scores.scores.iter().enumerate();
    let (usable, scores): (Vec<usize>, Vec<f32>) = scored
        .filter_map(|(place, score)| Some((place, (*score)?)))
        .unzip();
    measure(list, &usable, &scores, &BTreeSet::new(), manifest, settings)
}

/// Measures the trials at the places `usable`, which have these `scores`; recordings of `unheard` have too little speech.
fn measure(
    list: &TrialList,
    usable: &[usize],
    scores: &[f32],
    unheard: &BTreeSet<&str>,
    manifest: Option<&Manifest>,
    settings: &BootstrapSettings,
) -> Result<Evaluation, Error> {
    let num_trials = list.trials.len();
    if usable.is_empty() {
        return Err(Error::NothingToScore {
            list: list.name.clone(),
            num_trials,
        });
    }
    let mut warnings = Vec::new();
    let trials: Vec<&Trial> = usable.iter().map(|&place| &list.trials[place]).collect();
    let is_target: Vec<bool> = trials.iter().map(|trial| trial.target).collect();
    warnings.extend(contradicted_by_table(list, &trials, manifest));
    let speakers = match settings.resamples {
        0 => None,
        _ => sides(list, &trials, manifest, &mut warnings),
    };
    let mut report_of = |keep: Option<&dyn Fn(usize) -> bool>, has_intervals: bool| {
        let places: Vec<usize> = (0..scores.len())
            .filter(|&place| keep.is_none_or(|keep| keep(place)))
            .collect();
        let scores: Vec<f32> = places.iter().map(|&place| scores[place]).collect();
        let is_target: Vec<bool> = places.iter().map(|&place| is_target[place]).collect();
        let identity = || ListIdentity {
            name: list.name.clone(),
            hash: list.hash.clone(),
        };
        let sides = speakers.as_ref().filter(|_| has_intervals).map(|(a, b)| {
            [a, b].map(|side| places.iter().map(|&place| side[place]).collect::<Vec<_>>())
        });
        let sides = sides.as_ref().map(|[a, b]| (a.as_slice(), b.as_slice()));
        match verification_report(identity(), &scores, &is_target, sides, settings) {
            // The rates are sound without the intervals.
            Err(
                error @ (EvalError::ContradictoryTrial { .. } | EvalError::TooFewSpeakers { .. }),
            ) => {
                warnings.push(format!("list `{}` has no intervals: {error}", list.name));
                verification_report(identity(), &scores, &is_target, None, settings)
            }
            report => report,
        }
    };
    let report = report_of(None, true)?;
    // Where the whole list has no intervals, the rest of the list has none either.
    let has_intervals = report.interval.is_some();
    let mut report_without = |is_apart: &dyn Fn(usize) -> bool| {
        let left = (0..scores.len()).filter(|&place| !is_apart(place));
        let num_targets = left.clone().filter(|&place| is_target[place]).count();
        let is_whole = left.clone().count() == scores.len();
        // Figures need both kinds of trials.
        if is_whole || num_targets == 0 || num_targets == left.count() {
            return Ok(None);
        }
        let keep = |place: usize| !is_apart(place);
        report_of(Some(&keep), has_intervals).map(|report| Some(Box::new(report)))
    };
    let same = same_session(list, manifest);
    let is_known = usable.iter().any(|&place| same[place].is_some());
    let is_same = |place: usize| is_target[place] && same[usable[place]] == Some(true);
    let without_same_session = report_without(&is_same)?;
    let without_self_trials = report_without(&|place| trials[place].is_self_trial())?;
    let is_unheard = |place: usize| {
        let Trial {
            enrolment, test, ..
        } = trials[place];
        unheard.contains(enrolment.as_str()) || unheard.contains(test.as_str())
    };
    let without_unheard = report_without(&is_unheard)?;
    let num_unheard_trials = (0..trials.len()).filter(|&place| is_unheard(place)).count();
    let names: BTreeSet<&str> = trials
        .iter()
        .flat_map(|trial| [trial.enrolment.as_str(), trial.test.as_str()])
        .collect();
    Ok(Evaluation {
        report,
        num_recordings: names.len(),
        num_trials,
        num_skipped_trials: num_trials - usable.len(),
        pairs: list.pair_counts(),
        without_self_trials,
        unheard: names
            .intersection(unheard)
            .map(|&name| name.to_owned())
            .collect(),
        num_unheard_trials,
        without_unheard,
        num_same_session_targets: is_known
            .then(|| (0..scores.len()).filter(|&place| is_same(place)).count()),
        without_same_session,
        llr: None,
        warnings,
    })
}

/// Who speaks in the recording of this name, where the table knows it.
fn of_table<'a>(manifest: &'a Manifest, id: &str) -> Option<&'a str> {
    manifest.utterances[manifest.find(id)?].known_speaker()
}

/// What to say of trials whose labels are not what the speakers in a table make them.
fn contradicted_by_table(
    list: &TrialList,
    trials: &[&Trial],
    manifest: Option<&Manifest>,
) -> Option<String> {
    let manifest = manifest?;
    let is_wrong = |trial: &&&Trial| {
        let [a, b] = [&trial.enrolment, &trial.test].map(|id| of_table(manifest, id));
        let speakers = a.zip(b);
        speakers.is_some_and(|(a, b)| (a == b) != trial.target)
    };
    let mut wrong = trials.iter().filter(is_wrong);
    let first = wrong.next()?;
    Some(format!(
        "list `{}`: the labels of {} of {} trials are not what the table's speakers make them, such as that of `{}` and `{}`; the figures have them as the list does",
        list.name,
        1 + wrong.count(),
        trials.len(),
        first.enrolment,
        first.test
    ))
}

/// Numbers of the speakers on either side of each trial.
pub(crate) fn sides(
    list: &TrialList,
    trials: &[&Trial],
    manifest: Option<&Manifest>,
    warnings: &mut Vec<String>,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let ids = || {
        let first = trials.iter().map(|trial| trial.enrolment.as_str());
        first.chain(trials.iter().map(|trial| trial.test.as_str()))
    };
    let names = manifest.and_then(|manifest| {
        let names = ids().map(|id| of_table(manifest, id).map(str::to_owned));
        names.collect::<Option<Vec<String>>>()
    });
    let names = names.or_else(|| {
        let level = folder_level(&list.trials)?;
        Some(ids().map(|id| prefix(id, level).to_owned()).collect())
    });
    let Some(names) = names else {
        warnings.push(format!(
            "list `{}` has no intervals, since its speakers are not known: no table names them all, and no depth of folders agrees with every trial",
            list.name
        ));
        return None;
    };
    let mut numbers = numbered(names.iter().map(String::as_str));
    let second = numbers.split_off(trials.len());
    Some((numbers, second))
}
