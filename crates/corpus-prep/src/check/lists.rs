//! Trial lists against the recordings, and against what is trained on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use speech_data::text::read_bytes;
use speech_data::{DataError, Manifest, NameMatches, TrialList, TrialSummary, VoxcelebName, split};

use super::data::CheckedData;
use super::finding::{Finding, examples};
use super::report::CheckReport;
use crate::error::PrepError;

/// Findings of one kind and list are given one by one up to this number; the others are counted.
const MAX_OF_A_KIND: usize = 1_000;

/// Checks one list. `data` has every recording, `rows` those that were chosen.
pub(super) fn check(
    path: &Path,
    data: &CheckedData,
    rows: &Manifest,
    report: &mut CheckReport,
) -> Result<(), PrepError> {
    let list = match read_bytes(path).and_then(|bytes| TrialList::as_it_is(&bytes, path)) {
        Ok(list) => list,
        Err(DataError::BadTrials { problems, .. }) => {
            report.errors.extend(problems.iter().map(Finding::from));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let file = path.display().to_string();
    report.n_trials += list.trials.len();
    let summary = TrialSummary::of(&list, Some(&data.manifest));
    absent(&list, data, &file, report);
    match list.labelled {
        true => contradictions(&list, &data.manifest, &file, report),
        false => report.warnings.push(Finding::new(
            "UnlabelledTrials",
            &*file,
            "its trials have no labels: they can be scored, but not be measured",
        )),
    }
    self_trials(&list, &file, report);
    numbers(&summary, &file, report);
    leaks(&list, &summary, data, rows, &file, report);
    report.lists.push(summary);
    Ok(())
}

/// Pushes findings up to the limit, and one for the rest.
fn push(to: &mut Vec<Finding>, kind: &str, file: &str, messages: impl Iterator<Item = String>) {
    let mut more = 0usize;
    for (index, message) in messages.enumerate() {
        match index < MAX_OF_A_KIND {
            true => to.push(Finding::new(kind, file, message)),
            false => more += 1,
        }
    }
    if more > 0 {
        to.push(Finding::new(
            kind,
            file,
            format!("and {more} more of this kind"),
        ));
    }
}

/// Recordings that a list names and that are not there, or under other names.
fn absent(list: &TrialList, data: &CheckedData, file: &str, report: &mut CheckReport) {
    let root = &data.manifest.root;
    let is_there = |id: &str| {
        data.manifest.find(id).is_some() || (data.store().is_none() && root.join(id).is_file())
    };
    let names = list.utterances();
    let absent: Vec<&str> = names.iter().copied().filter(|id| !is_there(id)).collect();
    if absent.is_empty() {
        return;
    }
    let known: Vec<&str> = data
        .manifest
        .utterances
        .iter()
        .map(|utterance| utterance.id.as_str())
        .collect();
    let matches = NameMatches::find(&names, &known);
    for (spelling, (count, name, place)) in matches.spellings() {
        let message = format!(
            "{count} names are matched {}, such as `{name}` with `{}`",
            spelling.words(),
            known[place]
        );
        report
            .warnings
            .push(Finding::new("OtherSpelling", file, message));
    }
    let messages = absent
        .into_iter()
        .filter(|id| !matches.found.contains_key(*id))
        .map(|id| match (data.missing(id), data.store()) {
            (Some(reason), _) => format!("`{id}` was left out of the store: {reason}"),
            (None, Some(_)) => format!("`{id}` is not in the store `{}`", root.display()),
            (None, None) => format!(
                "`{id}` is neither in the table nor below `{}`",
                root.display()
            ),
        });
    push(&mut report.errors, "UnknownRecording", file, messages);
}

/// Trials whose label disagrees with the speakers, or with another trial of the pair.
fn contradictions(list: &TrialList, manifest: &Manifest, file: &str, report: &mut CheckReport) {
    let mut speakers: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for trial in &list.trials {
        for id in [trial.enrolment.as_str(), trial.test.as_str()] {
            speakers
                .entry(id)
                .or_insert_with(|| speaker_of(id, manifest));
        }
    }
    let speaker = |id: &str| speakers.get(id).copied().flatten();
    let messages = list.trials.iter().filter_map(|trial| {
        let (a, b) = (speaker(&trial.enrolment)?, speaker(&trial.test)?);
        let kind = if trial.target { "target" } else { "non-target" };
        (trial.target != (a == b)).then(|| {
            format!(
                "`{}` and `{}` are a {kind} trial, but their speakers are `{a}` and `{b}`",
                trial.enrolment, trial.test
            )
        })
    });
    push(&mut report.errors, "ContradictoryTrial", file, messages);
    let contradictions = list.contradictions();
    let messages = contradictions.iter().map(|found| {
        let trial = &list.trials[found.first];
        format!(
            "`{}` and `{}` are a target trial and a non-target trial",
            trial.enrolment, trial.test
        )
    });
    push(&mut report.errors, "TargetAndNontarget", file, messages);
}

/// Recordings compared with themselves.
fn self_trials(list: &TrialList, file: &str, report: &mut CheckReport) {
    let messages = list
        .trials
        .iter()
        .filter(|trial| trial.is_self_trial())
        .map(|trial| format!("`{}` is compared with itself", trial.test));
    push(&mut report.warnings, "SelfTrial", file, messages);
}

/// Who speaks, by the manifest or by VoxCeleb's name.
fn speaker_of<'a>(id: &'a str, manifest: &'a Manifest) -> Option<&'a str> {
    let listed = manifest
        .find(id)
        .map(|index| manifest.utterances[index].speaker.as_str());
    listed.or_else(|| Some(VoxcelebName::parse(id)?.speaker))
}

fn numbers(summary: &TrialSummary, file: &str, report: &mut CheckReport) {
    let TrialSummary {
        n_trials,
        n_targets,
        pairs,
        ..
    } = *summary;
    if summary.labelled && (n_targets == 0 || n_targets == n_trials) {
        let message =
            format!("{n_targets} of {n_trials} trials are targets; both kinds are needed");
        report
            .errors
            .push(Finding::new("OneKindOfTrials", file, message));
    }
    if pairs.n_repeats > 0 {
        let message = format!(
            "{} of {n_trials} trials repeat an earlier one, {} of them with the sides swapped; they count twice",
            pairs.n_repeats, pairs.n_swapped_repeats
        );
        report
            .warnings
            .push(Finding::new("RepeatedTrials", file, message));
    }
    if let Some(same @ 1..) = summary.n_same_session_targets {
        let message = format!(
            "{same} of {n_targets} targets ({:.1} %) are two cuts of one session, where the channel helps; an evaluation gives the figures without them, too",
            100.0 * same as f64 / n_targets as f64
        );
        report
            .warnings
            .push(Finding::new("SameSessionTargets", file, message));
    }
}

/// Speakers and sessions of the list that are trained on: rows of the split `train`.
fn leaks(
    list: &TrialList,
    summary: &TrialSummary,
    data: &CheckedData,
    rows: &Manifest,
    file: &str,
    report: &mut CheckReport,
) {
    let training = || {
        rows.utterances
            .iter()
            .filter(|utterance| utterance.split.as_deref() == Some(split::TRAIN))
    };
    let trained: BTreeSet<&str> = training()
        .map(|utterance| utterance.speaker.as_str())
        .collect();
    let names = list.utterances();
    let tested: BTreeSet<&str> = names
        .iter()
        .filter_map(|id| speaker_of(id, &data.manifest))
        .collect();
    let both: Vec<&str> = trained.intersection(&tested).copied().collect();
    if !both.is_empty() {
        let mut message = format!(
            "{} of {} speakers of this list are trained on: {}",
            both.len(),
            tested.len(),
            examples(both.iter().copied())
        );
        let is_drawn_from_dev = summary
            .known_as
            .is_some_and(|name| !name.starts_with("Vox1-O"));
        message.push_str(match is_drawn_from_dev {
            true => "; Vox1-E and Vox1-H are drawn from all of VoxCeleb1, its dev set included: a model trained on it is measured on speakers that it knows. Use Vox1-O, or train on VoxCeleb2 alone",
            false => "; a model trained on them is measured on speakers that it knows: filter them out of the training, or use another list",
        });
        report
            .errors
            .push(Finding::new("SpeakerInTrainingAndTrials", file, message));
    }
    let sessions: BTreeSet<&str> = training()
        .filter_map(|utterance| utterance.session.as_deref())
        .collect();
    let shared: BTreeSet<&str> = names
        .iter()
        .filter(|id| {
            speaker_of(id, &data.manifest).is_none_or(|speaker| !trained.contains(speaker))
        })
        .filter_map(|id| {
            let listed = data
                .manifest
                .find(id)
                .and_then(|index| data.manifest.utterances[index].session.as_deref());
            listed.or_else(|| Some(VoxcelebName::parse(id)?.video))
        })
        .filter(|session| sessions.contains(session))
        .collect();
    if !shared.is_empty() {
        let message = format!(
            "{} sessions of this list are trained on under other speakers: {}; if they are videos, their channel is known",
            shared.len(),
            examples(shared.iter().copied())
        );
        report
            .warnings
            .push(Finding::new("SessionInTrainingAndTrials", file, message));
    }
}
