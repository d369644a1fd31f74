//! What can keep a journal from being read or written.

use std::path::PathBuf;

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
            Self::TooLarge { .. } => "check that it is the file you mean",
        })
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
