//! Audio files below a folder.

use std::path::Path;

use audio_features::is_audio_path;
use walkdir::{DirEntry, WalkDir};

use crate::problem::{Problem, ProblemKind};

/// Folders are not followed deeper than this.
const MAX_DEPTH: usize = 32;

/// The recordings below a folder.
#[derive(Debug, Default)]
pub struct AudioFiles {
    /// Paths below the folder with `/` between their parts, sorted folder by folder.
    pub names: Vec<String>,
    /// Folders that cannot be read, names that are not UTF-8.
    pub notes: Vec<Problem>,
    /// Files of other kinds.
    pub num_others: usize,
}

impl AudioFiles {
    /// Walks `folder`, links included; a folder that does not exist holds nothing. Recordings are told by the endings
    /// that [`is_audio_path`] knows. Hidden files and folders (`._1.wav` beside `1.wav`) are passed over.
    pub fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        if !folder.is_dir() {
            return found;
        }
        for entry in walk(folder) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let message = error.to_string();
                    found
                        .notes
                        .push(Problem::at(ProblemKind::UnreadableFile, &path, message));
                    continue;
                }
            };
            if !entry.file_type().is_file() {
                continue;
            }
            if !is_audio_path(entry.path()) {
                found.num_others += 1;
                continue;
            }
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts: Option<Vec<&str>> = below
                .components()
                .map(|part| part.as_os_str().to_str())
                .collect();
            match parts {
                Some(parts) => found.names.push(parts.join("/")),
                None => {
                    let message = "the name is not UTF-8; rename it";
                    found
                        .notes
                        .push(Problem::at(ProblemKind::Misplaced, entry.path(), message));
                }
            }
        }
        found
    }
}

/// Everything below a folder in the order of the names, links followed, hidden files and folders passed over.
pub fn walk(folder: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    WalkDir::new(folder)
        .follow_links(true)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}
