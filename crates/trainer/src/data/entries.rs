//! A directory of what was made of recordings, by their content.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use durable::NewFile;

use super::content::ContentKey;

/// Entries of one kind, a file each, which several processes may share. They are written beside, synced and renamed.
#[derive(Debug)]
pub(super) struct Entries {
    directory: PathBuf,
    /// Of what kind, for messages.
    what: &'static str,
    /// Why the first entry could not be written that could not.
    failure: OnceLock<String>,
}

impl Entries {
    pub(super) fn below(directory: &Path, name: &str, what: &'static str) -> Self {
        Self {
            directory: directory.join(name),
            what,
            failure: OnceLock::new(),
        }
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// One of 256 directories by the first byte, which keeps each of them small.
    pub(super) fn path(&self, key: &ContentKey) -> PathBuf {
        let name = blake3::Hash::from_bytes(key.0).to_hex();
        self.directory.join(&name[..2]).join(name.as_str())
    }

    /// Writes the entry of a key; whether it could. After the first failure nothing is tried.
    pub(super) fn write(&self, key: &ContentKey, parts: [&[u8]; 2]) -> bool {
        if self.failure.get().is_some() {
            return false;
        }
        let path = self.path(key);
        let store = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = NewFile::create(&path)?;
            parts.iter().try_for_each(|part| file.write_all(part))?;
            file.finish()
        };
        store()
            .inspect_err(|error| {
                let what = self.what;
                let reason = format!("{what} cache: cannot write `{}`: {error}", path.display());
                // Another thread may have failed first; the first reason is as good as the second.
                let _ = self.failure.set(reason);
            })
            .is_ok()
    }
}
