//! The terms of a loss, and what stands before the first step, whatever they are called.

use diagnosis::journal::{Journal, StepSummary};

/// Names and units of all terms that lines of `journals` have, in the order in which they come first.
pub(crate) fn term_names<'a>(
    journals: impl IntoIterator<Item = &'a Journal>,
) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let lines = journals.into_iter().flat_map(Journal::steps);
    for term in lines.flat_map(|line| &line.terms) {
        if found.iter().all(|(name, _)| *name != term.name) {
            found.push((term.name.clone(), term.unit.clone()));
        }
    }
    found
}

/// The term of this name in a line.
pub(crate) fn term_of(line: &StepSummary, name: &str) -> Option<f64> {
    let mut terms = line.terms.iter();
    terms.find(|term| term.name == name).map(|term| term.value)
}

/// What the network before the first step is called.
pub(crate) fn before(journal: &Journal) -> String {
    let initial = journal.start().and_then(|start| start.initial.as_ref());
    initial.map_or_else(
        || "untrained network".to_owned(),
        |initial| format!("{}, before the first step", initial.name),
    )
}

/// A name for reading: `same_divergence` as `same divergence`.
pub(crate) fn spoken(name: &str) -> String {
    name.replace('_', " ")
}
