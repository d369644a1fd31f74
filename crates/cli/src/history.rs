//! What the directory of a run says of it, and what is wrong with it.

use std::path::Path;

use anyhow::Result;
use diagnosis::{Diagnosis, Run, judge};
use trainer::{Event, TrainConfig, absorb, history, read_journal};

/// What is wrong with a run, as its journal says.
pub(crate) fn diagnosis(run: &Path) -> Result<Diagnosis> {
    Ok(judge(&history_of(run)?.0))
}

/// What the directory of a run says of it.
pub(crate) fn history_of(directory: &Path) -> Result<(Run, Vec<Event>)> {
    let events = read_journal(directory)?;
    // A run whose configuration this version cannot read still has a journal.
    let config = TrainConfig::read(&directory.join("config.toml"));
    let mut run = config.as_ref().map(history).unwrap_or_default();
    for event in &events {
        absorb(&mut run, event);
    }
    Ok((run, events))
}
