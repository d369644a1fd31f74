//! Text that may be gzipped.

use std::io::Read;
use std::path::Path;

use crate::error::DataError;
use crate::text::{MAX_FILE_BYTES, read_bytes};

/// The bytes of a table, unpacked where they are gzipped.
pub(super) fn text_of(file: &Path) -> Result<Vec<u8>, DataError> {
    unpack(read_bytes(file)?, file)
}

/// What messages call a table that came by standard input.
pub(super) const STANDARD_INPUT: &str = "standard input";

/// The bytes of a table that came by standard input. Archives and Parquet files are read at several places, which takes a file.
pub(super) fn given(bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    let file = Path::new(STANDARD_INPUT);
    let text = unpack(bytes.to_vec(), file)?;
    let is_tar = |bytes: &[u8]| bytes.get(257..262) == Some(b"ustar");
    if text.starts_with(b"PAR1") || is_tar(&text) {
        return Err(DataError::Form {
            path: file.to_owned(),
            found: "an archive or a Parquet file, of which only files can be read".to_owned(),
            remedy: "write it to a file, and give its name",
        });
    }
    Ok(text)
}

fn unpack(bytes: Vec<u8>, file: &Path) -> Result<Vec<u8>, DataError> {
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
