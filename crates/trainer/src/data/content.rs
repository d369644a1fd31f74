//! What a recording is found by in a cache: the content of its audio.

use audio_features::read_file;
use speech_data::{Location, Reader};

use crate::TrainError;

/// What an entry of a cache is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentKey(pub(super) [u8; 32]);

impl ContentKey {
    /// Of `audio`, the bytes of an audio file, for what `settings` decide; `context` says whose they are.
    pub(super) fn new(context: &str, settings: &str, audio: &[u8]) -> Self {
        let key = blake3::derive_key(context, settings.as_bytes());
        Self(*blake3::keyed_hash(&key, audio).as_bytes())
    }

    /// The key of a part of the recording, or of what is made of it; `part` says which.
    pub(super) fn of_part(self, part: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, part.as_bytes()).as_bytes())
    }
}

/// The content of a recording, whatever anybody makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) [u8; 32]);

impl Content {
    /// Of `audio`, the bytes of an audio file.
    pub(crate) fn of(audio: &[u8]) -> Self {
        Self(*blake3::hash(audio).as_bytes())
    }

    /// Of a part of the recording; `part` says which.
    pub(super) fn of_part(self, part: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, part.as_bytes()).as_bytes())
    }

    /// Of what is known by the beginning of a hash alone.
    pub(super) fn known(hash: &[u8]) -> Self {
        Self::of(hash)
    }
}

/// The key of a recording, `key` of its audio, and the audio where all of it is the recording. A part of a file has the key of
/// the file and its place in it (`of_part`), so that finding it needs no decoding.
///
/// # Errors
/// What reading fails with.
pub(super) fn key_of<K>(
    location: &Location,
    reader: &Reader,
    key: impl Fn(&[u8]) -> K,
    of_part: impl Fn(K, &str) -> K,
) -> Result<(Option<Vec<u8>>, K), TrainError> {
    let audio = match location.file() {
        Some(path) if location.is_whole() => read_file(path)?,
        Some(path) => {
            let part = format!("{:?} {:?}", location.part(), location.one_channel());
            return Ok((None, of_part(key(&read_file(path)?), &part)));
        }
        None => reader.part(location)?,
    };
    let key = key(&audio);
    Ok((Some(audio), key))
}
