//! What the directory of a run says of it, and what is wrong with it.

use std::path::Path;

use anyhow::Result;
use diagnosis::{Diagnosis, Run, judge};
use run_report::drawable_journal;
use trainer::facts_of_run;

/// What is wrong with a run, as its journal says.
pub(crate) fn diagnosis(run: &Path) -> Result<Diagnosis> {
    Ok(judge(&history_of(run)?))
}

/// What the directory of a run says of it.
pub(crate) fn history_of(directory: &Path) -> Result<Run> {
    let journal = drawable_journal(directory)?;
    // A run whose configuration this version cannot read still has a journal.
    Ok(Run::new(facts_of_run(directory), &journal.events))
}
