//! Why something could not be done.

use std::path::PathBuf;

use pair_sampler::SamplerError;
use sound_augment::SoundError;
use speaker_eval::EvalError;
use speaker_model::ModelError;
use speaker_scoring::ScoringError;
use speech_data::DataError;
use speech_data::store::StoreError;
use trainer::TrainError;

use crate::outcome::Skipped;

/// Why something could not be done. The text says what is wrong; [`Error::remedy`] says what to try next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path that was to be a model.
    #[error("`{}` {found}", path.display())]
    NotAModel {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },

    /// A file of somebody else's network that cannot be read.
    #[error(transparent)]
    Foreign(#[from] foreign_weights::ForeignError),

    /// A network that cannot be used here.
    #[error("`{}` {found}", path.display())]
    NotImported {
        /// The file.
        path: PathBuf,
        /// What it is or lacks.
        found: String,
        /// What to try.
        remedy: ImportRemedy,
    },

    /// Paths below which there are no recordings.
    #[error("no recordings in {}{}", listed(paths), found.iter().map(|one| format!("\n  {one}")).collect::<String>())]
    NoRecordings {
        /// The paths.
        paths: Vec<PathBuf>,
        /// What is there instead, and cannot be used as it is.
        found: Vec<String>,
    },

    /// Filters without a table that has columns.
    #[error("a filter needs a manifest or a store, and none of the paths is one")]
    NothingToFilter,

    /// A recording without one frame of features.
    #[error("`{path}` is too short: {seconds:.3} s hold no feature frame")]
    TooShort {
        /// Where it is.
        path: String,
        /// Its length, in s.
        seconds: f64,
    },

    /// Not one of the recordings can be used.
    #[error("{}", none_usable(skipped.len()))]
    NoneUsable {
        /// Each with its reason.
        skipped: Vec<Skipped>,
    },

    /// [`Progress::is_cancelled`](crate::Progress::is_cancelled) said so.
    #[error("interrupted")]
    Interrupted,

    /// A name of a file of embeddings whose ending names no format.
    #[error("`{}`: no format of embeddings has the ending `{ending}`", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its ending.
        ending: String,
    },

    /// A file that holds no embeddings that can be used.
    #[error("cannot use the embeddings in `{}`: {found}", path.display())]
    Embeddings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },

    /// A name that the list of names beside a `.npy` file cannot hold.
    #[error("{id:?} has a line end in its name, which a list of names cannot hold")]
    LineEndInName {
        /// The name.
        id: String,
    },

    /// A file that cannot be written.
    #[error("cannot write `{}`: {found}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        found: String,
    },

    /// Files that are not the parts of one work.
    #[error("cannot merge: {found}")]
    Merge {
        /// What is wrong.
        found: String,
        /// What to try next.
        remedy: String,
    },

    /// Vector instructions that the environment asks for and this processor does not have.
    #[error("{0}")]
    Instructions(String),

    /// A trial list of which nothing can be scored.
    #[error("list `{list}`: none of its {num_trials} trials can be scored")]
    NothingToScore {
        /// Its name.
        list: String,
        /// How many trials it has.
        num_trials: usize,
    },

    /// A file of scores that cannot be used.
    #[error("cannot use the scores in `{}`: {found}", path.display())]
    Scores {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },

    /// A table of labels.
    #[error("cannot read `{}`: {found}", path.display())]
    UnreadableLabels {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        found: String,
    },

    /// A line of a table of labels.
    #[error("{}:{line}: no speaker, or another one for the same id", path.display())]
    BadLabel {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
    },

    /// A split that a manifest does not have.
    #[error("`{}` has no split `{unknown}`; its splits are {}", path.display(), quoted(known))]
    UnknownSplit {
        /// The manifest.
        path: PathBuf,
        /// The split asked for.
        unknown: String,
        /// Those it has.
        known: Vec<String>,
    },

    /// A choice that goes with no known speakers, or with no graph.
    #[error("{found}")]
    Clustering {
        /// What does not fit.
        found: &'static str,
        /// What to try next.
        remedy: &'static str,
    },

    /// Recordings of too few speakers to adapt a model to.
    #[error(
        "{num_recordings} recordings of {num_speakers} speakers, {num_with_two} of them with two recordings or more: a model is adapted to recordings of at least {expected} such speakers{}",
        besides(left_out)
    )]
    TooFewToAdapt {
        /// Recordings that can be used.
        num_recordings: usize,
        /// Their speakers.
        num_speakers: usize,
        /// Those of them who have two recordings.
        num_with_two: usize,
        /// How many of those are needed.
        expected: usize,
        /// Recordings that teach nothing, and do not count.
        left_out: Vec<Skipped>,
    },

    /// A recording whose bytes cannot be read.
    #[error("cannot read `{}`: {found}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        found: String,
    },

    /// A register of another model's vectors.
    #[error(
        "the register `{}` belongs to the model `{owner}`, and this is `{model}`: their embeddings cannot be compared",
        register.display()
    )]
    OtherModel {
        /// The register.
        register: PathBuf,
        /// The model that it belongs to, where it was when the register was made.
        owner: String,
        /// The model at hand.
        model: String,
    },

    /// Data that identification cannot be measured on.
    #[error("identification cannot be measured: {found}")]
    TooFewToIdentify {
        /// What is missing.
        found: String,
    },

    /// A register that cannot be read or written.
    #[error(transparent)]
    Register(#[from] voice_register::RegisterError),

    /// Something that cannot be, a mistake of ours.
    #[error("{0}")]
    Defect(&'static str),

    /// An effect on samples.
    #[error(transparent)]
    Sound(#[from] SoundError),

    /// Trials that cannot be made.
    #[error(transparent)]
    Trials(#[from] SamplerError),

    /// A model that cannot be loaded or used.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// A recording, manifest or trial list.
    #[error(transparent)]
    Data(#[from] DataError),

    /// A packed store.
    #[error(transparent)]
    Store(#[from] StoreError),

    /// Embeddings that cannot be scored or clustered.
    #[error(transparent)]
    Scoring(#[from] ScoringError),

    /// Scores or clusters that cannot be measured.
    #[error(transparent)]
    Measure(#[from] EvalError),

    /// A run that cannot be read.
    #[error(transparent)]
    Run(#[from] TrainError),
}

/// What to try where a network is not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportRemedy {
    /// A network that is known.
    Known,
    /// To say whose front end it has, or to describe one.
    Family,
    /// To name the inputs and the output.
    Ports,
    /// To allow more memory.
    Memory,
    /// Something else.
    Other(&'static str),
}

impl ImportRemedy {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Known => "take a network that is known, or an ONNX file",
            Self::Family => "say of which family the network is, or describe its front end",
            Self::Ports => "name the input of the features, that of their number, and the output",
            Self::Memory => "allow more memory, if you trust the file",
            Self::Other(words) => words,
        }
    }
}

impl Error {
    /// The message and what to do about it in one line, for a list of what was left out.
    #[must_use]
    pub fn explained(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }

    /// What to try next, where there is more to say than the text does.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::NotAModel { .. } => {
                "give the directory of a training run, or one that holds `bundle.toml`"
            }
            Self::NoRecordings { .. } => {
                "in folders, recordings are recognised by their endings (wav, flac, mp3, ogg, m4a, aiff, caf and their relatives); name others one by one"
            }
            Self::NothingToFilter => {
                "give a table with columns, such as `split.tsv`, or the folder that holds it"
            }
            Self::NoneUsable { .. } => {
                "the lines above say why; check the paths, or convert the files"
            }
            Self::UnknownFormat { .. } => "name the file `.jsonl`, `.npy` or `.parquet`",
            Self::Embeddings { .. } => {
                "expected JSON lines, `.npy` with names beside it, `.npz`, Parquet, or Kaldi's archive of vectors"
            }
            Self::LineEndInName { .. } => "rename the file, or write `.jsonl` or `.parquet`",
            Self::Write { .. } => {
                "check that the folder exists and may be written to, and the space on the disk"
            }
            Self::Merge { remedy, .. } => remedy,
            Self::NotImported { remedy, .. } => remedy.words(),
            Self::Foreign(error) => return error.remedy(),
            Self::NothingToScore { .. } => {
                "check that the list's paths start from the folder or store that was given"
            }
            Self::Scores { .. } => {
                "expected lines of `uttA uttB score`, of these and a label (`target`, `nontarget`, 1 or 0), or of a label and a score"
            }
            Self::UnreadableLabels { .. } => "expected text with one `id<TAB>speaker` a line",
            Self::BadLabel { .. } => "expected `id<TAB>speaker`, each id once",
            Self::UnknownSplit { .. } => "name splits of the table",
            Self::Clustering { remedy, .. } => remedy,
            Self::TooFewToAdapt { .. } => {
                "add second recordings, on other days and microphones where that is possible, or more speakers; copies of one recording do not count"
            }
            Self::OtherModel { .. } => {
                "take the model that it belongs to, or embed its recordings anew by this one"
            }
            Self::TooFewToIdentify { .. } => {
                "take recordings of more speakers, or ask for fewer recordings to enrol"
            }
            Self::Register(error) => return error.remedy(),
            Self::Sound(error) => return error.remedy(),
            Self::Trials(error) => return error.remedy(),
            Self::Defect(_) => "report this as a defect",
            Self::Model(error) => return error.remedy(),
            Self::Data(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            Self::Measure(error) => return error.remedy(),
            Self::Scoring(error) => return error.remedy(),
            Self::Run(error) => return error.remedy(),
            Self::TooShort { .. }
            | Self::Unreadable { .. }
            | Self::Interrupted
            | Self::Instructions(_) => return None,
        })
    }
}

/// For `map_err` of what cannot be written.
pub(crate) fn unwritable(path: &std::path::Path, found: &dyn std::fmt::Display) -> Error {
    Error::Write {
        path: path.to_owned(),
        found: found.to_string(),
    }
}

fn none_usable(num_skipped: usize) -> String {
    match num_skipped {
        1 => "the recording cannot be used".to_owned(),
        count => format!("none of the {count} recordings can be used"),
    }
}

fn besides(left_out: &[Skipped]) -> String {
    match left_out {
        [] => String::new(),
        [one] => format!("; 1 more teaches nothing: {}", one.reason),
        [first, ..] => format!(
            "; {} more teach nothing, such as: {}",
            left_out.len(),
            first.reason
        ),
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| format!("`{}`", path.display()));
    paths.collect::<Vec<_>>().join(", ")
}

fn quoted(names: &[String]) -> String {
    let names = names.iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}
