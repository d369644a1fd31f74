//! Frames: what was added to a voice in one go.

use serde::{Deserialize, Serialize};

use crate::error::RegisterError;
use crate::layout::{FRAME_HEAD, FRAME_MAGIC, FrameHead};
use crate::voice::{About, Entry};

/// Bytes of the largest frame: what claims more is damaged.
pub(crate) const LARGEST: u64 = 1 << 30;

/// The JSON of a frame that is read.
#[derive(Deserialize)]
struct Read {
    name: String,
    recordings: Vec<About>,
}

/// The same to write.
#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    recordings: Vec<&'a About>,
}

/// A frame that was read.
pub(crate) struct Frame {
    pub(crate) previous: u64,
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
}

/// The bytes of a frame.
pub(crate) fn encode(
    name: &str,
    entries: &[Entry],
    dim: usize,
    previous: u64,
) -> Result<Vec<u8>, RegisterError> {
    let written = Written {
        name,
        recordings: entries.iter().map(|entry| &entry.about).collect(),
    };
    let too_large = |found: usize| RegisterError::TooLarge {
        what: "one addition to a voice",
        found,
        most: LARGEST as usize,
    };
    let mut bytes = vec![0; FRAME_HEAD];
    serde_json::to_writer(&mut bytes, &written).map_err(|_| too_large(usize::MAX))?;
    let json_len = bytes.len() - FRAME_HEAD;
    for entry in entries {
        bytes.extend(entry.vector.iter().flat_map(|value| value.to_le_bytes()));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(bytes.len()));
    }
    let head = FrameHead {
        magic: FRAME_MAGIC,
        previous,
        json_len: json_len as u32,
        num_vectors: entries.len() as u32,
        hash: half_hash(&bytes[FRAME_HEAD..]),
        dim: dim as u32,
        check: 0,
    };
    bytes[..FRAME_HEAD].copy_from_slice(bytemuck::bytes_of(&head.sealed()));
    Ok(bytes)
}

/// What the bytes behind a sound head say, or what is wrong with them.
pub(crate) fn decode(head: &FrameHead, body: &[u8]) -> Result<Frame, String> {
    if half_hash(body) != head.hash {
        return Err("an addition to a voice does not have its checksum".to_owned());
    }
    let unread = |error: serde_json::Error| format!("an addition to a voice: {error}");
    let (json, vectors) = body.split_at((head.json_len as usize).min(body.len()));
    let read: Read = serde_json::from_slice(json).map_err(unread)?;
    let dim = head.dim as usize;
    let (values, rest) = vectors.as_chunks::<4>();
    let values: Vec<f32> = values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect();
    let is_whole = rest.is_empty()
        && dim > 0
        && read.recordings.len() == head.num_vectors as usize
        && values.len() == dim * read.recordings.len()
        && !values.is_empty()
        && values.iter().all(|value| value.is_finite());
    if !is_whole {
        return Err(format!(
            "an addition to a voice has {} values for {} recordings of {dim} values each",
            values.len(),
            read.recordings.len()
        ));
    }
    let entries = read.recordings.into_iter().zip(values.chunks_exact(dim));
    Ok(Frame {
        previous: head.previous,
        name: read.name,
        entries: entries
            .map(|(about, vector)| Entry {
                about,
                vector: vector.to_vec(),
            })
            .collect(),
    })
}

fn half_hash(bytes: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(bytes);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
