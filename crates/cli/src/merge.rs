//! `siamang merge`: parts of a store to the whole.

use anyhow::Result;
use corpus_prep::command::MergeArgs;

use crate::args::Context;
use crate::exit::ExitStatus;
use crate::prepare::{screen, status};

/// What to merge.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siamang merge part1.store part2.store part3.store --out vox.store
  siamang merge parts/* --out vox.store --json")]
pub(crate) struct Args {
    #[command(flatten)]
    merge: MergeArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    Ok(status(args.merge.run(screen(context))?))
}
