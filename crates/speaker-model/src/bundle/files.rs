//! Where a bundle's files are.

use std::borrow::Cow;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::weights;
use crate::ModelError;

/// The files of a bundle: in a folder, or inside a program.
#[derive(Clone, Copy, Debug)]
pub enum BundleFiles<'a> {
    /// In the folder of this path.
    Folder(&'a Path),
    /// In memory.
    Memory {
        /// What messages call it.
        name: &'a str,
        /// Names and contents.
        files: &'a [(&'a str, &'a [u8])],
    },
}

impl<'a> BundleFiles<'a> {
    /// What messages call the file `name`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Memory { name: bundle, .. } => Path::new(bundle).join(name),
        }
    }

    /// The bytes of the file `name`, as many as weights may have.
    ///
    /// # Errors
    /// [`ModelError::Io`] where it is missing or cannot be read, [`ModelError::Bundle`] where it is too large.
    pub(super) fn read(&self, name: &str) -> Result<Cow<'a, [u8]>, ModelError> {
        match self {
            Self::Folder(folder) => weights::read_bytes(&folder.join(name)).map(Cow::Owned),
            Self::Memory { files, .. } => {
                let found = files.iter().find(|(known, _)| *known == name);
                let missing = || ModelError::io(self.path(name))(Error::from(ErrorKind::NotFound));
                found
                    .map(|(_, bytes)| Cow::Borrowed(*bytes))
                    .ok_or_else(missing)
            }
        }
    }

    /// The text of the file `name`.
    ///
    /// # Errors
    /// As [`Self::read`], and [`ModelError::Io`] where it is not UTF-8.
    pub(super) fn read_text(&self, name: &str) -> Result<String, ModelError> {
        String::from_utf8(self.read(name)?.into_owned()).map_err(|error| {
            ModelError::io(self.path(name))(Error::new(ErrorKind::InvalidData, error))
        })
    }
}
