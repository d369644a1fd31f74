//! What can go wrong in this crate.

use std::path::PathBuf;

use pair_sampler::{Problem, SamplerError};

/// Every failure of this crate: the place, what was found, what was expected and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepError {
    /// A corpus that is not known.
    #[error("there is no corpus `{found}`; known are {known}")]
    UnknownCorpus {
        /// The name.
        found: String,
        /// The names there are.
        known: String,
    },
    /// No recordings of the corpus where it should be.
    #[error("{path}: no recordings of {corpus} found. {found}\nlayout looked for:\n{layout}", path = path.display())]
    NothingFound {
        /// The folder.
        path: PathBuf,
        /// Name of the corpus.
        corpus: &'static str,
        /// What was there instead.
        found: String,
        /// The layout that was looked for.
        layout: &'static str,
    },
    /// Lines of a corpus's table that cannot be used.
    #[error("{path}: {count} lines cannot be used; expected {expected}{list}", path = path.display(), count = problems.len(), list = shown(problems))]
    BadTable {
        /// The table.
        path: PathBuf,
        /// The form of a line.
        expected: &'static str,
        /// Every bad line.
        problems: Vec<Problem>,
    },
    /// A manifest or list could not be read.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
}

/// The first problems, one a line.
fn shown(problems: &[Problem]) -> String {
    let lines = problems
        .iter()
        .take(20)
        .map(|problem| format!("\n  {problem}"));
    let mut text: String = lines.collect();
    if problems.len() > 20 {
        text.push_str(&format!("\n  … and {} more", problems.len() - 20));
    }
    text
}
