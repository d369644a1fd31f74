//! Lists of verification trials.

mod form;
mod known;
mod matching;
mod pairs;
mod parts;
mod summary;

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use crate::error::DataError;
use crate::problem::Problem;
pub(crate) use form::{Form, parse_lines};
pub use form::{label, line_fields};
pub use known::{KNOWN_LISTS, KnownList, RecognisedBy, VOX1_O_REMOVED};
pub use matching::{NameMatches, Spelling, nearest_name};
pub use pairs::{Contradiction, PairCounts};
pub use parts::TrialParts;
pub use summary::{TrialSummary, same_session};

use crate::text::{lines, read_bytes};

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
    /// Whether the list says which trials are targets; where it does not, none is one.
    pub labelled: bool,
}

/// Contradictions that a message names.
const MAX_NAMED: usize = 5;

impl TrialList {
    /// Reads a list in VoxCeleb's form, Kaldi's, or CN-Celeb's, whichever its first good line has. Fields are separated by
    /// blanks or tabs; where tabs divide them, names may have blanks.
    ///
    /// # Errors
    /// [`DataError::BadTrials`] with every line that has another form, [`DataError::NoTrials`] for an
    /// empty list, [`DataError::Unlabelled`] for one of pairs alone, [`DataError::ContradictoryTrials`] where a pair is
    /// target and nontarget.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        Self::of_bytes(&read_bytes(path)?, path)
    }

    /// As [`Self::read`], of a list that is in memory; `path` stands for it in messages and names it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_bytes(bytes: &[u8], path: &Path) -> Result<Self, DataError> {
        let list = Self::as_it_is(bytes, path)?;
        let path = path.to_owned();
        if !list.labelled {
            let trials = list.trials.len();
            return Err(DataError::Unlabelled { path, trials });
        }
        let contradictions = list.contradictions();
        if contradictions.is_empty() {
            return Ok(list);
        }
        let numbers = lines(bytes, &path, &mut Vec::new());
        let line = |place: usize| numbers.get(place).map_or(0, |(number, _)| *number);
        let named = contradictions.iter().take(MAX_NAMED).map(|found| {
            let trial = &list.trials[found.first];
            let label = |target| if target { "target" } else { "nontarget" };
            Problem {
                kind: crate::ProblemKind::Line,
                source: None,
                line: Some(line(found.second)),
                message: format!(
                    "`{}` and `{}` are {} here, {} in line {}",
                    trial.enrolment,
                    trial.test,
                    label(!trial.target),
                    label(trial.target),
                    line(found.first)
                ),
            }
        });
        Err(DataError::ContradictoryTrials {
            path,
            pairs: contradictions.len(),
            problems: named.collect(),
        })
    }

    /// A list with whatever is wrong with its pairs, and without labels where it has none; `path` stands for it in messages
    /// and names it.
    ///
    /// # Errors
    /// [`DataError::BadTrials`], [`DataError::NoTrials`].
    pub fn as_it_is(bytes: &[u8], path: &Path) -> Result<Self, DataError> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut form = None;
        let trials = parse_lines(bytes, path, &mut form, &mut problems);
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
            hash: blake3::hash(bytes).to_hex().to_string(),
            trials,
            labelled: form != Some(Form::Unlabelled),
        })
    }

    /// A list made here. Its hash is that of the file which [`Self::write_voxceleb`] writes.
    pub fn new(name: impl Into<String>, trials: Vec<Trial>) -> Self {
        let mut list = Self {
            name: name.into(),
            hash: String::new(),
            trials,
            labelled: true,
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
    /// [`DataError::Io`]; an empty name, or one with a tab or a line end in it, is refused. Where a name has a blank, tabs
    /// divide all fields of the list.
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
        let unwritable = |name: &&str| {
            name.trim() != *name || name.is_empty() || name.contains(['\t', '\n', '\r'])
        };
        let problems: Vec<Problem> = self
            .utterances()
            .into_iter()
            .filter(unwritable)
            .map(|name| Problem {
                kind: crate::ProblemKind::Line,
                source: None,
                line: None,
                message: format!("`{name}`: a trial list cannot hold a name that is empty, begins or ends with a blank, or has tabs or line ends"),
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
        let has_blank = |trial: &Trial| {
            let [a, b] =
                [&trial.enrolment, &trial.test].map(|name| name.contains(char::is_whitespace));
            a || b
        };
        let between = match self.trials.iter().any(has_blank) {
            true => '\t',
            false => ' ',
        };
        let mut text = String::new();
        for trial in &self.trials {
            let Trial {
                enrolment,
                test,
                target,
            } = trial;
            // Writing to a string cannot fail.
            let _ = match form {
                Form::VoxCeleb => {
                    let label = u8::from(*target);
                    writeln!(text, "{label}{between}{enrolment}{between}{test}")
                }
                Form::Kaldi => {
                    let label = if *target { "target" } else { "nontarget" };
                    writeln!(text, "{enrolment}{between}{test}{between}{label}")
                }
                Form::LabelLast => {
                    let label = u8::from(*target);
                    writeln!(text, "{enrolment}{between}{test}{between}{label}")
                }
                Form::Unlabelled => writeln!(text, "{enrolment}{between}{test}"),
            };
        }
        text
    }
}
