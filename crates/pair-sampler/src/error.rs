//! What can go wrong in this crate.

use std::path::PathBuf;

use thiserror::Error;

use crate::problem::{List, Problem, ValidationReport};

/// Every failure of this crate: the place, what was found, what was expected and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// A file could not be opened, read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A table or list is larger than any sensible one.
    #[error("{path}: larger than {limit} bytes, the limit for tables and lists; split it, or check that it is one", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// No recordings where a manifest should be.
    #[error("{path}: no recordings found. {found}\nlayouts looked for:\n{layouts}", path = path.display(), layouts = crate::manifest::LAYOUTS)]
    NothingFound {
        /// The folder or table.
        path: PathBuf,
        /// What was there instead.
        found: String,
    },
    /// A table's header does not say which column is which.
    #[error("{path}:{line}: no column for the {missing}; found {found}; it may be called {expected}", path = path.display())]
    Header {
        /// The table.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// `path` or `speaker`.
        missing: &'static str,
        /// The columns of the header.
        found: String,
        /// The names that would be understood.
        expected: String,
    },
    /// Lines of a manifest that cannot be used; the report has everything else that is wrong, too.
    #[error("{path}: {report}", path = path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// Every bad line at once.
        report: ValidationReport,
    },
    /// Lines of a trial list that cannot be used.
    #[error("{path}: {count} bad lines of a trial list; expected `1 pathA pathB` and `0 pathA pathB`, or `uttA uttB target` and `uttA uttB nontarget`, one form a file{list}", path = path.display(), count = problems.len(), list = List(problems))]
    BadTrials {
        /// The list.
        path: PathBuf,
        /// Every bad line.
        problems: Vec<Problem>,
    },
    /// A trial list without a trial.
    #[error("{path}: no trials; expected lines such as `1 pathA pathB`", path = path.display())]
    NoTrials {
        /// The list.
        path: PathBuf,
    },
    /// A list to clean that is not the one that can be cleaned.
    #[error(
        "list `{name}` has {trials} trials, {targets} targets; only Vox1-O (veri_test.txt), which has {expected_trials} trials, {expected_targets} targets, is cleaned by leaving out seven utterances"
    )]
    NotVox1O {
        /// Name of the list.
        name: String,
        /// Its trials.
        trials: usize,
        /// Its targets.
        targets: usize,
        /// Trials of the original.
        expected_trials: usize,
        /// Targets of the original.
        expected_targets: usize,
    },
    /// No balanced trial list can be made.
    #[error("no trials can be made of {utterances} utterances by {speakers} speakers: {reason}")]
    CannotMakeTrials {
        /// Utterances given.
        utterances: usize,
        /// Speakers given.
        speakers: usize,
        /// What is lacking and what to change.
        reason: &'static str,
    },
    /// A filter that does not read `column=value` or `column!=value`.
    #[error(
        "filter `{found}`: expected `column=value`, `column=value,value` or `column!=value,value`; `-` stands for unknown"
    )]
    FilterSyntax {
        /// The filter as given.
        found: String,
    },
    /// A column that no utterance has.
    #[error("no column `{column}`; the columns here are {known}")]
    UnknownColumn {
        /// The name asked for.
        column: String,
        /// The names there are.
        known: String,
    },
    /// A value that a column never takes.
    #[error("column `{column}` is never `{value}`; its values are {known}")]
    UnknownValue {
        /// The column.
        column: String,
        /// The value asked for.
        value: String,
        /// The values there are (the first of them, if there are many).
        known: String,
    },
    /// Filters that no utterance passes.
    #[error("no utterance of {utterances} passes the filters {filters}")]
    NothingLeft {
        /// How many there were.
        utterances: usize,
        /// The filters.
        filters: String,
    },
    /// More utterances than indices of 32 bits can name.
    #[error("{found} utterances: at most {limit} are supported")]
    TooManyUtterances {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A number of a configuration that makes no sense.
    #[error("{field} = {found}: expected {expected}")]
    BadSetting {
        /// The field as it is called in a configuration file.
        field: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A batch needs more speakers than there are.
    #[error(
        "{place}: {found} speakers, but a batch needs {needed} different ones; lower `speakers`, add data, or leave the group out (weight 0 or a filter)"
    )]
    TooFewSpeakers {
        /// `the manifest` or the group.
        place: String,
        /// Speakers there are.
        found: usize,
        /// Speakers needed.
        needed: usize,
    },
    /// The pair sampler finds no pair of one kind.
    #[error("{place}: no {kind} can be drawn; {remedy}")]
    NoPairs {
        /// `the manifest` or the group.
        place: String,
        /// `pair of one speaker` or `pair of different speakers`.
        kind: &'static str,
        /// What to change.
        remedy: &'static str,
    },
    /// Weights that do not fit the groups.
    #[error("weights of column `{column}`: {reason}; its groups are {known}")]
    Weights {
        /// The column that groups batches.
        column: String,
        /// What does not fit.
        reason: String,
        /// The groups there are.
        known: String,
    },
}
