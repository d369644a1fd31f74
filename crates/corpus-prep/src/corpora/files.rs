//! Walking a corpus's folder.

use std::path::{Path, PathBuf};

use audio_features::is_audio_path;
use speech_data::{Problem, ProblemKind};
use walkdir::WalkDir;

/// Folders are not followed deeper than this.
const MAX_DEPTH: usize = 32;

/// Misplaced files are named up to this number; the others are counted.
const MAX_NAMED: usize = 20;

/// The recordings below a folder.
#[derive(Debug, Default)]
pub(super) struct AudioFiles {
    /// Paths below the folder with `/` between their parts, sorted.
    pub(super) paths: Vec<String>,
    /// Folders that cannot be read, names that are no UTF-8.
    pub(super) notes: Vec<Problem>,
}

impl AudioFiles {
    /// Walks `folder`; a folder that does not exist holds none. Hidden files (`._1.wav` beside `1.wav`) are passed over.
    pub(super) fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        if !folder.is_dir() {
            return found;
        }
        let entries = WalkDir::new(folder)
            .follow_links(true)
            .max_depth(MAX_DEPTH)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
            });
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    found
                        .notes
                        .push(note(ProblemKind::UnreadableFile, &path, error.to_string()));
                    continue;
                }
            };
            if entry.file_type().is_dir() || !is_audio_path(entry.path()) {
                continue;
            }
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts: Option<Vec<&str>> = below
                .components()
                .map(|part| part.as_os_str().to_str())
                .collect();
            match parts {
                Some(parts) => found.paths.push(parts.join("/")),
                None => {
                    let message = "the name is not UTF-8; rename it";
                    found
                        .notes
                        .push(note(ProblemKind::Misplaced, entry.path(), message));
                }
            }
        }
        found
    }
}

/// Files whose place or name does not follow the layout.
#[derive(Debug)]
pub(super) struct Misplaced {
    expected: &'static str,
    notes: Vec<Problem>,
    count: usize,
}

impl Misplaced {
    pub(super) fn new(expected: &'static str) -> Self {
        Self {
            expected,
            notes: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, path: &Path) {
        self.count += 1;
        if self.count <= MAX_NAMED {
            let message = format!("expected {}; left out", self.expected);
            self.notes.push(note(ProblemKind::Misplaced, path, message));
        }
    }

    /// The notes, a last one for those that were not named, and a sentence for "nothing found".
    pub(super) fn finish(mut self, notes: &mut Vec<Problem>) -> String {
        let example = self.notes.first().map(|note| format!(" (first: {note})"));
        let sentence = format!(
            "{} audio files do not follow it{}.",
            self.count,
            example.unwrap_or_default()
        );
        if self.count > MAX_NAMED {
            let message = format!(
                "{} more files are misplaced; left out",
                self.count - MAX_NAMED
            );
            self.notes.push(Problem {
                kind: ProblemKind::Misplaced,
                source: None,
                line: None,
                message,
            });
        }
        notes.append(&mut self.notes);
        sentence
    }
}

/// Something noticed about a file or folder.
pub(super) fn note(kind: ProblemKind, path: &Path, message: impl Into<String>) -> Problem {
    Problem {
        kind,
        source: Some(path.to_owned()),
        line: None,
        message: message.into(),
    }
}

/// The entry of a folder with this name in whatever case: discs and copies of them differ.
pub(super) fn entry_named(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|found| found.to_str())
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        })
        .collect();
    entries.sort();
    entries.into_iter().next()
}
