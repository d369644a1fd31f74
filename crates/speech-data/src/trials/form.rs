//! How a list writes a trial: a line to its parts.

use std::path::Path;

use super::Trial;
use crate::problem::Problem;
use crate::text::{line_problem, lines};

/// How a list writes a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `1 enrolment test`, `0 enrolment test`.
    VoxCeleb,
    /// `enrolment test target`, `enrolment test nontarget`.
    Kaldi,
    /// `enrolment test 1`, `enrolment test 0`, as in CN-Celeb's list.
    LabelLast,
    /// `enrolment test`: what is asked, without the answer.
    Unlabelled,
}

impl Form {
    fn example(self) -> &'static str {
        match self {
            Self::VoxCeleb => "`1 pathA pathB` or `0 pathA pathB`",
            Self::Kaldi => "`uttA uttB target` or `uttA uttB nontarget`",
            Self::LabelLast => "`pathA pathB 1` or `pathA pathB 0`",
            Self::Unlabelled => "`pathA pathB` without a label",
        }
    }
}

/// The trials in `bytes`; what is none, or has another form than the ones before it, goes to `problems`. Where a list has no
/// labels, no trial is a target.
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
    let fields = line_fields(line);
    let (form, enrolment, test, target) = match fields.as_slice() {
        [a, b, "target"] => (Form::Kaldi, a, b, true),
        [a, b, "nontarget"] => (Form::Kaldi, a, b, false),
        ["1", a, b] => (Form::VoxCeleb, a, b, true),
        ["0", a, b] => (Form::VoxCeleb, a, b, false),
        [a, b, "1"] => (Form::LabelLast, a, b, true),
        [a, b, "0"] => (Form::LabelLast, a, b, false),
        [a, b] if !is_label(a) && !is_label(b) => (Form::Unlabelled, a, b, false),
        [_, _, last] if last.parse::<f64>().is_ok() => {
            return Err(format!(
                "`{}` has a score where a label should be",
                shorten(line)
            ));
        }
        [_, _, _] => return Err(format!("`{}` has no label", shorten(line))),
        other => {
            return Err(format!(
                "`{}` has {} fields instead of 3{}",
                shorten(line),
                other.len(),
                match other.len() > 3 && !line.contains('\t') {
                    true => "; names with blanks are read where tabs divide the fields",
                    false => "",
                }
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

/// Whether a field says what a trial is.
fn is_label(field: &str) -> bool {
    label(field).is_some()
}

/// What a field says of a trial, if it is a label.
pub fn label(field: &str) -> Option<bool> {
    match field {
        "1" | "target" => Some(true),
        "0" | "nontarget" => Some(false),
        _ => None,
    }
}

/// The fields of a line. Where tabs divide them, a name may have blanks in it; a line that has both between its fields is
/// divided at both.
pub fn line_fields(line: &str) -> Vec<&str> {
    let at_blanks = || line.split_whitespace().collect::<Vec<_>>();
    if !line.contains('\t') {
        return at_blanks();
    }
    let fields = line.split('\t').map(str::trim);
    let at_tabs: Vec<&str> = fields.filter(|field| !field.is_empty()).collect();
    match at_tabs.as_slice() {
        [_] => at_blanks(),
        [first, last] if is_label(first) || is_label(last) => at_blanks(),
        _ => at_tabs,
    }
}

/// The beginning of a line, for messages.
fn shorten(line: &str) -> String {
    let mut text: String = line.trim().chars().take(80).collect();
    if text.len() < line.trim().len() {
        text.push('…');
    }
    text
}
