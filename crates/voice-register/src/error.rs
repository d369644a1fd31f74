//! Why a register cannot be read or written.

use std::path::{Path, PathBuf};

/// Why a register cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
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

    /// A folder that is no register.
    #[error("`{}` is not a register of voices: {found}", path.display())]
    NotARegister {
        /// The folder.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },

    /// A register that a newer version wrote.
    #[error(
        "`{}` has format version {found}, this version reads up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },

    /// A file whose beginning makes no sense: without it nothing can be read.
    #[error("`{}` is damaged: {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },

    /// Another process writes to it.
    #[error(
        "the register `{}` is being written by {}", path.display(),
        by.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"))
    )]
    Busy {
        /// The register.
        path: PathBuf,
        /// Number of the process, where it left one.
        by: Option<u32>,
    },

    /// A name that no voice can have.
    #[error("{name:?} cannot be the name of a voice: {found}")]
    BadName {
        /// The name, its end cut off where it is long.
        name: String,
        /// What is wrong with it.
        found: &'static str,
    },

    /// A name that no voice has.
    #[error("no voice is called `{name}` in `{}`", path.display())]
    NoSuchVoice {
        /// The register.
        path: PathBuf,
        /// The name.
        name: String,
    },

    /// A name that is taken.
    #[error("a voice is called `{name}` already in `{}`", path.display())]
    NameTaken {
        /// The register.
        path: PathBuf,
        /// The name.
        name: String,
    },

    /// A vector that is none of this register.
    #[error("the vector of `{what}` {found}")]
    BadVector {
        /// Whose it is.
        what: String,
        /// What is wrong with it.
        found: String,
    },

    /// Something that cannot be stored, since it is too large.
    #[error("{what} has {found} bytes, at most {most} can be kept")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// How many there may be.
        most: usize,
    },

    /// Vector instructions that this processor does not have.
    #[error(transparent)]
    Instructions(#[from] register_tiles::SimdError),
}

impl RegisterError {
    /// For `map_err` of what the operating system refused.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        use std::io::ErrorKind;
        Some(match self {
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    "make room on the disk and try again; nothing that was confirmed is lost"
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "a register belongs to one user; reading needs the right to read its files, writing the right to write in its folder"
                }
                _ => return None,
            },
            Self::NotARegister { .. } => {
                "give the folder that voices were enrolled in; a new one is made where there is none"
            }
            Self::Newer { .. } => "use the version that wrote it, or a newer one",
            Self::Damaged { .. } => "take it from a copy, or enrol its voices anew",
            Self::Busy { .. } => "try again when it is done; one process writes at a time",
            Self::BadName { .. } => {
                "a name has 1 to 200 characters, and no line ends, tabs or other control characters"
            }
            Self::NoSuchVoice { .. } => "names are told apart by capital and small letters",
            Self::NameTaken { .. } => "choose another name, or forget that voice first",
            Self::BadVector { .. } => "take vectors of the model that the register belongs to",
            Self::TooLarge { .. } => "shorten it, or enrol in smaller parts",
            Self::Instructions(_) => return None,
        })
    }
}

/// Bytes of a register that are not what was written. What they held is lost; the rest can be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// First byte.
    pub offset: u64,
    /// How many bytes.
    pub num_bytes: u64,
    /// What is wrong with them.
    pub found: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "`{}`, bytes {} to {}: {}",
            self.path.display(),
            self.offset,
            self.offset + self.num_bytes,
            self.found
        )
    }
}
