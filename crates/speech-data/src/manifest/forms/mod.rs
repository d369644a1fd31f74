//! The forms that lists of recordings have, one file each.

mod archive;
mod json;
mod kaldi;
mod lhotse;
mod lists;
mod parquet;
pub(super) mod row;
mod table;
mod unpacked;

use std::path::Path;

use super::Manifest;
use super::finish::{Found, finish};
use super::options::{ReadOptions, is_standard_input};
use crate::error::DataError;
use crate::text::lines;
use row::Place;
use unpacked::text_of;

/// Reads the list in `file`, whatever its form, or Kaldi's directory of that name.
pub(super) fn read(file: &Path, options: &ReadOptions<'_>) -> Result<Manifest, DataError> {
    let folder = if file.is_dir() {
        file
    } else {
        file.parent().unwrap_or_else(|| Path::new(""))
    };
    let place = Place {
        root: options.root.unwrap_or(folder),
        options,
    };
    let mut found = Found::default();
    if file.is_dir() {
        let wav_scp = file.join("wav.scp");
        kaldi::read(&wav_scp, true, &place, &mut found)?;
        return finish(&wav_scp, place.root, found, options);
    }
    let has_ending = |ending: &str| {
        file.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(ending))
    };
    if has_ending("scp") {
        // What lies beside a list of another name is another list's.
        let is_whole = file.file_name().is_some_and(|name| name == "wav.scp");
        kaldi::read(file, is_whole, &place, &mut found)?;
        return finish(file, place.root, found, options);
    }
    if has_ending("tar") || is_tar_gz(file) {
        archive::read(file, "", &place, &mut found)?;
        return finish(file, place.root, found, options);
    }
    if has_ending("parquet") {
        parquet::read(file, &place, &mut found)?;
        return finish(file, place.root, found, options);
    }
    let (bytes, file) = match options.given(file) {
        Some(bytes) => (unpacked::given(bytes)?, Path::new(unpacked::STANDARD_INPUT)),
        None => (text_of(file)?, file),
    };
    match json::first(&bytes) {
        Some(b'[' | b'{') if json::read_whole(&bytes, file, &place, &mut found) => {}
        first => {
            let lines = lines(&bytes, file, &mut found.problems);
            let list = lists::Kind::of(&lines);
            if first == Some(b'{') {
                if !lhotse::read(&lines, file, &place, &mut found)? {
                    json::read_lines(&lines, file, &place, &mut found);
                }
            } else if let Some(list) = list {
                list.read(&lines, file, &place, &mut found)?;
            } else {
                table::read(&lines, file, &place, &mut found)?;
            }
        }
    }
    finish(file, place.root, found, options)
}

/// Whether text of which no name is known begins as a table does: with a header of two columns or more, of which one holds the
/// paths, or with a JSON object.
pub fn looks_like_table(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes
        .split(|byte| *byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    let Some(Ok(first)) = first.map(std::str::from_utf8) else {
        return bytes.starts_with(b"\x1f\x8b");
    };
    let first = first.trim();
    if first.starts_with("{\"") || first == "{" || first == "[" || first.starts_with("[{") {
        return true;
    }
    [',', ';', '\t'].into_iter().any(|delimiter| {
        let names: Vec<&str> = first
            .split(delimiter)
            .map(|name| name.trim_matches('"'))
            .collect();
        names.len() > 1 && names.iter().any(|name| row::is_path(name))
    })
}

/// Whether a path is a file that recordings are listed in or packed into, by its ending: a table, JSON lines, either
/// gzipped, a list, a tar, a Parquet file.
///
/// `-`, standard input, is one as well.
pub fn is_table(path: &Path) -> bool {
    if is_standard_input(path) {
        return true;
    }
    let name = path
        .file_name()
        .map_or(String::new(), |name| name.to_string_lossy().to_lowercase());
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let Some((_, ending)) = plain.rsplit_once('.') else {
        return false;
    };
    let texts = [
        "csv", "tsv", "jsonl", "json", "ndjson", "scp", "txt", "list", "lst", "tar",
    ];
    let plain_alone = ["parquet", "tgz"];
    texts.contains(&ending) || plain.len() == name.len() && plain_alone.contains(&ending)
}

fn is_tar_gz(file: &Path) -> bool {
    let name = file
        .file_name()
        .map_or(String::new(), |name| name.to_string_lossy().to_lowercase());
    [".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}
