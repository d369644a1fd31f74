//! Where a recording's audio is: a file, an utterance of a packed store, bytes in memory; all of it, or a part.

mod cut;
pub(crate) mod header;
pub(crate) mod member;
mod reader;
mod root;
mod wav;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audio_features::{Recording, Shape};

use crate::error::DataError;
use crate::store::Store;
use crate::walk::escaped;

pub use cut::Cut;
pub(crate) use cut::ROUNDING_S;
pub use member::{ByteRange, Cell, Command, Member};
pub use reader::Reader;
pub use root::Root;

/// What holds the bytes of a recording.
#[derive(Clone, Debug)]
pub enum Holder {
    /// An audio file.
    File(PathBuf),
    /// An utterance of a packed store, by its name.
    Stored {
        /// The store.
        store: Arc<Store>,
        /// The utterance's name. It need not be there: reading says so.
        name: String,
    },
    /// The bytes of an audio file, from standard input say.
    Memory {
        /// What stands for them in messages.
        name: String,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// Bytes that are no file of their own: a member of an archive, a cell of a table, what a command writes.
    Member(Member),
}

impl PartialEq for Holder {
    /// Two openings of one store are the same place.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) => a == b,
            (Self::Stored { store: a, name: x }, Self::Stored { store: b, name: y }) => {
                x == y && a.path() == b.path()
            }
            (Self::Memory { name: a, bytes: x }, Self::Memory { name: b, bytes: y }) => {
                a == b && x == y
            }
            (Self::Member(a), Self::Member(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Holder {}

impl Hash for Holder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::File(path) => path.hash(state),
            Self::Stored { store, name } => (store.path(), name).hash(state),
            // Few recordings are in memory; their names tell most of them apart.
            Self::Memory { name, .. } => name.hash(state),
            Self::Member(member) => member.hash(state),
        }
    }
}

/// Where the audio of one recording is. [`read`](Self::read) is the one way to its samples.
///
/// ```
/// use speech_data::{Cut, Location};
///
/// let whole = Location::from("calls/1.wav");
/// let part = whole.clone().cut(Cut::new(1.5, 4.0).ok_or("no time")?).channel(0);
/// assert_eq!(part.to_string(), "calls/1.wav from 1.5 to 4 s, channel 0");
/// assert_eq!(part.file(), whole.file());
/// assert!(part.read(16_000).is_err_and(|error| error.to_string().contains("calls/1.wav")));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    holder: Holder,
    cut: Option<Cut>,
    channel: Option<usize>,
}

impl Location {
    /// All of what `holder` holds.
    pub fn new(holder: Holder) -> Self {
        Self {
            holder,
            cut: None,
            channel: None,
        }
    }

    /// An utterance of a store.
    pub fn stored(store: &Arc<Store>, name: impl Into<String>) -> Self {
        Self::new(Holder::Stored {
            store: Arc::clone(store),
            name: name.into(),
        })
    }

    /// The bytes of an audio file; `name` stands for them in messages.
    pub fn memory(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::new(Holder::Memory {
            name: name.into(),
            bytes: bytes.into(),
        })
    }

    /// Bytes that are no file of their own.
    pub fn member(member: Member) -> Self {
        Self::new(Holder::Member(member))
    }

    /// The same part of the bytes of an audio file that stand for this one's; `name` stands for them in messages.
    #[must_use]
    pub fn held_by(self, name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            holder: Holder::Memory {
                name: name.into(),
                bytes: bytes.into(),
            },
            ..self
        }
    }

    /// Only the part between two times.
    #[must_use]
    pub fn cut(self, cut: Cut) -> Self {
        Self {
            cut: Some(cut),
            ..self
        }
    }

    /// Only one channel, counted from 0, instead of the mean of all.
    #[must_use]
    pub fn channel(self, channel: usize) -> Self {
        Self {
            channel: Some(channel),
            ..self
        }
    }

    /// What holds the bytes.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The file, where the recording is one or a part of one.
    pub fn file(&self) -> Option<&Path> {
        match &self.holder {
            Holder::File(path) => Some(path),
            _ => None,
        }
    }

    /// The bounds of the part, where it is not the whole recording.
    pub fn part(&self) -> Option<Cut> {
        self.cut
    }

    /// The one channel that is meant, where it is not the mean of all.
    pub fn one_channel(&self) -> Option<usize> {
        self.channel
    }

    /// Whether all of the recording and all of its channels are meant.
    pub fn is_whole(&self) -> bool {
        self.cut.is_none() && self.channel.is_none()
    }

    /// The recording as mono samples at `sample_rate_hz`. Of many parts of the same few recordings a [`Reader`] decodes
    /// each recording once.
    ///
    /// # Errors
    /// [`DataError::Audio`], [`DataError::Store`], [`DataError::OutsideRecording`] and [`DataError::NoSuchChannel`].
    pub fn read(&self, sample_rate_hz: u32) -> Result<Recording, DataError> {
        Reader::default().read(self, sample_rate_hz)
    }

    /// Channels of what holds the recording, from its headers and its first packet; 1 for an utterance of a store.
    ///
    /// # Errors
    /// [`DataError::Audio`].
    pub fn num_channels(&self) -> Result<usize, DataError> {
        Ok(self.shape()?.map_or(1, |shape| shape.num_channels))
    }

    /// Rate and channels of what holds the recording; `None` for an utterance of a store.
    pub(crate) fn shape(&self) -> Result<Option<Shape>, DataError> {
        Ok(Some(match &self.holder {
            Holder::File(path) => audio_features::shape(path)?,
            Holder::Memory { name, bytes } => audio_features::shape_of(bytes.to_vec(), name)?,
            Holder::Stored { .. } => return Ok(None),
            Holder::Member(member) => {
                audio_features::shape_of(member.read()?, &self.holder.to_string())?
            }
        }))
    }

    /// About how many bytes are read for it: of a part, what a WAV file of it would have. 0 where it is not there.
    pub fn num_bytes(&self) -> u64 {
        /// Bytes of a second of a part: mono of 16 bits at 16 kHz.
        const PART_BYTES_PER_S: f64 = 32_000.0;
        if let Some(cut) = self.cut {
            return (cut.duration_s() * PART_BYTES_PER_S) as u64;
        }
        match &self.holder {
            Holder::File(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
            Holder::Memory { bytes, .. } => bytes.len() as u64,
            Holder::Member(member) => member.num_bytes(),
            Holder::Stored { store, name } => store
                .find(name)
                .and_then(|index| store.entry(index).ok())
                .map_or(0, |entry| entry.num_bytes),
        }
    }
}

impl<T: Into<PathBuf>> From<T> for Location {
    /// A whole file.
    fn from(path: T) -> Self {
        Self::new(Holder::File(path.into()))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&escaped(path.as_os_str())),
            Self::Stored { store, name } => store.path().join(name).display().fmt(f),
            Self::Memory { name, .. } => f.write_str(name),
            Self::Member(member) => member.fmt(f),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.holder.fmt(f)?;
        if let Some(cut) = self.cut {
            write!(f, " from {cut}")?;
        }
        if let Some(channel) = self.channel {
            write!(f, ", channel {channel}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_or_a_channel_is_another_place_than_the_whole() {
        let whole = Location::from("a.wav");
        let cut = Cut::new(0.0, 1.0).unwrap();
        let all = [
            whole.clone(),
            whole.clone().cut(cut),
            whole.clone().channel(0),
            whole.clone().cut(cut).channel(0),
            Location::from("b.wav"),
            Location::memory("a.wav", *b"x"),
            Location::memory("a.wav", *b"y"),
        ];
        let different: std::collections::HashSet<&Location> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(whole.is_whole() && !all[1].is_whole() && !all[2].is_whole());
        assert_eq!(all[3].to_string(), "a.wav from 0 to 1 s, channel 0");
    }

    #[test]
    fn sizes_are_told_without_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, [0; 1_000]).unwrap();
        let file = Location::from(path);
        assert_eq!(file.num_bytes(), 1_000);
        assert_eq!(Location::memory("x", [0; 70]).num_bytes(), 70);
        assert_eq!(Location::from("absent.wav").num_bytes(), 0);
        // Half a second of 16 bits at 16 kHz.
        assert_eq!(file.cut(Cut::new(1.0, 1.5).unwrap()).num_bytes(), 16_000);
    }
}
