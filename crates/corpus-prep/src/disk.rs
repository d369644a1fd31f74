//! Room on the disk.

use std::path::Path;

use walkdir::WalkDir;

use crate::error::PrepError;

/// Bytes that may still be written where `path` is or will be; `None` where the system does not say.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let absolute = std::path::absolute(path).ok()?;
    let there = absolute.ancestors().find(|folder| folder.exists())?;
    free(there)
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Bytes of the files in a folder; 0 where there is none.
#[must_use]
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum()
}

/// Bytes for people: `1.2 GB`.
#[must_use]
pub fn shown_bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        1e12.. => format!("{:.2} TB", bytes / 1e12),
        1e9.. => format!("{:.1} GB", bytes / 1e9),
        1e6.. => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} kB", bytes / 1e3),
    }
}

/// Whether `needed` bytes more fit where `out` is or will be.
///
/// # Errors
/// [`PrepError::DoesNotFit`].
pub(crate) fn check_room(out: &Path, needed: u64) -> Result<(), PrepError> {
    match free_bytes(out) {
        Some(free) if free < needed => Err(PrepError::DoesNotFit {
            path: out.to_owned(),
            needed: shown_bytes(needed),
            free: shown_bytes(free),
        }),
        _ => Ok(()),
    }
}
