//! EER and minDCF of a trial list.

use speaker_eval::{
    BootstrapSettings, EvalError, ListIdentity, VerificationReport, verification_report,
};
use speaker_scoring::Scorer;
use speech_data::{Manifest, Trial, TrialList, same_session};

use super::speakers::{folder_level, numbered, prefix};
use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// What a list says of the embeddings of its recordings.
#[derive(Debug)]
pub struct Evaluation {
    /// Rates, and their intervals where the speakers are known.
    pub report: VerificationReport,
    /// Recordings of the list that have embeddings.
    pub num_recordings: usize,
    /// Trials one of whose recordings has no embedding.
    pub num_skipped_trials: usize,
    /// Targets whose recordings are of one session (video), where sessions are known.
    pub num_same_session_targets: Option<usize>,
    /// The same figures without these targets, where there are any.
    pub without_same_session: Option<Box<VerificationReport>>,
    /// Why there are no intervals, where there are none.
    pub warnings: Vec<String>,
}

/// A trial both of whose utterances have embeddings, with the rows of these.
type Scored<'a> = (&'a Trial, (usize, usize));

/// Scores one list and measures it.
///
/// # Errors
/// [`Error::NothingToScore`], [`Error::Measure`].
pub fn evaluate(
    list: &TrialList,
    set: &EmbeddingSet,
    manifest: Option<&Manifest>,
    settings: &BootstrapSettings,
) -> Result<Evaluation, Error> {
    let rows = set.index();
    let mut warnings = Vec::new();
    let row = |id: &str| rows.get(id).copied();
    let same = same_session(list, manifest);
    let (usable, same): (Vec<Scored>, Vec<Option<bool>>) = list
        .trials
        .iter()
        .zip(same)
        .filter_map(|(trial, same)| {
            let pair = (row(&trial.enrolment)?, row(&trial.test)?);
            Some(((trial, pair), same.map(|same| same && trial.target)))
        })
        .unzip();
    let num_skipped_trials = list.trials.len() - usable.len();
    if usable.is_empty() {
        return Err(Error::NothingToScore {
            list: list.name.clone(),
            num_trials: list.trials.len(),
        });
    }
    let pairs: Vec<(usize, usize)> = usable.iter().map(|&(_, pair)| pair).collect();
    let is_target: Vec<bool> = usable.iter().map(|(trial, _)| trial.target).collect();
    let scores = Scorer::default().scores(&set.matrix, &pairs)?;
    let speakers = match settings.resamples {
        0 => None,
        _ => speakers(list, &usable, manifest, &mut warnings),
    };
    let mut report_of = |scores: &[f32],
                         is_target: &[bool],
                         sides: Option<(&[usize], &[usize])>| {
        let identity = || ListIdentity {
            name: list.name.clone(),
            hash: list.hash.clone(),
        };
        match verification_report(identity(), scores, is_target, sides, settings) {
            // The rates are sound without the intervals.
            Err(
                error @ (EvalError::ContradictoryTrial { .. } | EvalError::TooFewSpeakers { .. }),
            ) => {
                warnings.push(format!("list `{}` has no intervals: {error}", list.name));
                verification_report(identity(), scores, is_target, None, settings)
            }
            report => report,
        }
    };
    let sides = speakers.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
    let report = report_of(&scores, &is_target, sides)?;
    let is_known = same.iter().any(Option::is_some);
    let n_same = same.iter().filter(|same| **same == Some(true)).count();
    let without_same_session = match n_same {
        0 => None,
        n if n == is_target.iter().filter(|is_target| **is_target).count() => None,
        _ => {
            let keep: Vec<usize> = (0..scores.len())
                .filter(|&index| same[index] != Some(true))
                .collect();
            let scores: Vec<f32> = keep.iter().map(|&index| scores[index]).collect();
            let is_target: Vec<bool> = keep.iter().map(|&index| is_target[index]).collect();
            let kept = |side: &[usize]| keep.iter().map(|&index| side[index]).collect::<Vec<_>>();
            // Where the whole list has no intervals, the rest of the list has none either.
            let sides = sides
                .filter(|_| report.interval.is_some())
                .map(|(a, b)| (kept(a), kept(b)));
            let sides = sides.as_ref().map(|(a, b)| (a.as_slice(), b.as_slice()));
            Some(Box::new(report_of(&scores, &is_target, sides)?))
        }
    };
    Ok(Evaluation {
        report,
        num_recordings: list
            .utterances()
            .into_iter()
            .filter(|id| row(id).is_some())
            .count(),
        num_skipped_trials,
        num_same_session_targets: is_known.then_some(n_same),
        without_same_session,
        warnings,
    })
}

/// Numbers of the speakers on either side of each trial.
fn speakers(
    list: &TrialList,
    usable: &[Scored],
    manifest: Option<&Manifest>,
    warnings: &mut Vec<String>,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let of_table = |id: &str| {
        let manifest = manifest?;
        Some(manifest.utterances[manifest.find(id)?].speaker.clone())
    };
    let ids = || {
        let first = usable.iter().map(|(trial, _)| trial.enrolment.as_str());
        first.chain(usable.iter().map(|(trial, _)| trial.test.as_str()))
    };
    let names: Option<Vec<String>> = ids().map(of_table).collect();
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
    let second = numbers.split_off(usable.len());
    Some((numbers, second))
}
