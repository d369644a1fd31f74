//! Files of embeddings, read back.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::parquet_rows::ParquetRows;
use super::rows::{MAX_DIM, Rows, open};
use super::set::EmbeddingSet;
use super::writer::{Format, Record, ids_path};
use crate::error::Error;

/// No line of a JSON lines file has more bytes: room for [`MAX_DIM`] values.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// Reads a file that `siamang embed` wrote, or another program in one of its formats.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::Embeddings`].
pub fn read_embeddings(path: &Path) -> Result<EmbeddingSet, Error> {
    let rows = match Format::of(path)? {
        Format::JsonLines => json_lines(path),
        Format::Npy => npy(path),
        Format::Parquet => ParquetRows::open(path).and_then(ParquetRows::into_rows),
    };
    rows.and_then(Rows::finish)
        .map_err(|reason| unusable(path, &reason))
}

/// A file that holds no embeddings that can be used.
pub(crate) fn unusable(path: &Path, found: &str) -> Error {
    Error::Embeddings {
        path: path.to_owned(),
        found: found.to_owned(),
    }
}

fn json_lines(path: &Path) -> Result<Rows, String> {
    let mut reader = BufReader::new(open(path)?);
    let mut rows = Rows::default();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut limited = (&mut reader).take(MAX_LINE_BYTES);
        let read = limited
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record: Record = serde_json::from_slice(&line)
            .map_err(|error| format!("line {number}: {error}; expected `id` and `embedding`"))?;
        rows.push(&record.id, record.speaker, &record.embedding)
            .map_err(|reason| format!("line {number}: {reason}"))?;
    }
    Ok(rows)
}

fn npy(path: &Path) -> Result<Rows, String> {
    let file = open(path)?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let npy = npyz::NpyFile::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    let (count, dim) = match (npy.shape(), npy.order()) {
        (&[count, dim], npyz::Order::C) => (count, dim),
        (shape, order) => {
            return Err(format!(
                "shape {shape:?} in order {order:?}, expected [points, dim] in C order"
            ));
        }
    };
    let claimed = count
        .checked_mul(dim)
        .and_then(|values| values.checked_mul(4));
    if claimed.is_none_or(|claimed| claimed > size) || dim > MAX_DIM as u64 {
        return Err(format!(
            "its header claims {count} x {dim} values, but it has {size} bytes"
        ));
    }
    let values: Vec<f32> = npy
        .into_vec()
        .map_err(|error| format!("{error}; expected 32-bit floats"))?;
    let ids_path = ids_path(path);
    let ids = std::fs::read_to_string(&ids_path)
        .map_err(|error| format!("`{}`: {error}", ids_path.display()))?;
    let ids: Vec<&str> = ids.lines().collect();
    if ids.len() as u64 != count {
        return Err(format!(
            "{count} rows, but `{}` has {} names",
            ids_path.display(),
            ids.len()
        ));
    }
    let mut rows = Rows::default();
    for (id, row) in ids.iter().zip(values.chunks(dim.max(1) as usize)) {
        rows.push(id, None, row)?;
    }
    Ok(rows)
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
