//! Files that are either whole or absent.

use std::io::Write;
use std::path::Path;

/// Writes `bytes` beside `path`, syncs and renames, so that no reader meets half a file.
///
/// # Errors
/// The system's, where the directory is missing, full or not writable.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
