//! What is wrong with a manifest or a trial list, line by line.

use std::fmt;
use std::path::{Path, PathBuf};

/// At most this many problems of a list are printed; the list itself holds them all.
pub(crate) const MAX_SHOWN: usize = 50;

/// The kinds of trouble that reading and [`crate::Manifest::validate`] know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The line does not follow its format.
    Line,
    /// Two utterances have the same name.
    Duplicate,
    /// A speaker occurs in two splits.
    SpeakerInTwoSplits,
    /// A session occurs in two splits.
    SessionInTwoSplits,
    /// A speaker has two genders.
    TwoGenders,
    /// A speaker has fewer utterances than asked for.
    TooFewUtterances,
    /// There are fewer speakers than asked for.
    TooFewSpeakers,
    /// The file does not exist.
    MissingFile,
    /// The file exists and cannot be read, or holds nothing.
    UnreadableFile,
    /// A column that is needed is in no row.
    UnknownColumn,
    /// A file that is not where the layout expects it.
    Misplaced,
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of trouble.
    pub kind: ProblemKind,
    /// The table or folder in question, where there is one.
    pub source: Option<PathBuf>,
    /// Line in `source`, from 1.
    pub line: Option<u64>,
    /// What was found, what was expected.
    pub message: String,
}

impl Problem {
    /// Something noticed about a file or a folder.
    pub fn at(kind: ProblemKind, path: &Path, message: impl Into<String>) -> Self {
        Self {
            kind,
            source: Some(path.to_owned()),
            line: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.line) {
            (Some(source), Some(line)) => write!(f, "{}:{line}: ", source.display())?,
            (Some(source), None) => write!(f, "{}: ", source.display())?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}

/// Everything that validation found: errors, with which training must not start, and warnings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationReport {
    /// What must be mended.
    pub errors: Vec<Problem>,
    /// What should be looked at.
    pub warnings: Vec<Problem>,
}

impl ValidationReport {
    /// Whether there are no errors; warnings are allowed.
    pub fn is_ok(&self) -> bool {
        self.errors.is_empty()
    }

    /// Puts both lists into the order of the source's lines.
    pub(crate) fn sort(&mut self) {
        for list in [&mut self.errors, &mut self.warnings] {
            list.sort_by(|a, b| {
                (a.line.is_none(), a.line, a.kind, &a.message).cmp(&(
                    b.line.is_none(),
                    b.line,
                    b.kind,
                    &b.message,
                ))
            });
        }
    }
}

impl fmt::Display for ValidationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "errors: {}, warnings: {}",
            self.errors.len(),
            self.warnings.len()
        )?;
        write_list(f, "error: ", &self.errors)?;
        write_list(f, "warning: ", &self.warnings)
    }
}

/// One problem a line, after a line break; what is beyond the limit is counted.
pub(crate) fn write_list(
    f: &mut fmt::Formatter<'_>,
    prefix: &str,
    problems: &[Problem],
) -> fmt::Result {
    for problem in problems.iter().take(MAX_SHOWN) {
        write!(f, "\n  {prefix}{problem}")?;
    }
    match problems.len().saturating_sub(MAX_SHOWN) {
        0 => Ok(()),
        more => write!(f, "\n  … and {more} more"),
    }
}

/// Problems as an error message shows them.
pub(crate) struct List<'a>(pub(crate) &'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, "", self.0)
    }
}

/// Names for a message, the first twenty of them.
pub fn name_list(names: &[&str]) -> String {
    let shown = names.iter().take(20).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > 20 {
        text.push_str(&format!(" and {} more", names.len() - 20));
    }
    if text.is_empty() {
        text.push_str("none");
    }
    text
}
