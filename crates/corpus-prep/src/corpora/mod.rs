//! The corpora that people have, each in its own layout, to one list of utterances.

mod aishell;
mod cn_celeb;
mod common_voice;
mod files;
mod librispeech;
mod table;
mod three_d_speaker;
mod timit;
mod vctk;

use std::fmt;
use std::path::Path;

use speech_data::{FaultyRows, Manifest, ReadOptions, Speakers, TrialList};

use crate::error::PrepError;

/// A corpus as its folder shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    /// The utterances. [`Manifest::notes`] says what was left out and why. The columns `start_s` and `end_s`, where
    /// an utterance has them, bound it within its file, in s.
    pub manifest: Manifest,
    /// The trial lists that come with the corpus, in the manifest's names of utterances.
    pub lists: Vec<TrialList>,
}

/// The corpora whose layouts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CorpusKind {
    /// LibriSpeech, mini LibriSpeech and LibriTTS.
    LibriSpeech,
    /// TIMIT.
    Timit,
    /// VCTK 0.92 and 0.80.
    Vctk,
    /// Common Voice, one language or several.
    CommonVoice,
    /// CN-Celeb and CN-Celeb2.
    CnCeleb,
    /// AISHELL-1.
    Aishell,
    /// 3D-Speaker.
    ThreeDSpeaker,
    /// A Kaldi data directory.
    Kaldi,
    /// A folder with one folder per speaker, with `split.tsv` or of archives, or any table.
    Folder,
}

impl CorpusKind {
    /// The name that commands know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LibriSpeech => "librispeech",
            Self::Timit => "timit",
            Self::Vctk => "vctk",
            Self::CommonVoice => "common-voice",
            Self::CnCeleb => "cn-celeb",
            Self::Aishell => "aishell",
            Self::ThreeDSpeaker => "3d-speaker",
            Self::Kaldi => "kaldi",
            Self::Folder => "folder",
        }
    }
}

impl fmt::Display for CorpusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads the corpus in `folder`: the folder that its archive unpacks to, or the one above it.
///
/// Speakers, sessions, genders and splits come from the corpus's own tables; what a corpus knows beyond them is in
/// further columns. Nothing is decoded.
///
/// # Errors
/// [`PrepError::NothingFound`] with the layout that was looked for, [`PrepError::BadTable`] with every bad line of a
/// table, and what reading files can fail with.
///
/// ```
/// use corpus_prep::{CorpusKind, read_corpus};
///
/// # let folder = tempfile::tempdir()?;
/// # let root = folder.path();
/// # for name in ["dev-clean/84/121123", "dev-clean/84/121550"] {
/// #     std::fs::create_dir_all(root.join("LibriSpeech").join(name))?;
/// # }
/// # std::fs::write(root.join("LibriSpeech/SPEAKERS.TXT"), ";ID\n84 | F | dev-clean | 8.02 | Christie Nowak\n")?;
/// # std::fs::write(root.join("LibriSpeech/dev-clean/84/121123/84-121123-0000.flac"), "")?;
/// # std::fs::write(root.join("LibriSpeech/dev-clean/84/121550/84-121550-0000.flac"), "")?;
/// let corpus = read_corpus(CorpusKind::LibriSpeech, root)?;
/// let first = &corpus.manifest.utterances[0];
/// assert_eq!(first.id, "dev-clean/84/121123/84-121123-0000.flac");
/// assert_eq!((first.speaker.as_str(), first.session.as_deref()), ("84", Some("121123")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_corpus(kind: CorpusKind, folder: &Path) -> Result<Corpus, PrepError> {
    read_corpus_with(kind, folder, &ReadOptions::default())
}

/// The same, with Kaldi's lists and other tables read in another way. Every recording needs a speaker whatever `options` say.
///
/// # Errors
/// As [`read_corpus`].
pub fn read_corpus_with(
    kind: CorpusKind,
    folder: &Path,
    options: &ReadOptions<'_>,
) -> Result<Corpus, PrepError> {
    let options = ReadOptions {
        speakers: Speakers::Needed,
        faulty: FaultyRows::Refuse,
        ..*options
    };
    match kind {
        CorpusKind::LibriSpeech => librispeech::read(folder),
        CorpusKind::Timit => timit::read(folder),
        CorpusKind::Vctk => vctk::read(folder),
        CorpusKind::CommonVoice => common_voice::read(folder),
        CorpusKind::CnCeleb => cn_celeb::read(folder),
        CorpusKind::Aishell => aishell::read(folder),
        CorpusKind::ThreeDSpeaker => three_d_speaker::read(folder),
        CorpusKind::Kaldi if folder.is_dir() && !folder.join("wav.scp").is_file() => {
            // Its absence is the error.
            Ok(Manifest::from_table(folder, folder)?.into())
        }
        CorpusKind::Kaldi | CorpusKind::Folder => Ok(Manifest::read_with(folder, &options)?.into()),
    }
}

impl From<Manifest> for Corpus {
    /// A corpus without trial lists.
    fn from(manifest: Manifest) -> Self {
        Self {
            manifest,
            lists: Vec::new(),
        }
    }
}
