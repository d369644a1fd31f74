//! Recordings without labels that are no strangers: those of development speakers, as far as it can be known, and those that are
//! trained on with a label.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use speech_data::{Location, Manifest, Reader};

/// A recording of the development trials, and who speaks it where that is known.
pub(crate) type DevRecording<'a> = (Location, Option<&'a str>);

/// Why a recording is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It is one of the development trials, or of a speaker of theirs.
    Dev,
    /// It is trained on with a label.
    Labelled,
}

/// Recordings without labels, and how many were left out.
pub(crate) struct Apart {
    pub(crate) manifest: Manifest,
    /// Those of development speakers.
    pub(crate) num_dev: usize,
    /// The first of these.
    pub(crate) first_dev: Option<String>,
    /// Those that are trained on with a label.
    pub(crate) num_labelled: usize,
}

/// Recordings by where they lie, and by their audio.
struct Recordings {
    locations: HashSet<Location>,
    files: HashSet<PathBuf>,
    /// Sizes of their audio, and what it is.
    contents: HashSet<(u64, [u8; 32])>,
    sizes: HashSet<u64>,
}

impl Recordings {
    /// Those at `locations`; the audio of those alone whose size is one of `sizes` is looked at.
    fn of(locations: &[&Location], sizes: &HashSet<u64>, reader: &Reader) -> Self {
        let known = locations.par_iter();
        let known = known.filter(|location| sizes.contains(&location.num_bytes()));
        let contents: HashSet<(u64, [u8; 32])> = known
            .filter_map(|location| content(location, reader))
            .collect();
        let files = locations.iter().filter_map(|location| location.file());
        Self {
            files: files.map(canonical).collect(),
            locations: locations.iter().map(|&location| location.clone()).collect(),
            sizes: contents.iter().map(|&(size, _)| size).collect(),
            contents,
        }
    }

    /// Whether a recording is one of these, or has the audio of one.
    fn has(&self, location: &Location, reader: &Reader) -> bool {
        let is_file = |path| self.files.contains(&canonical(path));
        self.locations.contains(location)
            || location.file().is_some_and(is_file)
            || self.sizes.contains(&location.num_bytes())
                && content(location, reader).is_some_and(|one| self.contents.contains(&one))
    }
}

/// The speaker whose development recordings alone are below a folder; none for a folder of several, or of who knows whom.
fn folders<'a>(dev: &[DevRecording<'a>]) -> BTreeMap<PathBuf, Option<&'a str>> {
    let mut folders = BTreeMap::new();
    for (location, speaker) in dev {
        let path = location.file().map(canonical);
        for folder in path.iter().flat_map(|path| path.ancestors().skip(1)) {
            let one = folders.entry(folder.to_owned()).or_insert(*speaker);
            *one = one.filter(|_| *one == *speaker);
        }
    }
    folders
}

/// A path by which a file is known, however it was written.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Size and hash of a recording's audio; none where it cannot be read.
fn content(location: &Location, reader: &Reader) -> Option<(u64, [u8; 32])> {
    let bytes = match location.file() {
        Some(path) if location.is_whole() => std::fs::read(path).ok()?,
        Some(_) => return None,
        None => reader.part(location).ok()?,
    };
    Some((location.num_bytes(), *blake3::hash(&bytes).as_bytes()))
}

impl Apart {
    /// The recordings of `unlabelled` that are neither those of `train` nor known to be of speakers of `dev`.
    pub(crate) fn of(unlabelled: &Manifest, train: &Manifest, dev: &[DevRecording<'_>]) -> Self {
        let reader = Reader::default();
        let sizes = unlabelled.utterances.par_iter();
        let sizes: HashSet<u64> = sizes.map(|one| one.location.num_bytes()).collect();
        let among = |locations: Vec<&Location>| Recordings::of(&locations, &sizes, &reader);
        let of_speakers = folders(dev);
        let dev = among(dev.iter().map(|(location, _)| location).collect());
        let labelled = among(train.utterances.iter().map(|one| &one.location).collect());
        let beside_dev = |path: &Path| {
            let path = canonical(path);
            let mut folders = path.ancestors().skip(1);
            let nearest = folders.find_map(|folder| of_speakers.get(folder));
            nearest.is_some_and(Option::is_some)
        };
        let known: Vec<Option<Known>> = unlabelled
            .utterances
            .par_iter()
            .map(|utterance| {
                let location = &utterance.location;
                if dev.has(location, &reader) || location.file().is_some_and(beside_dev) {
                    return Some(Known::Dev);
                }
                labelled.has(location, &reader).then_some(Known::Labelled)
            })
            .collect();
        let all = unlabelled.utterances.iter().zip(&known);
        let kept = all.clone().filter(|(_, known)| known.is_none());
        let kept = kept.map(|(utterance, _)| utterance.clone()).collect();
        let count = |kind| known.iter().filter(|&&known| known == Some(kind)).count();
        let first = all.clone().find(|(_, known)| **known == Some(Known::Dev));
        Self {
            manifest: unlabelled.with_utterances(kept),
            num_dev: count(Known::Dev),
            first_dev: first.map(|(utterance, _)| utterance.id.clone()),
            num_labelled: count(Known::Labelled),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use speech_data::Utterance;

    use super::*;

    #[test]
    fn recordings_of_development_speakers_are_known_by_path_content_and_folder() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let manifest = |names: &[&str]| {
            let rows = names.iter().map(|name| {
                let path = root.path().join(name);
                Utterance::new(*name, path, *name)
            });
            Manifest::new(root.path(), rows.collect())
        };
        let dev = [
            ("dev/ann/0", "ann"),
            ("dev/bob/0", "bob"),
            ("flat/0", "cid"),
            ("flat/1", "dan"),
        ];
        let dev: Vec<DevRecording<'_>> = dev
            .iter()
            .map(|&(name, speaker)| (Location::from(write(name, name.as_bytes())), Some(speaker)))
            .collect();
        // Of the same size as a development recording, and with its bytes.
        write("found/copy", b"dev/ann/0");
        write("found/other", b"dev/ann/9");
        for name in [
            "dev/ann/7",
            "dev/ann/old/7",
            "dev/eve/7",
            "flat/7",
            "train/fay/0",
        ] {
            write(name, format!("something longer, {name}").as_bytes());
        }
        write("found/trained", b"something longer, train/fay/0");
        std::os::unix::fs::symlink(root.path().join("flat/1"), root.path().join("found/link"))
            .unwrap();
        let unlabelled = manifest(&[
            "dev/ann/0",
            "dev/ann/7",
            "dev/ann/old/7",
            "dev/eve/7",
            "flat/7",
            "found/copy",
            "found/link",
            "found/other",
            "found/trained",
            "train/fay/0",
        ]);
        let apart = Apart::of(&unlabelled, &manifest(&["train/fay/0"]), &dev);
        let kept: Vec<&str> = apart
            .manifest
            .utterances
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        assert_eq!(kept, ["dev/eve/7", "flat/7", "found/other"]);
        assert_eq!((apart.num_dev, apart.num_labelled), (5, 2));
        assert_eq!(apart.first_dev.as_deref(), Some("dev/ann/0"));
    }
}
