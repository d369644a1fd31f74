//! The flags that commands share, and what they mean: device, arithmetic, threads, console, model.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use process::INSTRUCTIONS_VARIABLE;
use speaker_model::ComputeType;

use crate::console::Console;
use crate::fault::{fault, usage};

/// Flags of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub(crate) struct Global {
    /// Where to compute; a wrong name lists the devices that were built in.
    #[arg(long, global = true, value_name = "NAME", default_value = "flex")]
    pub(crate) device: String,
    /// Arithmetic of the recurrent layers: bf16 is quicker where the processor has instructions for it [default: f32,
    /// or what a training's configuration says].
    #[arg(long, global = true, value_enum)]
    pub(crate) precision: Option<ComputeTypeName>,
    /// Vector instructions of the recurrent layers [default: the best of this processor; a wrong name lists them].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) simd: Option<String>,
    /// Threads to use [default: one per core].
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
pub(crate) enum ComputeTypeName {
    /// 32-bit floats.
    F32,
    /// Products of bfloat16, summed in 32 bits.
    Bf16,
}

impl From<ComputeTypeName> for ComputeType {
    fn from(name: ComputeTypeName) -> Self {
        match name {
            ComputeTypeName::F32 => Self::F32,
            ComputeTypeName::Bf16 => Self::Bf16,
        }
    }
}

/// Which model to use.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// A training run or a model bundle [default: the built-in model].
    #[arg(long, value_name = "RUN|BUNDLE")]
    pub(crate) model: Option<PathBuf>,
}

/// Names a folder whose models, voices and configurations stand in for those that are built in.
const DATA_VARIABLE: &str = "SIAMANG_DATA";

/// The folder of `$SIAMANG_DATA`: `models/default`, `voices` and `configs` in it are used instead of what is built in.
pub(crate) fn data_folder() -> Option<PathBuf> {
    std::env::var_os(DATA_VARIABLE).map(PathBuf::from)
}

/// What the shared flags mean.
pub(crate) struct Context {
    /// Name of the device.
    pub(crate) device: String,
    /// Arithmetic of the recurrent layers.
    pub(crate) compute_type: ComputeType,
    /// Whether the answer is one JSON object.
    pub(crate) json: bool,
    /// Standard error.
    pub(crate) console: Console,
    simd: Option<String>,
    threads: Option<NonZeroUsize>,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            device: global.device.clone(),
            compute_type: global.precision.map_or(ComputeType::F32, ComputeType::from),
            simd: global.simd.clone(),
            json: global.json,
            console: Console::new(global.quiet, global.verbose),
            threads: global.threads,
        }
    }

    /// Settles which vector instructions the recurrent layers use, by `--simd`, the environment or the processor.
    pub(crate) fn use_simd(&self) -> anyhow::Result<()> {
        process::use_instructions(self.simd.as_deref()).map_err(|error| {
            usage(
                error.to_string(),
                format!("leave out `--simd` and `{INSTRUCTIONS_VARIABLE}` for the best"),
            )
        })
    }

    /// Makes the thread pool that every crate shares, one thread a core where `--threads` is not given.
    pub(crate) fn use_threads(&self) -> anyhow::Result<()> {
        process::start_threads(self.threads).map_err(|error| {
            fault(
                format!("cannot start the worker threads: {error}"),
                "give a smaller number to `--threads`",
            )
        })
    }
}
