//! A recording, wherever its audio is.

use std::path::PathBuf;

use speech_data::{Location, Utterance};

/// A recording to embed.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is called in outputs: the path below the folder given, or the path as given.
    pub id: String,
    /// Where its audio is.
    pub location: Location,
    /// Who speaks, where a folder or a manifest says so.
    pub speaker: Option<String>,
    /// On which occasion, where a folder or a manifest says so.
    pub session: Option<String>,
}

impl Input {
    /// A file of which nothing else is known.
    #[must_use]
    pub fn file(id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            location: Location::from(path.into()),
            speaker: None,
            session: None,
        }
    }

    /// The bytes of an audio file.
    #[must_use]
    pub fn bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            id: name.to_owned(),
            location: Location::memory(name, bytes),
            speaker: None,
            session: None,
        }
    }

    /// A recording of a manifest.
    #[must_use]
    pub fn of(utterance: &Utterance) -> Self {
        Self {
            id: utterance.id.clone(),
            location: utterance.location.clone(),
            speaker: utterance.known_speaker().map(str::to_owned),
            session: utterance.session.clone(),
        }
    }

    /// Its path, as it is shown.
    #[must_use]
    pub fn path(&self) -> String {
        self.location.to_string()
    }
}
