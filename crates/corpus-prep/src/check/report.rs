//! The answer of a check, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use speech_data::{PassedOver, TrialSummary, ValidationReport};

use super::counts::{Balance, SetCounts, counted};
use super::finding::Finding;

/// At most this many findings are printed for people; JSON holds them all.
const MAX_SHOWN: usize = 50;

/// At most this many findings of one kind, the others being counted.
const MAX_OF_A_KIND: usize = 5;

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
    /// What the folder holds beside recordings: numbers of files.
    #[serde(skip_serializing_if = "PassedOver::is_empty")]
    pub passed_over: PassedOver,
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
            write_findings(f, name, findings)?;
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

/// A line for each of the first findings of each kind, and one that counts the others.
fn write_findings(f: &mut impl fmt::Write, name: &str, findings: &[Finding]) -> fmt::Result {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        *kinds.entry(&finding.kind).or_default() += 1;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut shown, mut unsaid) = (0, 0);
    for finding in findings {
        let kind = finding.kind.as_str();
        let number = seen.entry(kind).or_default();
        *number += 1;
        if shown >= MAX_SHOWN {
            unsaid += 1;
            continue;
        }
        // One more than the limit is no longer than a line that counts it.
        if *number <= MAX_OF_A_KIND || kinds[kind] == MAX_OF_A_KIND + 1 {
            shown += 1;
            writeln!(f, "{name}: {finding}")?;
        } else if *number == kinds[kind] {
            shown += 1;
            let more = kinds[kind] - MAX_OF_A_KIND;
            writeln!(
                f,
                "{name}: and {more} more of the kind {kind}, which the JSON form lists"
            )?;
        }
    }
    match unsaid {
        0 => Ok(()),
        more => writeln!(f, "{name}: and {more} more, which the JSON form lists"),
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
        ": {}, {}",
        match list.labelled {
            true => format!("{} targets, {} others", list.n_targets, list.n_nontargets),
            false => format!("{} without labels", counted(list.n_trials, "trial")),
        },
        counted(list.n_recordings, "recording")
    )?;
    if let Some(speakers) = list.n_speakers {
        write!(f, " of {}", counted(speakers, "speaker"))?;
    }
    if let Some(same) = list.n_same_session_targets {
        write!(f, ", {same} targets within one session")?;
    }
    let pairs = &list.pairs;
    write!(f, ", {}", counted(pairs.n_repeats, "repeat"))?;
    if pairs.n_swapped_repeats > 0 {
        write!(f, " ({} with the sides swapped)", pairs.n_swapped_repeats)?;
    }
    if pairs.n_self_trials > 0 {
        write!(
            f,
            ", {} of a recording with itself",
            counted(pairs.n_self_trials, "trial")
        )?;
    }
    if pairs.n_contradictions > 0 {
        write!(
            f,
            ", {} that are target and nontarget",
            counted(pairs.n_contradictions, "pair")
        )?;
    }
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
