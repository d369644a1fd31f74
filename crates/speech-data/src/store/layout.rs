//! The files of a store and the shape of its index.
//!
//! `index.bin` is a header and then, each without a gap: rows, ends of strings, sizes of shards (all of 8-byte
//! words), names of columns, values of columns (4-byte numbers of strings), the strings, the names. It is written in
//! the machine's byte order and is used as it lies in the memory mapping: opening it costs no more for a million
//! utterances than for ten, but for its checksum.

use bytemuck::{Pod, Zeroable};

pub(super) const SUMMARY: &str = "store.json";
pub(super) const INDEX: &str = "index.bin";
pub(super) const JOURNAL: &str = "journal";
pub(super) const MAGIC: [u8; 8] = *b"SIAMSTOR";
pub(super) const FORMAT_VERSION: u32 = 1;
/// Written in the machine's own byte order, so that an index from one of the other order is foreign.
pub(super) const BYTE_ORDER: u32 = 0x0102_0304;
/// Number of a string that is none.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Header {
    pub(super) magic: [u8; 8],
    pub(super) format_version: u32,
    pub(super) byte_order: u32,
    pub(super) num_rows: u64,
    pub(super) num_strings: u64,
    pub(super) num_shards: u64,
    pub(super) num_columns: u64,
    pub(super) string_bytes: u64,
    pub(super) name_bytes: u64,
    /// BLAKE3 of all that follows the header.
    pub(super) checksum: [u8; 32],
}

/// One utterance.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Row {
    /// First byte in its shard.
    pub(super) offset: u64,
    pub(super) num_bytes: u64,
    pub(super) num_samples: u64,
    /// First byte of its name among the names.
    pub(super) name_at: u64,
    pub(super) name_len: u32,
    pub(super) speaker: u32,
    pub(super) session: u32,
    pub(super) sample_rate_hz: u32,
    pub(super) shard: u32,
    pub(super) encoding: u32,
    /// The first half of the BLAKE3 of its bytes in the shard.
    pub(super) checksum: [u8; 16],
}

/// Where the sections lie, in bytes from the start of the file.
#[derive(Clone, Debug)]
pub(super) struct Sections {
    pub(super) rows: std::ops::Range<usize>,
    pub(super) string_ends: std::ops::Range<usize>,
    pub(super) shard_sizes: std::ops::Range<usize>,
    pub(super) column_names: std::ops::Range<usize>,
    pub(super) column_values: std::ops::Range<usize>,
    pub(super) strings: std::ops::Range<usize>,
    pub(super) names: std::ops::Range<usize>,
}

impl Sections {
    /// The sections that a header promises, and their end; `None` if they are beyond what memory can address.
    pub(super) fn of(header: &Header) -> Option<(Self, usize)> {
        let mut at = size_of::<Header>();
        let mut section = |count: u64, size: usize| {
            let bytes = usize::try_from(count).ok()?.checked_mul(size)?;
            let start = at;
            at = at.checked_add(bytes)?;
            Some(start..at)
        };
        let values = header.num_columns.checked_mul(header.num_rows)?;
        let sections = Self {
            rows: section(header.num_rows, size_of::<Row>())?,
            string_ends: section(header.num_strings, 8)?,
            shard_sizes: section(header.num_shards, 8)?,
            column_names: section(header.num_columns, 4)?,
            column_values: section(values, 4)?,
            strings: section(header.string_bytes, 1)?,
            names: section(header.name_bytes, 1)?,
        };
        Some((sections, at))
    }
}

/// File name of a shard.
pub(super) fn shard_name(number: u32) -> String {
    format!("shard-{number:05}.audio")
}

/// The half of the BLAKE3 that is kept of an utterance's bytes.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    half
}
