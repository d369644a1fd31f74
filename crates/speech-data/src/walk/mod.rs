//! Audio files below a folder.

mod file_name;
mod kind;
mod passed_over;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::is_audio_path;
use walkdir::{DirEntry, WalkDir};

use crate::problem::{Problem, ProblemKind};
use kind::Kind;

pub use file_name::{escaped, slashed};
pub(crate) use kind::kind_of;
pub use passed_over::PassedOver;

/// Folders are not followed deeper than this.
const MAX_DEPTH: usize = 32;

/// A recording below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioFile {
    /// Its path below the folder with `/` between the parts, each [`escaped`].
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The recordings below a folder.
#[derive(Debug, Default)]
pub struct AudioFiles {
    /// Sorted folder by folder.
    pub files: Vec<AudioFile>,
    /// What was left out: sound of other endings, links that lead nowhere or in a circle, folders that cannot be read,
    /// pipes and devices. One of each kind, with their number.
    pub notes: Vec<Problem>,
    /// Archives and Parquet files, which may hold recordings.
    pub archives: Vec<PathBuf>,
    /// Files of other kinds: texts, pictures, …, counted by their endings; empty where there are none.
    pub others: String,
    /// How many files were passed over, sound or not.
    pub num_others: usize,
    /// What was passed over or left out, counted.
    pub passed_over: PassedOver,
}

impl AudioFiles {
    /// Walks `folder`, links included; a folder that does not exist holds nothing. Recordings are told by the endings
    /// that [`is_audio_path`] knows, in any case. Hidden files and folders (`._1.wav` beside `1.wav`) are passed over
    /// and counted; hidden folders and hidden recordings are noted.
    pub fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        if !folder.is_dir() {
            return found;
        }
        let mut passed_over = Remains::default();
        let hidden = RefCell::new(Hidden::default());
        let entries = walker(folder).filter_entry(|entry| {
            let is_shown = entry.depth() == 0 || !is_hidden(entry);
            if !is_shown {
                hidden.borrow_mut().add(entry);
            }
            is_shown
        });
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    passed_over.add_error(folder, &error);
                    continue;
                }
            };
            let kind = entry.file_type();
            if kind.is_dir() {
                if entry.depth() == MAX_DEPTH {
                    passed_over.add("lie too deep and were not looked into", entry.path(), "");
                }
                continue;
            }
            if !kind.is_file() {
                if is_audio_path(entry.path()) {
                    let what = entry.metadata().map_or("no regular file", |m| kind_of(&m));
                    passed_over.add(
                        "are pipes, sockets or devices and no files",
                        entry.path(),
                        what,
                    );
                }
                continue;
            }
            if !is_audio_path(entry.path()) {
                *passed_over.kinds.entry(Kind::of(entry.path())).or_default() += 1;
                if has_recordings_inside(entry.path()) {
                    found.archives.push(entry.into_path());
                }
                continue;
            }
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let name = slashed(below);
            found.files.push(AudioFile {
                name,
                path: entry.into_path(),
            });
        }
        passed_over.tell(folder, &mut found);
        hidden.into_inner().tell(folder, &mut found);
        found
    }

    /// The names alone, for corpora whose files have names of ASCII; a file whose name is not even UTF-8 is noted.
    pub fn into_names(self) -> (Vec<String>, Vec<Problem>) {
        let mut notes = self.notes;
        let mut names = Vec::with_capacity(self.files.len());
        for file in self.files {
            match file.path.to_str() {
                Some(_) => names.push(file.name),
                None => {
                    let message =
                        "the name is not UTF-8, which no file of this corpus has; left out";
                    notes.push(Problem::at(ProblemKind::LeftOut, &file.path, message));
                }
            }
        }
        (names, notes)
    }
}

fn has_recordings_inside(path: &Path) -> bool {
    let is_one = |known: &str| {
        path.extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case(known))
    };
    is_one("tar") || is_one("parquet")
}

/// What is below a folder and was not taken.
#[derive(Default)]
struct Remains {
    kinds: BTreeMap<Kind, usize>,
    /// By what is wrong with them: how many, and the first with what there is to say of it.
    wrong: BTreeMap<&'static str, (usize, PathBuf, String)>,
}

impl Remains {
    fn add(&mut self, what: &'static str, path: &Path, detail: impl Into<String>) {
        let one = self.wrong.entry(what);
        one.or_insert_with(|| (0, path.to_owned(), detail.into())).0 += 1;
    }

    fn add_error(&mut self, folder: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(folder);
        if let Some(ancestor) = error.loop_ancestor() {
            let detail = format!("it leads back to {}", ancestor.display());
            self.add("are links that lead in a circle", path, detail);
        } else if error
            .io_error()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
        {
            self.add("are links that lead nowhere", path, "");
        } else {
            let detail = error
                .io_error()
                .map_or(error.to_string(), ToString::to_string);
            self.add("cannot be read", path, detail);
        }
    }

    fn tell(self, folder: &Path, found: &mut AudioFiles) {
        let list = |is_sound: bool| {
            let kinds = self
                .kinds
                .iter()
                .filter(|(kind, _)| kind.is_sound() == is_sound);
            let (mut total, mut texts) = (0, Vec::new());
            for (kind, count) in kinds {
                total += count;
                texts.push(kind.counted(*count));
            }
            let shown = texts.len().min(12);
            if texts.len() > shown {
                texts.truncate(shown);
                texts.push("others".to_owned());
            }
            (total, texts.join(", "))
        };
        let ((num_sound, sound), (num_others, others)) = (list(true), list(false));
        for (kind, count) in &self.kinds {
            let counts = match kind.is_sound() {
                true => &mut found.passed_over.sound,
                false => &mut found.passed_over.others,
            };
            *counts.entry(kind.ending()).or_default() += count;
        }
        for (what, (count, ..)) in &self.wrong {
            found
                .passed_over
                .left_out
                .insert((*what).to_owned(), *count);
        }
        found.num_others = num_sound + num_others;
        found.others = others;
        if num_sound > 0 {
            let files = if num_sound == 1 {
                "1 file of sound was"
            } else {
                &format!("{num_sound} files of sound were")
            };
            let message = format!(
                "{files} passed over: {sound}; folders are looked through for the usual endings alone: name such files one by one, rename or convert them"
            );
            found
                .notes
                .push(Problem::at(ProblemKind::LeftOut, folder, message));
        }
        for (what, (count, first, detail)) in self.wrong {
            let detail = match detail.as_str() {
                "" => String::new(),
                detail => format!(" ({detail})"),
            };
            let message = match count {
                1 => format!("left out: of those that {what}{detail}"),
                count => format!("left out, with {} more that {what}{detail}", count - 1),
            };
            found
                .notes
                .push(Problem::at(ProblemKind::LeftOut, &first, message));
        }
    }
}

/// Everything below a folder in the order of the names, links followed, hidden files and folders passed over.
pub fn walk(folder: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    walker(folder).filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
}

fn walker(folder: &Path) -> walkdir::IntoIter {
    WalkDir::new(folder)
        .follow_links(true)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name()
        .into_iter()
}

/// What is hidden below a folder.
#[derive(Default)]
struct Hidden {
    num_files: usize,
    num_folders: usize,
    /// Folders and recordings, which somebody may miss: how many, and the first. What the Finder of macOS leaves beside each
    /// file, `._1.wav`, is no recording.
    to_note: Option<(usize, PathBuf)>,
}

impl Hidden {
    fn add(&mut self, entry: &DirEntry) {
        let is_folder = entry.file_type().is_dir();
        *match is_folder {
            true => &mut self.num_folders,
            false => &mut self.num_files,
        } += 1;
        let is_of_finder = entry.file_name().as_encoded_bytes().starts_with(b"._");
        if is_folder || is_audio_path(entry.path()) && !is_of_finder {
            self.to_note
                .get_or_insert_with(|| (0, entry.path().to_owned()))
                .0 += 1;
        }
    }

    fn tell(self, folder: &Path, found: &mut AudioFiles) {
        found.passed_over.hidden_files = self.num_files;
        found.passed_over.hidden_folders = self.num_folders;
        let Some((count, first)) = self.to_note else {
            return;
        };
        let message = format!(
            "{} passed over, since {} hidden (`{}`{}); name {} to have {} looked through",
            match count {
                1 => "1 folder or recording is".to_owned(),
                count => format!("{count} folders or recordings are"),
            },
            if count == 1 { "it is" } else { "they are" },
            slashed(first.strip_prefix(folder).unwrap_or(&first)),
            if count == 1 { "" } else { ", …" },
            if count == 1 { "it" } else { "them" },
            if count == 1 { "it" } else { "them" },
        );
        let note = Problem::at(ProblemKind::Hidden, folder, message);
        found.notes.push(note);
    }
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

    fn names(found: &AudioFiles) -> Vec<&str> {
        found.files.iter().map(|file| file.name.as_str()).collect()
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
        assert_eq!(
            names(&found),
            ["a.ogg", "b/1.FLAC", "b/2.wav", "b/c/d/e.mp3"]
        );
        assert_eq!((found.num_others, &found.notes), (2, &Vec::new()));
        assert_eq!(found.others, "1 without an ending, 1 .txt");
    }

    #[test]
    fn hidden_files_and_folders_are_passed_over_but_not_a_hidden_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(".corpus");
        for name in ["ann/1.wav", "ann/._1.wav", ".trash/2.wav"] {
            put(&root, name);
        }
        let found = AudioFiles::below(&root);
        assert_eq!((names(&found), found.num_others), (vec!["ann/1.wav"], 0));
        let counts = (
            found.passed_over.hidden_files,
            found.passed_over.hidden_folders,
        );
        assert_eq!(counts, (1, 1));
        assert_eq!(found.notes.len(), 1);
        assert!(!found.notes[0].is_left_out());
        let text = found.notes[0].to_string();
        assert!(
            text.contains("1 folder or recording is passed over, since it is hidden (`.trash`)"),
            "{text}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let found = AudioFiles::below(&folder.path().join("absent"));
        assert!(found.files.is_empty() && found.notes.is_empty());
    }

    #[test]
    fn sound_of_other_endings_is_one_line_with_its_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.wav", "b.opus", "c.OPUS", "d.webm", "e.txt", "f.jpg"] {
            put(folder.path(), name);
        }
        std::fs::write(folder.path().join("g"), b"RIFF\0\0\0\0WAVEfmt ").unwrap();
        std::fs::write(folder.path().join("h.bak"), b"fLaC\0\0\0\0").unwrap();
        let found = AudioFiles::below(folder.path());
        assert_eq!(names(&found), ["a.wav"]);
        assert_eq!(found.notes.len(), 1);
        assert!(found.notes[0].is_left_out());
        let text = found.notes[0].to_string();
        let expected = "5 files of sound were passed over: 2 .opus, 1 .webm, 1 without an ending that begins as RIFF WAVE, 1 .bak that begins as FLAC;";
        assert!(text.contains(expected), "{text}");
        assert_eq!(found.others, "1 .jpg, 1 .txt");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf_8_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for name in [b"M\xf6ller.wav", b"M\xfcller.wav"] {
            let name = std::ffi::OsStr::from_bytes(name);
            if std::fs::write(folder.path().join(name), b"x").is_err() {
                // Some file systems have no such names.
                return;
            }
        }
        let found = AudioFiles::below(folder.path());
        assert_eq!(names(&found), ["M\\xf6ller.wav", "M\\xfcller.wav"]);
        assert!(found.files.iter().all(|file| file.path.is_file()));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_a_circle_or_nowhere_are_noted_each_kind_once() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "ann/1.wav");
        symlink(folder.path(), folder.path().join("ann/again")).unwrap();
        symlink("absent", folder.path().join("ann/2.wav")).unwrap();
        symlink("absent", folder.path().join("ann/3.wav")).unwrap();
        let found = AudioFiles::below(folder.path());
        assert_eq!(names(&found), ["ann/1.wav"]);
        let texts: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(
            texts[0].contains("ann/again: left out: of those that are links that lead in a circle"),
            "{texts:?}"
        );
        assert!(
            texts[1].contains("ann/2.wav: left out, with 1 more that are links that lead nowhere"),
            "{texts:?}"
        );
    }
}
