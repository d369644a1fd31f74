//! VCTK (Yamagishi, Veaux, MacDonald), version 0.92 and the older 0.80.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use speech_data::{AudioFiles, Gender, Manifest, Problem, ProblemKind, Utterance};

use super::files::Misplaced;
use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str =
    "  0.92: <DIR or DIR/VCTK-Corpus-0.92>/wav48_silence_trimmed/p225/p225_001_mic1.flac
  0.80: <DIR or DIR/VCTK-Corpus>/wav48/p225/p225_001.wav
  both: <DIR or DIR/VCTK-Corpus…>/speaker-info.txt";

/// The folders of audio, the better cut ones first.
const AUDIO: [&str; 2] = ["wav48_silence_trimmed", "wav48"];

/// What `speaker-info.txt` says.
#[derive(Debug, Clone, PartialEq)]
struct Speaker {
    gender: Option<Gender>,
    accent: String,
    region: String,
}

/// Of an utterance's two microphones the first is taken, or the one that there is: they are one and the same
/// utterance, and a pair of the two would teach microphones.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let (root, audio) = place(folder);
    let (names, mut notes) = AudioFiles::below(&root.join(audio)).into_names();
    let speakers = speakers(&root, &mut notes)?;
    let mut misplaced = Misplaced::new(
        "<speaker>/<speaker>_<sentence>_mic1.flac or <speaker>/<speaker>_<sentence>.wav",
    );
    // (speaker, sentence) to (path, microphone); the paths are sorted, so the first microphone comes first.
    let mut taken: BTreeMap<(&str, &str), (&str, Option<&str>)> = BTreeMap::new();
    let mut num_twins = 0usize;
    for path in &names {
        match sentence(path) {
            None => misplaced.add(&root.join(audio).join(path)),
            Some((speaker, sentence, microphone)) => {
                use std::collections::btree_map::Entry;
                match taken.entry((speaker, sentence)) {
                    Entry::Occupied(_) => num_twins += 1,
                    Entry::Vacant(place) => {
                        place.insert((path, microphone));
                    }
                }
            }
        }
    }
    let mut strangers = BTreeSet::new();
    let utterances: Vec<Utterance> = taken
        .into_iter()
        .map(|((speaker, sentence), (path, microphone))| {
            let id = format!("{audio}/{path}");
            let mut utterance = Utterance::new(id.clone(), root.join(&id), speaker);
            let mut column = |name: &str, value: &str| {
                if !value.is_empty() {
                    utterance.columns.insert(name.to_owned(), value.to_owned());
                }
            };
            column("sentence", sentence);
            column("microphone", microphone.unwrap_or_default());
            match speakers.get(speaker) {
                Some(known) => {
                    column("accent", &known.accent);
                    column("region", &known.region);
                    utterance.gender = known.gender;
                }
                None => {
                    strangers.insert(speaker);
                }
            }
            utterance
        })
        .collect();
    if num_twins > 0 {
        let message = format!("{num_twins} recordings of a second microphone are left out");
        notes.push(Problem::at(
            ProblemKind::Duplicate,
            &root.join(audio),
            message,
        ));
    }
    if !speakers.is_empty() {
        for speaker in strangers {
            let message =
                format!("speaker {speaker} is not in this table; the gender is not known");
            notes.push(Problem::at(
                ProblemKind::MissingFile,
                &root.join("speaker-info.txt"),
                message,
            ));
        }
    }
    let found = misplaced.finish(&mut notes);
    if utterances.is_empty() {
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "VCTK",
            found,
            layouts: LAYOUT,
        });
    }
    let mut manifest = Manifest::new(root, utterances);
    manifest.notes = notes;
    Ok(manifest.into())
}

/// The corpus's root and the name of its folder of audio.
fn place(folder: &Path) -> (PathBuf, &'static str) {
    let roots = ["", "VCTK-Corpus-0.92", "VCTK-Corpus", "VCTK"].map(|name| folder.join(name));
    for audio in AUDIO {
        if let Some(root) = roots.iter().find(|root| root.join(audio).is_dir()) {
            return (root.clone(), audio);
        }
    }
    (folder.to_owned(), AUDIO[0])
}

/// Speaker, sentence and microphone of `p225/p225_001_mic1.flac`.
fn sentence(path: &str) -> Option<(&str, &str, Option<&str>)> {
    let (speaker, file) = path.split_once('/')?;
    let (stem, _) = file.rsplit_once('.')?;
    let rest = stem.strip_prefix(speaker)?.strip_prefix('_')?;
    let (sentence, microphone) = match rest.split_once('_') {
        Some((sentence, microphone)) => (sentence, Some(microphone)),
        None => (rest, None),
    };
    let is_number = !sentence.is_empty() && sentence.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((speaker, sentence, microphone))
}

/// `ID AGE GENDER ACCENTS REGION COMMENTS`, blanks between; 0.80 writes `225` for `p225`. Regions may hold blanks,
/// comments stand in brackets, the last fields may be absent.
fn speakers(root: &Path, notes: &mut Vec<Problem>) -> Result<BTreeMap<String, Speaker>, PrepError> {
    let path = root.join("speaker-info.txt");
    if !path.is_file() {
        let message = "there is no speaker-info.txt here, so that genders are not known";
        notes.push(Problem::at(ProblemKind::MissingFile, root, message));
        return Ok(BTreeMap::new());
    }
    let expected = "`ID AGE GENDER ACCENTS REGION COMMENTS`";
    let rows = table::read(&path, expected, |_, line| {
        let line = line.split('(').next().unwrap_or_default();
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            ["ID", ..] => Ok(None),
            [id, _age, sex, ref rest @ ..] => {
                let gender = Gender::from_name(sex);
                if gender.is_none() {
                    return Err(format!("the gender of {id} is {sex:?}, expected F or M"));
                }
                let name = match id.starts_with(|c: char| c.is_ascii_digit()) {
                    true => format!("p{id}"),
                    false => id.to_owned(),
                };
                let accent = rest.first().copied().unwrap_or_default().to_owned();
                let region = rest.get(1..).unwrap_or_default().join(" ");
                Ok(Some((
                    name,
                    Speaker {
                        gender,
                        accent,
                        region,
                    },
                )))
            }
            _ => Err(format!("{} fields", fields.len())),
        }
    })?;
    Ok(rows.into_iter().collect())
}
