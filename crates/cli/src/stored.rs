//! A packed store where a folder of recordings is expected.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use corpus_prep::store_manifest;
use speech_data::Manifest;
use speech_data::store::Store;

use crate::inputs::{Input, Source};

/// Opens the store at a path; `None` where there is another thing.
pub(crate) fn open(path: &Path) -> Result<Option<Arc<Store>>> {
    match Store::is_store(path) {
        true => Ok(Some(Arc::new(Store::open(path)?))),
        false => Ok(None),
    }
}

/// The manifest of whatever is at a path: a store, a folder, a table. `table` takes the place of what a folder or a
/// store says of its recordings.
pub(crate) fn read_manifest(path: &Path, table: Option<&Path>) -> Result<Manifest> {
    Ok(match (table, open(path)?) {
        (Some(table), _) => Manifest::with_split_file(path, table)?,
        (None, Some(store)) => store_manifest(&store)?,
        (None, None) => Manifest::read(path, None)?,
    })
}

/// The recording of a name in a store; what is not in it is a file that cannot be read.
pub(crate) fn input(store: &Arc<Store>, name: &str, speaker: Option<String>) -> Input {
    let source = match store.find(name) {
        Some(index) => Source::Stored {
            store: Arc::clone(store),
            index,
        },
        None => Source::File(store.path().join(name)),
    };
    Input {
        id: name.to_owned(),
        source,
        speaker,
    }
}
