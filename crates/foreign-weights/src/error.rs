//! Why a file from elsewhere is not read.

use std::fmt::Display;
use std::path::PathBuf;

/// Why a file from elsewhere is not read. Each variant names the file, and the member of an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// The operating system refused to open or read the file.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// The path is a directory, a pipe, a socket or a device.
    #[error("`{}` is no file, expected one that holds a network", path.display())]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },

    /// The bytes are of nothing that is read here.
    #[error(
        "`{file}` is no file of weights: it {found}, expected PyTorch, safetensors, ONNX, or a zip or wheel that holds one"
    )]
    NotRecognised {
        /// Name of the file, with the member of an archive.
        file: String,
        /// What it begins with, or looks like.
        found: String,
    },

    /// A known kind of file, or a feature of one, which is not read here.
    #[error("`{file}` is not read: {found}")]
    Unsupported {
        /// Name of the file, with the member of an archive.
        file: String,
        /// The kind or the feature.
        found: String,
    },

    /// It says something that cannot be.
    #[error("`{file}` is damaged: {found}")]
    Malformed {
        /// Name of the file, with the member of an archive.
        file: String,
        /// Where, what was found, and what was expected.
        found: String,
    },

    /// It asks for what no file of weights needs.
    #[error("`{file}` is refused: it {found}")]
    Refused {
        /// Name of the file, with the member of an archive.
        file: String,
        /// What it asks for.
        found: String,
    },

    /// It is larger than what is read, or unfolds to more.
    #[error("`{file}` is too large: {found}, at most {limit} are read")]
    TooLarge {
        /// Name of the file, with the member of an archive.
        file: String,
        /// What there is of what.
        found: String,
        /// How much of that is read.
        limit: u64,
    },

    /// An archive has no member of the name that was asked for.
    #[error(
        "`{file}` has no model `{member}`; it holds {}",
        listed(models, "no file that is read here")
    )]
    NoSuchMember {
        /// Name of the archive.
        file: String,
        /// The member that was asked for.
        member: String,
        /// Members that are models.
        models: Vec<String>,
    },

    /// An archive holds several models, and none was named.
    #[error("`{file}` holds {} models: {}", models.len(), listed(models, ""))]
    ManyModels {
        /// Name of the archive.
        file: String,
        /// The members that are models.
        models: Vec<String>,
    },

    /// An archive holds no model.
    #[error("`{file}` holds {num_members} files, none of which is a model that is read here")]
    NoModel {
        /// Name of the archive.
        file: String,
        /// How many files it holds.
        num_members: usize,
    },
}

impl ForeignError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Unreadable { .. } => "check that the path exists and may be read",
            Self::NotAFile { .. } => "name a file",
            Self::NotRecognised { .. } => {
                "give the file of weights itself: .pt, .pth, .ckpt, .bin, .safetensors or .onnx"
            }
            Self::Unsupported { .. } => {
                "load it with the program that made it and save its state dict: `torch.save(model.state_dict(), FILE)`"
            }
            Self::Malformed { .. } => "download the file again, and compare its length and SHA-256",
            Self::Refused { .. } => {
                "do not load it elsewhere either: ask its authors for safetensors or a plain state dict"
            }
            Self::TooLarge { .. } => "save the weights alone, without the state of their training",
            Self::NoSuchMember { .. } | Self::ManyModels { .. } => "name one of them",
            Self::NoModel { .. } => "give the file of weights itself",
        })
    }
}

/// The first of some names, and how many more there are.
fn listed(names: &[String], none: &str) -> String {
    const SHOWN: usize = 12;
    if names.is_empty() {
        return none.to_owned();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A [`ForeignError`] that does not yet know the name of its file.
#[derive(Debug)]
pub(crate) enum Fault {
    Malformed(String),
    Unsupported(String),
    Refused(String),
    TooLarge { found: String, limit: u64 },
}

impl Fault {
    /// Something that cannot be, at a byte.
    pub(crate) fn at(byte: usize, found: impl Display) -> Self {
        Self::Malformed(format!("{found} (at byte {byte})"))
    }

    /// With the name of the file.
    pub(crate) fn of(self, file: &str) -> ForeignError {
        let file = file.to_owned();
        match self {
            Self::Malformed(found) => ForeignError::Malformed { file, found },
            Self::Unsupported(found) => ForeignError::Unsupported { file, found },
            Self::Refused(found) => ForeignError::Refused { file, found },
            Self::TooLarge { found, limit } => ForeignError::TooLarge { file, found, limit },
        }
    }
}

impl From<onnx_graph::wire::WireError> for Fault {
    fn from(error: onnx_graph::wire::WireError) -> Self {
        Self::Malformed(format!("one of its messages has {error}"))
    }
}

/// A name from the file as it is shown: without control characters, and not all of a long one.
pub(crate) fn shown(name: &str) -> String {
    const SHOWN: usize = 80;
    let mut text: String = name
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if name.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}
