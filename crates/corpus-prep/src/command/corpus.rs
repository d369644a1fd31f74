//! `prepare librispeech`, `prepare timit` and their like.

use std::path::PathBuf;
use std::time::Instant;

use super::packing::run_plan;
use super::{PackArgs, Screen, Status};
use crate::corpora::{CorpusKind, read_corpus};
use crate::corpus_plan::CorpusPlan;
use crate::error::PrepError;

/// A corpus that lies unpacked in a folder.
#[derive(Clone, Debug, clap::Args)]
pub struct CorpusArgs {
    /// Folder that the corpus's archive unpacks to, or the one above it.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Store, encoding, threads and part.
    #[command(flatten)]
    pub pack: PackArgs,
    /// Only the first N speakers by name.
    #[arg(long, value_name = "N")]
    pub limit_speakers: Option<usize>,
}

impl CorpusArgs {
    /// Makes the store, and prints plan, progress and summary.
    ///
    /// # Errors
    /// [`PrepError`]; nothing is printed for it.
    pub fn run(&self, kind: CorpusKind, screen: Screen) -> Result<Status, PrepError> {
        self.pack.on_threads(|jobs| {
            let begin = Instant::now();
            let corpus = read_corpus(kind, &self.folder)?;
            let plan = CorpusPlan::make(kind, corpus, self.limit_speakers);
            run_plan(&plan, &self.pack, screen, jobs, begin)
        })
    }
}
