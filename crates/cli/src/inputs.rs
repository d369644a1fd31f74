//! PATHS: recordings, folders of them, manifests, standard input.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use audio_features::is_audio_path;
use speech_data::store::Store;
use speech_data::{Filter, Location, Manifest, Utterance, walk};

use crate::console::Console;
use crate::fault::{fault, usage};
use crate::stdin::{self, StandardInput};

/// A recording to embed.
#[derive(Debug)]
pub(crate) struct Input {
    /// What it is called in outputs: the path below the folder given, or the path as given.
    pub(crate) id: String,
    /// Where its bytes are.
    pub(crate) location: Location,
    /// Who speaks, where a folder or a manifest says so.
    pub(crate) speaker: Option<String>,
}

impl Input {
    /// A file of which nothing else is known.
    pub(crate) fn file(id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            location: Location::from(path.into()),
            speaker: None,
        }
    }

    /// A recording of a manifest.
    pub(crate) fn of(utterance: &Utterance) -> Self {
        Self {
            id: utterance.id.clone(),
            location: utterance.location.clone(),
            speaker: Some(utterance.speaker.clone()),
        }
    }

    /// Its path, as it is shown.
    pub(crate) fn path(&self) -> String {
        self.location.to_string()
    }
}

/// All recordings that `paths` mean, in order, each once. `filters` choose among manifests' rows.
pub(crate) fn gather(
    paths: &[PathBuf],
    filters: &[Filter],
    console: &Console,
) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let alone = paths.len() == 1;
    for path in paths {
        if path == Path::new("-") {
            match stdin::read()? {
                StandardInput::Paths(listed) => {
                    inputs.extend(listed.iter().map(|path| named(path)))
                }
                StandardInput::Recording(bytes) => inputs.push(Input {
                    id: stdin::NAME.to_owned(),
                    location: Location::memory(stdin::NAME, bytes),
                    speaker: None,
                }),
            }
        } else if Store::is_store(path) {
            let store = Arc::new(Store::open(path)?);
            inputs.extend(from_store(&store, filters, console)?);
        } else if is_manifest(path) {
            inputs.extend(manifest(path, filters, console)?);
        } else if path.is_dir() {
            inputs.extend(below(path, alone, console));
        } else {
            inputs.push(named(path));
        }
    }
    let mut seen = HashSet::new();
    inputs.retain(|input| {
        let is_new = seen.insert(input.id.clone());
        if !is_new {
            console.warn(&format!("`{}` was given twice; it is used once", input.id));
        }
        is_new
    });
    if inputs.is_empty() {
        let list: Vec<String> = paths
            .iter()
            .map(|path| format!("`{}`", path.display()))
            .collect();
        return Err(fault(
            format!("no recordings in {}", list.join(", ")),
            "recordings are known by their endings in folders: wav, flac, mp3, ogg, m4a, aiff, caf; name others one by one",
        ));
    }
    Ok(inputs)
}

/// A recording given by its own path. Its folder may be its speaker's, see [`crate::speakers`].
fn named(path: &Path) -> Input {
    Input::file(path.display().to_string(), path)
}

/// Whether a path is a manifest: a table, JSON lines, or a folder that holds `split.tsv` or `wav.scp`.
fn is_manifest(path: &Path) -> bool {
    if path.is_dir() {
        return path.join("split.tsv").is_file() || path.join("wav.scp").is_file();
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        ["csv", "tsv", "jsonl", "json", "ndjson", "scp"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    })
}

fn manifest(path: &Path, filters: &[Filter], console: &Console) -> Result<Vec<Input>> {
    let manifest = Manifest::read(path, None)?.filter(filters)?;
    for note in &manifest.notes {
        console.warn(&note.to_string());
    }
    console.detail(&format!(
        "`{}` is a manifest of {} recordings",
        path.display(),
        manifest.utterances.len()
    ));
    Ok(manifest.utterances.iter().map(Input::of).collect())
}

/// The recordings of a store that pass the filters.
fn from_store(store: &Arc<Store>, filters: &[Filter], console: &Console) -> Result<Vec<Input>> {
    let manifest = Manifest::from_store(store)?.filter(filters)?;
    let summary = store.summary();
    if let Some(part) = summary.part {
        let path = store.path().display();
        console.warn(&format!("`{path}` is part {part} of a store"));
    }
    console.detail(&format!(
        "`{}` is a store of {} recordings",
        store.path().display(),
        summary.utterances
    ));
    Ok(manifest.utterances.iter().map(Input::of).collect())
}

/// The recordings below a folder, sorted. Hidden files (`._1.wav` beside `1.wav`) are passed over.
fn below(root: &Path, alone: bool, console: &Console) -> Vec<Input> {
    let mut inputs = Vec::new();
    for entry in walk(root) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                console.warn(&error.to_string());
                continue;
            }
        };
        if !entry.file_type().is_file() || !is_audio_path(entry.path()) {
            continue;
        }
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let id = match alone {
            true => slashed(below),
            false => entry.path().display().to_string(),
        };
        let mut input = Input::file(id, entry.path());
        input.speaker = speaker_of(root, below, alone);
        inputs.push(input);
    }
    inputs
}

/// The speaker is the first folder below `root`; of several folders that hold recordings, each may be a
/// speaker's own.
fn speaker_of(root: &Path, below: &Path, alone: bool) -> Option<String> {
    let mut folders = below.parent()?.components();
    match folders.next() {
        Some(first) => Some(first.as_os_str().to_string_lossy().into_owned()),
        None if alone => None,
        None => Some(root.file_name()?.to_string_lossy().into_owned()),
    }
}

/// A relative path with `/` between its folders on every system.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Refuses filters where nothing has columns.
pub(crate) fn check_filters(paths: &[PathBuf], filters: &[Filter]) -> Result<()> {
    let has_columns = |path: &PathBuf| is_manifest(path) || Store::is_store(path);
    if filters.is_empty() || paths.iter().any(has_columns) {
        return Ok(());
    }
    Err(usage(
        "`--filter` needs a manifest or a store, and none of the paths is one",
        "give a table with columns, such as `split.tsv`, or the folder that holds it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speaker_is_the_first_folder_below_the_one_given() {
        let speaker =
            |below: &str, alone| speaker_of(Path::new("voices/v01"), Path::new(below), alone);
        assert_eq!(speaker("ann/day1/1.wav", true).as_deref(), Some("ann"));
        assert_eq!(speaker("1.wav", true), None);
        assert_eq!(speaker("1.wav", false).as_deref(), Some("v01"));
    }

    #[test]
    fn tables_are_manifests_and_recordings_are_not() {
        for name in ["a/split.tsv", "b.JSONL", "wav.scp"] {
            assert!(is_manifest(Path::new(name)), "{name}");
        }
        assert!(!is_manifest(Path::new("a/b.wav")));
    }
}
