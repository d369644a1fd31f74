//! What tells that a file is still the same.

use std::path::Path;
use std::time::SystemTime;

use crate::TrainError;

/// Size and time of change of a file: while they are the same, so is its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    num_bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self, TrainError> {
        let metadata = std::fs::metadata(path).map_err(TrainError::io(path))?;
        Ok(Self {
            num_bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}
