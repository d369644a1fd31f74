//! Recordings to a file of embeddings, and the report of it: `embed`, and `eval --shard`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use siamang::{Embedded, EmbeddingJob, Error, Format, Input, Progress, Skipped, Stream, by_reason};
use speech_data::store::Part;

use crate::console::{Console, counted, is_standard_output, print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, usage};
use crate::few::Few;
use crate::recordings::LeftOut;

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: String,
    dim: usize,
    part: Option<Part>,
    n_embedded: usize,
    n_warnings: usize,
    /// Recordings whose sound could be decoded in part only.
    n_partly_read: usize,
    skipped: &'a [Skipped],
    skipped_by_reason: BTreeMap<String, usize>,
    left_out: &'a LeftOut,
    audio_seconds: f64,
    seconds: f64,
    times_real_time: f64,
}

/// Set by Ctrl-C: the half-written file must be removed before the end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Shows progress, and stops at Ctrl-C.
pub(crate) struct Interruptible<'a>(Few<'a>);

impl<'a> Interruptible<'a> {
    /// From now on Ctrl-C stops the work, not the process.
    pub(crate) fn new(console: &'a Console) -> Self {
        // Without a handler the process ends all the same, but leaves a half-written file.
        let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
        Self(Few::new(console))
    }
}

impl Progress for Interruptible<'_> {
    fn begin(&self, total: usize) {
        self.0.begin(total);
    }

    fn recording(&self, input: &Input, outcome: &Result<Embedded, Error>) {
        self.0.recording(input, outcome);
    }

    fn advance(&self, done: usize, times_real_time: f64) {
        self.0.advance(done, times_real_time);
    }

    fn end(&self) {
        self.0.end();
    }

    fn is_cancelled(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

/// Standard output, where `out` means that: JSON lines, beside which no report may stand.
pub(crate) fn stream(out: &Path, context: &Context) -> Result<Option<Stream>> {
    if !is_standard_output(out) {
        return Ok(None);
    }
    if context.json {
        return Err(usage(
            "`--json` would print its report among the embeddings",
            "leave out `--json`, since the lines are JSON, or name a file with `--out`",
        ));
    }
    Ok(Some(Stream::new(
        std::io::BufWriter::new(std::io::stdout()),
    )))
}

/// Runs the job, which began at `begin`, and reports; `left_out` is not among its recordings.
pub(crate) fn run(
    job: EmbeddingJob<'_>,
    inputs: Vec<Input>,
    left_out: &LeftOut,
    begin: Instant,
    context: &Context,
) -> Result<ExitStatus> {
    let console = &context.console;
    let (out, part, model) = (job.out, job.part, job.model.name());
    let is_stream = job.stream.is_some();
    let made = match job.run(inputs, &Interruptible::new(console)) {
        Err(Error::Interrupted) => {
            console.raw("interrupted; nothing was written\n");
            return Ok(ExitStatus::Interrupted);
        }
        Err(Error::Write { found, .. }) if is_stream && found.contains("Broken pipe") => {
            // Whoever read has gone, as `head` does.
            return Ok(ExitStatus::Done);
        }
        made => made?,
    };
    let is_parquet = !is_stream && Format::of(out)? == Format::Parquet;
    if let (Some(part), false) = (part, is_parquet) {
        console.warn(&format!(
            "`{}` does not say that it is part {part}: `siamang merge` joins Parquet files",
            out.display()
        ));
    }
    let seconds = begin.elapsed().as_secs_f64();
    let report = Report {
        out: out.display().to_string(),
        model,
        dim: made.dim,
        part,
        n_embedded: made.num_embedded,
        n_warnings: made.num_warnings,
        n_partly_read: made.num_partly_read,
        skipped: &made.skipped,
        skipped_by_reason: by_reason(&made.skipped),
        left_out,
        audio_seconds: made.audio_seconds,
        seconds,
        times_real_time: made.audio_seconds / seconds,
    };
    match context.json {
        true => print_json(&report)?,
        false if is_stream => console.detail(text(&report).trim_end()),
        false => print_text(&text(&report))?,
    }
    let is_whole = made.skipped.is_empty() && made.num_partly_read == 0 && !left_out.is_less();
    Ok(match is_whole {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn text(report: &Report<'_>) -> String {
    let skipped = match report.skipped.len() {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    format!(
        "{} ({:.1} s) to {} dimensions in {:.1} s, {:.0} x real time{skipped}: {}\n",
        counted(report.n_embedded, "recording"),
        report.audio_seconds,
        report.dim,
        report.seconds,
        report.times_real_time,
        report.out
    )
}
