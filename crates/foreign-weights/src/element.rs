//! Kinds of numbers in files, and how they become f32.

use half::{bf16, f16};

/// A kind of numbers. All are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names are what they are")]
pub enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Element {
    /// Bytes of one.
    pub const fn num_bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The number that the first bytes hold; 0 where they are too few. Numbers that f32 does not have are rounded to the
    /// nearest.
    pub(crate) fn value(self, bytes: &[u8]) -> f32 {
        match self {
            Self::F64 => f64::from_le_bytes(first(bytes)) as f32,
            Self::F32 => f32::from_le_bytes(first(bytes)),
            Self::F16 => f16::from_le_bytes(first(bytes)).to_f32(),
            Self::Bf16 => bf16::from_le_bytes(first(bytes)).to_f32(),
            Self::I64 => i64::from_le_bytes(first(bytes)) as f32,
            Self::I32 => i32::from_le_bytes(first(bytes)) as f32,
            Self::I16 => f32::from(i16::from_le_bytes(first(bytes))),
            Self::I8 => f32::from(i8::from_le_bytes(first(bytes))),
            Self::U64 => u64::from_le_bytes(first(bytes)) as f32,
            Self::U32 => u32::from_le_bytes(first(bytes)) as f32,
            Self::U16 => f32::from(u16::from_le_bytes(first(bytes))),
            Self::U8 => f32::from(first::<1>(bytes)[0]),
            Self::Bool => f32::from(u8::from(first::<1>(bytes)[0] != 0)),
        }
    }

    /// All numbers that the bytes hold.
    pub(crate) fn values(self, bytes: &[u8]) -> Vec<f32> {
        let chunks = bytes.chunks_exact(self.num_bytes());
        chunks.map(|chunk| self.value(chunk)).collect()
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}
