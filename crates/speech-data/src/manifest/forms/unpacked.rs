//! Text that may be gzipped.

use std::io::Read;
use std::path::Path;

use crate::error::DataError;
use crate::text::{MAX_FILE_BYTES, read_bytes};

/// The bytes of a table, unpacked where they are gzipped.
pub(super) fn text_of(file: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = read_bytes(file)?;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|source| DataError::Io {
            path: file.to_owned(),
            source,
        })?;
    match text.len() as u64 > MAX_FILE_BYTES {
        true => Err(DataError::TooLarge {
            path: file.to_owned(),
            limit: MAX_FILE_BYTES,
        }),
        false => Ok(text),
    }
}
