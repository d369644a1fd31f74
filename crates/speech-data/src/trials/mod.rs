//! Lists of verification trials.

mod known;
mod parts;
mod summary;

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use crate::error::DataError;
use crate::problem::Problem;
pub use known::{KNOWN_LISTS, KnownList, RecognisedBy, VOX1_O_REMOVED};
pub use parts::TrialParts;
pub use summary::{TrialSummary, same_session};

use crate::text::{line_problem, lines, read_bytes};

/// Are these two recordings of one speaker?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trial {
    /// The utterance that the speaker is known by.
    pub enrolment: String,
    /// The utterance that is asked about.
    pub test: String,
    /// Whether the speakers are the same.
    pub target: bool,
}

/// The trials of one list, in its order, and what identifies the list in a table of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialList {
    /// Name of the file without its last extension, `test.sc` say.
    pub name: String,
    /// BLAKE3 of the file's bytes, in hexadecimal.
    pub hash: String,
    /// The trials.
    pub trials: Vec<Trial>,
}

/// How a list writes a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `1 enrolment test`, `0 enrolment test`.
    VoxCeleb,
    /// `enrolment test target`, `enrolment test nontarget`.
    Kaldi,
}

impl Form {
    fn example(self) -> &'static str {
        match self {
            Self::VoxCeleb => "`1 pathA pathB` or `0 pathA pathB`",
            Self::Kaldi => "`uttA uttB target` or `uttA uttB nontarget`",
        }
    }
}

impl TrialList {
    /// Reads a list in VoxCeleb's or Kaldi's form, whichever its first good line has; fields are separated by
    /// blanks or tabs.
    ///
    /// # Errors
    /// [`DataError::BadTrials`] with every line that has another form, [`DataError::NoTrials`] for an
    /// empty list.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let bytes = read_bytes(path)?;
        let mut problems: Vec<Problem> = Vec::new();
        let trials = parse_lines(&bytes, path, &mut None, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(DataError::BadTrials {
                path: path.to_owned(),
                problems,
            });
        }
        if trials.is_empty() {
            return Err(DataError::NoTrials {
                path: path.to_owned(),
            });
        }
        let stem = path.file_stem().unwrap_or_default();
        Ok(Self {
            name: stem.to_string_lossy().into_owned(),
            hash: blake3::hash(&bytes).to_hex().to_string(),
            trials,
        })
    }

    /// A list made here. Its hash is that of the file which [`Self::write_voxceleb`] writes.
    pub fn new(name: impl Into<String>, trials: Vec<Trial>) -> Self {
        let mut list = Self {
            name: name.into(),
            hash: String::new(),
            trials,
        };
        let text = list.text(Form::VoxCeleb);
        list.hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        list
    }

    /// Number of target trials.
    pub fn num_targets(&self) -> usize {
        self.trials.iter().filter(|trial| trial.target).count()
    }

    /// Every utterance that occurs, sorted, once.
    pub fn utterances(&self) -> Vec<&str> {
        // Hashed first: names are few where trials are many.
        let sides = self.trials.iter();
        let sides = sides.flat_map(|trial| [trial.enrolment.as_str(), trial.test.as_str()]);
        let names: HashSet<&str> = sides.collect();
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names
    }

    /// Writes `1 enrolment test` and `0 enrolment test`.
    ///
    /// # Errors
    /// [`DataError::Io`]; a name with a blank in it is refused, since no reader could tell its end.
    pub fn write_voxceleb(&self, path: &Path) -> Result<(), DataError> {
        self.write(path, Form::VoxCeleb)
    }

    /// Writes `enrolment test target` and `enrolment test nontarget`.
    ///
    /// # Errors
    /// As [`Self::write_voxceleb`].
    pub fn write_kaldi(&self, path: &Path) -> Result<(), DataError> {
        self.write(path, Form::Kaldi)
    }

    fn write(&self, path: &Path, form: Form) -> Result<(), DataError> {
        let unwritable = |name: &&str| name.is_empty() || name.contains(char::is_whitespace);
        let problems: Vec<Problem> = self
            .utterances()
            .into_iter()
            .filter(unwritable)
            .map(|name| Problem {
                kind: crate::ProblemKind::Line,
                source: None,
                line: None,
                message: format!("`{name}`: a trial list cannot hold a name with blanks"),
            })
            .collect();
        if !problems.is_empty() {
            return Err(DataError::BadTrials {
                path: path.to_owned(),
                problems,
            });
        }
        durable::write(path, self.text(form).as_bytes()).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// The list in VoxCeleb's form, `\n` after each line.
    pub fn to_text(&self) -> String {
        self.text(Form::VoxCeleb)
    }

    fn text(&self, form: Form) -> String {
        let mut text = String::new();
        for Trial {
            enrolment,
            test,
            target,
        } in &self.trials
        {
            // Writing to a string cannot fail.
            let _ = match form {
                Form::VoxCeleb => writeln!(text, "{} {enrolment} {test}", u8::from(*target)),
                Form::Kaldi => {
                    let label = if *target { "target" } else { "nontarget" };
                    writeln!(text, "{enrolment} {test} {label}")
                }
            };
        }
        text
    }
}

/// The trials in `bytes`; what is none, or has another form than the ones before it, goes to `problems`.
pub(crate) fn parse_lines(
    bytes: &[u8],
    path: &Path,
    form: &mut Option<Form>,
    problems: &mut Vec<Problem>,
) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (number, line) in lines(bytes, path, problems) {
        match parse(line) {
            Ok((trial, found)) if *form.get_or_insert(found) == found => trials.push(trial),
            Ok((_, found)) => {
                let message = format!(
                    "`{}` has the form {}, the lines before it {}",
                    shorten(line),
                    found.example(),
                    form.unwrap_or(found).example()
                );
                problems.push(line_problem(path, number, message));
            }
            Err(message) => problems.push(line_problem(path, number, message)),
        }
    }
    trials
}

fn parse(line: &str) -> Result<(Trial, Form), String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (form, enrolment, test, target) = match fields.as_slice() {
        [a, b, "target"] => (Form::Kaldi, a, b, true),
        [a, b, "nontarget"] => (Form::Kaldi, a, b, false),
        ["1", a, b] => (Form::VoxCeleb, a, b, true),
        ["0", a, b] => (Form::VoxCeleb, a, b, false),
        [_, _, _] => return Err(format!("`{}` has no label", shorten(line))),
        other => {
            return Err(format!(
                "`{}` has {} fields instead of 3",
                shorten(line),
                other.len()
            ));
        }
    };
    let trial = Trial {
        enrolment: (*enrolment).to_owned(),
        test: (*test).to_owned(),
        target,
    };
    Ok((trial, form))
}

/// The beginning of a line, for messages.
fn shorten(line: &str) -> String {
    let mut text: String = line.trim().chars().take(80).collect();
    if text.len() < line.trim().len() {
        text.push('…');
    }
    text
}
