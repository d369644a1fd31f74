//! Folders whose names are the speakers.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::Manifest;
use super::row::join_components;
use super::utterance::Utterance;
use crate::error::DataError;
use crate::problem::{Problem, ProblemKind};

/// Endings of the files that are taken for recordings, in any case.
const AUDIO_EXTENSIONS: [&str; 14] = [
    "aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "mp3", "mp4", "oga", "ogg", "sph", "wav",
    "wave",
];

/// Folders are not followed deeper than this.
const MAX_DEPTH: usize = 32;

impl Manifest {
    /// Takes every audio file at `<speaker>/<utterance>` or `<speaker>/<session>/<utterance>` below `root`;
    /// both may occur in one tree. Other files and hidden ones (`._1.wav` beside `1.wav`) are passed over; audio
    /// files at other depths, folders that cannot be read and names that are no UTF-8 are put into
    /// [`Manifest::notes`].
    ///
    /// # Errors
    /// [`DataError::NothingFound`] if there is no such file; it prints the layouts that are understood.
    pub fn from_folder(root: &Path) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(DataError::NothingFound {
                path: root.to_owned(),
                found: "There is no such folder.".to_owned(),
            });
        }
        let mut utterances = Vec::new();
        let mut notes = Vec::new();
        let mut num_files = 0usize;
        let note = |kind, path: &Path, message: String| Problem {
            kind,
            source: Some(path.to_owned()),
            line: None,
            message,
        };
        for entry in WalkDir::new(root)
            .follow_links(true)
            .max_depth(MAX_DEPTH)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
        {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    notes.push(note(ProblemKind::UnreadableFile, &path, error.to_string()));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            num_files += 1;
            let path = entry.path();
            if !is_audio(path) {
                continue;
            }
            let below = path.strip_prefix(root).unwrap_or(path);
            if below.to_str().is_none() {
                let message = "the name is not UTF-8; rename it".to_owned();
                notes.push(note(ProblemKind::Misplaced, path, message));
                continue;
            }
            let id = join_components(below);
            let parts: Vec<&str> = id.split('/').collect();
            let (speaker, session) = match parts.as_slice() {
                [speaker, _] => (*speaker, None),
                [speaker, session, _] => (*speaker, Some((*session).to_owned())),
                other => {
                    let message = format!(
                        "{} folders deep; expected <speaker>/<utterance> or <speaker>/<session>/<utterance>; left out",
                        other.len() - 1
                    );
                    notes.push(note(ProblemKind::Misplaced, path, message));
                    continue;
                }
            };
            let mut utterance = Utterance::new(id.clone(), path, speaker);
            utterance.session = session;
            utterances.push(utterance);
        }
        if utterances.is_empty() {
            let example = notes.first().map_or(String::new(), |n| format!(" ({n})"));
            let misplaced = notes.len();
            return Err(DataError::NothingFound {
                path: root.to_owned(),
                found: format!(
                    "Of {num_files} files none is audio in a speaker's folder; {misplaced} could not be placed{example}."
                ),
            });
        }
        let mut manifest = Self::new(root, utterances);
        manifest.notes = notes;
        Ok(manifest)
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_audio(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            AUDIO_EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}
