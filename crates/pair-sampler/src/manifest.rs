//! The list of utterances that everything starts from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::SamplerError;
use crate::problem::Problem;
use crate::utterance::Utterance;

/// The layouts that [`Manifest::read`] understands, as its errors show them.
pub(crate) const LAYOUTS: &str =
    "  a folder:      <speaker>/<utterance>.<audio> and <speaker>/<session>/<utterance>.<audio>
  a split file:  <folder>/split.tsv with the columns path, speaker, split, …
  CSV or TSV:    a header with path (or audio_filepath, wav, …) and speaker (or spk_id, label, …)
  JSON lines:    {\"audio_filepath\": …, \"speaker\": …} a line
  a Kaldi folder: wav.scp and utt2spk, optional spk2gender, utt2session, utt2dur";

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
        }
    }

    /// Reads a manifest of any supported form, told apart by what is there: a folder with `wav.scp` is Kaldi's,
    /// one with `split.tsv` follows the split file, any other folder names speakers by its folders; of files,
    /// `wav.scp` stands for its folder, JSON lines begin with `{`, everything else is a table.
    ///
    /// `root` is the folder that relative paths start from; by default the folder itself or the table's folder.
    ///
    /// # Errors
    /// What the reader of that form fails with.
    pub fn read(path: &Path, root: Option<&Path>) -> Result<Self, SamplerError> {
        if path.is_dir() {
            let split = path.join("split.tsv");
            if path.join("wav.scp").is_file() {
                return crate::kaldi::read(path, root.unwrap_or(path));
            }
            if split.is_file() {
                return Self::from_table(&split, root.unwrap_or(path));
            }
            return Self::from_folder(path);
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Self::from_table(path, root.unwrap_or(folder))
    }

    /// The protocol's split file: a table with the columns `path speaker corpus session gender split seconds`,
    /// `-` for unknown. A relative `split_tsv` that does not exist is looked for in `data_root`.
    ///
    /// # Errors
    /// See [`Manifest::from_table`].
    pub fn with_split_file(data_root: &Path, split_tsv: &Path) -> Result<Self, SamplerError> {
        let beside = data_root.join(split_tsv);
        let file = if split_tsv.exists() || !beside.exists() {
            split_tsv
        } else {
            &beside
        };
        Self::from_table(file, data_root)
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
        let mut names = vec!["id", "speaker"];
        for name in ["session", "gender", "split"] {
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
    pub(crate) fn require_column(&self, column: &str) -> Result<(), SamplerError> {
        if self.utterances.iter().any(|u| u.column(column).is_some()) {
            return Ok(());
        }
        Err(SamplerError::UnknownColumn {
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

/// Names for a message, the first twenty of them.
pub(crate) fn name_list(names: &[&str]) -> String {
    let shown = names.iter().take(20).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > 20 {
        text.push_str(&format!(" and {} more", names.len() - 20));
    }
    if text.is_empty() {
        text.push_str("none");
    }
    text
}
