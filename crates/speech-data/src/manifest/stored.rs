//! What a store knows of its utterances, as a manifest.

use std::path::Path;
use std::sync::Arc;

use super::Manifest;
use super::options::ReadOptions;
use super::utterance::{Gender, Utterance};
use crate::error::DataError;
use crate::location::{Cut, Location, ROUNDING_S, Root};
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
        Self::open_with(path, table, &ReadOptions::default())
    }

    /// The same, read in another way. A table may stand in the place of the folder that it lies in.
    ///
    /// # Errors
    /// As [`Manifest::open`].
    pub fn open_with(
        path: &Path,
        table: Option<&Path>,
        options: &ReadOptions<'_>,
    ) -> Result<Self, DataError> {
        if table.is_none() && (path.is_file() || options.given(path).is_some()) {
            return Self::read_with(path, options);
        }
        Self::of_root_with(&Root::open(path)?, table, options)
    }

    /// The recordings of a folder or a store: what it says of them itself, or what `table`, whose paths start from it,
    /// says in its place.
    ///
    /// # Errors
    /// As [`Manifest::read`] and [`Manifest::with_split_file`].
    pub fn of_root(root: &Root, table: Option<&Path>) -> Result<Self, DataError> {
        Self::of_root_with(root, table, &ReadOptions::default())
    }

    /// The same, read in another way.
    ///
    /// # Errors
    /// As [`Manifest::of_root`].
    pub fn of_root_with(
        root: &Root,
        table: Option<&Path>,
        options: &ReadOptions<'_>,
    ) -> Result<Self, DataError> {
        match (table, root) {
            (Some(table), root) => {
                let mut manifest = Self::with_split_file_with(root.path(), table, options)?;
                if let Root::Store(store) = root {
                    for utterance in &mut manifest.utterances {
                        utterance.location = in_store(store, utterance);
                    }
                }
                Ok(manifest)
            }
            (None, Root::Store(store)) => Ok(Self::from_store(store)?),
            (None, Root::Folder(folder)) => Self::read_with(folder, options),
        }
    }
}

/// Where a store has what a table's row means. A part may have been packed as one, or be cut from what was packed whole.
fn in_store(store: &Arc<Store>, row: &Utterance) -> Location {
    let packed = Location::stored(store, row.id.clone());
    if row.location.is_whole() {
        return packed;
    }
    let whole = row
        .id
        .split_once('#')
        .map_or(row.id.as_str(), |(name, _)| name);
    let is_a_part = |index: usize| {
        let columns = store.columns(index).unwrap_or_default();
        let mut names = columns.iter().map(|(name, _)| *name);
        names.any(|name| [column::START_S, "channel"].contains(&name))
    };
    match (store.find(&row.id), store.find(whole)) {
        (Some(index), _) if is_a_part(index) || row.id != whole => packed,
        (_, Some(index)) => {
            let mut place = Location::stored(store, whole);
            let seconds = store
                .entry(index)
                .ok()
                .map(|entry| entry.num_samples as f64 / f64::from(entry.sample_rate_hz));
            // The length of a file, beside its name, is no part of it.
            let is_all = |cut: &Cut| {
                cut.start_s() == 0.0
                    && seconds.is_some_and(|s| (cut.end_s() - s).abs() <= ROUNDING_S)
            };
            if let Some(cut) = row.location.part().filter(|cut| !is_all(cut)) {
                place = place.cut(cut);
            }
            match row.location.one_channel() {
                Some(channel) => place.channel(channel),
                None => place,
            }
        }
        _ => packed,
    }
}
