//! The flags of every command that packs a store.

use std::path::PathBuf;

use anyhow::Result;
use speech_data::store::{Part, Retry, StoreEncoding, StoreSettings};

use crate::fault::fault;

/// Where a store goes, how audio is kept in it, and by whom it is made.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PackArgs {
    /// Folder of the store; an unfinished one is gone on with.
    #[arg(short, long, value_name = "STORE")]
    pub(crate) out: PathBuf,
    /// How audio is kept: pcm (16 bits, fast), flac (the same in about half the space), original (the files' own
    /// bytes, least space, slowest).
    #[arg(long, value_name = "NAME", default_value = "pcm")]
    pub(crate) encoding: StoreEncoding,
    /// Threads that decode [default: one per core].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Only this part of the work, such as 2/8; `siamang merge` joins the parts.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Part>,
    /// Try again all that failed before; else only what has changed since, such as an archive that was downloaded again.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Print what would be done, and stop.
    #[arg(long)]
    pub(crate) plan: bool,
}

impl PackArgs {
    /// What shapes the store.
    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings {
            encoding: self.encoding,
            ..StoreSettings::default()
        }
    }

    /// What of earlier failures is tried again.
    pub(crate) fn retry(&self) -> Retry {
        match self.retry_failed {
            true => Retry::All,
            false => Retry::Changed,
        }
    }

    /// Runs `work` on the threads asked for, and tells it how many these are.
    pub(crate) fn on_threads<T: Send>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send,
    ) -> Result<T> {
        let Some(jobs) = self.jobs else {
            return work(rayon::current_num_threads());
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build()
            .map_err(|error| {
                fault(
                    format!("cannot start {jobs} threads: {error}"),
                    "give a smaller number to `--jobs`",
                )
            })?;
        pool.install(|| work(rayon::current_num_threads()))
    }
}
