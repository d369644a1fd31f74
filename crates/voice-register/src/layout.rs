//! The bytes of a register's files.
//!
//! `voices` is what counts: a head, and behind it one frame for each addition, which nothing ever changes. `matrix` is made of it and can
//! be made again: a head, and behind it one row for each frame. Both heads name the same generation: a random number that is another each time
//! that the files are written anew.

use bytemuck::{Pod, Zeroable};

/// The file that counts.
pub(crate) const VOICES: &str = "voices";
/// What is made of it.
pub(crate) const MATRIX: &str = "matrix";
/// Who writes holds this one.
pub(crate) const LOCK: &str = "lock";

/// Newest version of the format that this version writes and reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

pub(crate) const VOICES_MAGIC: [u8; 8] = *b"\x93voices\n";
pub(crate) const MATRIX_MAGIC: [u8; 8] = *b"\x93matrix\n";
pub(crate) const FRAME_MAGIC: [u8; 8] = *b"\x93frame\r\n";

/// Bytes of each of the two copies of the head of `voices`.
pub(crate) const HEAD_COPY: usize = 1024;
/// First byte of the first frame.
pub(crate) const FIRST_FRAME: u64 = 2 * HEAD_COPY as u64;

/// The bytes that say what a vector's file belongs to.
pub(crate) type Generation = [u8; 16];

/// The beginning of a copy of the head of `voices`; what is known of the model follows as JSON.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct VoicesHead {
    pub(crate) magic: [u8; 8],
    pub(crate) format_version: u32,
    pub(crate) dim: u32,
    pub(crate) generation: Generation,
    pub(crate) json_len: u32,
    /// Of the copy with this field as 0.
    pub(crate) check: u32,
}

/// The beginning of a frame; its JSON and its vectors follow.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct FrameHead {
    pub(crate) magic: [u8; 8],
    /// First byte of the voice's frame before this one, 0 where this is its first.
    pub(crate) previous: u64,
    pub(crate) json_len: u32,
    pub(crate) num_vectors: u32,
    /// First half of the BLAKE3 of what follows the head.
    pub(crate) hash: [u8; 16],
    pub(crate) dim: u32,
    /// Of this head with this field as 0.
    pub(crate) check: u32,
}

pub(crate) const FRAME_HEAD: usize = size_of::<FrameHead>();

impl FrameHead {
    fn checked(self) -> u32 {
        crc32c::crc32c(bytemuck::bytes_of(&Self { check: 0, ..self }))
    }

    pub(crate) fn sealed(self) -> Self {
        Self {
            check: self.checked(),
            ..self
        }
    }

    /// Whether it is what was written.
    pub(crate) fn is_sound(&self) -> bool {
        self.magic == FRAME_MAGIC && self.check == self.checked()
    }

    /// Bytes behind the head.
    pub(crate) fn body_len(&self) -> u64 {
        u64::from(self.json_len) + 4 * u64::from(self.num_vectors) * u64::from(self.dim)
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_len(&self) -> u64 {
        FRAME_HEAD as u64 + self.body_len()
    }
}

/// The head of `matrix`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct MatrixHead {
    pub(crate) magic: [u8; 8],
    pub(crate) format_version: u32,
    pub(crate) dim: u32,
    pub(crate) generation: Generation,
    pub(crate) empty: [u8; 28],
    pub(crate) check: u32,
}

pub(crate) const MATRIX_HEAD: usize = size_of::<MatrixHead>();

impl MatrixHead {
    pub(crate) fn new(dim: usize, generation: Generation) -> Self {
        let mut head = Self {
            magic: MATRIX_MAGIC,
            format_version: FORMAT_VERSION,
            dim: dim as u32,
            generation,
            empty: [0; 28],
            check: 0,
        };
        head.check = crc32c::crc32c(bytemuck::bytes_of(&head));
        head
    }
}

/// The beginning of a row of `matrix`; the bytes of the vector follow.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct RowHead {
    /// First byte of the frame after which the voice was as the row says.
    pub(crate) frame: u64,
    /// Of the voice's name.
    pub(crate) name_hash: u64,
    /// One step of the bytes.
    pub(crate) step: f32,
    /// How far the bytes are from the vector.
    pub(crate) error: f32,
    /// Number of the voice's row before this one, or [`NONE`].
    pub(crate) replaces: u32,
    /// Of the row with this field as 0.
    pub(crate) check: u32,
}

pub(crate) const ROW_HEAD: usize = size_of::<RowHead>();

/// No row.
pub(crate) const NONE: u32 = u32::MAX;

/// What stands for a name in rows.
pub(crate) fn name_hash(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    u64::from_le_bytes(hash.as_bytes().first_chunk().copied().unwrap_or_default())
}

const _: () = assert!(FRAME_HEAD == 48 && MATRIX_HEAD == 64 && ROW_HEAD == 32);
