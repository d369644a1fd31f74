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

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }

    #[test]
    fn recordings_are_named_from_the_folder_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b/2.wav",
            "b/1.FLAC",
            "a.ogg",
            "b/c/d/e.mp3",
            "notes.txt",
            "b/README",
        ] {
            put(folder.path(), name);
        }
        let found = AudioFiles::below(folder.path());
        assert_eq!(found.names, ["a.ogg", "b/1.FLAC", "b/2.wav", "b/c/d/e.mp3"]);
        assert_eq!((found.num_others, found.notes), (2, Vec::new()));
    }

    #[test]
    fn hidden_files_and_folders_are_passed_over_but_not_a_hidden_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(".corpus");
        for name in ["ann/1.wav", "ann/._1.wav", ".trash/2.wav"] {
            put(&root, name);
        }
        let found = AudioFiles::below(&root);
        assert_eq!(
            (found.names, found.num_others),
            (vec!["ann/1.wav".to_owned()], 0)
        );
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let found = AudioFiles::below(&folder.path().join("absent"));
        assert!(found.names.is_empty() && found.notes.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf_8_is_noted() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
        if std::fs::write(folder.path().join(name), b"x").is_err() {
            // Some file systems have no such names.
            return;
        }
        let found = AudioFiles::below(folder.path());
        assert!(found.names.is_empty());
        assert!(
            found.notes[0].to_string().contains("not UTF-8"),
            "{:?}",
            found.notes
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_in_a_circle_is_noted_and_followed_no_further() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "ann/1.wav");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("ann/again")).unwrap();
        let found = AudioFiles::below(folder.path());
        assert_eq!(found.names, ["ann/1.wav"]);
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    }
}
