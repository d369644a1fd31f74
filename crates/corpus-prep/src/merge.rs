//! Parts of a store, and what lies beside their recordings, to the whole.

use std::path::{Path, PathBuf};

use speech_data::store::{PackProgress, StoreSummary, merge};

use crate::corpus_plan::TRIALS_FOLDER;
use crate::disk::{bytes_below, check_room};
use crate::error::PrepError;

/// Joins the stores `parts` into the store `out`, with the corpus's own trial lists. `progress` is told how far it has come.
///
/// # Errors
/// [`PrepError`]: no room, or parts that do not make a whole.
pub fn merge_stores(
    parts: &[PathBuf],
    out: &Path,
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, PrepError> {
    let bytes: u64 = parts.iter().map(|part| bytes_below(part)).sum();
    let needed = bytes.saturating_sub(bytes_below(out));
    check_room(out, needed)?;
    let summary = merge(out, parts, progress)?;
    copy_lists(parts, out)?;
    Ok(summary)
}

/// Every part has the corpus's own trial lists, and they are the same.
fn copy_lists(parts: &[PathBuf], out: &Path) -> Result<(), PrepError> {
    let lists = parts.iter().map(|part| part.join(TRIALS_FOLDER));
    let Some(from) = lists.into_iter().find(|folder| folder.is_dir()) else {
        return Ok(());
    };
    let to = out.join(TRIALS_FOLDER);
    std::fs::create_dir_all(&to).map_err(PrepError::io("make", &to))?;
    for entry in std::fs::read_dir(&from).map_err(PrepError::io("read", &from))? {
        let path = entry.map_err(PrepError::io("read", &from))?.path();
        if let Some(name) = path.file_name() {
            std::fs::copy(&path, to.join(name)).map_err(PrepError::io("copy", &path))?;
        }
    }
    Ok(())
}
