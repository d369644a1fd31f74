//! AISHELL-1 (Bu et al. 2017), OpenSLR 33.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use speech_data::{AudioFiles, Gender, Manifest, Problem, ProblemKind, Utterance, split};

use super::files::Misplaced;
use super::{Corpus, table};
use crate::error::PrepError;

const LAYOUT: &str =
    "  <DIR or DIR/data_aishell>/wav/train/S0002/BAC009S0002W0122.wav, and dev, test
  <DIR>/resource_aishell/speaker.info beside data_aishell, for the genders";

/// A speaker was recorded once, so there are no sessions.
pub(super) fn read(folder: &Path) -> Result<Corpus, PrepError> {
    let root = ["", "data_aishell", "AISHELL-1/data_aishell"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|root| root.join("wav").is_dir())
        .unwrap_or_else(|| folder.to_owned());
    let wav = root.join("wav");
    let (names, mut notes) = AudioFiles::below(&wav).into_names();
    let packed = packed(&wav);
    if packed > 0 {
        let message = format!(
            "{packed} archives of speakers (S0002.tar.gz) are not unpacked yet; unpack them where they lie"
        );
        notes.push(Problem::at(ProblemKind::LeftOut, &wav, message));
    }
    let genders = genders(&[&root, folder])?;
    let mut misplaced =
        Misplaced::new("wav/<train, dev or test>/<speaker>/<speaker's utterance>.wav");
    let mut utterances = Vec::with_capacity(names.len());
    for path in names {
        let parts: Vec<&str> = path.split('/').collect();
        let (part, speaker) = match parts[..] {
            [
                part @ (split::TRAIN | split::DEV | split::TEST),
                speaker,
                file,
            ] if file.contains(speaker) => (part, speaker),
            _ => {
                misplaced.add(&wav.join(&path));
                continue;
            }
        };
        let id = format!("wav/{path}");
        let mut utterance = Utterance::new(id.clone(), root.join(&id), speaker);
        utterance.split = Some(part.to_owned());
        utterance.gender = genders.get(speaker.trim_start_matches('S')).copied();
        utterances.push(utterance);
    }
    let found = misplaced.finish(&mut notes);
    if utterances.is_empty() {
        let first = notes.first().filter(|_| packed > 0);
        return Err(PrepError::NothingFound {
            path: folder.to_owned(),
            corpus: "AISHELL-1",
            found: first.map_or(found, |note| note.message.clone()),
            layouts: LAYOUT,
        });
    }
    let mut manifest = Manifest::new(root, utterances);
    manifest.notes = notes;
    Ok(manifest.into())
}

/// Archives of one speaker each, as the corpus is delivered.
fn packed(wav: &Path) -> usize {
    let is_archive = |path: PathBuf| path.to_string_lossy().ends_with(".tar.gz");
    let entries = std::fs::read_dir(wav).into_iter().flatten().flatten();
    entries.filter(|entry| is_archive(entry.path())).count()
}

/// `0002 M` or `S0002 M` a line.
fn genders(roots: &[&Path]) -> Result<BTreeMap<String, Gender>, PrepError> {
    let beside = |root: &&Path| {
        let above = root.parent().unwrap_or(root);
        [
            root.join("resource_aishell/speaker.info"),
            above.join("resource_aishell/speaker.info"),
        ]
    };
    let Some(path) = roots.iter().flat_map(beside).find(|path| path.is_file()) else {
        return Ok(BTreeMap::new());
    };
    let rows = table::read(&path, "`<speaker> <M or F>`", |_, line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [speaker, gender] = fields[..] else {
            return Err(format!("{} fields instead of 2", fields.len()));
        };
        let gender =
            Gender::from_name(gender).ok_or_else(|| format!("the gender is `{gender}`"))?;
        Ok(Some((speaker.trim_start_matches('S').to_owned(), gender)))
    })?;
    Ok(rows.into_iter().collect())
}
