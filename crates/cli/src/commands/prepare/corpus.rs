//! `prepare librispeech`, `prepare timit` and their like.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use corpus_prep::{CorpusKind, CorpusPlan, read_source_with};
use speech_data::ProblemKind;

use super::flags::PackArgs;
use super::packing::run_plan;
use super::progress::Progress;
use crate::context::Context;
use crate::fault::ExitStatus;
use crate::stdin;
use crate::tables::TableArgs;

/// A corpus that lies in a folder, unpacked or in the archives that it is published as.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CorpusArgs {
    /// Folder that the corpus's archive unpacks to, or the one above it; or an archive (.tar.gz, .tgz, .tar, .zip), or a folder of
    /// archives, which are read as they are.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Store, encoding, threads and part.
    #[command(flatten)]
    pub(crate) pack: PackArgs,
    /// Only the first N speakers by name.
    #[arg(long, value_name = "N")]
    pub(crate) limit_speakers: Option<usize>,
}

/// A corpus that tables describe.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TableCorpusArgs {
    #[command(flatten)]
    corpus: CorpusArgs,
    #[command(flatten)]
    tables: TableArgs,
}

impl TableCorpusArgs {
    /// As of [`CorpusArgs`].
    pub(crate) fn run(&self, kind: CorpusKind, context: &Context) -> Result<ExitStatus> {
        self.corpus.run_with(kind, &self.tables, context)
    }
}

impl CorpusArgs {
    /// Makes the store, and prints plan, progress and summary.
    pub(crate) fn run(&self, kind: CorpusKind, context: &Context) -> Result<ExitStatus> {
        self.run_with(kind, &TableArgs::default(), context)
    }

    fn run_with(
        &self,
        kind: CorpusKind,
        tables: &TableArgs,
        context: &Context,
    ) -> Result<ExitStatus> {
        let table = match stdin::is_meant(&self.folder) {
            true => Some(stdin::bytes("a table")?),
            false => None,
        };
        let reading = tables.reading(table);
        self.pack.on_threads(|jobs| {
            let begin = Instant::now();
            let progress = Progress::new(&context.console);
            let report = |what: &str, done, total| progress.bytes(what, done, total);
            let source = read_source_with(kind, &self.folder, &reading.options(), &report);
            progress.end();
            let (corpus, archives) = source?;
            let is_less = corpus.manifest.notes.iter().any(|note| match kind {
                CorpusKind::Folder | CorpusKind::Kaldi => note.is_left_out(),
                // Archives of corpora hold recordings that belong to no speaker.
                _ => note.kind == ProblemKind::LeftOut,
            });
            let plan = CorpusPlan::make(kind, corpus, archives, self.limit_speakers);
            Ok(match run_plan(&plan, &self.pack, context, jobs, begin)? {
                ExitStatus::Done if is_less => ExitStatus::SomeSkipped,
                status => status,
            })
        })
    }
}
