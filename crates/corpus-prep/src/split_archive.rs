//! The parts of a split archive: which files they are, and which are missing.

use std::path::{Path, PathBuf};

use crate::error::PrepError;
use crate::known::known_file;
use crate::sums::file_name;

/// `vox1_dev_wav_partaa` as `vox1_dev_wav` and `aa`; also `.partaa`, `.zip.001`, `.zip.aa`.
pub(crate) fn split_part(name: &str) -> Option<(&str, &str)> {
    let (stem, tag) = ["_part", ".part", "-part"]
        .iter()
        .find_map(|mark| name.rsplit_once(mark))
        .or_else(|| {
            let (stem, tag) = name.rsplit_once('.')?;
            stem.to_ascii_lowercase()
                .ends_with(".zip")
                .then_some((stem, tag))
        })?;
    let letters = tag.len() == 2 && tag.bytes().all(|b| b.is_ascii_lowercase());
    let digits = (1..=4).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_digit());
    (!stem.is_empty() && (letters || digits)).then_some((stem, tag))
}

/// Finds parts that are missing before or between those that are there.
pub(crate) fn check_gaps(stem: &Path, parts: &[(String, PathBuf)]) -> Result<(), PrepError> {
    let number = |tag: &str| match tag.parse::<u32>() {
        Ok(number) => number,
        Err(_) => tag
            .bytes()
            .fold(0, |sum, b| 26 * sum + u32::from(b.saturating_sub(b'a'))),
    };
    let tag_of = |number: u32, like: &str| match like.bytes().all(|b| b.is_ascii_digit()) {
        true => format!("{number:0width$}", width = like.len()),
        false => [number / 26, number % 26]
            .map(|digit| char::from(b'a' + (digit % 26) as u8))
            .iter()
            .collect(),
    };
    let Some((first, path)) = parts.first() else {
        return Ok(());
    };
    let shown = file_name(path);
    let start = shown
        .strip_suffix(first.as_str())
        .unwrap_or(&shown)
        .to_owned();
    let is_digits = first.bytes().all(|b| b.is_ascii_digit());
    let from = u32::from(is_digits && number(first) > 0);
    let last = parts.last().map_or(0, |(tag, _)| number(tag));
    let missing: Vec<(String, Option<&'static str>)> = (from..=last)
        .filter(|wanted| !parts.iter().any(|(tag, _)| number(tag) == *wanted))
        .map(|wanted| {
            let name = format!("{start}{}", tag_of(wanted, first));
            let md5 = known_file(&name).map(|known| known.md5);
            (name, md5)
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(PrepError::MissingParts {
        folder: stem.parent().unwrap_or(Path::new("")).to_owned(),
        missing,
        present: parts
            .iter()
            .map(|(_, path)| format!("`{}`", file_name(path)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_endings() {
        assert_eq!(
            split_part("vox1_dev_wav_partaa"),
            Some(("vox1_dev_wav", "aa"))
        );
        assert_eq!(
            split_part("vox2_aac.zip.003"),
            Some(("vox2_aac.zip", "003"))
        );
        assert_eq!(
            split_part("vox2_dev_aac.partab"),
            Some(("vox2_dev_aac", "ab"))
        );
        for other in [
            "vox1_dev_wav.zip",
            "vox2_dev_aac_partaa.crdownload",
            "a_party",
        ] {
            assert_eq!(split_part(other), None, "{other}");
        }
    }

    #[test]
    fn a_gap_names_the_part_and_its_sum() {
        let parts: Vec<(String, PathBuf)> = ["aa", "ac"]
            .map(|tag| (tag.to_owned(), format!("vox1_dev_wav_part{tag}").into()))
            .into();
        let message = check_gaps(Path::new("x/vox1_dev_wav"), &parts)
            .unwrap_err()
            .to_string();
        assert!(message.contains("vox1_dev_wav_partab"), "{message}");
        assert!(
            message.contains("bbfaaccefab65d82b21903e81a8a8020"),
            "{message}"
        );
        assert!(message.contains("`vox1_dev_wav_partac`"), "{message}");
    }
}
