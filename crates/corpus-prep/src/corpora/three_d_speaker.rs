//! 3D-Speaker (Zheng et al. 2023): every sentence by several devices, from several distances, in several dialects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use speech_data::{Manifest, Problem, ProblemKind, Trial, TrialList, Utterance, split};

use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str = "  <DIR or DIR/3dspeaker>/files/train_wav.scp, train_utt2spk, test_wav.scp, test_utt2spk, trials_cross_device, …
  <the same>/train and test: the files that these name";

/// What is said of a recording in its name, by the beginnings of its parts.
const CONDITIONS: [(&str, &str); 3] = [
    ("Device", "device"),
    ("Distance", "distance"),
    ("Dialect", "dialect"),
];

/// Reads the lists that come with the corpus, which name files below `train` and `test`.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let root = ["", "3dspeaker", "3D-Speaker"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|root| root.join("files").is_dir())
        .unwrap_or_else(|| folder.to_owned());
    let files = root.join("files");
    let (mut utterances, mut notes) = (Vec::new(), Vec::new());
    for part in [split::TRAIN, split::TEST] {
        let list = files.join(format!("{part}_wav.scp"));
        if !list.is_file() {
            continue;
        }
        let wavs = pairs(&list)?;
        let utt2spk = files.join(format!("{part}_utt2spk"));
        let speakers: BTreeMap<String, String> = pairs(&utt2spk)?.into_iter().collect();
        let mut without = 0usize;
        for (id, path) in wavs {
            let Some(speaker) = speakers.get(&id) else {
                without += 1;
                continue;
            };
            let place = place(&root, part, &path);
            let mut utterance = Utterance::new(id, place, speaker.as_str());
            utterance.split = Some(part.to_owned());
            for piece in utterance.id.split('_') {
                for (beginning, name) in CONDITIONS {
                    if let Some(value) = piece.strip_prefix(beginning) {
                        utterance.columns.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            utterances.push(utterance);
        }
        if without > 0 {
            let message = format!(
                "{without} recordings of {part}_wav.scp have no speaker in this list and are left out"
            );
            notes.push(Problem::at(ProblemKind::LeftOut, &utt2spk, message));
        }
    }
    if utterances.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "3D-Speaker",
            found: "There is no list of recordings in `files`.".to_owned(),
            layouts: LAYOUT,
        });
    }
    let lists = trials(&files, &utterances)?;
    let mut manifest = Manifest::new(root, utterances);
    manifest.notes = notes;
    Ok(Corpus { manifest, lists })
}

/// The lists begin their paths below `train` or `test`, with or without a slash.
fn place(root: &Path, part: &str, path: &str) -> PathBuf {
    let path = path.trim_start_matches('/');
    match path
        .strip_prefix(part)
        .is_some_and(|rest| rest.starts_with('/'))
    {
        true => root.join(path),
        false => root.join(part).join(path),
    }
}

fn pairs(path: &Path) -> Result<Vec<(String, String)>, PrepError> {
    table::read(path, "`<utterance> <value>`", |_, line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            [key, value] => Ok(Some((key.to_owned(), value.to_owned()))),
            _ => Err(format!("{} fields instead of 2", fields.len())),
        }
    })
}

/// `trials_cross_device`, `trials_cross_distance` and `trials_cross_dialect`.
fn trials(files: &Path, utterances: &[Utterance]) -> Result<Vec<TrialList>, PrepError> {
    let known: BTreeSet<&str> = utterances
        .iter()
        .map(|utterance| utterance.id.as_str())
        .collect();
    let mut lists = Vec::new();
    for name in ["device", "distance", "dialect"] {
        let path = files.join(format!("trials_cross_{name}"));
        if !path.is_file() {
            continue;
        }
        let trials = table::read(
            &path,
            "`<utterance> <utterance> <target or nontarget>`",
            |_, line| {
                let (enrolment, test, target) = table::trial(line)?;
                for id in [enrolment, test] {
                    if !known.contains(id) {
                        return Err(format!("there is no recording `{id}`"));
                    }
                }
                Ok(Some(Trial {
                    enrolment: enrolment.to_owned(),
                    test: test.to_owned(),
                    target,
                }))
            },
        )?;
        if !trials.is_empty() {
            lists.push(TrialList::new(format!("3d-speaker-cross-{name}"), trials));
        }
    }
    Ok(lists)
}
