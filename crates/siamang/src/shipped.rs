//! What comes with Siamang, inside the program: complete training configurations, and synthesised voices to try a training
//! with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, unwritable};

/// Names and texts of the configurations in `configs/` of the source tree.
const CONFIGS: [(&str, &str); 11] = [
    ("voices", include_str!("../../../configs/voices.toml")),
    ("best", include_str!("../../../configs/best.toml")),
    ("wide-band", include_str!("../../../configs/wide-band.toml")),
    (
        "paper-augmented",
        include_str!("../../../configs/paper-augmented.toml"),
    ),
    (
        "resemblyzer",
        include_str!("../../../configs/resemblyzer.toml"),
    ),
    ("thinned", include_str!("../../../configs/thinned.toml")),
    (
        "tdnn-distilled",
        include_str!("../../../configs/tdnn-distilled.toml"),
    ),
    (
        "from-scratch",
        include_str!("../../../configs/from-scratch.toml"),
    ),
    (
        "ecapa-small",
        include_str!("../../../configs/ecapa-small.toml"),
    ),
    (
        "voxceleb-ecapa",
        include_str!("../../../configs/voxceleb-ecapa.toml"),
    ),
    (
        "voxceleb-resnet34",
        include_str!("../../../configs/voxceleb-resnet34.toml"),
    ),
];

/// Paths below the folder of the voices, and the files' bytes.
static VOICES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/voices.rs"));

/// The training configuration of this name, as TOML.
#[must_use]
pub fn config(name: &str) -> Option<&'static str> {
    CONFIGS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The names that [`config`] knows.
#[must_use]
pub fn config_names() -> Vec<&'static str> {
    CONFIGS.iter().map(|(name, _)| *name).collect()
}

/// The folder of the voices: recordings of synthesised speakers, their table `split.tsv` and trial lists in `trials`.
/// They are put into a folder of their own below `cache`, where they are not there yet.
///
/// # Errors
/// [`Error::Write`].
pub fn voices(cache: &Path) -> Result<PathBuf, Error> {
    let folder = cache.join(format!("voices-{}", &hash()[..16]));
    if folder.is_dir() {
        return Ok(folder);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| unwritable(&path, &error)
    };
    std::fs::create_dir_all(cache).map_err(failed(cache))?;
    let beside = tempfile::tempdir_in(cache).map_err(failed(cache))?;
    for (name, bytes) in VOICES {
        let path = beside.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        std::fs::write(&path, bytes).map_err(failed(&path))?;
    }
    let beside = beside.keep();
    match std::fs::rename(&beside, &folder) {
        Ok(()) => Ok(folder),
        Err(error) => {
            // What is left over does no harm.
            let _ = std::fs::remove_dir_all(&beside);
            // Another process may have been quicker.
            match folder.is_dir() {
                true => Ok(folder),
                false => Err(unwritable(&folder, &error)),
            }
        }
    }
}

/// The first two recordings of each voice.
pub(crate) fn pairs() -> Vec<[&'static [u8]; 2]> {
    let mut by_voice: BTreeMap<&str, Vec<&'static [u8]>> = BTreeMap::new();
    for (name, bytes) in VOICES {
        if let Some((voice, _)) = name.split_once('/').filter(|_| name.ends_with(".ogg")) {
            by_voice.entry(voice).or_default().push(bytes);
        }
    }
    let pairs = by_voice.into_values();
    pairs
        .filter_map(|recordings| recordings.first_chunk::<2>().copied())
        .collect()
}

/// BLAKE3 of names and contents.
fn hash() -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in VOICES {
        for part in [name.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voices_are_unpacked_once_and_whole() {
        let cache = tempfile::tempdir().unwrap();
        let folder = voices(cache.path()).unwrap();
        for (name, bytes) in VOICES {
            assert_eq!(std::fs::read(folder.join(name)).unwrap(), *bytes, "{name}");
        }
        assert!(folder.join("split.tsv").is_file() && folder.join("trials/test.txt").is_file());
        let marker = folder.join("marker");
        std::fs::write(&marker, "").unwrap();
        assert_eq!(voices(cache.path()).unwrap(), folder);
        assert!(marker.exists());
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_configuration_of_the_source_tree_is_there() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut known = config_names();
        names.sort();
        known.sort_unstable();
        assert_eq!(names, known);
        assert_eq!(config("nonsense"), None);
    }
}
