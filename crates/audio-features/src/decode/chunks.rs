//! Chunks of a name and a length of four bytes each, as WAV and AIFF are made of.

use super::layout::{array, u32_be, u32_le};

#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) name: [u8; 4],
    /// First byte of the content.
    pub(super) start: usize,
    /// Length that the header claims.
    pub(super) len: u32,
}

/// The chunks of the file from `at` on; the last may run past the end.
pub(super) fn chunks(bytes: &[u8], mut at: usize, big_endian: bool) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    while let Some(chunk) = chunk(bytes, at, big_endian) {
        let padded = u64::from(chunk.len) + u64::from(chunk.len & 1);
        let next = usize::try_from(padded).ok();
        let next = next.and_then(|padded| chunk.start.checked_add(padded));
        chunks.push(chunk);
        match next {
            Some(next) if next < bytes.len() => at = next,
            _ => break,
        }
    }
    chunks
}

/// The first chunk of this name from `at` on, wherever it stands.
pub(super) fn find_chunk(
    bytes: &[u8],
    at: usize,
    name: &[u8; 4],
    big_endian: bool,
) -> Option<Chunk> {
    let rest = bytes.get(at..)?;
    let offset = rest.windows(4).position(|window| window == name)?;
    chunk(bytes, at + offset, big_endian)
}

fn chunk(bytes: &[u8], at: usize, big_endian: bool) -> Option<Chunk> {
    let len = if big_endian {
        u32_be(bytes, at + 4)
    } else {
        u32_le(bytes, at + 4)
    };
    Some(Chunk {
        name: array(bytes, at)?,
        start: at + 8,
        len: len?,
    })
}
