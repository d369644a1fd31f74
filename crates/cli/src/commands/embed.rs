//! `siamang embed`: recordings to a file of embeddings.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::value_parser;
use siamang::{Centre, DEFAULT_MEMORY_MB, EmbeddingJob, Format, SpeechDetector};
use speech_data::Filter;
use speech_data::store::Part;

use crate::context::{Context, ModelArgs};
use crate::fault::ExitStatus;
use crate::hearing::{ChannelArgs, VadArgs};
use crate::recordings::{check_filters, gather};
use crate::tables::TableArgs;
use crate::{embedding, model};

const EXAMPLES: &str = "\
Examples:
  siamang embed recordings/ --out embeddings.jsonl
  siamang embed --model run split.tsv --filter split=test --out test.parquet
  siamang embed --channel each calls/ --out speakers.jsonl
  siamang embed vox.store --shard 2/8 --out parts/2.parquet
  find . -name '*.flac' | siamang embed - --out embeddings.npy
  ffmpeg -v error -i talk.mkv -f wav - | siamang embed - --out talk.jsonl
  siamang embed recordings/ -o - | siamang cluster --embeddings -

A recording that cannot be used is named with its reason and left out; the exit code is then 3.
`.jsonl` and `.parquet` say of every recording how it sounds: seconds of speech, its band, level, noise,
clipping. `.npy` has the names of its rows beside it, in FILE.npy.ids.txt.";

/// Turn recordings into embeddings.
///
/// Every recording becomes one vector of length 1. The more alike two voices, the larger the cosine of the
/// angle between their vectors.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Recordings, folders of them, stores, manifests (.csv, .tsv, .jsonl, wav.scp, a folder with split.tsv or wav.scp),
    /// archives of other toolkits (.tar, .parquet, shard.list, Lhotse's cuts), or `-` for standard input: one path a line,
    /// or the bytes of one recording. Speakers are not needed.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// File to write; `.jsonl`, `.npy` or `.parquet` decides the format. `-` is standard output: JSON lines.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Rows of a manifest to use, such as `split=test` or `corpus!=libri,asc`.
    #[arg(long, value_name = "COLUMN=VALUES")]
    filter: Vec<Filter>,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    channel: ChannelArgs,
    #[command(flatten)]
    vad: VadArgs,
    /// Memory for the features of recordings that are decoded and not yet embedded, in MB. Beside it there are the
    /// model and, for each thread, the recording that it decodes.
    #[arg(long, value_name = "MB", default_value_t = DEFAULT_MEMORY_MB, value_parser = value_parser!(u64).range(1..))]
    memory: u64,
    /// Only this part of the recordings, such as 2/8, chosen by a hash of their names: every recording is in
    /// one part, whichever machine asks. `siamang merge` joins parts in Parquet files.
    #[arg(long, value_name = "I/N")]
    shard: Option<Part>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let stream = embedding::stream(&args.out, context)?;
    if stream.is_none() {
        Format::of(&args.out)?;
    }
    check_filters(&args.paths, &args.filter)?;
    let begin = Instant::now();
    let model = model::load(args.model.model.as_deref(), context)?;
    let mut recordings = gather(&args.paths, &args.filter, &args.tables, &context.console)?;
    let inputs = args.channel.of(std::mem::take(&mut recordings.inputs));
    let job = EmbeddingJob {
        out: &args.out,
        stream,
        model: &model,
        centre: Centre::Model,
        part: args.shard,
        detector: args.vad.or(SpeechDetector::Energy),
        memory_mb: args.memory,
    };
    embedding::run(job, inputs, &recordings.left_out, begin, context)
}
