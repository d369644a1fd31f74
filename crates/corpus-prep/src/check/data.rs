//! The recordings that are checked: files, or the utterances of a store.

use std::path::Path;

use audio_features::{Recording, read_recording};
use speech_data::store::Store;
use speech_data::{Gender, Manifest, Utterance};

use super::report::{CheckReport, Finding};
use crate::error::PrepError;

/// A manifest, and the store that its recordings lie in, if they do.
#[derive(Debug)]
pub struct CheckedData {
    /// The utterances.
    pub(super) manifest: Manifest,
    /// The store; `None` for files.
    pub(super) store: Option<Store>,
}

impl CheckedData {
    /// Opens a folder, a table, a Kaldi directory or a store; `split` is a table whose paths start from the folder or
    /// the store.
    ///
    /// # Errors
    /// What [`Manifest::read`] and [`Store::open`] fail with.
    pub fn open(path: &Path, split: Option<&Path>) -> Result<Self, PrepError> {
        if Store::is_store(path) {
            let store = Store::open(path)?;
            let manifest = match split {
                Some(table) => Manifest::with_split_file(path, table)?,
                None => store_manifest(&store)?,
            };
            return Ok(Self {
                manifest,
                store: Some(store),
            });
        }
        let manifest = match split {
            Some(table) => Manifest::with_split_file(path, table)?,
            None => Manifest::read(path, None)?,
        };
        Ok(Self {
            manifest,
            store: None,
        })
    }

    /// Decodes a recording at a rate, in Hz; an error is a sentence.
    pub(super) fn decode(
        &self,
        utterance: &Utterance,
        sample_rate_hz: u32,
    ) -> Result<Recording, String> {
        match &self.store {
            None => {
                read_recording(&utterance.path, sample_rate_hz).map_err(|error| error.explained())
            }
            Some(store) => {
                let index = store
                    .find(&utterance.id)
                    .ok_or_else(|| format!("`{}` is not in the store", utterance.id))?;
                store
                    .recording(index, sample_rate_hz)
                    .map_err(|error| error.explained())
            }
        }
    }

    /// Why a store is without a recording that its source had.
    pub(super) fn missing(&self, name: &str) -> Option<&str> {
        let missing = &self.store.as_ref()?.summary().missing;
        missing
            .iter()
            .find(|missing| missing.name == name)
            .map(|missing| missing.reason.as_str())
    }

    /// Reports what a store is without.
    pub(super) fn report_missing(&self, report: &mut CheckReport) {
        let Some(store) = &self.store else { return };
        let left_out = store.summary().missing.iter().map(|missing| {
            let message = format!("left out of the store: {}", missing.reason);
            Finding::new("LeftOut", missing.name.clone(), message)
        });
        report.warnings.extend(left_out);
    }
}

/// What a store knows of its utterances. Their paths, their names below the store, are no files.
///
/// # Errors
/// [`PrepError`] for a store that is damaged.
pub fn store_manifest(store: &Store) -> Result<Manifest, PrepError> {
    let mut utterances = Vec::with_capacity(store.len());
    for index in 0..store.len() {
        let entry = store.entry(index)?;
        let mut utterance =
            Utterance::new(entry.name, store.path().join(entry.name), entry.speaker);
        utterance.session = entry.session.map(str::to_owned);
        for (name, value) in store.columns(index)? {
            match name {
                "gender" => utterance.gender = Gender::from_name(value),
                "split" => utterance.split = Some(value.to_owned()),
                _ => {
                    utterance.columns.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        utterances.push(utterance);
    }
    Ok(Manifest::new(store.path(), utterances))
}
