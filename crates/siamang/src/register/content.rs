//! What a recording is, wherever it lies: by its content two files of one recording are one.

use std::fs::File;

use speech_data::{Holder, Location};

use crate::error::Error;

/// BLAKE3 of the bytes of a recording, and of which part of them is meant.
pub(super) fn content_hash(location: &Location) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    match location.holder() {
        Holder::File(path) => {
            let unreadable = |error: std::io::Error| Error::Unreadable {
                path: path.clone(),
                found: error.to_string(),
            };
            let file = File::open(path).map_err(unreadable)?;
            hasher.update_reader(file).map_err(unreadable)?;
        }
        Holder::Memory { bytes, .. } => {
            hasher.update(bytes);
        }
        Holder::Stored { store, name } => {
            if let Some(index) = store.find(name) {
                hasher.update(&store.entry(index)?.checksum);
            }
            hasher.update(name.as_bytes());
        }
        Holder::Member(member) => {
            hasher.update(&member.read()?);
        }
    }
    if let Some(cut) = location.part() {
        hasher.update(&cut.start_s().to_le_bytes());
        hasher.update(&cut.end_s().to_le_bytes());
    }
    if let Some(channel) = location.one_channel() {
        hasher.update(&(channel as u64).to_le_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}
