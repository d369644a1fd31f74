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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_need_not_exist_and_a_store_that_is_unfinished_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent");
        let root = Root::open(&absent).unwrap();
        assert!(root.store().is_none());
        assert_eq!(root.path(), absent);
        assert_eq!(root.locate("a/1.wav"), absent.join("a/1.wav").into());
        // A journal is what a store has while it is made.
        std::fs::write(folder.path().join("journal"), b"").unwrap();
        assert!(Root::open(folder.path()).is_err());
    }
}
