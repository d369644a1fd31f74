//! Parts of a store or stores of different corpora, and what lies beside their recordings, to the whole.

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

/// Every part of a work has the corpus's own trial lists, and they are the same; of stores of different corpora each has its own,
/// and one whose name is taken gets that of its store before it.
fn copy_lists(parts: &[PathBuf], out: &Path) -> Result<(), PrepError> {
    let to = out.join(TRIALS_FOLDER);
    for part in parts {
        let from = part.join(TRIALS_FOLDER);
        if !from.is_dir() {
            continue;
        }
        std::fs::create_dir_all(&to).map_err(PrepError::io("make", &to))?;
        for entry in std::fs::read_dir(&from).map_err(PrepError::io("read", &from))? {
            let path = entry.map_err(PrepError::io("read", &from))?.path();
            let Some(name) = path.file_name() else {
                continue;
            };
            let list = std::fs::read(&path).map_err(PrepError::io("read", &path))?;
            let mut target = to.join(name);
            if std::fs::read(&target).is_ok_and(|there| there != list) {
                let store = part.file_stem().unwrap_or_default().to_string_lossy();
                target = to.join(format!("{store}-{}", name.to_string_lossy()));
            }
            durable::write(&target, &list).map_err(PrepError::io("write", &target))?;
        }
    }
    Ok(())
}
