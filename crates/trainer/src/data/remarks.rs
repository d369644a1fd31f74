//! What decoding says of recordings: gathered by kind, since a line for each of thousands is read by nobody.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use audio_features::AudioWarning;
use speech_data::{Location, message_kind};

use super::content::{Content, ContentKey};
use super::entries::Entries;

/// Kinds that are told; the others are counted.
const MOST_KINDS: usize = 6;

/// What was said of one kind.
#[derive(Clone, Debug)]
struct Kind {
    num_recordings: usize,
    /// What was said of the first, in the order of their places, and the place.
    first: (String, String),
}

#[derive(Debug, Default)]
struct Found {
    kinds: BTreeMap<String, Kind>,
    known: HashSet<Location>,
}

/// Warnings of decoders. They lie in the cache beside what was made of the recordings, so that a training says the same whether or not
/// it had to decode them.
#[derive(Debug)]
pub(crate) struct Remarks {
    entries: Entries,
    found: Mutex<Found>,
}

impl Remarks {
    pub(super) fn below(directory: &Path) -> Self {
        Self {
            entries: Entries::below(directory, "remarks", "remark"),
            found: Mutex::default(),
        }
    }

    /// Keeps what was said of a recording that was just decoded.
    pub(super) fn decoded(
        &self,
        location: &Location,
        content: &Content,
        warnings: &[AudioWarning],
    ) {
        if warnings.is_empty() {
            return;
        }
        let words: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        let text = words.join("\n");
        self.entries.write(&key(content), [text.as_bytes(), &[]]);
        self.add(location, &text);
    }

    /// Remembers what was said of a recording when it was decoded in another run.
    pub(super) fn again(&self, location: &Location, content: &Content) {
        if let Ok(text) = std::fs::read_to_string(self.entries.path(&key(content))) {
            self.add(location, &text);
        }
    }

    fn add(&self, location: &Location, text: &str) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.known.insert(location.clone()) {
            return;
        }
        let place = location.to_string();
        for words in text.lines() {
            let first = (words.to_owned(), place.clone());
            let kind = found.kinds.entry(message_kind(words, ""));
            let kind = kind.or_insert_with(|| Kind {
                num_recordings: 0,
                first: first.clone(),
            });
            kind.num_recordings += 1;
            if first.1 < kind.first.1 {
                kind.first = first;
            }
        }
    }

    /// All that was said, in a sentence; of `others` too, where these are of other recordings.
    pub(crate) fn words(&self, others: Option<&Self>) -> Option<String> {
        let mut all: BTreeMap<String, Kind> = BTreeMap::new();
        for of in std::iter::once(self).chain(others) {
            let found = of.found.lock().unwrap_or_else(PoisonError::into_inner);
            for (name, kind) in &found.kinds {
                match all.get_mut(name) {
                    Some(known) => known.num_recordings += kind.num_recordings,
                    None => drop(all.insert(name.clone(), kind.clone())),
                }
            }
        }
        let mut kinds: Vec<Kind> = all.into_values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.num_recordings));
        let told = kinds.iter().take(MOST_KINDS).map(|kind| {
            let (words, place) = &kind.first;
            match kind.num_recordings {
                1 => format!("`{place}`: {words}"),
                more => format!("{more} recordings, such as `{place}`: {words}"),
            }
        });
        let mut text = told.collect::<Vec<_>>().join("; ");
        if let more @ 1.. = kinds.len().saturating_sub(MOST_KINDS) {
            text += &format!("; and {more} more kinds");
        }
        (!kinds.is_empty()).then(|| format!("decoding says of {text}"))
    }
}

fn key(content: &Content) -> ContentKey {
    ContentKey::new("siamang remarks of decoders", "1", &content.0)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn warnings_are_counted_by_kind_once_a_recording_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let offset = |mean| AudioWarning::DcOffset { mean };
        let silence = AudioWarning::DigitalSilence { duration_s: 2.0 };
        let recordings = ["b.wav", "a.wav", "c.wav", "d.wav"].map(Location::from);
        let contents = [1, 2, 3, 4].map(|byte| Content::of(&[byte]));
        let first = Remarks::below(folder.path());
        assert_eq!(first.words(None), None);
        first.decoded(&recordings[0], &contents[0], &[offset(0.3)]);
        first.decoded(&recordings[1], &contents[1], &[offset(0.2), silence]);
        first.decoded(&recordings[2], &contents[2], &[]);
        // As when it did not stay in memory.
        first.decoded(&recordings[0], &contents[0], &[offset(0.3)]);
        let words = first.words(None).unwrap();
        assert!(
            words.contains(
                "2 recordings, such as `a.wav`: offset: the mean of the samples is 0.200"
            ),
            "{words}"
        );
        assert!(words.contains("`a.wav`: digital silence"), "{words}");
        assert_eq!(words.lines().count(), 1);
        let again = Remarks::below(folder.path());
        for (location, content) in recordings.iter().zip(&contents) {
            again.again(location, content);
        }
        assert_eq!(again.words(None), Some(words));
        // Those of development recordings are added.
        let dev = Remarks::below(folder.path());
        dev.decoded(&recordings[3], &contents[3], &[offset(0.1)]);
        let both = first.words(Some(&dev)).unwrap();
        assert!(both.contains("3 recordings"), "{both}");
    }
}
