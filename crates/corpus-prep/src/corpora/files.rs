//! What does not follow a corpus's layout, and names in whatever case.

use std::path::{Path, PathBuf};

use speech_data::{Problem, ProblemKind};

/// Misplaced files are named up to this number; the others are counted.
const MAX_NAMED: usize = 20;

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
            self.notes
                .push(Problem::at(ProblemKind::Misplaced, path, message));
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
