//! One process trains in a directory at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;

use crate::TrainError;

/// The file in a run's directory that the process which trains there has locked.
const LOCK_FILE: &str = ".lock";

/// The directory of a run, taken until this is dropped. The system gives it free when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct RunLock {
    file: File,
}

impl Drop for RunLock {
    /// A child process that was being started has the file too for a moment, and with it the lock, unless it is given back.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl RunLock {
    /// Takes the directory `run`.
    ///
    /// # Errors
    /// [`TrainError::Busy`] where another process has it, and [`TrainError::Io`].
    pub(crate) fn take(run: &Path) -> Result<Self, TrainError> {
        let path = run.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(TrainError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                let known = file.read_to_string(&mut by).is_ok() && !by.trim().is_empty();
                return Err(TrainError::Busy {
                    path: run.to_owned(),
                    by: match known {
                        true => format!(" ({})", by.trim()),
                        false => String::new(),
                    },
                });
            }
            // A file system without locks is no reason not to train.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(TrainError::io(&path)(error)),
        }
        // Who has it is for the message alone: a full disk does not matter.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = writeln!(file, "process {}", std::process::id());
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn a_directory_is_taken_once_and_free_again_after_that() {
        let run = tempfile::tempdir().unwrap();
        let first = RunLock::take(run.path()).unwrap();
        let second = RunLock::take(run.path()).unwrap_err();
        let words = second.to_string();
        let process = format!("another process (process {})", std::process::id());
        assert!(words.contains(&process), "{words}");
        drop(first);
        // What a killed process leaves is the file, not the lock.
        assert!(run.path().join(LOCK_FILE).exists());
        RunLock::take(run.path()).unwrap();
    }
}
