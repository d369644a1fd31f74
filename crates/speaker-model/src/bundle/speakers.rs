//! Whom a model was trained on, without saying it: hashes of the speakers' names.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::files::BundleFiles;
use crate::ModelError;

const SPEAKERS_FILE: &str = "speakers.txt";

/// What BLAKE3 derives the hashes in, so that they are no other program's.
const CONTEXT: &str = "siamang 2026-11-30 names of training speakers";

const HEADER: &str = "# Names of the speakers that the model was trained on, the first 64 bits of BLAKE3 of each: whoever has a name can look it up.";

/// No bundle names more speakers.
const MAX_SPEAKERS: usize = 1 << 22;

/// The names of the speakers that a model was trained on, as hashes: a name can be looked up, but not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainingSpeakers(BTreeSet<u64>);

impl TrainingSpeakers {
    /// Of these names, as manifests write them.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(hash).collect())
    }

    /// These and the speakers of `names`.
    #[must_use]
    pub fn and<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.extend(names.into_iter().map(hash));
        self
    }

    /// Number of speakers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a speaker of this name was trained on.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(&hash(name))
    }

    /// Those of the bundle of `files`; none where it does not say, as bundles before version 0.3 do not.
    pub(super) fn read(files: &BundleFiles<'_>) -> Result<Option<Self>, ModelError> {
        let text = match files.read_text(SPEAKERS_FILE) {
            Err(ModelError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(None);
            }
            other => other?,
        };
        let fault = |field: String, found: String| ModelError::Bundle {
            path: files.path(SPEAKERS_FILE),
            field,
            found,
            expected: "16 hexadecimal digits a line".to_owned(),
            remedy: "take the file from the bundle that the weights come from, or remove it",
        };
        let mut hashes = BTreeSet::new();
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let hash = Some(line.trim())
                .filter(|digits| digits.len() == 16)
                .and_then(|digits| u64::from_str_radix(digits, 16).ok());
            let found = || line.chars().take(40).collect();
            hashes.insert(hash.ok_or_else(|| fault(format!("line {number}"), found()))?);
            if hashes.len() > MAX_SPEAKERS {
                let found = format!("more than {MAX_SPEAKERS} of them");
                return Err(fault("names".to_owned(), found));
            }
        }
        Ok(Some(Self(hashes)))
    }

    /// Writes the file; where it is not known whom a model was trained on, removes the one that is there.
    pub(super) fn write(of: Option<&Self>, directory: &Path) -> Result<(), ModelError> {
        let path = directory.join(SPEAKERS_FILE);
        let Some(Self(hashes)) = of else {
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(ModelError::io(&path)(error))
                }
                _ => Ok(()),
            };
        };
        let mut text = format!("{HEADER}\n");
        for hash in hashes {
            text.push_str(&format!("{hash:016x}\n"));
        }
        durable::write(&path, text.as_bytes()).map_err(ModelError::io(&path))
    }
}

fn hash(name: &str) -> u64 {
    let hash = blake3::derive_key(CONTEXT, name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the package `blake3` 1.0.11 of PyPI: `blake3(b"id10270", derive_key_context=…).hexdigest()[:16]`.
    #[test]
    fn hashes_are_those_of_another_blake3() {
        assert_eq!(format!("{:016x}", hash("id10270")), "8fcfa8e77454cddd");
        assert_eq!(format!("{:016x}", hash("")), "8df65bedc8fe800f");
    }

    #[test]
    fn names_are_found_after_they_were_written_and_other_lines_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let read = || TrainingSpeakers::read(&BundleFiles::Folder(folder.path()));
        assert_eq!(read().unwrap(), None);
        let speakers = TrainingSpeakers::of(["ann", "corpus/bob", "ann"]);
        assert_eq!(speakers.len(), 2);
        TrainingSpeakers::write(Some(&speakers), folder.path()).unwrap();
        let found = read().unwrap().unwrap();
        assert!(found.contains("ann") && found.contains("corpus/bob"));
        assert!(!found.contains("bob") && !found.contains(""));
        std::fs::write(folder.path().join(SPEAKERS_FILE), "# a\nann\n").unwrap();
        let error = read().unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("ann"), "{error}");
        TrainingSpeakers::write(None, folder.path()).unwrap();
        assert_eq!(read().unwrap(), None);
    }
}
