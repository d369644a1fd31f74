//! Small tables of speakers, each in a form of its own.

use std::path::Path;

use speech_data::Problem;
use speech_data::text::{line_problem, lines, read_bytes};

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
