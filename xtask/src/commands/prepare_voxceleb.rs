//! `cargo xtask prepare-voxceleb`: the same as `siamang prepare voxceleb`, in a program that is built in a minute.

use anyhow::Result;
use corpus_prep::command::{Screen, Status, VoxcelebArgs};

/// Make a packed store of VoxCeleb from what you have of it: the same as `siamang prepare voxceleb`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask prepare-voxceleb --vox1 archives/vox1 --vox2 archives/vox2 --out vox.store
  cargo xtask prepare-voxceleb --vox2 archives/vox2 --out vox2.store --encoding original --plan
  cargo xtask prepare-voxceleb --vox1 archives/vox1 --out small.store --limit-speakers 50 --json")]
pub(crate) struct PrepareVoxceleb {
    #[command(flatten)]
    args: VoxcelebArgs,
    /// Print one JSON object instead of text for people.
    #[arg(long)]
    json: bool,
    /// Show neither progress nor warnings; what is left out is still named.
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(command: &PrepareVoxceleb) -> Result<Status> {
    let screen = Screen {
        json: command.json,
        quiet: command.quiet,
    };
    Ok(command.args.run(screen)?)
}
