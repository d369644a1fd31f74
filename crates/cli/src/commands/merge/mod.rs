//! `siamang merge`: parts of a store, or of embeddings, to the whole.

mod embeddings;
mod stores;

use std::path::{Path, PathBuf};

use anyhow::Result;
use siamang::Format;

use crate::context::Context;
use crate::fault::ExitStatus;
use crate::fault::fault;

const EXAMPLES: &str = "\
Examples:
  siamang merge part1.store part2.store part3.store --out vox.store
  siamang merge embeddings/*.parquet --out vox.parquet
  siamang merge stores/* --out vox.store --json

Missing, doubled and mismatched parts are refused by name.";

/// Join the parts that `--shard I/N` made: of `prepare` into one store, of `embed` or `eval` into one file of embeddings.
///
/// The result has the same bytes as what is made in one piece. An interrupted merge of stores goes on with the same
/// command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The parts, all of them, in any order: stores, or Parquet files of embeddings.
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Folder of the whole store, or the Parquet file of all embeddings.
    #[arg(short, long, value_name = "STORE|FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    if let Some(path) = args.parts.iter().find(|path| !path.exists()) {
        return Err(fault(
            format!("cannot merge: `{}` does not exist", path.display()),
            "give every part that `--shard` made",
        ));
    }
    let embeddings = args.parts.iter().find(|path| is_embeddings(path));
    let store = args.parts.iter().find(|path| !is_embeddings(path));
    match (embeddings, store) {
        (Some(embeddings), Some(store)) => Err(fault(
            format!(
                "cannot merge: `{}` is not a store, but `{}` is a folder",
                embeddings.display(),
                store.display()
            ),
            "give parts of one kind: stores of `prepare --shard`, or Parquet files of `embed --shard` or `eval --shard`",
        )),
        (Some(_), None) => embeddings::merge(&args.parts, &args.out, context),
        (None, _) => stores::merge(&args.parts, &args.out, context),
    }
}

/// Whether a part is a file, or would be one if it were there.
fn is_embeddings(path: &Path) -> bool {
    path.is_file() || (!path.is_dir() && Format::of(path).is_ok())
}
