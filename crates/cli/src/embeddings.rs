//! Files of embeddings, `-` being standard input.

use std::path::Path;

use anyhow::Result;
use siamang::{EmbeddingSet, read_embeddings, read_embeddings_of};

use crate::console::Console;
use crate::stdin;

/// Reads a file of embeddings, and says what reading changed.
pub(crate) fn read(path: &Path, console: &Console) -> Result<EmbeddingSet> {
    let set = match stdin::is_meant(path) {
        true => {
            let bytes = stdin::bytes("embeddings")?;
            read_embeddings_of(&bytes, Path::new(stdin::NAME))?
        }
        false => read_embeddings(path)?,
    };
    for remark in &set.remarks {
        console.note(&format!("`{}`: {remark}", shown(path)));
    }
    Ok(set)
}

/// What messages call it.
pub(crate) fn shown(path: &Path) -> String {
    match stdin::is_meant(path) {
        true => stdin::NAME.to_owned(),
        false => path.display().to_string(),
    }
}
