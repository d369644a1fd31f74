//! What a run says about itself: one JSON object a line in `journal.jsonl`. Its one schema, its writer and its reader.
//!
//! ```
//! use diagnosis::journal::{Event, Journal, JournalWriter, StepSummary};
//!
//! let run = tempfile::tempdir()?;
//! let mut writer = JournalWriter::open(run.path(), None)?;
//! writer.write(&Event::Steps(StepSummary { step: 10, loss: 3.1, ..StepSummary::default() }))?;
//! let journal = Journal::read(run.path())?;
//! assert_eq!(journal.steps().map(|steps| steps.loss).collect::<Vec<_>>(), [3.1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! JSON has no NaN: a number that was not finite is written as `null`. Such a line is kept, because the step at which a loss
//! was lost is just what a reader looks for. A number that every line of its kind has (a loss, the EER of a list) reads as NaN
//! then; one that a line may lack reads as unknown, but for the gradient's norm, which is judged as the loss is.

mod duration;
mod error;
mod event;
mod number;
mod older;
mod reader;
mod steps;
mod terms;
mod writer;

pub use duration::RunDuration;
pub use error::JournalError;
pub use event::{
    Choice, ChosenModel, EndReason, Evaluation, Event, FittedThresholds, ListResult, RateInterval,
    Start, StartData, StartInitial, StartTeacher, Yardstick,
};
pub(crate) use older::OlderFields;
pub use reader::Journal;
pub use steps::StepSummary;
pub use terms::{PairFacts, Term};
pub use writer::JournalWriter;

/// The journal's name in the directory of a run.
pub const JOURNAL_FILE: &str = "journal.jsonl";
