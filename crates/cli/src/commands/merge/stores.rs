//! Parts of a store to the whole.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::Result;
use corpus_prep::merge_stores;
use speech_data::store::PackProgress;

use crate::commands::prepare::{Figures, Progress, report};
use crate::context::Context;
use crate::fault::ExitStatus;

/// Joins the parts that `prepare --shard I/N` made into the store `out`, and prints progress and summary.
pub(super) fn merge(parts: &[PathBuf], out: &Path, context: &Context) -> Result<ExitStatus> {
    let begin = Instant::now();
    let progress = Progress::new(&context.console);
    let last = Mutex::new(PackProgress::default());
    let summary = merge_stores(parts, out, &|state| {
        if let Ok(mut last) = last.lock() {
            *last = *state;
        }
        progress.packing(state);
    });
    progress.end();
    let summary = summary?;
    let last = last.into_inner().unwrap_or_default();
    let figures = Figures::new(0.0, begin.elapsed().as_secs_f64(), &last);
    report(context, out, &summary, &[], &[], &figures)
}
