//! Decoded samples on disk, by the content of what they were decoded from; read by ranges.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use bytemuck::{Pod, Zeroable};

use super::pcm::{Pcm, scale};
use crate::data::content::ContentKey;
use crate::data::entries::Entries;

const MAGIC: [u8; 8] = *b"SIAMPCM\0";
const FORMAT_VERSION: u32 = 1;
/// Raise whenever the same bytes would give other samples: a change in decoding or resampling.
const COMPUTATION_VERSION: u32 = 1;
/// Written in the machine's own byte order, so that a file from one of the other order is foreign.
const BYTE_ORDER: u32 = 0x0102_0304;

/// What precedes the samples.
#[derive(Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    format_version: u32,
    byte_order: u32,
    num_samples: u64,
    sample_rate_hz: u32,
    exponent: i32,
    key: [u8; 32],
    /// BLAKE3 of the samples.
    checksum: [u8; 32],
}

/// A sound entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) num_samples: usize,
    pub(super) exponent: i32,
}

/// A directory of decoded samples at one rate. Entries are compared with their checksum when a process finds them first; one that
/// is damaged is made again.
#[derive(Debug)]
pub(super) struct SampleCache {
    entries: Entries,
    sample_rate_hz: u32,
}

impl SampleCache {
    pub(super) fn at(directory: &Path, sample_rate_hz: u32) -> Self {
        Self {
            entries: Entries::below(directory, "samples", "sample"),
            sample_rate_hz,
        }
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.entries.failure()
    }

    /// The key of `audio`, the bytes of an audio file.
    pub(super) fn key(&self, audio: &[u8]) -> ContentKey {
        let settings = format!("{COMPUTATION_VERSION} {}", self.sample_rate_hz);
        ContentKey::new("siamang sample cache", &settings, audio)
    }

    /// The entry of a key, if there is a sound one: all of it is read.
    pub(super) fn find(&self, key: &ContentKey) -> Option<Entry> {
        let mut file = File::open(self.entries.path(key)).ok()?;
        let header = self.header(&mut file, key)?;
        let mut body = Vec::new();
        file.read_to_end(&mut body).ok()?;
        let is_sound = body.len() as u64 == 2 * header.num_samples
            && *blake3::hash(&body).as_bytes() == header.checksum;
        is_sound.then_some(Entry {
            num_samples: header.num_samples as usize,
            exponent: header.exponent,
        })
    }

    fn header(&self, file: &mut File, key: &ContentKey) -> Option<Header> {
        let mut bytes = [0; size_of::<Header>()];
        file.read_exact(&mut bytes).ok()?;
        let header: Header = bytemuck::pod_read_unaligned(&bytes);
        let is_ours = header.magic == MAGIC
            && header.format_version == FORMAT_VERSION
            && header.byte_order == BYTE_ORDER
            && header.sample_rate_hz == self.sample_rate_hz
            && header.key == key.0;
        is_ours.then_some(header)
    }

    /// Appends the samples of a range of an entry that was found before; none where it has gone since.
    pub(super) fn read(
        &self,
        key: &ContentKey,
        entry: Entry,
        range: Range<usize>,
        out: &mut Vec<f32>,
    ) -> Option<()> {
        let mut file = File::open(self.entries.path(key)).ok()?;
        let start = size_of::<Header>() + 2 * range.start;
        file.seek(SeekFrom::Start(start as u64)).ok()?;
        let mut bytes = vec![0; 2 * range.len()];
        file.read_exact(&mut bytes).ok()?;
        let scale = scale(entry.exponent);
        let samples = bytes.chunks_exact(2);
        out.extend(samples.map(|b| f32::from(i16::from_ne_bytes([b[0], b[1]])) * scale));
        Some(())
    }

    /// Keeps the samples of a key, if it can.
    pub(super) fn write(&self, key: &ContentKey, pcm: &Pcm) {
        let body: &[u8] = bytemuck::cast_slice(&pcm.samples);
        let header = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            byte_order: BYTE_ORDER,
            num_samples: pcm.samples.len() as u64,
            sample_rate_hz: self.sample_rate_hz,
            exponent: pcm.exponent,
            key: key.0,
            checksum: *blake3::hash(body).as_bytes(),
        };
        self.entries.write(key, [bytemuck::bytes_of(&header), body]);
    }
}
