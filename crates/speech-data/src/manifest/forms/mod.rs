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
use super::options::ReadOptions;
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
    let bytes = text_of(file)?;
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

/// Whether a path is a file that recordings are listed in or packed into, by its ending: a table, JSON lines, either
/// gzipped, a list, a tar, a Parquet file.
pub fn is_table(path: &Path) -> bool {
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
