//! The list of utterances that everything starts from.

mod filter;
mod finish;
mod folder;
mod forms;
mod options;
mod parts;
mod read;
mod stored;
mod utterance;
mod validate;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::DataError;
use crate::names::column;
use crate::problem::{Problem, grouped, name_list};
use crate::walk::PassedOver;

pub use filter::Filter;
pub use folder::{one_folder_above, speaker_and_session};
pub use forms::{is_table, looks_like_table};
pub use options::{FaultyRows, Pipes, ReadOptions, Speakers};
pub use utterance::{Gender, Utterance};
pub use validate::ValidateOptions;

/// Utterances and the folder that their paths are relative to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The folder that relative paths start from.
    pub root: PathBuf,
    /// Sorted by `id`.
    pub utterances: Vec<Utterance>,
    /// The file that was read, for messages; `None` for folders.
    pub source: Option<PathBuf>,
    /// What reading noticed without failing; [`Manifest::validate`] repeats it among its warnings.
    pub notes: Vec<Problem>,
    /// Rows that cannot be used, each with its line, where these were to be left out: [`FaultyRows::LeaveOut`].
    pub faulty: Vec<Problem>,
    /// What a folder holds beside recordings.
    pub passed_over: PassedOver,
}

impl Manifest {
    /// A manifest of given utterances, which it sorts.
    pub fn new(root: impl Into<PathBuf>, mut utterances: Vec<Utterance>) -> Self {
        utterances.sort_by(|a, b| a.id.cmp(&b.id).then(a.line.cmp(&b.line)));
        Self {
            root: root.into(),
            utterances,
            source: None,
            notes: Vec::new(),
            faulty: Vec::new(),
            passed_over: PassedOver::default(),
        }
    }

    /// Other utterances, mostly some of these, with what else is known of this manifest: its root, its source, its notes.
    pub fn with_utterances(&self, utterances: Vec<Utterance>) -> Self {
        Self {
            source: self.source.clone(),
            notes: self.notes.clone(),
            faulty: self.faulty.clone(),
            passed_over: self.passed_over.clone(),
            ..Self::new(&self.root, utterances)
        }
    }

    /// The rows that were left out since they cannot be used, in words; `None` where there are none.
    pub fn faulty_rows(&self) -> Option<String> {
        if self.faulty.is_empty() {
            return None;
        }
        let table = self.source.as_ref().unwrap_or(&self.root);
        let (count, verb) = match self.faulty.len() {
            1 => ("1 row".to_owned(), "is"),
            count => (format!("{count} rows"), "are"),
        };
        Some(format!(
            "{count} of {} cannot be used and {verb} left out:\n  {}",
            table.display(),
            grouped(&self.faulty).join("\n  ")
        ))
    }

    /// The different speakers, sorted by name; the position is the speaker's number.
    pub fn speakers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.utterances.iter().map(|u| u.speaker.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Names of the columns that at least one utterance has a value in, the fixed ones first.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = vec![column::ID];
        for name in [
            column::SPEAKER,
            column::SESSION,
            column::GENDER,
            column::SPLIT,
        ] {
            if self.utterances.iter().any(|u| u.column(name).is_some()) {
                names.push(name);
            }
        }
        let further: BTreeSet<&str> = self
            .utterances
            .iter()
            .flat_map(|u| u.columns.keys().map(String::as_str))
            .collect();
        names.extend(further);
        names
    }

    /// Fails with the known names if no utterance has a value in `column`.
    pub fn require_column(&self, column: &str) -> Result<(), DataError> {
        if self.utterances.iter().any(|u| u.column(column).is_some()) {
            return Ok(());
        }
        Err(DataError::UnknownColumn {
            column: column.to_owned(),
            known: name_list(&self.columns()),
        })
    }

    /// Index of the utterance with this `id`.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.utterances
            .binary_search_by(|u| u.id.as_str().cmp(id))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemKind;

    fn manifest() -> Manifest {
        let utterances = ["b/2", "a/1", "b/1"].map(|id| Utterance::new(id, id, &id[..1]));
        Manifest {
            source: Some("split.tsv".into()),
            notes: vec![Problem::at(
                ProblemKind::Misplaced,
                "x".as_ref(),
                "left out",
            )],
            ..Manifest::new("voices", utterances.to_vec())
        }
    }

    #[test]
    fn utterances_are_sorted_and_found_by_their_names() {
        let manifest = manifest();
        let ids: Vec<&str> = manifest.utterances.iter().map(|u| u.id.as_str()).collect();
        assert_eq!(ids, ["a/1", "b/1", "b/2"]);
        assert_eq!(
            (manifest.find("b/2"), manifest.find("c/1")),
            (Some(2), None)
        );
        assert_eq!(manifest.speakers(), ["a", "b"]);
    }

    #[test]
    fn fewer_utterances_keep_what_reading_noticed() {
        let manifest = manifest();
        let fewer = manifest.with_utterances(manifest.utterances[..1].to_vec());
        assert_eq!((fewer.utterances.len(), &fewer.root), (1, &manifest.root));
        assert_eq!(
            (fewer.source, fewer.notes),
            (manifest.source, manifest.notes)
        );
        let filtered = self::manifest()
            .filter(&["speaker=a".parse().unwrap()])
            .unwrap();
        assert_eq!(filtered.notes.len(), 1);
    }
}
