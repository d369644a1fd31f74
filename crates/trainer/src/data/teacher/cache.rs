//! A teacher's vectors on disk, by the content of the recordings.

use std::path::Path;

use bytemuck::{Pod, Zeroable};

use crate::data::content::ContentKey;
use crate::data::entries::Entries;

const MAGIC: [u8; 8] = *b"SIAMTCH\0";
const FORMAT_VERSION: u32 = 1;
/// Raise whenever the same bytes and the same teacher would give another vector: a change in decoding, resampling or speeds.
const COMPUTATION_VERSION: u32 = 1;
/// Written in the machine's own byte order, so that a file from one of the other order is foreign.
const BYTE_ORDER: u32 = 0x0102_0304;

/// What precedes a vector.
#[derive(Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    format_version: u32,
    byte_order: u32,
    dim: u64,
    key: [u8; 32],
    /// BLAKE3 of the vector.
    checksum: [u8; 32],
}

impl Header {
    fn of(key: &ContentKey, body: &[u8]) -> Self {
        Self {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            byte_order: BYTE_ORDER,
            dim: (body.len() / size_of::<f32>()) as u64,
            key: key.0,
            checksum: *blake3::hash(body).as_bytes(),
        }
    }
}

/// A directory of vectors of one teacher. An entry that is damaged is as good as none.
#[derive(Debug)]
pub(super) struct VectorCache {
    entries: Entries,
    settings: String,
    dim: usize,
}

impl VectorCache {
    /// Below `directory`, for the teacher of this hash, whose embeddings have `dim` dimensions.
    pub(super) fn at(directory: &Path, teacher: &str, dim: usize) -> Self {
        Self {
            entries: Entries::below(directory, "teacher", "teacher"),
            settings: format!("{COMPUTATION_VERSION} {teacher}"),
            dim,
        }
    }

    /// Why vectors could not be kept, if they could not.
    pub(super) fn failure(&self) -> Option<&str> {
        self.entries.failure()
    }

    /// The key of `audio`, the bytes of an audio file.
    pub(super) fn key(&self, audio: &[u8]) -> ContentKey {
        ContentKey::new("siamang teacher cache", &self.settings, audio)
    }

    /// The vector of a key, if there is a sound one.
    pub(super) fn find(&self, key: &ContentKey) -> Option<Vec<f32>> {
        let bytes = std::fs::read(self.entries.path(key)).ok()?;
        let (header, body) = bytes.split_at_checked(size_of::<Header>())?;
        let is_sound = body.len() == self.dim * size_of::<f32>()
            && *header == *bytemuck::bytes_of(&Header::of(key, body));
        is_sound.then(|| {
            let numbers = body.chunks_exact(size_of::<f32>());
            numbers.map(bytemuck::pod_read_unaligned).collect()
        })
    }

    /// Keeps the vector of a key, if it can.
    pub(super) fn write(&self, key: &ContentKey, vector: &[f32]) {
        let body = bytemuck::cast_slice(vector);
        let header = Header::of(key, body);
        self.entries.write(key, [bytemuck::bytes_of(&header), body]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn an_entry_is_found_again_by_its_own_key_and_never_where_a_byte_of_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let cache = VectorCache::at(folder.path(), "teacher", 3);
        let key = cache.key(b"audio");
        assert_eq!(cache.find(&key), None);
        let vector = [0.5_f32, -1.0, 0.25];
        cache.write(&key, &vector);
        assert_eq!(cache.failure(), None);
        assert_eq!(cache.find(&key).as_deref(), Some(vector.as_slice()));
        for other in [
            VectorCache::at(folder.path(), "another", 3).key(b"audio"),
            cache.key(b"other audio"),
            key.of_part("×1.1"),
        ] {
            assert_eq!(cache.find(&other), None);
        }
        let path = cache.entries.path(&key);
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(cache.find(&key), None, "{place}");
        }
        for length in [0, 10, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(cache.find(&key), None, "{length}");
        }
        // A directory that cannot be written to costs time alone, and is told of.
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let none = VectorCache::at(&file, "teacher", 3);
        none.write(&key, &vector);
        assert!(none.failure().unwrap().starts_with("teacher cache"));
    }
}
