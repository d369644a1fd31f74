//! Small tables of speakers, each in a form of its own.

use std::path::Path;

use speech_data::text::{line_problem, lines, read_bytes};
use speech_data::{Problem, label};

use crate::error::PrepError;

/// Reads a table line by line. `parse` gives a row, nothing for a line without one, or what is wrong with the line.
///
/// Bytes that are not UTF-8 are taken for Latin-1, in which the older tables are written.
///
/// # Errors
/// [`PrepError::BadTable`] with every bad line.
pub(super) fn read<Row>(
    path: &Path,
    expected: &'static str,
    mut parse: impl FnMut(u64, &str) -> Result<Option<Row>, String>,
) -> Result<Vec<Row>, PrepError> {
    let mut bytes = read_bytes(path)?;
    if std::str::from_utf8(&bytes).is_err() {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        bytes = text.into_bytes();
    }
    let mut problems: Vec<Problem> = Vec::new();
    let mut rows = Vec::new();
    for (number, line) in lines(&bytes, path, &mut problems) {
        match parse(number, line) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => {}
            Err(message) => problems.push(line_problem(path, number, message)),
        }
    }
    if problems.is_empty() {
        return Ok(rows);
    }
    Err(PrepError::BadTable {
        path: path.to_owned(),
        expected,
        problems,
    })
}

/// The names and the answer of a line of trials whose label comes last.
///
/// # Errors
/// What is wrong with the line, in words.
pub(super) fn trial(line: &str) -> Result<(&str, &str, bool), String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [enrolment, test, last] = fields[..] else {
        return Err(format!("{} fields instead of 3", fields.len()));
    };
    let target = label(last).ok_or_else(|| format!("the label is `{last}`"))?;
    Ok((enrolment, test, target))
}
