//! Files that are there as a whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Error, Result};
use durable::{NewFile, folder_of};

use crate::fault::fault;

/// A [`NewFile`] whose faults say what to do.
pub(crate) struct AtomicFile(NewFile);

impl AtomicFile {
    /// Begins a file that will be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        NewFile::create(path).map(Self).map_err(|error| {
            fault(
                format!("cannot write `{}`: {error}", path.display()),
                format!(
                    "check that the folder `{}` exists and may be written to",
                    folder_of(path).display()
                ),
            )
        })
    }

    /// Syncs the file and gives it its name.
    pub(crate) fn finish(self) -> Result<()> {
        let path = self.0.path().to_owned();
        self.0.finish().map_err(|error| unwritable(&path, &error))
    }
}

/// Writes a whole file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)
        .map_err(|error| unwritable(path, &error))?;
    file.finish()
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl std::io::Seek for AtomicFile {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

/// A file that could not be written to its end.
pub(crate) fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    fault(
        format!("cannot write `{}`: {error}", path.display()),
        "check the space on the disk and the permissions of the folder",
    )
}
