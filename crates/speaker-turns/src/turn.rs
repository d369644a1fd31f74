//! Who spoke from when to when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::TurnsError;
use crate::spans::Spans;
use crate::time::{EXPECTED_TIME, is_time, nanoseconds, on_grid, seconds};

/// A stretch of time in which one speaker speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Where it begins (s from the start of the recording).
    pub start_s: f64,
    /// Where it ends (s from the start of the recording), after `start_s`.
    pub end_s: f64,
    /// Who speaks. A name holds within its recording.
    pub speaker: String,
}

impl Turn {
    /// A turn. Times are checked where turns become [`Turns`].
    pub fn new(start_s: f64, end_s: f64, speaker: impl Into<String>) -> Self {
        Self {
            start_s,
            end_s,
            speaker: speaker.into(),
        }
    }

    /// How long it lasts (s).
    pub fn seconds(&self) -> f64 {
        self.end_s - self.start_s
    }
}

/// The turns of one recording, in order of start, end and speaker. Several may speak at once.
///
/// All times are numbers from 0 to [`crate::MAX_TIME_S`], rounded to a nanosecond, and every turn ends after it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Turns {
    recording: String,
    turns: Vec<Turn>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    recording: String,
    turns: Vec<Turn>,
}

impl TryFrom<Unchecked> for Turns {
    type Error = TurnsError;

    fn try_from(unchecked: Unchecked) -> Result<Self, TurnsError> {
        Self::new(unchecked.recording, unchecked.turns)
    }
}

impl From<Turns> for Unchecked {
    fn from(turns: Turns) -> Self {
        Self {
            recording: turns.recording,
            turns: turns.turns,
        }
    }
}

impl Turns {
    /// Checks, rounds to nanoseconds and sorts turns. A recording may have none.
    ///
    /// # Errors
    /// [`TurnsError::Time`] for a time that is not a number from 0 to [`crate::MAX_TIME_S`], and for a turn that does
    /// not end at least a nanosecond after it begins.
    pub fn new(recording: impl Into<String>, mut turns: Vec<Turn>) -> Result<Self, TurnsError> {
        let recording = recording.into();
        for (index, turn) in turns.iter_mut().enumerate() {
            check_times(&recording, index, turn.start_s, turn.end_s)?;
            turn.start_s = on_grid(turn.start_s);
            turn.end_s = on_grid(turn.end_s);
        }
        turns.sort_by(|a, b| {
            let times = a.start_s.total_cmp(&b.start_s);
            let times = times.then(a.end_s.total_cmp(&b.end_s));
            times.then_with(|| a.speaker.cmp(&b.speaker))
        });
        Ok(Self { recording, turns })
    }

    /// Which recording they are of.
    pub fn recording(&self) -> &str {
        &self.recording
    }

    /// All turns, in order of start, end and speaker.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Who has a turn, in order of their names.
    pub fn speakers(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.turns.iter().map(|turn| &*turn.speaker).collect();
        names.into_iter().collect()
    }

    /// The same speech with turns of one speaker that touch or overlap joined into one.
    ///
    /// Metrics see turns in this way, so that they do not depend on how speech is cut into lines of a file.
    #[must_use]
    pub fn joined(&self) -> Self {
        let mut turns = Vec::new();
        for (speaker, spans) in self.spans() {
            turns.extend(spans.iter().map(|(start, end)| Turn {
                start_s: seconds(start.into()),
                end_s: seconds(end.into()),
                speaker: speaker.to_owned(),
            }));
        }
        turns.sort_by(|a, b| {
            let times = a.start_s.total_cmp(&b.start_s);
            times.then(a.end_s.total_cmp(&b.end_s))
        });
        Self {
            recording: self.recording.clone(),
            turns,
        }
    }

    /// How long anyone speaks, and how long two or more speak at once (s).
    pub fn speech_and_overlap_s(&self) -> (f64, f64) {
        let spans: Vec<Spans> = self.spans().into_values().collect();
        let speech = Spans::new(spans.iter().flat_map(Spans::iter));
        let overlap = Spans::overlaps(&spans);
        (seconds(speech.total()), seconds(overlap.total()))
    }

    /// When each speaks (ns), by name.
    pub(crate) fn spans(&self) -> BTreeMap<&str, Spans> {
        let mut spans: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
        for turn in &self.turns {
            let span = (nanoseconds(turn.start_s), nanoseconds(turn.end_s));
            spans.entry(&turn.speaker).or_default().push(span);
        }
        let each = spans.into_iter();
        each.map(|(speaker, spans)| (speaker, Spans::new(spans)))
            .collect()
    }
}

/// Whether a turn or region has times in range and is not empty.
pub(crate) fn check_times(
    recording: &str,
    index: usize,
    start_s: f64,
    end_s: f64,
) -> Result<(), TurnsError> {
    let wrong = |field, found, expected| TurnsError::Time {
        recording: recording.to_owned(),
        index,
        field,
        found,
        expected,
    };
    for (field, time) in [("start_s", start_s), ("end_s", end_s)] {
        if !is_time(time) {
            return Err(wrong(field, time, EXPECTED_TIME));
        }
    }
    if nanoseconds(end_s) <= nanoseconds(start_s) {
        return Err(wrong("end_s", end_s, "a time after `start_s`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_and_overlapping_turns_of_one_speaker_are_joined() {
        let turns = vec![
            Turn::new(2.0, 3.0, "a"),
            Turn::new(0.0, 2.0, "a"),
            Turn::new(1.0, 1.5, "a"),
            Turn::new(2.5, 4.0, "b"),
        ];
        let turns = Turns::new("r", turns).unwrap();
        assert_eq!(turns.turns()[0], Turn::new(0.0, 2.0, "a"));
        let joined = turns.joined();
        let expected = [Turn::new(0.0, 3.0, "a"), Turn::new(2.5, 4.0, "b")];
        assert_eq!(joined.turns(), expected);
        assert_eq!(joined.speakers(), ["a", "b"]);
        assert_eq!(turns.speech_and_overlap_s(), (4.0, 0.5));
    }

    #[test]
    fn impossible_times_are_refused() {
        for (start, end) in [
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
            (-0.001, 1.0),
            (1.0, 1.0),
            (2.0, 1.0),
            (0.0, 1e9),
        ] {
            assert!(Turns::new("r", vec![Turn::new(start, end, "a")]).is_err());
        }
        let json = r#"{"recording": "r", "turns": [{"start_s": 1, "end_s": 0, "speaker": "a"}]}"#;
        assert!(serde_json::from_str::<Turns>(json).is_err());
    }
}
