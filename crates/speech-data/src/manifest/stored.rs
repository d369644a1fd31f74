//! What a store knows of its utterances, as a manifest.

use std::path::Path;
use std::sync::Arc;

use super::Manifest;
use super::utterance::{Gender, Utterance};
use crate::error::DataError;
use crate::location::{Location, Root};
use crate::names::column;
use crate::store::{Store, StoreError};

impl Manifest {
    /// The utterances of a store.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an index that makes no sense.
    pub fn from_store(store: &Arc<Store>) -> Result<Self, StoreError> {
        let mut utterances = Vec::with_capacity(store.len());
        for index in 0..store.len() {
            let entry = store.entry(index)?;
            let location = Location::stored(store, entry.name);
            let mut utterance = Utterance::new(entry.name, location, entry.speaker);
            utterance.session = entry.session.map(str::to_owned);
            for (name, value) in store.columns(index)? {
                match name {
                    column::GENDER => utterance.gender = Gender::from_name(value),
                    column::SPLIT => utterance.split = Some(value.to_owned()),
                    _ => {
                        utterance.columns.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            utterances.push(utterance);
        }
        Ok(Self::new(store.path(), utterances))
    }

    /// The recordings of whatever is at a path: a store, a folder, a table. `table` takes the place of what a folder or a
    /// store says of its recordings.
    ///
    /// # Errors
    /// As [`Manifest::of_root`] and [`Root::open`].
    pub fn open(path: &Path, table: Option<&Path>) -> Result<Self, DataError> {
        Self::of_root(&Root::open(path)?, table)
    }

    /// The recordings of a folder or a store: what it says of them itself, or what `table`, whose paths start from it,
    /// says in its place.
    ///
    /// # Errors
    /// As [`Manifest::read`] and [`Manifest::with_split_file`].
    pub fn of_root(root: &Root, table: Option<&Path>) -> Result<Self, DataError> {
        match (table, root) {
            (Some(table), root) => {
                let mut manifest = Self::with_split_file(root.path(), table)?;
                if let Root::Store(store) = root {
                    for utterance in &mut manifest.utterances {
                        utterance.location = Location::stored(store, utterance.id.clone());
                    }
                }
                Ok(manifest)
            }
            (None, Root::Store(store)) => Ok(Self::from_store(store)?),
            (None, Root::Folder(folder)) => Self::read(folder, None),
        }
    }
}
