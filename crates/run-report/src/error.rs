//! What can be wrong with what a report is made of.

use std::path::{Path, PathBuf};

use diagnosis::journal::JournalError;
use speaker_eval::EvalError;
use speaker_scoring::ScoringError;

/// Why a report cannot be made. Every variant says what was found and what is needed, `remedy` what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A journal that cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal without a line that can be drawn.
    #[error("`{path}` holds no line of a training, expected JSON lines with an `event`")]
    EmptyJournal {
        /// The journal.
        path: PathBuf,
    },
    /// Something that is not what its field should hold.
    #[error("`{field}` is {found}, expected {expected}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// Embeddings or trials that cannot be measured.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Embeddings that cannot be compared or clustered.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
}

impl ReportError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Io { .. } => "check that it exists and that its permissions allow it",
            Self::Journal(error) => return error.remedy(),
            Self::EmptyJournal { .. } => "give the directory of a training run",
            Self::Invalid { .. } => "make it again",
            Self::Eval(error) => return error.remedy(),
            Self::Scoring(error) => return error.remedy(),
        })
    }

    /// For `map_err`, with the file.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
