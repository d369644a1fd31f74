//! TIMIT (Garofolo et al. 1993, LDC93S1).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speech_data::{AudioFiles, Gender, Manifest, Problem, ProblemKind, Utterance, split};

use super::files::{Misplaced, entry_named};
use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str =
    "  <DIR, DIR/TIMIT or DIR/data>/TRAIN/DR1/FCJF0/SA1.WAV (SPHERE or RIFF, names in any case)
  <the same>/TEST/DR1/FAKS0/SA1.WAV
  <the same or its DOC folder>/SPKRINFO.TXT, if there is one";

/// Share of a speaker's sentences, sorted by file name, that make the first part; of TIMIT's ten that is eight.
const FIRST_PART: f64 = 0.8;

/// The column `part` is `1` for the first eight of a speaker's ten sentences by file name, `2` for the last two: the
/// two utterances of the clustering protocol of Stadelmann et al. (MLSP 2016 to ANNPR 2018), which also trains on the
/// eight and validates on the two.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let root = root(folder);
    let mut notes = Vec::new();
    let mut misplaced =
        Misplaced::new("<TRAIN or TEST>/DR<1 to 8>/<speaker>/<S and A, I or X><number>.WAV");
    // (speaker, sentence) to the utterance; unpacked copies lie beside the originals as `SA1.WAV.wav`.
    let mut taken: BTreeMap<(String, String), Utterance> = BTreeMap::new();
    let mut num_copies = 0usize;
    for part in [split::TRAIN, split::TEST] {
        let Some(below) = entry_named(&root, part) else {
            continue;
        };
        let name = below
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (names, left_out) = AudioFiles::below(&below).into_names();
        notes.extend(left_out);
        for path in names {
            let id = format!("{name}/{path}");
            let Some((dialect, speaker, sentence)) = place(&path) else {
                misplaced.add(&root.join(&id));
                continue;
            };
            let key = (speaker.clone(), sentence.clone());
            if taken.contains_key(&key) {
                num_copies += 1;
                continue;
            }
            let mut utterance = Utterance::new(id.clone(), root.join(&id), speaker);
            utterance.gender = utterance.speaker.get(..1).and_then(Gender::from_name);
            utterance.split = Some(part.to_owned());
            utterance.columns.insert("dialect".to_owned(), dialect);
            utterance.columns.insert("sentence".to_owned(), sentence);
            taken.insert(key, utterance);
        }
    }
    if num_copies > 0 {
        let message = format!(
            "{num_copies} second copies of sentences (`SA1.WAV.wav` beside `SA1.WAV`) are left out"
        );
        notes.push(Problem::at(ProblemKind::Duplicate, &root, message));
    }
    let found = misplaced.finish(&mut notes);
    if taken.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "TIMIT",
            found,
            layouts: LAYOUT,
        });
    }
    let mut utterances: Vec<Utterance> = taken.into_values().collect();
    part(&mut utterances);
    add_speaker_information(&root, &mut utterances, &mut notes)?;
    let mut manifest = Manifest::new(root, utterances);
    manifest.notes = notes;
    Ok(manifest.into())
}

fn root(folder: &Path) -> PathBuf {
    let holds = |place: &PathBuf| {
        [split::TRAIN, split::TEST]
            .iter()
            .any(|part| entry_named(place, part).is_some())
    };
    let below = ["timit", "data"]
        .iter()
        .filter_map(|name| entry_named(folder, name));
    let mut places = vec![folder.to_owned()];
    places.extend(below.clone());
    places.extend(below.filter_map(|place| entry_named(&place, "timit")));
    places
        .into_iter()
        .find(holds)
        .unwrap_or_else(|| folder.to_owned())
}

/// Dialect, speaker and sentence of `DR1/FCJF0/SA1.WAV`.
fn place(path: &str) -> Option<(String, String, String)> {
    let upper = path.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split('/').collect();
    let [dialect, speaker, file] = parts[..] else {
        return None;
    };
    let dialect = dialect
        .strip_prefix("DR")
        .filter(|number| ("1"..="8").contains(number) && number.len() == 1)?;
    let sentence = file.split('.').next()?;
    let number = ["SA", "SI", "SX"]
        .iter()
        .find_map(|kind| sentence.strip_prefix(kind))?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_speaker = speaker.len() == 5 && speaker.starts_with(['F', 'M']);
    (is_number && is_speaker).then(|| (dialect.to_owned(), speaker.to_owned(), sentence.to_owned()))
}

/// Fills in the column `part`. The utterances are sorted by speaker and sentence.
fn part(utterances: &mut [Utterance]) {
    for sentences in utterances.chunk_by_mut(|a, b| a.speaker == b.speaker) {
        let num_first = (FIRST_PART * sentences.len() as f64).round() as usize;
        for (index, utterance) in sentences.iter_mut().enumerate() {
            let part = if index < num_first { "1" } else { "2" };
            utterance.columns.insert("part".to_owned(), part.to_owned());
        }
    }
}

/// `ID Sex DR Use RecDate BirthDate Ht Race Edu Comments`, blanks between, `;` before remarks. The name of a speaker's
/// folder is sex and ID.
fn add_speaker_information(
    root: &Path,
    utterances: &mut [Utterance],
    notes: &mut Vec<Problem>,
) -> Result<(), PrepError> {
    let documents = entry_named(root, "doc").or_else(|| entry_named(root.parent()?, "doc"));
    let places = [Some(root.to_owned()), documents];
    let Some(path) = places
        .into_iter()
        .flatten()
        .find_map(|place| entry_named(&place, "spkrinfo.txt"))
    else {
        return Ok(());
    };
    let expected = "`ID Sex DR Use RecDate BirthDate Ht Race Edu Comments`";
    let rows = table::read(&path, expected, |_, line| {
        if line.trim_start().starts_with(';') {
            return Ok(None);
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            [
                id,
                sex,
                dialect,
                _use,
                recorded,
                _born,
                _height,
                _race,
                education,
                ..,
            ] => {
                let speaker = format!("{sex}{id}").to_ascii_uppercase();
                Ok(Some((
                    speaker,
                    [dialect, recorded, education].map(str::to_owned),
                )))
            }
            _ => Err(format!("{} fields", fields.len())),
        }
    })?;
    let known: BTreeMap<String, [String; 3]> = rows.into_iter().collect();
    let mut strangers: BTreeMap<&str, String> = BTreeMap::new();
    for utterance in utterances.iter_mut() {
        match known.get(&utterance.speaker) {
            Some([dialect, recorded, education]) => {
                utterance
                    .columns
                    .insert("recorded".to_owned(), recorded.clone());
                if !education.starts_with('?') {
                    utterance
                        .columns
                        .insert("education".to_owned(), education.clone());
                }
                if utterance.columns.get("dialect") != Some(dialect) {
                    strangers.insert(
                        &utterance.speaker,
                        format!("is of dialect {dialect} in this table, but lies elsewhere"),
                    );
                }
            }
            None => {
                strangers.insert(&utterance.speaker, "is not in this table".to_owned());
            }
        }
    }
    for (speaker, message) in strangers {
        notes.push(Problem::at(
            ProblemKind::Misplaced,
            &path,
            format!("speaker {speaker} {message}"),
        ));
    }
    Ok(())
}
