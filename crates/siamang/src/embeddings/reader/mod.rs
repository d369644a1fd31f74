//! Files of embeddings, of this program and of others, read back.

mod array;
mod json;
mod kaldi;
mod numpy;

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use super::parquet_rows::ParquetRows;
use super::rows::{Rows, open};
use super::set::EmbeddingSet;
use crate::error::Error;

/// Bytes at the beginning of a file that tell its format.
const BEGIN_BYTES: u64 = 1 << 14;

/// Reads a file that `siamang embed` wrote, or another program: JSON lines, `.npy` with names beside it, `.npz`, Parquet,
/// Kaldi's archives of vectors and the tables that point into them. What the first bytes say is believed before the ending
/// of the name.
///
/// # Errors
/// [`Error::Embeddings`].
pub fn read_embeddings(path: &Path) -> Result<EmbeddingSet, Error> {
    let file = open(path).and_then(|file| {
        let is_file = file
            .metadata()
            .map_err(|error| error.to_string())?
            .is_file();
        match is_file {
            true => Ok(file),
            // A pipe cannot be read twice, and readers look here and there.
            false => copied(file),
        }
    });
    file.and_then(|file| rows_of(file, path))
        .and_then(Rows::finish)
        .map_err(|reason| unusable(path, &reason))
}

/// Reads embeddings that are in memory, in any format of [`read_embeddings`]; `path` stands for them in messages.
///
/// # Errors
/// [`Error::Embeddings`].
pub fn read_embeddings_of(bytes: &[u8], path: &Path) -> Result<EmbeddingSet, Error> {
    copied(Cursor::new(bytes))
        .and_then(|file| rows_of(file, path))
        .and_then(Rows::finish)
        .map_err(|reason| unusable(path, &reason))
}

/// A file that holds no embeddings that can be used.
/// The matrix in a `.npy` file, row by row, without names: rows, values of a row, values.
///
/// # Errors
/// [`Error::Embeddings`].
pub(crate) fn read_matrix(path: &Path) -> Result<(usize, usize, Vec<f32>), Error> {
    open(path)
        .and_then(numpy::matrix)
        .map_err(|reason| unusable(path, &reason))
}

pub(crate) fn unusable(path: &Path, found: &str) -> Error {
    Error::Embeddings {
        path: path.to_owned(),
        found: found.to_owned(),
    }
}

/// A file without a name that holds what the reader gives.
fn copied(mut reader: impl Read) -> Result<File, String> {
    let mut copy = || {
        let mut file = tempfile::tempfile()?;
        std::io::copy(&mut reader, &mut file)?;
        file.rewind()?;
        Ok::<File, std::io::Error>(file)
    };
    copy().map_err(|error| error.to_string())
}

/// Whether a text begins as a JSON object does.
fn is_object(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    begin.trim_ascii_start().starts_with(b"{")
}

/// The rows of a file in whatever format.
fn rows_of(mut file: File, path: &Path) -> Result<Rows, String> {
    let mut begin = Vec::new();
    (&mut file)
        .take(BEGIN_BYTES)
        .read_to_end(&mut begin)
        .and_then(|_| file.rewind())
        .map_err(|error| error.to_string())?;
    let has_ending = |ending: &str| {
        path.extension()
            .is_some_and(|found| found.eq_ignore_ascii_case(ending))
    };
    let pickle = |what: &str| {
        Err(format!(
            "it is {what}: Python objects, which are programs and are not run; write `np.savez(file, ids=names, embeddings=matrix)`"
        ))
    };
    match begin.as_slice() {
        [] => Ok(Rows::default()),
        [b'P', b'A', b'R', b'1', ..] => ParquetRows::of(file).and_then(ParquetRows::into_rows),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => numpy::npy(file, path),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => numpy::npz(file, path),
        [0x80, 2..=5, ..] => pickle("a pickle"),
        [0x89, b'H', b'D', b'F', ..] => Err(
            "it is HDF5, which is not read; write Parquet, or `np.savez(file, ids=names, embeddings=matrix)`"
                .to_owned(),
        ),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => {
            Err("it is an Arrow file (Feather), which is not read; write Parquet".to_owned())
        }
        begin if is_object(begin) || has_ending("jsonl") => {
            json::lines(BufReader::new(file))
        }
        begin if kaldi::is_archive(begin) => kaldi::archive(file),
        begin if kaldi::is_table(begin) || has_ending("scp") => kaldi::table(file, path),
        _ if has_ending("parquet") => ParquetRows::of(file).and_then(ParquetRows::into_rows),
        _ if has_ending("npy") => numpy::npy(file, path),
        _ => Err(
            "its first bytes are those of no format that is read: JSON lines, `.npy`, `.npz`, Parquet, Kaldi's ark and scp of vectors"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str, content: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = read_embeddings(&path).err().unwrap().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    }

    #[test]
    fn damaged_files_are_refused_with_their_place() {
        let line =
            |id: &str, values: &str| format!("{{\"id\":\"{id}\",\"embedding\":[{values}]}}\n");
        let two = line("a", "1,2") + &line("b", "1");
        assert!(error("e.jsonl", two.as_bytes()).contains("line 2: `b` has 1 values, expected 2"));
        let twice = line("a", "1") + &line("a", "2");
        assert!(error("e.jsonl", twice.as_bytes()).contains("`a` occurs twice"));
        assert!(error("e.jsonl", b"").contains("no embeddings"));
        assert!(error("e.jsonl", b"{\"id\": 3}").contains("line 1"));
        assert!(error("e.parquet", b"PAR1 nothing PAR1").contains("e.parquet"));
        let claim = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 99), }";
        let mut header = [b' '; 128];
        header[..claim.len()].copy_from_slice(claim);
        header[127] = b'\n';
        assert!(
            error("e.npy", &header)
                .contains("claims 1000000000000 x 99 values, but it has 128 bytes")
        );
    }
}
