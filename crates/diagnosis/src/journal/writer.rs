//! Writes a journal.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::reader::bytes_of;
use super::{Event, JOURNAL_FILE, JournalError};

/// Appends events to the journal of a run.
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    file: File,
}

/// The step of a line, whatever its kind.
#[derive(Deserialize)]
struct Place {
    step: u64,
}

impl JournalWriter {
    /// Opens the journal in the directory `run`, empty for a new run. Where the run goes on from a step, the end of the file is cut off
    /// behind the last line up to that step: what an interrupted process had written after its last checkpoint. Each step
    /// stands in the journal once.
    ///
    /// # Errors
    /// [`JournalError`] where the file cannot be opened, read or cut.
    pub fn open(run: &Path, resumed_at: Option<u64>) -> Result<Self, JournalError> {
        let path = run.join(JOURNAL_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(resumed_at.is_none())
            .open(&path)
            .map_err(JournalError::io(&path))?;
        let mut whole = true;
        if let Some(step) = resumed_at {
            let bytes = bytes_of(&file, &path)?;
            let kept = kept(&bytes, step);
            whole = kept == 0 || bytes.get(kept - 1) == Some(&b'\n');
            file.set_len(kept as u64).map_err(JournalError::io(&path))?;
        }
        file.seek(SeekFrom::End(0))
            .map_err(JournalError::io(&path))?;
        let mut writer = Self { path, file };
        if !whole {
            writer.append(b"\n")?;
        }
        Ok(writer)
    }

    /// Writes a line.
    ///
    /// # Errors
    /// [`JournalError::Io`] where the file cannot be written.
    pub fn write(&mut self, event: &Event) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(event)
            .map_err(|error| JournalError::io(&self.path)(error.into()))?;
        line.push(b'\n');
        self.append(&line)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file
            .write_all(bytes)
            .map_err(JournalError::io(&self.path))
    }
}

/// Length of the part of `bytes` up to the end of the last line of at most `step` steps.
fn kept(bytes: &[u8], step: u64) -> usize {
    let mut kept = 0;
    let mut end = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        end += line.len();
        let place: Result<Place, _> = serde_json::from_slice(line);
        if place.is_ok_and(|place| place.step <= step) {
            kept = end;
        }
    }
    kept
}
