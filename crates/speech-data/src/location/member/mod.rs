//! Recordings that are no files of their own: members of archives, cells of tables, what a command gives.

mod cell;
mod command;
mod range;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;

pub use cell::Cell;
pub(crate) use cell::SoundTable;
pub use command::Command;
pub use range::ByteRange;

/// No recording has more bytes, as with files.
const MOST_BYTES: u64 = 2 << 30;

/// What holds the bytes of a recording that is not a file of its own. They are read whenever they are needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    /// Some bytes of a file: a member of a tar, an entry of a Kaldi archive.
    Range(ByteRange),
    /// A cell of a Parquet file.
    Cell(Cell),
    /// What a command writes.
    Command(Arc<Command>),
}

impl Member {
    /// The bytes of the audio file.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Member`].
    pub fn read(&self) -> Result<Vec<u8>, DataError> {
        match self {
            Self::Range(range) => range.read(),
            Self::Cell(cell) => cell.read(),
            Self::Command(command) => command.run(),
        }
    }

    /// The file that has to be there for it, if there is one.
    pub fn container(&self) -> Option<&Path> {
        match self {
            Self::Range(range) => Some(range.file()),
            Self::Cell(cell) => Some(cell.file()),
            Self::Command(_) => None,
        }
    }

    /// About how many bytes it has; 0 where that is not known.
    pub fn num_bytes(&self) -> u64 {
        match self {
            Self::Range(range) => range.num_bytes().unwrap_or(0),
            Self::Cell(cell) => cell.num_bytes(),
            Self::Command(_) => 0,
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Cell(cell) => cell.fmt(f),
            Self::Command(command) => command.fmt(f),
        }
    }
}

/// A recording whose bytes cannot be had.
fn failed(recording: impl fmt::Display, found: impl Into<String>) -> DataError {
    DataError::Member {
        recording: recording.to_string(),
        found: found.into(),
    }
}
