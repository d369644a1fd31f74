//! How a run was made: so that it can be made again.

use diagnosis::journal::{Journal, StartData};
use maud::{Markup, html};

use super::report::RunReport;

/// The data of a run, by its journal or, where that is older, by its model.
pub(crate) fn data(report: &RunReport) -> Option<&StartData> {
    let start = report.journal.start();
    let data = start.and_then(|start| start.data.as_ref());
    data.or(report.data.as_ref())
}

/// Every command line that the run was begun, or went on, with.
pub(crate) fn commands(journal: &Journal) -> Vec<&str> {
    let starts = journal.starts();
    starts
        .filter_map(|start| start.command.as_deref())
        .collect()
}

/// Commands and data; nothing where neither is known.
pub(crate) fn section(report: &RunReport) -> Option<Markup> {
    let commands = commands(&report.journal);
    let data = data(report);
    if commands.is_empty() && data.is_none() {
        return None;
    }
    Some(html! {
        section #making {
            h2 { "How it was made" }
            @for (index, command) in commands.iter().enumerate() {
                p { @if index == 0 { "Begun with" } @else { "Went on with" } }
                pre tabindex="0" { (command) }
            }
            @if let Some(data) = data {
                dl.facts.wide {
                    @if !data.description.is_empty() { div { dt { "data" } dd { (data.description) } } }
                    @if !data.hash.is_empty() { div { dt { "hash of its names and speakers (BLAKE3)" } dd.hash { (data.hash) } } }
                }
            }
        }
    })
}
