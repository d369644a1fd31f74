//! Making a balanced trial list.

use std::collections::BTreeSet;

use crate::draws::{Draws, Purpose};
use crate::error::SamplerError;
use crate::index::{GroupIndex, SpeakerSpan};
use speech_data::Manifest;
use speech_data::{Trial, TrialList};

/// Up to this many utterances of a speaker, all their pairs are listed and drawn from exactly.
const FEW: usize = 64;

/// How [`make_trials`] makes a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeTrials {
    /// Name of the list.
    pub name: String,
    /// Another seed, another list.
    pub seed: u64,
    /// Target trials of each speaker, as far as there are so many pairs. Default 40.
    pub per_speaker: usize,
    /// Target trials only across sessions, where sessions are known (default). Speakers of a single known
    /// session then have no target trials.
    pub across_sessions: bool,
    /// Non-target trials only within a gender, where the enrolment's gender is known (default).
    pub same_gender: bool,
}

impl Default for MakeTrials {
    fn default() -> Self {
        Self {
            name: "trials".to_owned(),
            seed: 0,
            per_speaker: 40,
            across_sessions: true,
            same_gender: true,
        }
    }
}

/// Makes a list with as many target as non-target trials, in random order, no unordered pair of utterances twice.
/// Each speaker's utterances enrol in as many non-target as target trials where they have partners.
///
/// # Errors
/// [`SamplerError::CannotMakeTrials`] if one of the two kinds has no pair.
pub fn make_trials(manifest: &Manifest, options: &MakeTrials) -> Result<TrialList, SamplerError> {
    let names = manifest.speakers();
    let utterances = &manifest.utterances;
    let speaker_of: Vec<u32> = utterances
        .iter()
        .map(|u| names.partition_point(|name| *name < u.speaker.as_str()) as u32)
        .collect();
    let all = (0..utterances.len() as u32).collect();
    let index = GroupIndex::new(utterances, &speaker_of, all);
    let mut draws = Draws::new(Purpose::Trials, &[options.seed]);

    let mut targets: Vec<(usize, usize)> = Vec::new();
    for span in &index.speakers {
        targets.extend(target_pairs(&index, span, options, &mut draws));
    }
    let mut others = non_target_pairs(&index, &targets, options, &mut draws);
    let count = targets.len().min(others.len());
    if count == 0 {
        let knows_genders = utterances.iter().any(|u| u.gender.is_some());
        let reason = match targets.is_empty() {
            _ if options.per_speaker == 0 => "`per_speaker` is 0",
            _ if names.len() < 2 => "there is only one speaker: add recordings of another one",
            true if index.speakers.iter().all(|span| span.places.len() < 2) => {
                "no speaker has two utterances: add a second one of some"
            }
            true => {
                "no speaker has utterances of two sessions or of unknown session; allow one session (`across_sessions = false`) or add data"
            }
            false if options.same_gender && knows_genders => {
                "no two speakers are of one gender; allow both (`same_gender = false`) or add data"
            }
            false => "no two speakers can be paired",
        };
        return Err(SamplerError::CannotMakeTrials {
            utterances: utterances.len(),
            speakers: names.len(),
            reason,
        });
    }
    draws.shuffle(&mut targets);
    targets.truncate(count);
    others.truncate(count);
    let trial = |target| {
        let id = |place: usize| utterances[index.order[place] as usize].id.clone();
        move |(enrolment, test): (usize, usize)| Trial {
            enrolment: id(enrolment),
            test: id(test),
            target,
        }
    };
    let targets = targets.into_iter().map(trial(true));
    let mut trials: Vec<Trial> = targets
        .chain(others.into_iter().map(trial(false)))
        .collect();
    draws.shuffle(&mut trials);
    Ok(TrialList::new(options.name.clone(), trials))
}

/// Different pairs of one speaker, as places.
fn target_pairs(
    index: &GroupIndex,
    span: &SpeakerSpan,
    options: &MakeTrials,
    draws: &mut Draws,
) -> Vec<(usize, usize)> {
    let session_of = |place: usize| {
        let sessions = &index.sessions[span.sessions.clone()];
        sessions.partition_point(|session| session.end <= place)
    };
    let allowed = |a: usize, b: usize| !options.across_sessions || session_of(a) != session_of(b);
    let mut pairs = Vec::new();
    if span.places.len() <= FEW {
        for a in span.places.clone() {
            pairs.extend(
                (a + 1..span.places.end)
                    .map(|b| (a, b))
                    .filter(|&(a, b)| allowed(a, b)),
            );
        }
        draws.shuffle(&mut pairs);
        pairs.truncate(options.per_speaker);
    } else {
        let mut seen = BTreeSet::new();
        for _ in 0..options.per_speaker.saturating_mul(4) {
            let a = span.places.start + draws.below(span.places.len());
            let Some(b) = index.draw_same(a, options.across_sessions, draws) else {
                continue;
            };
            if pairs.len() < options.per_speaker && seen.insert((a.min(b), a.max(b))) {
                pairs.push((a, b));
            }
        }
    }
    for pair in &mut pairs {
        if draws.below(2) == 1 {
            *pair = (pair.1, pair.0);
        }
    }
    pairs
}

/// As many different pairs of two speakers as there are targets, if there are so many.
fn non_target_pairs(
    index: &GroupIndex,
    targets: &[(usize, usize)],
    options: &MakeTrials,
    draws: &mut Draws,
) -> Vec<(usize, usize)> {
    let anchors: Vec<usize> = (0..index.order.len())
        .filter(|&place| index.num_different(place, options.same_gender) > 0)
        .collect();
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    if anchors.is_empty() {
        return pairs;
    }
    for &(of_speaker, _) in targets {
        let places = index.speaker(of_speaker).places.clone();
        // Small sets run out of new pairs: after some attempts anyone may enrol, then the list stays shorter.
        for attempt in 0..64 {
            let enrolment = if attempt < 16 {
                places.start + draws.below(places.len())
            } else {
                anchors[draws.below(anchors.len())]
            };
            let Some(test) = index.draw_different(enrolment, options.same_gender, draws) else {
                continue;
            };
            if seen.insert((enrolment.min(test), enrolment.max(test))) {
                pairs.push((enrolment, test));
                break;
            }
        }
    }
    draws.shuffle(&mut pairs);
    pairs
}
