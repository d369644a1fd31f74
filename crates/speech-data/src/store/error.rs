//! Why a store cannot be made or read.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::settings::Part;
use audio_features::AudioError;

/// Why a store cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused something.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A folder that is not a store.
    #[error("`{}` is not a store: it has no `store.json`", path.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },

    /// A store whose making was interrupted.
    #[error(
        "the store `{}` is unfinished: {done} of {planned} utterances are in it{}",
        path.display(), after.as_ref().map_or(String::new(), |name| format!(", all after `{name}` are missing"))
    )]
    Unfinished {
        /// The store.
        path: PathBuf,
        /// Utterances that were dealt with.
        done: u64,
        /// Utterances that were to be.
        planned: u64,
        /// The last of those dealt with; they are sorted.
        after: Option<String>,
    },

    /// A store cannot be repaired beside itself.
    #[error(
        "the store `{}` lacks recordings that can be had by now, and is written anew with them beside itself: that takes {:.1} MB, {:.1} MB are free",
        path.display(), *needed as f64 / 1e6, *free as f64 / 1e6
    )]
    NoRoom {
        /// The store.
        path: PathBuf,
        /// Bytes that it takes at least.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },

    /// Written by a later version.
    #[error("`{}` has format version {found}, this version reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The latest version that is understood.
        known: u32,
    },

    /// A file of the store is not as it was written.
    #[error("`{}` is damaged: {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        found: String,
    },

    /// The audio of an utterance is not as it was written.
    #[error("the audio of `{name}` in `{}` is damaged: {found}", path.display())]
    DamagedAudio {
        /// The shard.
        path: PathBuf,
        /// The utterance.
        name: String,
        /// What was found, and what was expected.
        found: String,
    },

    /// An utterance by a number that there is not.
    #[error("utterance number {index} of the store `{}` was asked for, which has {len}", path.display())]
    NoSuchUtterance {
        /// The store.
        path: PathBuf,
        /// The number.
        index: usize,
        /// How many there are.
        len: usize,
    },

    /// An utterance by a name that there is not.
    #[error("`{name}` is not in the store `{}`", path.display())]
    NoSuchName {
        /// The store.
        path: PathBuf,
        /// The name.
        name: String,
    },

    /// Samples beyond the end of an utterance.
    #[error("samples {start} to {end} of `{name}` were asked for, which has {num_samples}")]
    Range {
        /// The utterance.
        name: String,
        /// First sample.
        start: u64,
        /// One past the last sample.
        end: u64,
        /// Samples of the utterance.
        num_samples: u64,
    },

    /// Audio that was asked for at an impossible rate, or kept as a file that is not decoded any more.
    #[error(transparent)]
    Audio(#[from] AudioError),

    /// The folder holds a store of something else.
    #[error(
        "`{}` was begun as a store of {there}, but this is {here}",
        path.display()
    )]
    OtherPlan {
        /// The store.
        path: PathBuf,
        /// What it was begun as.
        there: String,
        /// What was to be packed now.
        here: String,
    },

    /// The folder for a new store holds something else.
    #[error("`{}` is not empty (it holds `{found}`) and is not a store", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// A file in it.
        found: String,
    },

    /// Another process writes the store.
    #[error("another process is writing the store `{}`", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },

    /// Utterances to be packed are not sorted, or two have one name.
    #[error(
        "`{name}` comes after `{previous}`: utterances must be sorted by name and no name may occur twice"
    )]
    Order {
        /// The utterance.
        name: String,
        /// The one before it.
        previous: String,
    },

    /// Nothing to pack.
    #[error("there is no utterance to pack{}", part.map_or(String::new(), |part| format!(" in part {part}")))]
    Nothing {
        /// The part.
        part: Option<Part>,
    },

    /// The source of an utterance cannot be reached, which is not the fault of the utterance.
    #[error("cannot read `{name}`: {reason}")]
    SourceLost {
        /// The utterance.
        name: String,
        /// What happened.
        reason: String,
    },

    /// A store to be merged that is whole.
    #[error("cannot merge: `{}` is not a part but a whole store", path.display())]
    NotAPart {
        /// The store.
        path: PathBuf,
    },

    /// Parts that cannot be merged.
    #[error("cannot merge: {found}")]
    Merge {
        /// What is wrong with which part.
        found: String,
        /// What to do.
        remedy: String,
    },
}

impl StoreError {
    /// The message and what to do about it in one line, for a list of what was left out.
    pub fn explained(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }

    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::NotAStore { .. } => "pack the recordings into one first",
            Self::Unfinished { .. } => {
                "run the command that began it again, it goes on where it stopped"
            }
            Self::NoRoom { .. } => {
                "make room and run the same command again; the store is as it was until then"
            }
            Self::Newer { .. } => "use a newer siamang",
            Self::Damaged { .. } => "copy the store again, or make it again",
            Self::DamagedAudio { .. } => "copy the store again, or make it again",
            Self::NoSuchUtterance { .. } => "the numbers start at 0",
            Self::NoSuchName { .. } => "check the name, or that the store is whole",
            Self::Range { .. } => "ask for fewer",
            Self::Audio(error) => return error.remedy(),
            Self::OtherPlan { .. } => "give another folder, or remove that one",
            Self::NotEmpty { .. } => "give an empty or a new folder",
            Self::Busy { .. } => "wait for it, or end it",
            Self::Order { .. } => "rename one of them",
            Self::Nothing { .. } => "check what was given",
            Self::SourceLost { .. } => {
                "once that is fixed, run the same command again: it goes on where it stopped"
            }
            Self::Io { source, .. } => remedy(source),
            Self::NotAPart { .. } => "give the stores that are the parts of one division",
            Self::Merge { remedy, .. } => remedy,
        })
    }

    /// For `map_err` of what the operating system may refuse.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room and run the same command again: it goes on where it stopped"
        }
        ErrorKind::NotFound => "check the path",
        _ => "check that the disk is there and may be written; run the same command again to go on",
    }
}
