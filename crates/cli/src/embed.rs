//! `siamang embed`: recordings to a file of embeddings.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use audio_features::store::Part;
use clap::value_parser;
use pair_sampler::Filter;
use serde::Serialize;

use crate::args::{Context, ModelArgs};
use crate::console::{counted, print_json, print_text};
use crate::embedding_file::{EmbeddingWriter, Format, Record};
use crate::embedding_set::{Skipped, nothing_left, warn_all};
use crate::engine::{DEFAULT_MEMORY_MB, embed_each};
use crate::exit::ExitStatus;
use crate::inputs::{check_filters, gather};
use crate::model::Model;

const EXAMPLES: &str = "\
Examples:
  siamang embed recordings/ --out embeddings.jsonl
  siamang embed --model run split.tsv --filter split=test --out test.parquet
  siamang embed vox.store --shard 2/8 --out parts/2.parquet
  find . -name '*.flac' | siamang embed - --out embeddings.npy
  ffmpeg -v error -i talk.mkv -f wav - | siamang embed - --out talk.jsonl

A recording that cannot be used is named with its reason and left out; the exit code is then 3.
`.npy` has the names of its rows beside it, in FILE.npy.ids.txt.";

/// Turn recordings into embeddings.
///
/// Every recording becomes one vector of length 1. The more alike two voices, the larger the cosine of the
/// angle between their vectors.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Recordings, folders of them, manifests (.csv, .tsv, .jsonl, wav.scp, a folder with split.tsv or
    /// wav.scp), or `-` for standard input: one path a line, or the bytes of one recording.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// File to write; `.jsonl`, `.npy` or `.parquet` decides the format.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Rows of a manifest to use, such as `split=test` or `corpus!=libri,asc`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    /// Memory for the features of recordings that are decoded and not yet embedded, in MB. Beside it there are the
    /// model and, for each thread, the recording that it decodes.
    #[arg(long, value_name = "MB", default_value_t = DEFAULT_MEMORY_MB, value_parser = value_parser!(u64).range(1..))]
    memory: u64,
    /// Only this part of the recordings, such as 2/8, chosen by a hash of their names: every recording is in
    /// one part, whichever machine asks.
    #[arg(long, value_name = "I/N")]
    shard: Option<Part>,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: String,
    dim: usize,
    n_embedded: usize,
    n_warnings: usize,
    skipped: &'a [Skipped],
    audio_seconds: f64,
    seconds: f64,
    times_real_time: f64,
}

/// Set by Ctrl-C: the half-written file must be removed before the end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let console = &context.console;
    Format::of(&args.out)?;
    check_filters(&args.paths, &args.filter)?;
    let begin = Instant::now();
    let model = Model::load(args.model.model.as_deref(), context)?;
    let mut inputs = gather(&args.paths, &args.filter, console)?;
    if let Some(part) = args.shard {
        inputs.retain(|input| part.contains(&input.id));
    }
    let dim = model.bundle.config.model.embedding_dim();
    let mut writer = EmbeddingWriter::create(&args.out, dim)?;
    // Without a handler the process ends all the same, but leaves the half-written file.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));

    let (mut num_embedded, mut num_warnings, mut audio_seconds) = (0, 0, 0.0);
    let mut skipped = Vec::new();
    let result = embed_each(
        &model.bundle.embedder,
        &inputs,
        args.memory,
        console,
        |index, outcome| {
            if INTERRUPTED.load(Ordering::Relaxed) {
                return Err(Interrupted.into());
            }
            let input = &inputs[index];
            match outcome {
                Ok(embedded) => {
                    warn_all(&input.path(), &embedded.warnings, console);
                    num_embedded += 1;
                    num_warnings += embedded.warnings.len();
                    audio_seconds += embedded.seconds;
                    writer.push(Record {
                        id: input.id.clone(),
                        path: input.path(),
                        speaker: input.speaker.clone(),
                        seconds: embedded.seconds,
                        warnings: embedded.warnings,
                        embedding: embedded.embedding,
                    })
                }
                Err(reason) => {
                    console.skipped(&reason);
                    skipped.push(Skipped {
                        id: input.id.clone(),
                        reason,
                    });
                    Ok(())
                }
            }
        },
    );
    match result {
        Err(error) if error.is::<Interrupted>() => {
            console.raw("interrupted; nothing was written\n");
            return Ok(ExitStatus::Interrupted);
        }
        result => result?,
    }
    // A part may be empty; what all of it failed is another thing.
    if num_embedded == 0 && (args.shard.is_none() || !skipped.is_empty()) {
        return Err(nothing_left(skipped.len()));
    }
    writer.finish()?;
    let seconds = begin.elapsed().as_secs_f64();
    let report = Report {
        out: args.out.display().to_string(),
        model: model.name(),
        dim,
        n_embedded: num_embedded,
        n_warnings: num_warnings,
        skipped: &skipped,
        audio_seconds,
        seconds,
        times_real_time: audio_seconds / seconds,
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&report))?,
    }
    Ok(match skipped.is_empty() {
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

#[derive(Debug)]
struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
