//! The recordings that are checked: files, or the utterances of a store.

use std::path::Path;
use std::sync::Arc;

use speech_data::store::Store;
use speech_data::{Manifest, ReadOptions, Reader, Root};

use super::finding::Finding;
use super::report::CheckReport;
use crate::error::PrepError;

/// A manifest, and the folder or the store that its recordings lie in.
#[derive(Debug)]
pub struct CheckedData {
    /// The utterances.
    pub(super) manifest: Manifest,
    /// What their names start from.
    pub(super) root: Root,
    /// Reads them.
    pub(super) reader: Reader,
}

impl CheckedData {
    /// Opens a folder, a table, a Kaldi directory or a store; `split` is a table whose paths start from the folder or
    /// the store.
    ///
    /// # Errors
    /// What [`Manifest::read`] and [`Store::open`] fail with.
    pub fn open(path: &Path, split: Option<&Path>) -> Result<Self, PrepError> {
        Self::open_with(path, split, &ReadOptions::default())
    }

    /// The same, with tables read in another way.
    ///
    /// # Errors
    /// As [`CheckedData::open`].
    pub fn open_with(
        path: &Path,
        split: Option<&Path>,
        options: &ReadOptions<'_>,
    ) -> Result<Self, PrepError> {
        // A table stands in the place of the folder that it lies in.
        let is_given = path == Path::new("-") && options.standard_input.is_some();
        if (path.is_file() || is_given) && split.is_none() {
            let folder = path.parent().unwrap_or_else(|| Path::new(""));
            return Ok(Self {
                manifest: Manifest::read_with(path, options)?,
                root: Root::Folder(folder.to_owned()),
                reader: Reader::default(),
            });
        }
        let root = Root::open(path)?;
        Ok(Self {
            manifest: Manifest::of_root_with(&root, split, options)?,
            root,
            reader: Reader::default(),
        })
    }

    /// The store; `None` for files.
    pub(super) fn store(&self) -> Option<&Arc<Store>> {
        self.root.store()
    }

    /// Why a store is without a recording that its source had.
    pub(super) fn missing(&self, name: &str) -> Option<&str> {
        let missing = &self.store()?.summary().missing;
        missing
            .iter()
            .find(|missing| missing.name == name)
            .map(|missing| missing.reason.as_str())
    }

    /// Reports what a store is without.
    pub(super) fn report_missing(&self, report: &mut CheckReport) {
        let Some(store) = self.store() else { return };
        let left_out = store.summary().missing.iter().map(|missing| {
            let message = format!("left out of the store: {}", missing.reason);
            Finding::new("LeftOut", missing.name.clone(), message)
        });
        report.warnings.extend(left_out);
    }
}
