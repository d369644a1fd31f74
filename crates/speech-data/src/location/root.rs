//! The folder or the store that recordings are named below.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Location;
use crate::store::{Store, StoreError};

/// What the names in trial lists and tables start from.
#[derive(Clone, Debug)]
pub enum Root {
    /// A folder of audio files.
    Folder(PathBuf),
    /// A packed store.
    Store(Arc<Store>),
}

impl Root {
    /// The store at `path`, or the folder, which need not exist.
    ///
    /// # Errors
    /// What [`Store::open`] fails with, where there is a store.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(match Store::is_store(path) {
            true => Self::Store(Arc::new(Store::open(path)?)),
            false => Self::Folder(path.to_owned()),
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Store(store) => store.path(),
        }
    }

    /// The store, where it is one.
    pub fn store(&self) -> Option<&Arc<Store>> {
        match self {
            Self::Folder(_) => None,
            Self::Store(store) => Some(store),
        }
    }

    /// Where the recording of this name is, if there is one.
    pub fn locate(&self, name: &str) -> Location {
        match self {
            Self::Folder(path) => path.join(name).into(),
            Self::Store(store) => Location::stored(store, name),
        }
    }
}
