//! The file `matrix`: a row of bytes for each state of a voice, in the order of the frames. A row says which one it takes the place of, so
//! that adding only appends, and whoever reads beside a writer sees the rows that were there.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use memmap2::Mmap;
use rayon::prelude::*;

use crate::error::RegisterError;
use crate::layout::{Generation, MATRIX_HEAD, MatrixHead, NONE, ROW_HEAD, RowHead};
use crate::quantised::{Scale, padded, quantise};

/// Rows that are checked in one go.
const CHECKED: usize = 4096;

/// The rows: those of the file, and behind them those that are in memory alone.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    stride: usize,
    mapped: Option<Mmap>,
    num_mapped: usize,
    tail: Vec<u8>,
    /// One bit a row: another one has its place.
    replaced: Vec<u64>,
    num_replaced: usize,
}

/// A file of rows that was found.
pub(crate) enum Found {
    /// Rows of this register. Whether that is all that the file holds.
    Rows(Matrix, bool),
    /// None, or one that belongs to another state of the register.
    Other,
}

/// Bytes of a row.
pub(crate) fn stride(dim: usize) -> usize {
    ROW_HEAD + padded(dim)
}

/// The bytes of a row.
pub(crate) fn row_bytes(frame: u64, name_hash: u64, replaces: u32, vector: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0_u8; stride(vector.len())];
    let scale = quantise(vector, bytemuck::cast_slice_mut(&mut bytes[ROW_HEAD..]));
    let mut head = RowHead {
        frame,
        name_hash,
        step: scale.step,
        error: scale.error,
        replaces,
        check: 0,
    };
    bytes[..ROW_HEAD].copy_from_slice(bytemuck::bytes_of(&head));
    head.check = crc32c::crc32c(&bytes);
    bytes[..ROW_HEAD].copy_from_slice(bytemuck::bytes_of(&head));
    bytes
}

fn head_of(row: &[u8]) -> RowHead {
    bytemuck::pod_read_unaligned(&row[..ROW_HEAD])
}

/// Whether a row is what was written, and could be row `number`.
fn is_sound(row: &[u8], number: usize) -> bool {
    const CHECK_AT: usize = ROW_HEAD - 4;
    let head = head_of(row);
    let check = crc32c::crc32c_append(
        crc32c::crc32c_append(crc32c::crc32c(&row[..CHECK_AT]), &[0; 4]),
        &row[ROW_HEAD..],
    );
    check == head.check && (head.replaces == NONE || (head.replaces as usize) < number)
}

impl Matrix {
    /// No rows.
    pub(crate) fn empty(dim: usize) -> Self {
        Self {
            stride: stride(dim),
            ..Self::default()
        }
    }

    /// The rows of a file, up to the first that is not what was written.
    pub(crate) fn open(
        path: &Path,
        dim: usize,
        generation: Generation,
    ) -> Result<Found, RegisterError> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Other),
            Err(error) => return Err(RegisterError::io("open", path)(error)),
        };
        let mut head = [0; MATRIX_HEAD];
        match file.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Found::Other),
            Err(error) => return Err(RegisterError::io("read", path)(error)),
        }
        if bytemuck::pod_read_unaligned::<MatrixHead>(&head) != MatrixHead::new(dim, generation) {
            return Ok(Found::Other);
        }
        // SAFETY: rows are appended and never changed, and a file that is shorter takes its place under another inode; whoever
        // truncates it under a running program ends that program, but reads no foreign memory.
        #[allow(unsafe_code, reason = "there is no safe mapping of a file")]
        let mapped = unsafe { Mmap::map(&file) }.map_err(RegisterError::io("map", path))?;
        let mut matrix = Self::empty(dim);
        let rows = mapped.get(MATRIX_HEAD..).unwrap_or(&[]);
        matrix.num_mapped = num_sound(rows, matrix.stride);
        let is_all = matrix.num_mapped * matrix.stride == rows.len();
        matrix.mapped = Some(mapped);
        for number in 0..matrix.num_mapped {
            let replaces = matrix.head(number).replaces;
            matrix.mark(replaces);
        }
        Ok(Found::Rows(matrix, is_all))
    }

    /// Rows, those included that were replaced.
    pub(crate) fn num_rows(&self) -> usize {
        self.num_mapped + self.tail.len() / self.stride.max(1)
    }

    /// Rows that were not replaced: voices.
    pub(crate) fn num_voices(&self) -> usize {
        self.num_rows() - self.num_replaced
    }

    pub(crate) fn is_replaced(&self, row: usize) -> bool {
        let word = self.replaced.get(row / 64).copied().unwrap_or(0);
        word >> (row % 64) & 1 == 1
    }

    /// The bytes of a row.
    pub(crate) fn row(&self, number: usize) -> &[u8] {
        &self.rows(number, 1)[..self.stride]
    }

    pub(crate) fn head(&self, number: usize) -> RowHead {
        head_of(self.row(number))
    }

    pub(crate) fn scale(&self, number: usize) -> Scale {
        let head = self.head(number);
        Scale {
            step: head.step,
            error: head.error,
        }
    }

    /// The bytes of rows from `first` on, `count` at most: fewer where those of the file end.
    pub(crate) fn rows(&self, first: usize, count: usize) -> &[u8] {
        let (bytes, first, all) = match first < self.num_mapped {
            true => {
                let mapped = self
                    .mapped
                    .as_deref()
                    .and_then(|map| map.get(MATRIX_HEAD..));
                (mapped.unwrap_or(&[]), first, self.num_mapped)
            }
            false => {
                let all = self.tail.len() / self.stride.max(1);
                (self.tail.as_slice(), first - self.num_mapped, all)
            }
        };
        let last = (first + count).min(all);
        &bytes[first * self.stride..last * self.stride]
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Adds a row to those in memory.
    pub(crate) fn push(&mut self, row: &[u8]) {
        let replaces = head_of(row).replaces;
        self.tail.extend_from_slice(row);
        self.mark(replaces);
    }

    fn mark(&mut self, row: u32) {
        if row == NONE || self.is_replaced(row as usize) {
            return;
        }
        let word = row as usize / 64;
        if self.replaced.len() <= word {
            self.replaced.resize(word + 1, 0);
        }
        self.replaced[word] |= 1 << (row % 64);
        self.num_replaced += 1;
    }

    /// Numbers of the rows that were not replaced.
    pub(crate) fn live(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.num_rows()).filter(|&row| !self.is_replaced(row))
    }
}

/// How many rows from the first on are what was written.
fn num_sound(rows: &[u8], stride: usize) -> usize {
    let num_rows = rows.len() / stride;
    let pieces = rows[..num_rows * stride].par_chunks(CHECKED * stride);
    let first_bad = pieces.enumerate().find_map_first(|(piece, rows)| {
        let mut rows = rows.chunks_exact(stride).enumerate();
        let bad = rows.find(|(row, bytes)| !is_sound(bytes, piece * CHECKED + row));
        bad.map(|(row, _)| piece * CHECKED + row)
    });
    first_bad.unwrap_or(num_rows)
}

/// Makes a row one that takes no other's place.
pub(crate) fn stand_alone(row: &mut [u8]) {
    let mut head = head_of(row);
    head.replaces = NONE;
    head.check = 0;
    row[..ROW_HEAD].copy_from_slice(bytemuck::bytes_of(&head));
    head.check = crc32c::crc32c(row);
    row[..ROW_HEAD].copy_from_slice(bytemuck::bytes_of(&head));
}
