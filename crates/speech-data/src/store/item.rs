//! What is known of an utterance before its audio is read.

use std::collections::BTreeMap;
use std::sync::Arc;

/// An utterance to be packed. What utterances have in common is shared, since there may be a million of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreItem {
    /// Unique name, by which trials and manifests know the utterance: a relative path with `/` between folders.
    pub name: String,
    /// Who speaks.
    pub speaker: Arc<str>,
    /// The occasion: recordings of one session share room and microphone.
    pub session: Option<Arc<str>>,
    /// Whatever else is known: `gender`, `nationality`, `split`, `corpus`, …
    pub columns: Arc<BTreeMap<String, String>>,
    /// Size of the file that the audio comes from, in bytes; it bounds how much is read at a time.
    pub source_bytes: u64,
}

impl StoreItem {
    /// An utterance of which nothing else is known.
    #[must_use]
    pub fn new(name: impl Into<String>, speaker: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            speaker: speaker.into(),
            session: None,
            columns: Arc::default(),
            source_bytes: 0,
        }
    }

    /// The same in a session.
    #[must_use]
    pub fn session(mut self, session: impl Into<Arc<str>>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// The same with a value in a column.
    #[must_use]
    pub fn column(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.columns).insert(key.into(), value.into());
        self
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            name: &self.name,
            speaker: &self.speaker,
            session: self.session.as_deref(),
            columns: self
                .columns
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
        }
    }
}

/// The same by reference, from an item or from a row of another store.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    pub(super) name: &'a str,
    pub(super) speaker: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) columns: Vec<(&'a str, &'a str)>,
}
