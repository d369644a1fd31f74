//! Files that are there as a whole or not at all, and what to do where they cannot be written.

use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Error, Result};
use durable::folder_of;

use crate::fault::fault;

/// Writes a whole file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    durable::write(path, bytes).map_err(|error| unwritable(path, &error))
}

/// A file that could not be written, or not to its end.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let folder = folder_of(path).display();
    let help = match error.kind() {
        ErrorKind::NotFound => format!("check that the folder `{folder}` exists"),
        _ => format!("check the permissions of the folder `{folder}` and the space on the disk"),
    };
    fault(format!("cannot write `{}`: {error}", path.display()), help)
}
