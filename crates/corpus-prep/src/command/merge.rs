//! `merge`, of stores.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use speech_data::store::{PackProgress, merge};

use super::{Figures, Progress, Screen, Status, report};
use crate::corpus_plan::TRIALS_FOLDER;
use crate::disk::{bytes_below, check_room};
use crate::error::PrepError;

/// Joins the parts that `prepare --shard I/N` made into the store `out`, and prints progress and summary.
///
/// # Errors
/// [`PrepError`]; nothing is printed for it.
pub fn merge_stores(parts: &[PathBuf], out: &Path, screen: Screen) -> Result<Status, PrepError> {
    let begin = Instant::now();
    let bytes: u64 = parts.iter().map(|part| bytes_below(part)).sum();
    let needed = bytes.saturating_sub(bytes_below(out));
    check_room(out, needed, "or name another disk with `--out`")?;
    let progress = Progress::new(screen);
    let last = Mutex::new(PackProgress::default());
    let summary = merge(out, parts, &|state| {
        if let Ok(mut last) = last.lock() {
            *last = *state;
        }
        progress.packing(state);
    });
    progress.end();
    let summary = summary?;
    copy_lists(parts, out)?;
    let last = last.into_inner().unwrap_or_default();
    let figures = Figures::new(0.0, begin.elapsed().as_secs_f64(), &last);
    Ok(report(screen, out, &summary, &[], &[], &figures))
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
