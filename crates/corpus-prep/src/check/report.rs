//! The answer of a check, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use speech_data::{TrialSummary, ValidationReport};

use super::counts::{Balance, SetCounts, counted};
use super::finding::Finding;

/// At most this many findings are printed for people; JSON holds them all.
const MAX_SHOWN: usize = 50;

/// Everything that a check found. Its `Display` is the report for people.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// Recordings.
    pub n_utterances: usize,
    /// Speakers.
    pub n_speakers: usize,
    /// Recordings of each split.
    pub splits: BTreeMap<String, usize>,
    /// Trials of all lists.
    pub n_trials: usize,
    /// Length of all that was decoded, in s; `None` where nothing was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_seconds: Option<f64>,
    /// Speakers, sessions, genders and nationalities of each split.
    pub balance: Balance,
    /// The parts of VoxCeleb among the recordings, beside their published numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<SetCounts>,
    /// The trial lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<TrialSummary>,
    /// What must be mended.
    pub errors: Vec<Finding>,
    /// What should be looked at.
    pub warnings: Vec<Finding>,
}

impl CheckReport {
    /// Adds what validation found.
    pub(super) fn add_all(&mut self, found: &ValidationReport) {
        self.errors.extend(found.errors.iter().map(Finding::from));
        self.warnings
            .extend(found.warnings.iter().map(Finding::from));
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, findings) in [("error", &self.errors), ("warning", &self.warnings)] {
            for finding in findings.iter().take(MAX_SHOWN) {
                writeln!(f, "{name}: {finding}")?;
            }
            if let more @ 1.. = findings.len().saturating_sub(MAX_SHOWN) {
                writeln!(f, "{name}: and {more} more, which the JSON form lists")?;
            }
        }
        for set in &self.sets {
            writeln!(f, "{set}")?;
        }
        write!(f, "{}", self.balance)?;
        for list in &self.lists {
            write_list(f, list)?;
        }
        write!(
            f,
            "{} of {}",
            counted(self.n_utterances, "recording"),
            counted(self.n_speakers, "speaker")
        )?;
        if !self.splits.is_empty() {
            let splits: Vec<String> = self
                .splits
                .iter()
                .map(|(split, count)| format!("{split} {count}"))
                .collect();
            write!(f, " ({})", splits.join(", "))?;
        }
        if self.n_trials > 0 {
            write!(f, ", {}", counted(self.n_trials, "trial"))?;
        }
        if let Some(seconds) = self.audio_seconds {
            write!(f, ", {:.1} min of audio", seconds / 60.0)?;
        }
        writeln!(
            f,
            ": {}, {}",
            counted(self.errors.len(), "error"),
            counted(self.warnings.len(), "warning")
        )
    }
}

/// One line about a list: what it asks, and which published list it is.
#[must_use]
pub fn list_line(list: &TrialSummary) -> String {
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = write_list(&mut line, list);
    line
}

fn write_list(f: &mut impl fmt::Write, list: &TrialSummary) -> fmt::Result {
    write!(f, "list {}", list.name)?;
    if let Some(known) = list.known_as {
        let by = if list.is_exact == Some(true) {
            ""
        } else {
            " by its counts"
        };
        write!(f, " ({known}{by})")?;
    }
    write!(
        f,
        ": {} targets, {} others, {}",
        list.n_targets,
        list.n_nontargets,
        counted(list.n_recordings, "recording")
    )?;
    if let Some(speakers) = list.n_speakers {
        write!(f, " of {}", counted(speakers, "speaker"))?;
    }
    if let Some(same) = list.n_same_session_targets {
        write!(f, ", {same} targets within one session")?;
    }
    write!(f, ", {} repeats", list.n_repeats)?;
    for (share, what) in [
        (list.same_gender_nontargets, "gender"),
        (list.same_nationality_nontargets, "nationality"),
    ] {
        if let Some(share) = share {
            write!(f, ", {:.0} % of the others share the {what}", 100.0 * share)?;
        }
    }
    writeln!(f)
}
