//! The journal of a run that is to be drawn.

use std::path::Path;

use diagnosis::journal::{Event, JOURNAL_FILE, Journal};

use crate::ReportError;

/// Reads the journal in the directory of a run, of which there is something to draw.
///
/// # Errors
/// [`ReportError::Journal`] where it cannot be read, and [`ReportError::EmptyJournal`] where it holds neither a start nor steps nor
/// evaluations.
pub fn drawable_journal(run: &Path) -> Result<Journal, ReportError> {
    let journal = Journal::read(run)?;
    let can_be_drawn = |event: &Event| {
        matches!(
            event,
            Event::Start(_) | Event::Steps(_) | Event::Evaluation(_)
        )
    };
    match journal.events.iter().any(can_be_drawn) {
        true => Ok(journal),
        false => Err(ReportError::EmptyJournal {
            path: run.join(JOURNAL_FILE),
        }),
    }
}
