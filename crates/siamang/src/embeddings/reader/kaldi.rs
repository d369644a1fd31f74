//! Kaldi's archives of vectors, binary or text, and the tables that point into them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::embeddings::rows::{MAX_DIM, Rows};

/// No name of a recording is longer.
const MAX_NAME_BYTES: usize = 1 << 14;

/// No vector written as text has more bytes.
const MAX_TEXT_BYTES: u64 = 1 << 24;

/// Whether bytes begin as an archive does: a name, a blank, and the mark of a binary value or a bracket.
pub(super) fn is_archive(begin: &[u8]) -> bool {
    let Some(blank) = begin.iter().position(|&byte| byte == b' ' || byte == b'\t') else {
        return false;
    };
    let rest = begin[blank..].trim_ascii_start();
    blank > 0 && (rest.starts_with(b"\0B") || rest.starts_with(b"["))
}

/// Whether the first line is one of a table that points into archives.
pub(super) fn is_table(begin: &[u8]) -> bool {
    let line = begin
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let text = std::str::from_utf8(line).unwrap_or_default();
    let Some((_, place)) = text.trim_end().split_once([' ', '\t']) else {
        return false;
    };
    place
        .rsplit_once(':')
        .is_some_and(|(_, offset)| !offset.is_empty() && offset.bytes().all(|b| b.is_ascii_digit()))
}

/// All vectors of an archive.
pub(super) fn archive(file: File) -> Result<Rows, String> {
    let mut reader = BufReader::new(file);
    let mut rows = Rows::default();
    let mut is_double = false;
    while let Some(name) = next_name(&mut reader)? {
        let (vector, double) =
            value(&mut reader).map_err(|reason| format!("`{name}`: {reason}"))?;
        is_double |= double;
        rows.push(&name, None, &vector)?;
    }
    remark(&mut rows, is_double);
    Ok(rows)
}

/// The vectors that a table points to: lines of `name file:offset`, or `name file` for a file of one vector.
pub(super) fn table(file: File, path: &Path) -> Result<Rows, String> {
    let mut rows = Rows::default();
    let mut is_double = false;
    let mut open: Option<(PathBuf, BufReader<File>)> = None;
    for (line, number) in BufReader::new(file).lines().zip(1_u64..) {
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let mut read = || -> Result<(), String> {
            let (name, place) = line
                .split_once([' ', '\t'])
                .ok_or("expected `name file:offset`")?;
            let place = place.trim();
            if place.ends_with('|') || place.starts_with('|') {
                return Err(format!(
                    "`{place}` is a command, which is not run; copy the vectors with `copy-vector`"
                ));
            }
            let offset = place
                .rsplit_once(':')
                .and_then(|(file, offset)| Some((file, offset.parse::<u64>().ok()?)));
            let (file, offset) = offset.unwrap_or((place, 0));
            if !matches!(&open, Some((known, _)) if known.as_path() == Path::new(file)) {
                open = Some((PathBuf::from(file), BufReader::new(opened(file, path)?)));
            }
            let Some((_, reader)) = &mut open else {
                return Ok(());
            };
            reader
                .seek(SeekFrom::Start(offset))
                .map_err(|error| error.to_string())?;
            let (vector, double) = value(reader)?;
            is_double |= double;
            rows.push(name, None, &vector)
        };
        read().map_err(|reason| format!("line {number}: {reason}"))?;
    }
    remark(&mut rows, is_double);
    Ok(rows)
}

/// A file of a table: below the current folder, as Kaldi reads it, or beside the table.
fn opened(name: &str, table: &Path) -> Result<File, String> {
    let folder = table.parent().unwrap_or(Path::new("."));
    let beside = || {
        let file = Path::new(name).file_name()?;
        [folder.join(name), folder.join(file)]
            .iter()
            .find_map(|path| File::open(path).ok())
    };
    match File::open(name) {
        Ok(file) => Ok(file),
        Err(error) => beside().ok_or_else(|| format!("`{name}`: {error}")),
    }
}

fn remark(rows: &mut Rows, is_double: bool) {
    if is_double {
        rows.remarks
            .push("its numbers are float64, read as 32-bit floats".to_owned());
    }
}

/// The name before the next value; none at the end.
fn next_name(reader: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut name = Vec::new();
    loop {
        let mut byte = [0];
        if reader.read(&mut byte).map_err(|error| error.to_string())? == 0 {
            return match name.is_empty() {
                true => Ok(None),
                false => Err(format!(
                    "it ends within the name `{}`",
                    String::from_utf8_lossy(&name)
                )),
            };
        }
        match byte[0] {
            b' ' | b'\t' if !name.is_empty() => break,
            b if b.is_ascii_whitespace() && name.is_empty() => {}
            b'\n' | b'\r' => {
                return Err(format!(
                    "a line of it has nothing but `{}`, expected a name and a vector",
                    String::from_utf8_lossy(&name)
                ));
            }
            b => name.push(b),
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(format!("a name has more than {MAX_NAME_BYTES} bytes"));
        }
    }
    String::from_utf8(name)
        .map(Some)
        .map_err(|_| "a name is not UTF-8".to_owned())
}

/// A vector, and whether its numbers had 64 bits.
fn value(reader: &mut impl BufRead) -> Result<(Vec<f32>, bool), String> {
    let first = reader.fill_buf().map_err(|error| error.to_string())?;
    if first.first() != Some(&0) {
        return text(reader).map(|vector| (vector, false));
    }
    exact::<2>(reader)?;
    let mut kind = Vec::new();
    reader
        .by_ref()
        .take(8)
        .read_until(b' ', &mut kind)
        .map_err(|error| error.to_string())?;
    let kind = String::from_utf8_lossy(&kind).trim().to_owned();
    let (width, is_matrix) = match kind.as_str() {
        "FV" => (4, false),
        "DV" => (8, false),
        "FM" => (4, true),
        "DM" => (8, true),
        "CM" | "CM2" | "CM3" => {
            return Err(format!(
                "it is a compressed matrix ({kind}): features, not an embedding; for vectors, `copy-vector` writes an archive that is read"
            ));
        }
        other => {
            return Err(format!(
                "its type is `{other}`, expected a vector (FV or DV)"
            ));
        }
    };
    let rows = if is_matrix { size(reader)? } else { 1 };
    let dim = size(reader)?;
    if rows != 1 {
        return Err(format!(
            "it is a matrix of {rows} x {dim}: features, not an embedding"
        ));
    }
    if dim > MAX_DIM {
        return Err(format!("it claims {dim} values, expected up to {MAX_DIM}"));
    }
    let mut bytes = vec![0; dim * width];
    reader
        .read_exact(&mut bytes)
        .map_err(|_| format!("it ends within its {dim} values"))?;
    let vector = match width {
        4 => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect(),
        _ => bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|value| f64::from_le_bytes(*value) as f32)
            .collect(),
    };
    Ok((vector, width == 8))
}

/// A number of values, before which stands how many bytes it has.
fn size(reader: &mut impl Read) -> Result<usize, String> {
    let [width, a, b, c, d] = exact::<5>(reader)?;
    let size = i32::from_le_bytes([a, b, c, d]);
    usize::try_from(size)
        .ok()
        .filter(|_| width == 4)
        .ok_or_else(|| format!("its size is {size} in {width} bytes, expected a number of 4 bytes"))
}

fn exact<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    reader
        .read_exact(&mut bytes)
        .map_err(|_| "it ends within its header".to_owned())?;
    Ok(bytes)
}

/// `[ 0.1 -2 3e-4 ]`, on one line.
fn text(reader: &mut impl BufRead) -> Result<Vec<f32>, String> {
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(MAX_TEXT_BYTES)
        .read_until(b']', &mut bytes)
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let inner = text
        .trim()
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let Some(inner) = inner else {
        let shown: String = text.trim().chars().take(40).collect();
        return Err(format!("`{shown}` is no vector, expected `[ 0.1 0.2 ]`"));
    };
    let lines = inner.lines().filter(|line| !line.trim().is_empty()).count();
    if lines > 1 {
        return Err(format!(
            "it is a matrix of {lines} rows: features, not an embedding"
        ));
    }
    let numbers = inner.split_whitespace().map(|number| {
        number
            .parse::<f32>()
            .map_err(|_| format!("`{number}` is no number"))
    });
    numbers.collect()
}
