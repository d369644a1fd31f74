//! `siamang prepare`: a corpus to a packed store.

use anyhow::Result;
use corpus_prep::command::{PrepareCommand, Screen, Status};

use crate::context::Context;
use crate::fault::ExitStatus;

/// What to prepare.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siamang prepare voxceleb --vox1 archives/vox1 --vox2 archives/vox2 --out vox.store
  siamang prepare voxceleb --vox2 archives/vox2 --out part2.store --shard 2/8
  siamang prepare librispeech LibriSpeech --out libri.store --encoding flac
  siamang train --data vox.store --out runs/vox")]
pub(crate) struct Args {
    #[command(subcommand)]
    corpus: PrepareCommand,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    Ok(status(args.corpus.run(screen(context))?))
}

/// What the shared flags mean to the commands of `corpus-prep`.
pub(crate) fn screen(context: &Context) -> Screen {
    Screen {
        json: context.json,
        quiet: context.console.is_quiet(),
    }
}

pub(crate) fn status(status: Status) -> ExitStatus {
    match status {
        Status::Done => ExitStatus::Done,
        Status::SomeSkipped => ExitStatus::SomeSkipped,
    }
}
