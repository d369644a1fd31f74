//! What can go wrong with manifests, trial lists and the recordings they name; the store has [`StoreError`].

use std::path::PathBuf;

use audio_features::AudioError;
use thiserror::Error;

use crate::problem::{List, Problem, ValidationReport};
use crate::store::StoreError;

/// The layouts that [`Manifest::read`](crate::Manifest::read) understands, as its errors show them.
const LAYOUTS: &str =
    "  a folder:      <speaker>/<utterance>.<audio> and <speaker>/<session>/<utterance>.<audio>
  a split file:  <folder>/split.tsv with the columns path, speaker, split, …
  CSV or TSV:    a header with path (or audio_filepath, wav, …) and speaker (or spk_id, label, …)
  JSON lines:    {\"audio_filepath\": …, \"speaker\": …} a line
  a Kaldi folder: wav.scp and utt2spk, optional segments, spk2gender, utt2session, utt2dur
  others:        Lhotse cuts, WeSpeaker raw.list, shard.list and tars, WebDataset tars, Parquet with sounds,
                 lines of a speaker and a path";

/// A manifest, a trial list or a recording that cannot be read, written or used: the place, what was found, what was expected and
/// the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file could not be opened, read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A table or list is larger than any sensible one.
    #[error("{path}: larger than {limit} bytes, the limit for tables and lists", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// No recordings where a manifest should be.
    #[error("{path}: no recordings found. {found}\nlayouts looked for:\n{layouts}", path = path.display(), layouts = LAYOUTS)]
    NothingFound {
        /// The folder or table.
        path: PathBuf,
        /// What was there instead.
        found: String,
    },
    /// A table's header does not say which column is which.
    #[error("{path}:{line}: no column for the {missing}: found {found}, expected {expected}", path = path.display())]
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
    #[error("{path}: {count} bad lines of a trial list, expected `1 pathA pathB` and `0 pathA pathB`, or `uttA uttB target` and `uttA uttB nontarget`, one form per file{list}", path = path.display(), count = problems.len(), list = List(problems))]
    BadTrials {
        /// The list.
        path: PathBuf,
        /// Every bad line.
        problems: Vec<Problem>,
    },
    /// A trial list without a trial.
    #[error("{path}: no trials, expected lines such as `1 pathA pathB`", path = path.display())]
    NoTrials {
        /// The list.
        path: PathBuf,
    },
    /// A trial list that does not say which trials are targets, where that is needed.
    #[error("{path}: its trials ({trials}) have no labels, so that they can be scored, but not be measured", path = path.display())]
    Unlabelled {
        /// The list.
        path: PathBuf,
        /// Its trials.
        trials: usize,
    },
    /// A trial list with pairs that are target and nontarget.
    #[error("{path}: {}, of which one is wrong{list}{}", pairs_of(*pairs), more(*pairs, problems.len()), path = path.display(), list = List(problems))]
    ContradictoryTrials {
        /// The list.
        path: PathBuf,
        /// How many pairs.
        pairs: usize,
        /// The first of them, with their lines.
        problems: Vec<Problem>,
    },
    /// A list to clean that is not the one that can be cleaned.
    #[error(
        "list `{name}` has {trials} trials, {targets} targets: only Vox1-O (veri_test.txt), which has {expected_trials} trials, {expected_targets} targets, is cleaned by leaving out seven utterances"
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
    /// A filter that does not read `column=value` or `column!=value`.
    #[error(
        "filter `{found}`: expected `column=value`, `column=value,value` or `column!=value,value`"
    )]
    FilterSyntax {
        /// The filter as given.
        found: String,
    },
    /// A column that no utterance has.
    #[error("no column `{column}`, the columns here are {known}")]
    UnknownColumn {
        /// The name asked for.
        column: String,
        /// The names there are.
        known: String,
    },
    /// A value that a column never takes.
    #[error("column `{column}` is never `{value}`, its values are {known}")]
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
    /// A recording that cannot be decoded.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A store that cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part that does not lie in its recording.
    #[error(
        "the segment from {start_s} to {end_s} s does not lie in `{recording}`, which has {seconds:.3} s"
    )]
    OutsideRecording {
        /// What the part is of.
        recording: String,
        /// Its beginning, in s.
        start_s: f64,
        /// Its end, in s.
        end_s: f64,
        /// Length of the recording, in s.
        seconds: f64,
    },
    /// A channel that a recording does not have.
    #[error(
        "`{recording}` has {num_channels} channels, and channel {channel}, counted from 0, was asked for"
    )]
    NoSuchChannel {
        /// The recording.
        recording: String,
        /// The channel asked for.
        channel: usize,
        /// Channels that there are.
        num_channels: usize,
    },
    /// The bytes of a recording that is no file of its own.
    #[error("`{recording}` cannot be read: {found}")]
    Member {
        /// The recording.
        recording: String,
        /// Why.
        found: String,
    },
    /// A table or an archive of a form that is not read.
    #[error("{path}: {found}", path = path.display())]
    Form {
        /// The table or archive.
        path: PathBuf,
        /// What it is, or what is wrong with it.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A part that cannot be made into a recording of its own.
    #[error("`{recording}` cannot be cut out: {found}")]
    Part {
        /// The part.
        recording: String,
        /// Why.
        found: String,
    },
}

impl DataError {
    /// The message and what to do about it in one line, for a list of what was left out.
    pub fn explained(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }

    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::TooLarge { .. } => "split it, or check that it is one",
            Self::Form { remedy, .. } => remedy,
            Self::Member { .. } => "check that it is whole and may be read",
            Self::Unlabelled { .. } => {
                "expected lines such as `1 pathA pathB` and `0 pathA pathB`, or `uttA uttB target` and `uttA uttB nontarget`"
            }
            Self::ContradictoryTrials { .. } => {
                "correct the list: a pair of recordings has one label, whichever side a recording stands on"
            }
            Self::FilterSyntax { .. } => "`-` stands for unknown",
            Self::Audio(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            Self::OutsideRecording { .. } => {
                "correct its times, or check that the recording is whole"
            }
            _ => return None,
        })
    }
}

fn pairs_of(pairs: usize) -> String {
    match pairs {
        1 => "1 pair of recordings is target and nontarget".to_owned(),
        pairs => format!("{pairs} pairs of recordings are target and nontarget"),
    }
}

/// What a list of problems does not name.
fn more(all: usize, named: usize) -> String {
    match all.saturating_sub(named) {
        0 => String::new(),
        more => format!("\n  … and {more} more"),
    }
}
