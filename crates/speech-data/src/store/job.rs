//! What is to be packed, where its bytes come from, and how far that has come.

use std::path::Path;

use super::item::StoreItem;
use super::settings::{Part, StoreSettings};

/// What is to be packed.
#[derive(Clone, Debug)]
pub struct Pack<'a> {
    /// How audio is kept.
    pub settings: StoreSettings,
    /// The part of the items that is to be packed; all of them where it is `None`.
    pub part: Option<Part>,
    /// All utterances, sorted by name, each name once. With `part`, still all of them.
    pub items: &'a [StoreItem],
}

/// Why the bytes behind an item cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// This file cannot be used: it is left out and named, the work goes on.
    Damaged(String),
    /// The disk or the archive cannot be read: the work stops, and goes on another time.
    Lost(String),
}

/// How far packing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PackProgress {
    /// Utterances dealt with, those of earlier runs included.
    pub done: u64,
    /// Utterances to deal with in all.
    pub total: u64,
    /// Of those dealt with, how many were dealt with by earlier runs.
    pub resumed: u64,
    /// Of those dealt with, how many are left out.
    pub failed: u64,
    /// Bytes of files read by this run.
    pub bytes_read: u64,
    /// Bytes of audio written by this run.
    pub bytes_written: u64,
    /// Length of the audio written by this run, in s.
    pub seconds: f64,
}

/// Where the bytes behind a job's items come from.
pub trait PackSource: Sync {
    /// The bytes of the file behind item `index`, in any format that [`read_recording`](audio_features::read_recording) reads;
    /// called from many threads.
    ///
    /// # Errors
    /// [`SourceFault`].
    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault>;

    /// What tells whether that file has changed: its size, time and checksum, say. It is remembered with a failure.
    fn stamp(&self, index: usize) -> Option<String> {
        let _ = index;
        None
    }

    /// Another copy of that recording, such as one that was converted, for where the file itself cannot be decoded.
    fn copy(&self, index: usize) -> Option<SourceCopy> {
        let _ = index;
        None
    }

    /// Bytes that may still be written where `out` lies; `None` where that is not known.
    fn room(&self, out: &Path) -> Option<u64> {
        let _ = out;
        None
    }
}

/// A second copy of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCopy {
    /// What it is called.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<Read: Fn(usize) -> Result<Vec<u8>, SourceFault> + Sync> PackSource for Read {
    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        self(index)
    }
}

/// Which of the utterances that an earlier run left out are tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retry {
    /// Those whose source has changed since.
    #[default]
    Changed,
    /// All of them.
    All,
}
