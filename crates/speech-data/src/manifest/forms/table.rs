//! CSV and TSV with a header.

use std::path::Path;

use super::super::finish::Found;
use super::super::options::Speakers;
use super::super::parts;
use super::row::{self, Place, Role};
use crate::error::DataError;
use crate::problem::{Problem, ProblemKind, name_list};
use crate::text::line_problem;

/// Reads a table with a header.
pub(super) fn read(
    lines: &[(u64, &str)],
    file: &Path,
    place: &Place<'_>,
    found: &mut Found,
) -> Result<(), DataError> {
    let Some(&(header_line, first)) = lines.first() else {
        return Ok(());
    };
    let tabs_only = file.extension().is_some_and(|e| e == "tsv");
    let delimiter = match tabs_only {
        true => b'\t',
        // The most frequent in the header, tabs first among equals.
        false => [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|&d| first.bytes().filter(|&b| b == d).count())
            .unwrap_or(b','),
    };
    // The reader is given lines without blank ones and with `\n` at their ends, so that its line numbers count
    // our lines: its own count goes wrong at `\r\n`.
    let text: String = lines.iter().flat_map(|(_, line)| [line, "\n"]).collect();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(!tabs_only)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let number = |record: &csv::StringRecord| {
        let at = record.position().map_or(1, csv::Position::line) as usize;
        lines.get(at - 1).map_or(header_line, |&(number, _)| number)
    };

    let mut record = csv::StringRecord::new();
    let mut header: Vec<String> = Vec::new();
    let mut roles: Vec<Role> = Vec::new();
    let mut rows = Vec::with_capacity(lines.len());
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let problem = line_problem(file, number(&record), error.to_string());
                found.problems.push(problem);
                break;
            }
        }
        if header.is_empty() {
            header = record.iter().map(|name| name.trim().to_owned()).collect();
            let names: Vec<&str> = header.iter().map(String::as_str).collect();
            roles = row::roles(&names);
            if let Some(name) = row::doubled(&names) {
                let message = format!("two columns are called `{name}`: which is meant?");
                found
                    .problems
                    .push(line_problem(file, header_line, message));
                return Ok(());
            }
            for (role, missing) in [(Role::Path, "path"), (Role::Speaker, "speaker")] {
                let is_needed = role == Role::Path || place.options.speakers == Speakers::Needed;
                if is_needed && !roles.contains(&role) {
                    return Err(DataError::Header {
                        path: file.to_owned(),
                        line: header_line,
                        missing,
                        found: name_list(&names),
                        expected: row::names_of(role),
                    });
                }
            }
            continue;
        }
        let line = number(&record);
        if record.len() != header.len() {
            let message = format!(
                "{} fields, the header has {}; a missing or unclosed quote?",
                record.len(),
                header.len()
            );
            // A quote that is never closed takes what follows with it: then it is not one row that is lost.
            let swallows = record.iter().any(|field| field.contains('\n'));
            found.problems.push(match swallows {
                true => Problem::at(ProblemKind::Line, file, format!("line {line}: {message}")),
                false => line_problem(file, line, message),
            });
            continue;
        }
        let fields = roles.iter().zip(&header).zip(record.iter());
        let fields = fields.map(|((&role, name), value)| (role, name.as_str(), value));
        match row::utterance(place, Some(line), fields) {
            Ok(row) => rows.push(row),
            Err(message) => found.problems.push(line_problem(file, line, message)),
        }
    }
    parts::cut(rows, file, found);
    Ok(())
}
