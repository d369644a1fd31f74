//! What can keep a journal from being read or written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::JOURNAL_FILE;

/// An error of a journal's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause, as the system gives it.
        source: std::io::Error,
    },
    /// A place that is no run.
    #[error("`{path}` {found}")]
    NotARun {
        /// The place.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },
    /// A file that is larger than any journal.
    #[error("{path}: {found} bytes, but a journal has at most {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size that is read.
        limit: u64,
    },
}

impl JournalError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Io { .. } => "check that it exists and that its permissions allow it",
            Self::NotARun { .. } => {
                "give the folder of a training run: it holds `journal.jsonl`, what the training wrote of itself, beside `config.toml` and `checkpoints/`"
            }
            Self::TooLarge { .. } => "check that it is the file you mean",
        })
    }

    /// Why the journal of `run` cannot be opened.
    pub(super) fn opening(run: &Path, source: std::io::Error) -> Self {
        let found = if !run.exists() {
            "does not exist"
        } else if !run.is_dir() {
            "is a file, expected the folder of a training run"
        } else if !matches!(source.kind(), ErrorKind::NotFound) {
            return Self::io(run.join(JOURNAL_FILE))(source);
        } else if run.join("bundle.toml").exists() {
            "is a model (it holds `bundle.toml`) and no training run: it holds no journal"
        } else if run.join("config.toml").exists() {
            "holds `config.toml` but no journal: if it is a training run, that has not come to its first step"
        } else {
            "holds no journal, so it is not the folder of a training run"
        };
        Self::NotARun {
            path: run.to_owned(),
            found,
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
