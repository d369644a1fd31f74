//! What a recording is found by in a cache: the content of its audio.

use audio_features::read_file;
use speech_data::{Location, Reader};

use crate::TrainError;

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
