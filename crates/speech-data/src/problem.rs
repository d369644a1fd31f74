//! What is wrong with a manifest or a trial list, line by line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// At most this many lines of a list are printed; the list itself holds them all.
pub(crate) const MAX_SHOWN: usize = 50;

/// The kinds of trouble that reading and [`crate::Manifest::validate`] know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The line does not follow its format.
    Line,
    /// A command in the place of a file, which was not allowed or is none that may be.
    Command,
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
    /// Something that seems to belong to the recordings and is not among them.
    LeftOut,
    /// All recordings seem to be of one speaker, and may not be.
    OneSpeaker,
    /// Hidden files and folders, which nobody looks into unless they are named.
    Hidden,
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

    /// Whether it tells of recordings that are not among those that are used.
    pub fn is_left_out(&self) -> bool {
        matches!(self.kind, ProblemKind::LeftOut | ProblemKind::Misplaced)
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

/// The kind of a message: what it says without the names and numbers in it, up to its first semicolon, behind which stands what to
/// do. `name` is what the message is about, where it has one.
///
/// ```
/// use speech_data::message_kind;
///
/// let kind = message_kind("`a/1.wav` is 0.05 s long, expected 0.2 s; leave it out", "a/1.wav");
/// assert_eq!(kind, "… is N s long, expected N s");
/// assert_eq!(message_kind("d/b 2.mp3: not found", "b 2.mp3"), "…: not found");
/// ```
pub fn message_kind(message: &str, name: &str) -> String {
    let message = match name {
        "" => message.to_owned(),
        name => message.replace(name, "…"),
    };
    let mut plain = String::with_capacity(message.len());
    for (index, part) in message.split('`').enumerate() {
        plain.push_str(if index % 2 == 0 { part } else { "…" });
    }
    let plain = plain.split([';', '\n']).next().unwrap_or_default();
    let words = plain.split_whitespace().map(|word| {
        let core = word.trim_end_matches([':', ',', '.', ')']);
        let rest = &word[core.len()..];
        let core = core.trim_start_matches('(');
        let open = if word.starts_with('(') { "(" } else { "" };
        let is_number = core.starts_with(|c: char| c.is_ascii_digit())
            && core
                .chars()
                .all(|c| c.is_ascii_digit() || ".,:%x-".contains(c));
        match (is_number, core.contains('/') || core.contains('…')) {
            (true, _) => format!("{open}N{rest}"),
            (_, true) => format!("{open}…{rest}"),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Problems in lines of text: of each kind the first ones as they are, the others counted with their lines.
pub fn grouped(problems: &[Problem]) -> Vec<String> {
    let mut kinds: BTreeMap<String, Vec<&Problem>> = BTreeMap::new();
    let mut order = Vec::new();
    for problem in problems {
        let kind = message_kind(&problem.message, "");
        if !kinds.contains_key(&kind) {
            order.push(kind.clone());
        }
        kinds.entry(kind).or_default().push(problem);
    }
    let mut texts = Vec::new();
    for kind in order {
        let all = &kinds[&kind];
        // One more than the limit is no longer than a line that counts it.
        let shown = if all.len() <= MAX_OF_A_KIND + 1 {
            all.len()
        } else {
            MAX_OF_A_KIND
        };
        texts.extend(all[..shown].iter().map(ToString::to_string));
        let others = &all[shown..];
        if others.is_empty() {
            continue;
        }
        let lines: Vec<String> = others
            .iter()
            .filter_map(|problem| problem.line)
            .take(MAX_LINES)
            .map(|line| line.to_string())
            .collect();
        texts.push(match lines.len() {
            0 => format!("… and {} more like these", others.len()),
            few => format!(
                "… and {} more like these, in lines {}{}",
                others.len(),
                lines.join(", "),
                if few < others.len() { ", …" } else { "" }
            ),
        });
    }
    texts
}

/// At most this many problems of one kind are printed.
const MAX_OF_A_KIND: usize = 5;

/// Lines that are named of problems that are not printed.
const MAX_LINES: usize = 8;

/// Problems, a line each, after line breaks; of each kind the first, the others counted.
pub(crate) fn write_list(
    f: &mut fmt::Formatter<'_>,
    prefix: &str,
    problems: &[Problem],
) -> fmt::Result {
    let texts = grouped(problems);
    for text in texts.iter().take(MAX_SHOWN) {
        write!(f, "\n  {prefix}{text}")?;
    }
    match texts.len().saturating_sub(MAX_SHOWN) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: Option<u64>, message: &str) -> Problem {
        Problem {
            kind: ProblemKind::Line,
            source: None,
            line,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_problem_names_what_is_known_of_its_place() {
        let at = |source: Option<&str>, line| {
            let source = source.map(PathBuf::from);
            Problem {
                source,
                ..problem(line, "odd")
            }
            .to_string()
        };
        assert_eq!(at(Some("t.csv"), Some(3)), "t.csv:3: odd");
        assert_eq!(at(Some("t.csv"), None), "t.csv: odd");
        assert_eq!(at(None, Some(3)), "line 3: odd");
        assert_eq!(at(None, None), "odd");
        let found = Problem::at(ProblemKind::Misplaced, Path::new("a/b"), "odd");
        assert_eq!(found.to_string(), "a/b: odd");
    }

    #[test]
    fn problems_are_sorted_by_line_and_those_without_one_come_last() {
        let mut report = ValidationReport {
            errors: [None, Some(9), Some(2)]
                .map(|line| problem(line, "x"))
                .to_vec(),
            warnings: Vec::new(),
        };
        report.sort();
        let lines: Vec<_> = report.errors.iter().map(|one| one.line).collect();
        assert_eq!(lines, [Some(2), Some(9), None]);
        assert!(!report.is_ok());
    }

    #[test]
    fn a_long_report_is_cut_and_says_how_much_is_left() {
        let report = ValidationReport {
            errors: Vec::new(),
            warnings: vec![problem(None, "odd"); MAX_SHOWN + 7],
        };
        let text = report.to_string();
        assert!(text.starts_with("errors: 0, warnings: 57"), "{text}");
        assert!(text.ends_with("… and 52 more like these"), "{text}");
        let different = (0..MAX_SHOWN + 7)
            .map(|number| problem(Some(3), &format!("odd{}", "!".repeat(number))));
        let report = ValidationReport {
            errors: Vec::new(),
            warnings: different.collect(),
        };
        let text = report.to_string();
        assert!(text.ends_with("… and 7 more"), "{text}");
        let alike: Vec<_> = (1..40)
            .map(|line| problem(Some(line), &format!("gender `{line}`: expected f")))
            .collect();
        let texts = grouped(&alike);
        assert_eq!(texts.len(), 6);
        assert_eq!(
            texts[5],
            "… and 34 more like these, in lines 6, 7, 8, 9, 10, 11, 12, 13, …"
        );
        assert!(report.is_ok());
    }

    #[test]
    fn names_are_listed_up_to_twenty() {
        assert_eq!(name_list(&[]), "none");
        assert_eq!(name_list(&["a", "b"]), "`a`, `b`");
        assert!(name_list(&["x"; 23]).ends_with("`x` and 3 more"));
    }
}
