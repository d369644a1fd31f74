//! The forms that lists of recordings have, one file each.

mod json;
mod kaldi;
pub(super) mod row;
mod table;

use std::path::Path;

use super::Manifest;
use super::finish::{Found, finish};
use super::options::ReadOptions;
use crate::error::DataError;
use crate::text::{lines, read_bytes};
use row::Place;

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
    let bytes = read_bytes(file)?;
    match json::first(&bytes) {
        Some(b'[' | b'{') if json::read_whole(&bytes, file, &place, &mut found) => {}
        first => {
            let lines = lines(&bytes, file, &mut found.problems);
            match first {
                Some(b'{') => json::read_lines(&lines, file, &place, &mut found),
                _ => table::read(&lines, file, &place, &mut found)?,
            }
        }
    }
    finish(file, place.root, found, options)
}
