//! Parts of embeddings to the whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use siamang::{Error, Format, Skipped, by_reason, merge_embeddings};

use crate::console::{counted, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::few::Few;

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: &'a str,
    dim: usize,
    n_parts: usize,
    n_embedded: usize,
    skipped: &'a [Skipped],
    skipped_by_reason: BTreeMap<String, usize>,
    seconds: f64,
}

/// Joins `parts` into the file `out`.
pub(super) fn merge(parts: &[PathBuf], out: &Path, context: &Context) -> Result<ExitStatus> {
    let begin = Instant::now();
    if Format::of(out)? != Format::Parquet {
        return Err(usage(
            format!(
                "`{}`: parts of embeddings become a Parquet file",
                out.display()
            ),
            "name it `.parquet`",
        ));
    }
    let name_all = |skipped: &[Skipped]| Few::name_all(&context.console, skipped);
    let merged = match merge_embeddings(parts, out) {
        Err(Error::NoneUsable { skipped }) => {
            name_all(&skipped);
            return Err(Error::NoneUsable { skipped }.into());
        }
        merged => merged?,
    };
    name_all(&merged.skipped);
    let report = Report {
        out: out.display().to_string(),
        model: &merged.model,
        dim: merged.dim,
        n_parts: merged.num_parts,
        n_embedded: merged.num_embedded,
        skipped: &merged.skipped,
        skipped_by_reason: by_reason(&merged.skipped),
        seconds: begin.elapsed().as_secs_f64(),
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&format!(
            "{} of {}, {} skipped: {}\n",
            counted(report.n_parts, "part"),
            counted(report.n_embedded, "recording"),
            merged.skipped.len(),
            report.out
        ))?,
    }
    Ok(match merged.skipped.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}
