//! Whether a file is the one that it was.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Size, time of change and, where the system has such a thing, number of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) bytes: u64,
    modified_ns: u128,
    number: u64,
}

impl FileStamp {
    /// That of a file that has been looked at.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let since = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            bytes: metadata.len(),
            modified_ns: since.map_or(0, |since| since.as_nanos()),
            number: number(metadata),
        }
    }

    /// That of the file at `path`; all 0 where there is none.
    pub(crate) fn at(path: &Path) -> Self {
        std::fs::metadata(path)
            .map(|metadata| Self::of(&metadata))
            .unwrap_or_default()
    }

    /// As a text to be remembered and compared.
    pub(crate) fn text(&self) -> String {
        format!("{}@{}#{}", self.bytes, self.modified_ns, self.number)
    }
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

/// Names of what has changed, in one line: how many, and the first of them.
pub(crate) fn changed_line(what: &str, changed: &[String]) -> Option<String> {
    const SHOWN: usize = 3;
    let first: Vec<String> = changed
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match changed.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!changed.is_empty()).then(|| {
        format!(
            "{} of the {what} changed while they were read: {}{more}; what was read of them before may be of either state: \
             prepare them again, into another store",
            changed.len(),
            first.join(", ")
        )
    })
}
