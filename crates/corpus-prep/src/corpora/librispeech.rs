//! LibriSpeech (Panayotov et al. 2015), its mini edition, and LibriTTS, which has the same folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use speech_data::{AudioFiles, Gender, Manifest, Problem, ProblemKind, Utterance, split};

use super::files::Misplaced;
use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str = "  <DIR or DIR/LibriSpeech>/SPEAKERS.TXT
  <DIR or DIR/LibriSpeech>/train-clean-100/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac";

/// A chapter is a session: one sitting, one microphone.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let root = root(folder);
    let (names, mut notes) = AudioFiles::below(&root).into_names();
    let genders = genders(&root.join("SPEAKERS.TXT"))?;
    if genders.is_none() {
        let message = "there is no SPEAKERS.TXT here, so that genders are not known";
        notes.push(Problem::at(ProblemKind::MissingFile, &root, message));
    }
    let genders = genders.unwrap_or_default();
    let mut misplaced =
        Misplaced::new("<subset>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac");
    let mut strangers = BTreeSet::new();
    let mut utterances = Vec::new();
    for path in &names {
        let parts: Vec<&str> = path.split('/').collect();
        let [subset, speaker, chapter, file] = parts[..] else {
            misplaced.add(&root.join(path));
            continue;
        };
        let belongs = ['-', '_']
            .iter()
            .any(|sign| file.starts_with(&format!("{speaker}{sign}{chapter}{sign}")));
        if !belongs {
            misplaced.add(&root.join(path));
            continue;
        }
        let mut utterance = Utterance::new(path.clone(), root.join(path), speaker);
        utterance.session = Some(chapter.to_owned());
        utterance.gender = genders.get(speaker).copied();
        if utterance.gender.is_none() && !genders.is_empty() {
            strangers.insert(speaker);
        }
        let part = subset.split('-').next().unwrap_or_default();
        utterance.split = [split::TRAIN, split::DEV, split::TEST]
            .contains(&part)
            .then(|| part.to_owned());
        utterance
            .columns
            .insert("subset".to_owned(), subset.to_owned());
        utterances.push(utterance);
    }
    for speaker in strangers {
        let message = format!("speaker {speaker} is not in this table; the gender is not known");
        notes.push(Problem::at(
            ProblemKind::MissingFile,
            &root.join("SPEAKERS.TXT"),
            message,
        ));
    }
    let found = misplaced.finish(&mut notes);
    if utterances.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "LibriSpeech",
            found,
            layouts: LAYOUT,
        });
    }
    let mut manifest = Manifest::new(root, utterances);
    manifest.notes = notes;
    Ok(manifest.into())
}

fn root(folder: &Path) -> PathBuf {
    ["LibriSpeech", "LibriTTS"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|below| below.is_dir())
        .unwrap_or_else(|| folder.to_owned())
}

/// `ID | SEX | SUBSET | MINUTES | NAME`; names may hold bars (reader 60 is `|CBW|Simon`).
fn genders(path: &Path) -> Result<Option<BTreeMap<String, Gender>>, PrepError> {
    if !path.is_file() {
        return Ok(None);
    }
    let expected = "`ID | SEX | SUBSET | MINUTES | NAME`";
    let rows = table::read(path, expected, |_, line| {
        if line.trim_start().starts_with(';') {
            return Ok(None);
        }
        let fields: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
        match fields[..] {
            [id, sex, ..] if fields.len() >= 3 && !id.is_empty() => match Gender::from_name(sex) {
                Some(gender) => Ok(Some((id.to_owned(), gender))),
                None => Err(format!("the sex of {id} is {sex:?}, expected F or M")),
            },
            _ => Err(format!("{} fields", fields.len())),
        }
    })?;
    Ok(Some(rows.into_iter().collect()))
}
