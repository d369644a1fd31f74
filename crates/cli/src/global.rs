//! The flags that all commands share.

use std::num::NonZeroUsize;

/// Flags of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub(crate) struct Global {
    /// What computes; a wrong name lists those that were built in.
    #[arg(long, global = true, value_name = "NAME", default_value = "flex")]
    pub(crate) device: String,
    /// Threads to use [default: one a core].
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print one JSON object instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show notes, and the causes of an error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Show neither progress nor warnings; skipped inputs and errors are still named.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}
