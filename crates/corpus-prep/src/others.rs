//! What is no utterance, counted by kind.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use audio_features::is_audio_path;

/// Files or entries that are no utterances, by the endings of their names.
#[derive(Debug, Default)]
pub(crate) struct Others {
    by_ending: BTreeMap<String, (u64, String)>,
    has_audio: bool,
}

impl Others {
    /// Counts one.
    pub(crate) fn add(&mut self, name: &str) {
        let file = name.rsplit('/').next().unwrap_or(name);
        // What an Apple computer puts beside every file is no audio, whatever its ending.
        let (kind, is_audio) = match file {
            file if file.starts_with("._") || file == ".DS_Store" => ("of macOS".to_owned(), false),
            file => match Path::new(file).extension() {
                Some(ending) => (
                    format!(".{}", ending.to_string_lossy().to_ascii_lowercase()),
                    is_audio_path(Path::new(file)),
                ),
                None => ("without an ending".to_owned(), false),
            },
        };
        self.has_audio |= is_audio;
        let entry = self
            .by_ending
            .entry(kind)
            .or_insert_with(|| (0, name.to_owned()));
        entry.0 += 1;
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        self.by_ending.values().map(|(count, _)| count).sum()
    }

    /// Whether some of them are audio by their names.
    pub(crate) fn has_audio(&self) -> bool {
        self.has_audio
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.by_ending.iter().map(|(ending, (count, first))| {
            format!("{count} {ending} (first: `{}`)", first.escape_debug())
        });
        f.write_str(&kinds.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utterance_is_counted_by_ending() {
        let mut others = Others::default();
        for name in ["a/x.txt", "b/y.TXT", "__MACOSX/._00001.wav", "LICENSE"] {
            others.add(name);
        }
        assert!(!others.has_audio());
        assert_eq!(
            others.to_string(),
            "2 .txt (first: `a/x.txt`), 1 of macOS (first: `__MACOSX/._00001.wav`), 1 without an ending (first: `LICENSE`)"
        );
        others.add("wav/odd.wav");
        assert_eq!((others.count(), others.has_audio()), (5, true));
    }
}
