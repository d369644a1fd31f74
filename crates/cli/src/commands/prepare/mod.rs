//! `siamang prepare`: a corpus to a packed store, a subcommand for each corpus.

mod corpus;
mod flags;
mod packing;
mod progress;
mod report;
mod stoppable;
mod voxceleb;

use anyhow::Result;
use corpus_prep::CorpusKind;

use self::corpus::{CorpusArgs, TableCorpusArgs};
pub(crate) use self::progress::Progress;
pub(crate) use self::report::{Figures, report};
use self::voxceleb::VoxcelebArgs;
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
    corpus: Corpus,
}

/// The corpora that can be prepared.
#[derive(Clone, Debug, clap::Subcommand)]
enum Corpus {
    /// VoxCeleb 1 and 2, from their archives or unpacked.
    Voxceleb(VoxcelebArgs),
    /// LibriSpeech, mini LibriSpeech or LibriTTS; chapters are sessions.
    Librispeech(CorpusArgs),
    /// TIMIT; SPHERE files are read as they are, the column `part` has the papers' 8 + 2 sentences.
    Timit(CorpusArgs),
    /// VCTK 0.92 or 0.80; the first microphone of two.
    Vctk(CorpusArgs),
    /// Common Voice, one language or several; what was validated.
    CommonVoice(CorpusArgs),
    /// CN-Celeb and CN-Celeb2; the evaluation's trials are put into STORE/trials.
    CnCeleb(CorpusArgs),
    /// AISHELL-1; its speakers' archives unpacked.
    Aishell(CorpusArgs),
    /// 3D-Speaker; the lists of trials across devices, distances and dialects are put into STORE/trials.
    #[command(name = "3d-speaker")]
    ThreeDSpeaker(CorpusArgs),
    /// A Kaldi data directory, with or without segments.
    Kaldi(TableCorpusArgs),
    /// A folder with one folder per speaker, with split.tsv or of archives (.tar, .parquet), or a table.
    Folder(TableCorpusArgs),
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    match &args.corpus {
        Corpus::Voxceleb(args) => args.run(context),
        Corpus::Librispeech(args) => args.run(CorpusKind::LibriSpeech, context),
        Corpus::Timit(args) => args.run(CorpusKind::Timit, context),
        Corpus::Vctk(args) => args.run(CorpusKind::Vctk, context),
        Corpus::CommonVoice(args) => args.run(CorpusKind::CommonVoice, context),
        Corpus::CnCeleb(args) => args.run(CorpusKind::CnCeleb, context),
        Corpus::Aishell(args) => args.run(CorpusKind::Aishell, context),
        Corpus::ThreeDSpeaker(args) => args.run(CorpusKind::ThreeDSpeaker, context),
        Corpus::Kaldi(args) => args.run(CorpusKind::Kaldi, context),
        Corpus::Folder(args) => args.run(CorpusKind::Folder, context),
    }
}
