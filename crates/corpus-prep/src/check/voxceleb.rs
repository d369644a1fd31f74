//! VoxCeleb's own facts: names that contain the labels, tables of speakers, published counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use speech_data::{Manifest, Utterance, VoxcelebName, column, split};

use super::counts::SetCounts;
use super::finding::Finding;
use super::report::CheckReport;
use crate::error::PrepError;
use crate::known::{SETS, is_vox1_test};
use crate::meta::{self, SpeakerMeta};

/// Names say who speaks, and in which video.
pub(super) fn check_names(rows: &Manifest, report: &mut CheckReport) {
    for utterance in &rows.utterances {
        let Some(name) = VoxcelebName::parse(&utterance.id) else {
            continue;
        };
        if name.speaker != utterance.speaker {
            let message = format!(
                "the speaker is `{}`, but the name says `{}`",
                utterance.speaker, name.speaker
            );
            report
                .errors
                .push(Finding::new("LabelDisagrees", &utterance.id, message));
        }
        if let Some(session) = &utterance.session
            && session != name.video
        {
            let message = format!(
                "the session is `{session}`, but the name says `{}`",
                name.video
            );
            report
                .errors
                .push(Finding::new("LabelDisagrees", &utterance.id, message));
        }
    }
}

/// Tables of speakers against genders, nationalities and splits. Gives what they say.
pub(super) fn check_metadata(
    rows: &Manifest,
    given: &[PathBuf],
    report: &mut CheckReport,
) -> Result<HashMap<String, SpeakerMeta>, PrepError> {
    let mut paths = given.to_vec();
    if paths.is_empty() {
        let beside = ["vox1_meta.csv", "vox2_meta.csv"].map(|name| rows.root.join(name));
        paths.extend(beside.into_iter().filter(|path| path.is_file()));
    }
    let mut speakers = HashMap::new();
    for path in &paths {
        speakers.extend(meta::read(path)?);
    }
    if speakers.is_empty() {
        return Ok(speakers);
    }
    let mut faults: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for utterance in &rows.utterances {
        let mut fault = |message: String| {
            faults
                .entry(&utterance.speaker)
                .or_default()
                .insert(message);
        };
        let Some(known) = speakers.get(&utterance.speaker) else {
            if VoxcelebName::parse(&utterance.id).is_some() {
                fault("is in none of the tables of speakers".to_owned());
            }
            continue;
        };
        let is_test = known
            .is_test
            .map(|is_test| if is_test { split::TEST } else { split::TRAIN });
        for (name, expected) in [
            (column::GENDER, known.gender),
            (column::NATIONALITY, known.nationality.as_deref()),
            (column::SPLIT, is_test),
        ] {
            // VoxCeleb's own word for its training set is dev.
            let found = utterance.column(name).map(|value| match (name, value) {
                (column::SPLIT, split::DEV) => split::TRAIN,
                (_, value) => value,
            });
            if let (Some(found), Some(expected)) = (found, expected)
                && found != expected
            {
                fault(format!(
                    "has the {name} `{found}`, but its table says `{expected}`"
                ));
            }
        }
    }
    for (speaker, messages) in faults {
        let found = messages.into_iter().map(|message| {
            Finding::of_all("LabelDisagrees", format!("speaker `{speaker}` {message}"))
        });
        report.errors.extend(found);
    }
    Ok(speakers)
}

/// The numbers of each part of VoxCeleb that is here.
pub(super) fn check_counts(
    rows: &Manifest,
    speakers: &HashMap<String, SpeakerMeta>,
    report: &mut CheckReport,
) {
    #[derive(Default)]
    struct Found<'a> {
        speakers: BTreeSet<&'a str>,
        videos: BTreeSet<(&'a str, &'a str)>,
        utterances: u64,
    }
    let mut found: BTreeMap<(&str, &str), Found<'_>> = BTreeMap::new();
    for utterance in &rows.utterances {
        let Some(name) = VoxcelebName::parse(&utterance.id) else {
            continue;
        };
        let Some(set) = set_of(utterance, name.speaker, speakers) else {
            continue;
        };
        let found = found.entry(set).or_default();
        found.speakers.insert(name.speaker);
        found.videos.insert((name.speaker, name.video));
        found.utterances += 1;
    }
    for set in SETS {
        let Some(found) = found.get(&(set.corpus, set.split)) else {
            continue;
        };
        let counts = SetCounts {
            corpus: set.corpus,
            split: set.split,
            speakers: found.speakers.len() as u64,
            expected_speakers: set.speakers,
            videos: found.videos.len() as u64,
            expected_videos: set.videos,
            utterances: found.utterances,
            expected_utterances: set.utterances,
        };
        let is_whole = counts.speakers == set.speakers
            && counts.videos == set.videos
            && counts.utterances == set.utterances;
        if !is_whole {
            report.warnings.push(Finding::of_all(
                "UnexpectedCounts",
                format!("{counts}: this is not the whole set"),
            ));
        }
        report.sets.push(counts);
    }
}

/// Corpus and split of an utterance, as far as its speaker or its columns tell.
fn set_of(
    utterance: &Utterance,
    speaker: &str,
    speakers: &HashMap<String, SpeakerMeta>,
) -> Option<(&'static str, &'static str)> {
    if speaker > "id10000" {
        return Some((
            "voxceleb1",
            if is_vox1_test(speaker) {
                split::TEST
            } else {
                split::TRAIN
            },
        ));
    }
    let by_table = speakers.get(speaker).and_then(|known| known.is_test);
    let is_test = by_table.or(match utterance.split.as_deref() {
        Some(split::TEST) => Some(true),
        Some(split::TRAIN | split::DEV) => Some(false),
        _ => None,
    })?;
    Some((
        "voxceleb2",
        if is_test { split::TEST } else { split::TRAIN },
    ))
}
