//! `store.json`: what is in a store, and what is not.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::layout::{FORMAT_VERSION, SUMMARY};
use super::remarks::Remark;
use super::settings::{Part, StoreSettings};

/// An utterance that should be in a store and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// What was wrong with it.
    pub reason: String,
    /// What its source was then: where that has changed, it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What is in a finished store. It is the same whatever way the store came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreSummary {
    /// Version of the format.
    pub format_version: u32,
    /// Different speakers.
    pub speakers: u64,
    /// Utterances that are in the store.
    pub utterances: u64,
    /// Length of all of them, in h.
    pub hours: f64,
    /// Bytes of audio in the shards.
    pub bytes: u64,
    /// Utterances that should be in the store and are not.
    pub failed: u64,
    /// Whether nothing is missing. A part of a work is complete when nothing of that part is missing.
    pub complete: bool,
    /// Which part of a work that several machines share this is.
    pub part: Option<Part>,
    /// How audio is kept.
    pub settings: StoreSettings,
    /// Hash of everything that was to be packed, all parts together.
    pub plan: String,
    /// Utterances of that plan, all parts together.
    pub planned: u64,
    /// BLAKE3 of the index, which holds the hashes of all audio: two stores with the same are the same.
    pub checksum: String,
    /// What is not in the store, and why.
    pub missing: Vec<Missing>,
    /// What was odd about recordings that are in the store, one a kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
}

impl StoreSummary {
    /// Writes the summary of the store in `folder`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(SUMMARY);
        let write = || {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            durable::write(&path, &text)
        };
        write().map_err(StoreError::io("write", &path))
    }

    /// Reads the summary of a finished store.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`], or [`StoreError::Io`] where there is none.
    pub fn read(store: &Path) -> Result<Self, StoreError> {
        let path = store.join(SUMMARY);
        let text = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
        let damaged = |found: String| StoreError::Damaged {
            path: path.clone(),
            found,
        };
        let version = serde_json::from_slice::<serde_json::Value>(&text)
            .map_err(|error| damaged(error.to_string()))?["format_version"]
            .as_u64();
        match version {
            Some(found) if found > u64::from(FORMAT_VERSION) => Err(StoreError::Newer {
                path,
                found,
                known: FORMAT_VERSION,
            }),
            _ => serde_json::from_slice(&text).map_err(|error| damaged(error.to_string())),
        }
    }
}
