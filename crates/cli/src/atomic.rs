//! Files that are there as a whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use tempfile::NamedTempFile;

use crate::report::fault;

/// A file that is written beside its place, and takes it when it is whole.
pub(crate) struct AtomicFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl AtomicFile {
    /// Begins a file that will be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".siamang-");
        // Without this the file would be readable by its owner alone.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|error| {
            fault(
                format!("cannot write `{}`: {error}", path.display()),
                format!(
                    "check that the folder `{}` exists and may be written to",
                    folder.display()
                ),
            )
        })?;
        Ok(Self {
            file: BufWriter::new(file),
            path: path.to_owned(),
        })
    }

    /// Syncs the file and gives it its name.
    pub(crate) fn finish(self) -> Result<()> {
        let path = self.path;
        let file = self
            .file
            .into_inner()
            .map_err(|error| unwritable(&path, error.error()))?;
        file.as_file()
            .sync_all()
            .map_err(|error| unwritable(&path, &error))?;
        file.persist(&path)
            .map_err(|error| unwritable(&path, &error.error))?;
        Ok(())
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
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl std::io::Seek for AtomicFile {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file that could not be written to its end.
pub(crate) fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    fault(
        format!("cannot write `{}`: {error}", path.display()),
        "check the space on the disk and the permissions of the folder",
    )
}
