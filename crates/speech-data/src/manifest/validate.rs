//! Everything that is wrong with a manifest, at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use super::Manifest;
use super::utterance::Utterance;
use crate::location::Holder;
use crate::problem::name_list;
use crate::problem::{Problem, ProblemKind, ValidationReport};

/// What [`Manifest::validate`] demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidateOptions {
    /// A speaker with fewer utterances is a warning. Default 2: one alone makes no pair of different recordings.
    pub min_utterances: usize,
    /// Fewer speakers than this are an error. Default 2.
    pub min_speakers: usize,
    /// Whether a speaker in two splits is an error (default) or a warning, for protocols that split sessions.
    /// A session of a speaker in two splits is an error always.
    pub disjoint_speakers: bool,
    /// Whether the files are looked at: missing, empty and unreadable ones are errors. Default true.
    pub check_files: bool,
    /// Columns that at least one utterance must have a value in.
    pub columns: Vec<String>,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self {
            min_utterances: 2,
            min_speakers: 2,
            disjoint_speakers: true,
            check_files: true,
            columns: Vec::new(),
        }
    }
}

impl Manifest {
    /// Lists everything that is wrong, in the order of the table's lines.
    ///
    /// Errors: names that occur twice, a speaker (see [`ValidateOptions::disjoint_speakers`]) or a speaker's
    /// session in two splits, too few speakers, columns that do not exist, files that are missing, empty or
    /// unreadable. Warnings: speakers with too few utterances or two genders, sessions of one name in two splits
    /// under different speakers, and what reading noticed.
    pub fn validate(&self, options: &ValidateOptions) -> ValidationReport {
        let mut report = ValidationReport {
            errors: Vec::new(),
            warnings: self.notes.clone(),
        };
        self.find_duplicates(&mut report);
        self.check_speakers(options, &mut report);
        self.check_shared_sessions(&mut report);
        for column in &options.columns {
            if let Err(error) = self.require_column(column) {
                let message = error.to_string();
                report
                    .errors
                    .push(self.problem(ProblemKind::UnknownColumn, None, message));
            }
        }
        if options.check_files {
            report.errors.extend(self.check_files());
        }
        report.sort();
        report
    }

    fn problem(&self, kind: ProblemKind, at: Option<&Utterance>, message: String) -> Problem {
        Problem {
            kind,
            source: self.source.clone(),
            line: at.and_then(|utterance| utterance.line),
            message,
        }
    }

    fn find_duplicates(&self, report: &mut ValidationReport) {
        for run in self.utterances.chunk_by(|a, b| a.id == b.id) {
            let [first, others @ ..] = run else { continue };
            for other in others {
                let already = first
                    .line
                    .map_or(String::new(), |line| format!(" in line {line}"));
                let message = format!("`{}` occurs already{already}", other.id);
                report
                    .errors
                    .push(self.problem(ProblemKind::Duplicate, Some(other), message));
            }
        }
    }

    fn check_speakers(&self, options: &ValidateOptions, report: &mut ValidationReport) {
        let mut by_speaker: BTreeMap<&str, Vec<&Utterance>> = BTreeMap::new();
        for utterance in &self.utterances {
            if let Some(speaker) = utterance.known_speaker() {
                by_speaker.entry(speaker).or_default().push(utterance);
            }
        }
        if by_speaker.len() < options.min_speakers {
            let message = format!(
                "{} speakers; at least {} are needed",
                by_speaker.len(),
                options.min_speakers
            );
            report
                .errors
                .push(self.problem(ProblemKind::TooFewSpeakers, None, message));
        }
        for (speaker, mut utterances) in by_speaker {
            utterances.sort_by_key(|utterance| utterance.line);
            let ids: BTreeSet<&str> = utterances.iter().map(|u| u.id.as_str()).collect();
            if ids.len() < options.min_utterances {
                let message = format!(
                    "speaker `{speaker}` has {} utterances, fewer than {}",
                    ids.len(),
                    options.min_utterances
                );
                report.warnings.push(self.problem(
                    ProblemKind::TooFewUtterances,
                    utterances.first().copied(),
                    message,
                ));
            }
            for (kind, what, split_of) in [
                (ProblemKind::SpeakerInTwoSplits, "split", true),
                (ProblemKind::TwoGenders, "gender", false),
            ] {
                let message = |value: &str, line: &str, first: &str| {
                    format!(
                        "speaker `{speaker}` is in {what} `{value}` here and in `{first}`{line}"
                    )
                };
                for problem in self.contradictions(kind, what, &utterances, message) {
                    if split_of && options.disjoint_speakers {
                        report.errors.push(problem);
                    } else {
                        report.warnings.push(problem);
                    }
                }
            }
            let mut by_session: BTreeMap<&str, Vec<&Utterance>> = BTreeMap::new();
            for utterance in utterances {
                if let Some(session) = &utterance.session {
                    by_session.entry(session).or_default().push(utterance);
                }
            }
            for (session, utterances) in by_session {
                let message = |value: &str, line: &str, first: &str| {
                    format!(
                        "session `{session}` of speaker `{speaker}` is in split `{value}` here and in `{first}`{line}"
                    )
                };
                let kind = ProblemKind::SessionInTwoSplits;
                report
                    .errors
                    .extend(self.contradictions(kind, "split", &utterances, message));
            }
        }
    }

    /// One problem for each utterance whose value in `column` differs from the first known one.
    fn contradictions(
        &self,
        kind: ProblemKind,
        column: &str,
        utterances: &[&Utterance],
        message: impl Fn(&str, &str, &str) -> String,
    ) -> Vec<Problem> {
        let mut known = utterances
            .iter()
            .filter_map(|u| u.column(column).map(|value| (*u, value)));
        let Some((first, expected)) = known.next() else {
            return Vec::new();
        };
        let place = first
            .line
            .map_or(String::new(), |line| format!(" in line {line}"));
        known
            .filter(|(_, value)| *value != expected)
            .map(|(u, value)| self.problem(kind, Some(u), message(value, &place, expected)))
            .collect()
    }

    /// Sessions of one name under different speakers may be one recording (a video) or not (a date): one
    /// warning for all of them.
    fn check_shared_sessions(&self, report: &mut ValidationReport) {
        let mut splits: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for utterance in &self.utterances {
            if let (Some(session), Some(split)) = (&utterance.session, &utterance.split) {
                splits
                    .entry(session)
                    .or_default()
                    .insert((split, &utterance.speaker));
            }
        }
        let shared: Vec<&str> = splits
            .into_iter()
            .filter(|(_, uses)| {
                let different = |of: fn(&(&str, &str)) -> String| {
                    uses.iter().map(of).collect::<BTreeSet<_>>().len() > 1
                };
                different(|(split, _)| (*split).to_owned())
                    && different(|(_, speaker)| (*speaker).to_owned())
            })
            .map(|(session, _)| session)
            .collect();
        if shared.is_empty() {
            return;
        }
        let message = format!(
            "{} sessions occur in two splits under different speakers: {}; if they are recordings and not, say, dates, their channel is known from training",
            shared.len(),
            name_list(&shared)
        );
        report
            .warnings
            .push(self.problem(ProblemKind::SessionInTwoSplits, None, message));
    }

    /// Looks at every file, in parallel; a recording of a store is there when the store has its name.
    fn check_files(&self) -> Vec<Problem> {
        self.utterances
            .par_iter()
            .filter_map(|utterance| {
                let (kind, message) = match utterance.location.holder() {
                    Holder::File(path) => fault_of_file(path)?,
                    Holder::Member(member) => fault_of_file(member.container()?)?,
                    Holder::Stored { store, name } if store.find(name).is_none() => (
                        ProblemKind::MissingFile,
                        format!("`{name}` is not in the store `{}`", store.path().display()),
                    ),
                    _ => return None,
                };
                Some(self.problem(kind, Some(utterance), message))
            })
            .collect()
    }
}

fn fault_of_file(path: &Path) -> Option<(ProblemKind, String)> {
    let shown = path.display();
    // Opening a pipe would wait for its writer.
    if let Ok(metadata) = std::fs::metadata(path)
        && !metadata.is_file()
    {
        let what = crate::walk::kind_of(&metadata);
        let message = format!("`{shown}` is {what}, expected a file");
        return Some((ProblemKind::UnreadableFile, message));
    }
    let fault = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (
            ProblemKind::MissingFile,
            format!("`{shown}` does not exist; is the root folder right?"),
        ),
        Err(error) => (ProblemKind::UnreadableFile, format!("`{shown}`: {error}")),
        // Reading a byte finds folders and broken disks, too.
        Ok(mut file) => match file.read(&mut [0; 1]) {
            Ok(0) => (ProblemKind::UnreadableFile, format!("`{shown}` is empty")),
            Ok(_) => return None,
            Err(error) => (ProblemKind::UnreadableFile, format!("`{shown}`: {error}")),
        },
    };
    Some(fault)
}
