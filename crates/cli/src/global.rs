//! The flags that all commands share.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use speaker_model::Arithmetic;

/// Flags of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub(crate) struct Global {
    /// What computes; a wrong name lists those that were built in.
    #[arg(long, global = true, value_name = "NAME", default_value = "flex")]
    pub(crate) device: String,
    /// Arithmetic of the recurrent layers: bf16 is quicker where the processor has instructions for it [default: f32,
    /// or what a training's configuration says].
    #[arg(long, global = true, value_enum)]
    pub(crate) precision: Option<ArithmeticName>,
    /// Vector instructions of the recurrent layers [default: the best of this processor; a wrong name lists them].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) simd: Option<String>,
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

/// `--precision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArithmeticName {
    /// 32-bit floats.
    F32,
    /// Products of bfloat16, summed in 32 bits.
    Bf16,
}

impl From<ArithmeticName> for Arithmetic {
    fn from(name: ArithmeticName) -> Self {
        match name {
            ArithmeticName::F32 => Self::F32,
            ArithmeticName::Bf16 => Self::Bf16,
        }
    }
}
