//! Numbers that a check gives: of the speakers of a split, and of a part of VoxCeleb.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// The speakers of each split; of data without splits, of all under the name `all`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Balance {
    /// By split.
    #[serde(flatten)]
    pub splits: BTreeMap<String, SplitBalance>,
}

/// The speakers of one split.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SplitBalance {
    /// Speakers.
    pub speakers: usize,
    /// Women among them.
    pub female: usize,
    /// Men among them.
    pub male: usize,
    /// Speakers by nationality, where that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nationalities: BTreeMap<String, usize>,
    /// Utterances of the speaker with the fewest, of the middle one, and of the one with the most.
    pub utterances_per_speaker: [usize; 3],
    /// Sessions of the speaker with the fewest, of the middle one, and of the one with the most, where sessions are
    /// known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_per_speaker: Option<[usize; 3]>,
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, split) in &self.splits {
            write!(f, "{name}: {}", counted(split.speakers, "speaker"))?;
            if split.female + split.male > 0 {
                write!(f, " ({} f, {} m)", split.female, split.male)?;
            }
            let [fewest, middle, most] = split.utterances_per_speaker;
            write!(f, ", {fewest} / {middle} / {most} recordings each")?;
            if let Some([fewest, middle, most]) = split.sessions_per_speaker {
                write!(f, ", {fewest} / {middle} / {most} sessions each")?;
            }
            if !split.nationalities.is_empty() {
                write!(f, ", {} nationalities", split.nationalities.len())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A part of VoxCeleb as it is here, beside what was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetCounts {
    /// `voxceleb1` or `voxceleb2`.
    pub corpus: &'static str,
    /// `train` for what VoxCeleb calls dev, or `test`.
    pub split: &'static str,
    /// Speakers here.
    pub speakers: u64,
    /// Speakers published.
    pub expected_speakers: u64,
    /// Videos here.
    pub videos: u64,
    /// Videos published.
    pub expected_videos: u64,
    /// Utterances here.
    pub utterances: u64,
    /// Utterances published.
    pub expected_utterances: u64,
}

impl fmt::Display for SetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} of {} speakers, {} of {} videos, {} of {} utterances",
            self.corpus,
            self.split,
            self.speakers,
            self.expected_speakers,
            self.videos,
            self.expected_videos,
            self.utterances,
            self.expected_utterances
        )
    }
}

/// A number of things: `1 recording`, `2 recordings`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
