//! Why a corpus cannot be prepared.

use std::path::{Path, PathBuf};

use speech_data::store::StoreError;
use speech_data::{DataError, Problem};

/// Why a corpus cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepError {
    /// The operating system refused something.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// Nothing to prepare.
    #[error("no recordings of {corpus} in `{}` ({found}), looked for:\n{layouts}", path.display())]
    NothingFound {
        /// What was looked for.
        corpus: &'static str,
        /// Where.
        path: PathBuf,
        /// What is there instead.
        found: String,
        /// The layouts that are known.
        layouts: &'static str,
    },

    /// No folder was given.
    #[error("no folder of VoxCeleb1 or of VoxCeleb2 was given")]
    NoSource,

    /// A part of a split archive is not there.
    #[error("{}", missing_parts(folder, missing, present))]
    MissingParts {
        /// The folder.
        folder: PathBuf,
        /// Name and expected MD5 of each missing part, where that is known.
        missing: Vec<(String, Option<&'static str>)>,
        /// What is there, with what is wrong with it.
        present: Vec<String>,
    },

    /// An archive of a kind that is not read.
    #[error("`{name}` is an archive that is not supported: {kind}")]
    UnsupportedArchive {
        /// Its name.
        name: String,
        /// What packed it.
        kind: &'static str,
    },

    /// What an archive holds cannot be used.
    #[error("{found}")]
    InArchive {
        /// What is wrong, and where.
        found: String,
    },

    /// A part of a split archive that is not the one that its name says.
    #[error(
        "`{part}` is not this part of the archive: none of {probes} recordings that should lie in it can be read ({first}); {found}"
    )]
    BadPart {
        /// The part.
        part: String,
        /// What it seems to be.
        found: String,
        /// Recordings that were tried.
        probes: usize,
        /// What is wrong with the first.
        first: String,
    },

    /// An archive that cannot be opened.
    #[error("cannot read the archive `{name}`: {found}")]
    BadArchive {
        /// Its name, or that of its first part.
        name: String,
        /// What is wrong, and with which part.
        found: String,
    },

    /// A table that cannot be understood.
    #[error("`{}`, line {line}: {found}, expected {expected}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },

    /// The result would not fit on the disk.
    #[error(
        "`{}` needs {needed} more, but only {free} are free there",
        path.display()
    )]
    DoesNotFit {
        /// Where the store was to be.
        path: PathBuf,
        /// What it needs.
        needed: String,
        /// What is free.
        free: String,
    },

    /// Lines of a corpus's table that cannot be used.
    #[error("`{}`: {} lines cannot be used, expected {expected}{}", path.display(), problems.len(), shown(problems))]
    BadTable {
        /// The table.
        path: PathBuf,
        /// The form of a line.
        expected: &'static str,
        /// Every bad line.
        problems: Vec<Problem>,
    },

    /// A manifest or a trial list cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),

    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PrepError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Io { .. } => "check that the path exists and may be read",
            Self::NoSource => "give the folder with the archives or the unpacked recordings",
            Self::BadArchive { .. } => "download it again",
            Self::UnsupportedArchive { .. } => {
                "unpack it, or pack it again as .tar.gz, .tar or .zip"
            }
            Self::BadPart { .. } => "give the parts their right names, or download this one again",
            Self::Table { .. } => "download it again",
            Self::Data(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            Self::MissingParts { .. } => {
                "download what is missing: a split archive opens only with all of its parts"
            }
            Self::DoesNotFit { .. } => {
                "make room, choose another disk, or an encoding that takes less"
            }
            _ => return None,
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

fn missing_parts(
    folder: &Path,
    missing: &[(String, Option<&'static str>)],
    present: &[String],
) -> String {
    let mut text = format!("parts are missing in `{}`:", folder.display());
    for (name, md5) in missing {
        text += &format!("\n  {name}");
        if let Some(md5) = md5 {
            text += &format!(", expected MD5 {md5}");
        }
    }
    text += &format!("\nfound {}", present.join(", "));
    text
}

/// The first problems, one a line.
fn shown(problems: &[Problem]) -> String {
    let lines = problems
        .iter()
        .take(20)
        .map(|problem| format!("\n  {problem}"));
    let mut text: String = lines.collect();
    if problems.len() > 20 {
        text.push_str(&format!("\n  … and {} more", problems.len() - 20));
    }
    text
}
