//! `siamang prepare`: a subcommand for each corpus.

use super::{CorpusArgs, Screen, Status, VoxcelebArgs};
use crate::corpora::CorpusKind;
use crate::error::PrepError;

/// The corpora that can be prepared.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum PrepareCommand {
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
    /// A Kaldi data directory, with or without segments.
    Kaldi(CorpusArgs),
    /// A folder with one folder a speaker, or with split.tsv.
    Folder(CorpusArgs),
}

impl PrepareCommand {
    /// Makes the store, and prints plan, progress and summary.
    ///
    /// # Errors
    /// [`PrepError`]; nothing is printed for it.
    pub fn run(&self, screen: Screen) -> Result<Status, PrepError> {
        match self {
            Self::Voxceleb(args) => args.run(screen),
            Self::Librispeech(args) => args.run(CorpusKind::LibriSpeech, screen),
            Self::Timit(args) => args.run(CorpusKind::Timit, screen),
            Self::Vctk(args) => args.run(CorpusKind::Vctk, screen),
            Self::CommonVoice(args) => args.run(CorpusKind::CommonVoice, screen),
            Self::CnCeleb(args) => args.run(CorpusKind::CnCeleb, screen),
            Self::Kaldi(args) => args.run(CorpusKind::Kaldi, screen),
            Self::Folder(args) => args.run(CorpusKind::Folder, screen),
        }
    }
}
