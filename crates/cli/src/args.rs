//! What was typed: the commands and the flags that all of them share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use speaker_model::{Arithmetic, SIMD_VARIABLE, Simd, set_simd};

use crate::console::Console;
use crate::global::Global;
use crate::report::{fault, usage};
use crate::{
    check, cluster, doctor, embed, eval, export, merge, prepare, run_report, score, train,
    trial_lists, verify,
};

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 finished, but some inputs were skipped, each
named on standard error; 4 a training that stopped itself; 130 interrupted.";

/// Who speaks? Recordings to embeddings that verify and cluster speakers.
#[derive(Debug, Parser)]
#[command(name = "siamang", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model on recordings of known speakers.
    Train(train::Args),
    /// Turn recordings into embeddings.
    Embed(embed::Args),
    /// Are two recordings of one speaker?
    Verify(verify::Args),
    /// Score the trials of a list.
    Score(score::Args),
    /// Measure a model on trial lists: EER, minDCF, and their intervals.
    Eval(eval::Args),
    /// Group recordings by speaker, and measure the groups where the speakers are known.
    Cluster(cluster::Args),
    /// Find what is wrong with data before a training does.
    Check(check::Args),
    /// Say what is wrong with a training, and what to try next.
    Doctor(doctor::Args),
    /// Show a run, or several beside each other, in a browser.
    Report(run_report::Args),
    /// What trial lists ask, and the cleaned Vox1-O from the original.
    Trials(trial_lists::Args),
    /// Write the model of a run as a bundle to give away.
    Export(export::Args),
    /// Make a packed store of a corpus, from its archives or unpacked.
    Prepare(prepare::Args),
    /// Join the parts that `--shard` made: stores, or embeddings.
    Merge(merge::Args),
}

/// Which model to use.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// A training run or a model bundle [default: the model that comes with siamang].
    #[arg(long, value_name = "RUN|BUNDLE")]
    pub(crate) model: Option<PathBuf>,
}

/// What the shared flags mean.
pub(crate) struct Context {
    /// Name of the device.
    pub(crate) device: String,
    /// Arithmetic of the recurrent layers.
    pub(crate) arithmetic: Arithmetic,
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
            arithmetic: global.precision.map_or(Arithmetic::F32, Arithmetic::from),
            simd: global.simd.clone(),
            json: global.json,
            console: Console::new(global.quiet, global.verbose),
            threads: global.threads,
        }
    }

    /// Settles which vector instructions the recurrent layers use, by `--simd`, the environment or the processor.
    pub(crate) fn use_simd(&self) -> anyhow::Result<()> {
        let chosen = match &self.simd {
            Some(name) => name.parse::<Simd>().and_then(|simd| set_simd(Some(simd))),
            None => Simd::chosen().map(drop),
        };
        chosen.map_err(|error| {
            usage(
                error.to_string(),
                format!("leave out `--simd` and `{SIMD_VARIABLE}` for the best"),
            )
        })
    }

    /// Makes the thread pool that every crate shares, one thread a core where `--threads` is not given.
    ///
    /// Its threads flush denormal numbers to zero. Gradients of a trained network underflow into them by the
    /// thousand, and every operation on one takes the processor some hundred cycles.
    pub(crate) fn use_threads(&self) -> anyhow::Result<()> {
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(threads) = self.threads {
            pool = pool.num_threads(threads.get());
        }
        pool.spawn_handler(|thread| {
            std::thread::Builder::new()
                .spawn(|| speaker_model::flushing_denormals(|| thread.run()))
                .map(drop)
        })
        .build_global()
        .map_err(|error| {
            fault(
                format!("cannot start the worker threads: {error}"),
                "give a smaller number to `--threads`",
            )
        })
    }
}
