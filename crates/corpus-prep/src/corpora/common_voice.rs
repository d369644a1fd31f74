//! Common Voice (Ardila et al. 2020): tables of clips, one folder a language.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speech_data::{DataError, Manifest, Problem, ProblemKind, split};

use super::Corpus;
use crate::error::PrepError;

const LAYOUT: &str = "  <DIR>/validated.tsv, train.tsv, dev.tsv, test.tsv with the columns client_id, path, gender, …
  <DIR>/clips/common_voice_<language>_<number>.mp3
  or one such folder a language below <DIR>: <DIR>/<language>/validated.tsv, …";

/// The tables whose clips were listened to, the ones that make splits first.
const TABLES: [(&str, Option<&str>); 4] = [
    ("train.tsv", Some(split::TRAIN)),
    ("dev.tsv", Some(split::DEV)),
    ("test.tsv", Some(split::TEST)),
    ("validated.tsv", None),
];

/// The speaker is the client, as far as that is true: nobody stops two people from sharing one. Clips that were not
/// validated are left out.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let languages = languages(folder);
    let mut notes = Vec::new();
    let mut clips = BTreeMap::new();
    for (prefix, place) in &languages {
        for (name, split) in TABLES {
            let table = place.join(name);
            if !table.is_file() {
                continue;
            }
            // Paths are names below `clips`; manifests name them from the corpus's root.
            let read = match Manifest::from_table(&table, &place.join("clips")) {
                // Small languages have splits without a clip.
                Err(DataError::NothingFound { .. }) => continue,
                read => read?,
            };
            notes.extend(read.notes);
            for mut utterance in read.utterances {
                let id = format!("{prefix}clips/{}", utterance.id);
                utterance.location = folder.join(&id).into();
                utterance.id.clone_from(&id);
                utterance.split = split.map(str::to_owned);
                utterance.line = None;
                // Texts and votes are of no use here, and the largest part of the table.
                utterance.columns.retain(|column, _| {
                    ["age", "accents", "accent", "variant", "locale"].contains(&column.as_str())
                });
                clips.entry(id).or_insert(utterance);
            }
        }
        let not_validated: Vec<&str> = ["other.tsv", "invalidated.tsv"]
            .into_iter()
            .filter(|name| place.join(name).is_file())
            .collect();
        if !not_validated.is_empty() {
            let message = format!(
                "clips of {} alone are left out: nobody confirmed them",
                not_validated.join(" and ")
            );
            notes.push(Problem::at(ProblemKind::Misplaced, place, message));
        }
    }
    if clips.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "Common Voice",
            found: format!("{} folders hold one of its tables.", languages.len()),
            layouts: LAYOUT,
        });
    }
    let mut manifest = Manifest::new(folder, clips.into_values().collect());
    manifest.notes = notes;
    Ok(manifest.into())
}

/// The folders with tables, and what comes before the names of their clips.
fn languages(folder: &Path) -> Vec<(String, PathBuf)> {
    let holds = |place: &Path| TABLES.iter().any(|(name, _)| place.join(name).is_file());
    if holds(folder) {
        return vec![(String::new(), folder.to_owned())];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| Some((format!("{}/", entry.file_name().to_str()?), entry.path())))
        .filter(|(_, place)| holds(place))
        .collect();
    found.sort();
    found
}
