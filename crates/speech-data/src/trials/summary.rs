//! What a trial list asks, counted.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::known::RecognisedBy;
use super::pairs::PairCounts;
use crate::manifest::Gender;
use crate::manifest::Manifest;
use crate::trials::TrialList;
use crate::voxceleb::VoxcelebName;

/// Numbers about a trial list. What is not known of any recording is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialSummary {
    /// Name of the list.
    pub name: String,
    /// BLAKE3 of the file.
    pub hash: String,
    /// Which published list it is, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<&'static str>,
    /// Whether every trial of the published list is in its place; counts alone agree otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_exact: Option<bool>,
    /// Trials.
    pub n_trials: usize,
    /// Whether the list says which trials are targets.
    pub labelled: bool,
    /// Trials of one speaker.
    pub n_targets: usize,
    /// Trials of two speakers.
    pub n_nontargets: usize,
    /// Different recordings.
    pub n_recordings: usize,
    /// Recordings that the manifest has, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_recordings_known: Option<usize>,
    /// Different speakers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_speakers: Option<usize>,
    /// Targets whose two recordings are of one session (video): the channel helps there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_same_session_targets: Option<usize>,
    /// Repeated pairs, pairs of one recording, contradictions.
    #[serde(flatten)]
    pub pairs: PairCounts,
    /// Share of the non-targets whose speakers are of one gender, of those where both are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_gender_nontargets: Option<f64>,
    /// Share of the non-targets whose speakers are of one nationality, of those where both are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_nationality_nontargets: Option<f64>,
}

/// What is known of a recording of a list.
#[derive(Debug, Clone, Copy, Default)]
struct Known<'a> {
    speaker: Option<&'a str>,
    session: Option<(&'a str, &'a str)>,
    gender: Option<Gender>,
    nationality: Option<&'a str>,
    is_listed: bool,
}

/// Whether both trials' sides are of one session, of each trial; `None` where a session is not known.
///
/// Sessions are those of the manifest, or the videos in VoxCeleb's names. A session belongs to its speaker.
pub fn same_session(list: &TrialList, manifest: Option<&Manifest>) -> Vec<Option<bool>> {
    let known = known(list, manifest);
    let sides = list.trials.iter().map(|trial| {
        let session = |name: &str| known.get(name)?.session;
        Some(session(&trial.enrolment)? == session(&trial.test)?)
    });
    sides.collect()
}

impl TrialSummary {
    /// Counts a list, with what the manifest knows of its recordings.
    pub fn of(list: &TrialList, manifest: Option<&Manifest>) -> Self {
        let known = known(list, manifest);
        let recognised = list.recognise();
        let speakers: BTreeSet<&str> = known.values().filter_map(|known| known.speaker).collect();
        let n_targets = list.num_targets();
        let (mut same_session, mut with_session) = (0, 0);
        let (mut gender, mut nationality) = (Share::default(), Share::default());
        for trial in &list.trials {
            let (a, b) = (trial.enrolment.as_str(), trial.test.as_str());
            let side = |name: &str| known.get(name).copied().unwrap_or_default();
            let (a, b) = (side(a), side(b));
            match trial.target {
                true => {
                    if let (Some(a), Some(b)) = (a.session, b.session) {
                        with_session += 1;
                        same_session += usize::from(a == b);
                    }
                }
                false if !list.labelled => {}
                false => {
                    gender.add(a.gender, b.gender);
                    nationality.add(a.nationality, b.nationality);
                }
            }
        }
        Self {
            name: list.name.clone(),
            hash: list.hash.clone(),
            known_as: recognised.map(|(known, _)| known.name),
            is_exact: recognised.map(|(_, by)| by == RecognisedBy::Content),
            n_trials: list.trials.len(),
            n_targets,
            labelled: list.labelled,
            n_nontargets: match list.labelled {
                true => list.trials.len() - n_targets,
                false => 0,
            },
            n_recordings: known.len(),
            n_recordings_known: manifest
                .map(|_| known.values().filter(|known| known.is_listed).count()),
            n_speakers: (!speakers.is_empty()).then_some(speakers.len()),
            n_same_session_targets: (with_session > 0).then_some(same_session),
            pairs: list.pair_counts(),
            same_gender_nontargets: gender.share(),
            same_nationality_nontargets: nationality.share(),
        }
    }
}

#[derive(Default)]
struct Share {
    same: usize,
    all: usize,
}

impl Share {
    fn add<Value: PartialEq>(&mut self, a: Option<Value>, b: Option<Value>) {
        if let (Some(a), Some(b)) = (a, b) {
            self.all += 1;
            self.same += usize::from(a == b);
        }
    }

    fn share(&self) -> Option<f64> {
        (self.all > 0).then(|| self.same as f64 / self.all as f64)
    }
}

/// Every recording of the list with what the manifest, or else its name, says of it.
fn known<'a>(list: &'a TrialList, manifest: Option<&'a Manifest>) -> HashMap<&'a str, Known<'a>> {
    let mut found = HashMap::new();
    for trial in &list.trials {
        for name in [trial.enrolment.as_str(), trial.test.as_str()] {
            found.entry(name).or_insert_with(|| of_one(name, manifest));
        }
    }
    found
}

fn of_one<'a>(name: &'a str, manifest: Option<&'a Manifest>) -> Known<'a> {
    let by_name = VoxcelebName::parse(name);
    let listed = manifest.and_then(|manifest| Some(&manifest.utterances[manifest.find(name)?]));
    let speaker = listed
        .and_then(|utterance| utterance.known_speaker())
        .or(by_name.map(|name| name.speaker));
    let session = listed
        .and_then(|utterance| utterance.session.as_deref())
        .or(by_name.map(|name| name.video));
    Known {
        speaker,
        session: speaker.zip(session),
        gender: listed.and_then(|utterance| utterance.gender),
        nationality: listed.and_then(|utterance| utterance.column("nationality")),
        is_listed: listed.is_some(),
    }
}
