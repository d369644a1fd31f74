//! CSV and TSV with a header, and JSON lines.

use std::path::Path;

use serde_json::{Map, Value};

use super::Manifest;
use super::parts;
use super::row::{self, Role};
use super::utterance::Utterance;
use crate::error::DataError;
use crate::problem::Problem;
use crate::problem::name_list;
use crate::text::{line_problem, lines, read_bytes};

impl Manifest {
    /// Reads a table whose relative paths start from `root`: CSV (comma, semicolon or tab between fields, quotes
    /// allowed), TSV (`.tsv`: nothing but tabs), JSON lines (the first line begins with `{`), or a Kaldi
    /// directory (the directory itself or its `wav.scp`).
    ///
    /// Columns are found by name: the path, the speaker, and where there are such columns, session, gender,
    /// split and seconds; `audio_filepath`, `spk_id`, `duration` and other usual names are understood. Further
    /// columns are kept. Nothing and `-` mean unknown. `start_s` and `end_s`, or NeMo's `offset` and `duration`, bound a
    /// part of a file, in s; of several parts of one file each has its bounds in its name: `a.wav#t=1.5,4`.
    ///
    /// # Errors
    /// [`DataError::Header`] without a column for path or speaker; [`DataError::BadManifest`] with every
    /// bad line at once, those of [`Manifest::validate`] included; [`DataError::NothingFound`] for a table
    /// without rows.
    pub fn from_table(file: &Path, root: &Path) -> Result<Self, DataError> {
        if file.is_dir() {
            return super::kaldi::read(file, root);
        }
        if file.file_name().is_some_and(|name| name == "wav.scp") {
            let folder = file.parent().unwrap_or_else(|| Path::new(""));
            return super::kaldi::read(folder, root);
        }
        let bytes = read_bytes(file)?;
        let mut problems = Vec::new();
        let lines = lines(&bytes, file, &mut problems);
        let utterances = match lines.first() {
            None => Vec::new(),
            Some((_, first)) if first.trim_start().starts_with('{') => {
                json_lines(&lines, file, root, &mut problems)
            }
            Some(_) => separated(&lines, file, root, &mut problems)?,
        };
        let utterances = parts::cut(utterances, file, &mut problems);
        finish(file, root, utterances, problems)
    }
}

/// A manifest of what was read, or everything that is wrong with it.
pub(crate) fn finish(
    file: &Path,
    root: &Path,
    utterances: Vec<Utterance>,
    problems: Vec<Problem>,
) -> Result<Manifest, DataError> {
    if utterances.is_empty() && problems.is_empty() {
        return Err(DataError::NothingFound {
            path: file.to_owned(),
            found: "The table has no rows.".to_owned(),
        });
    }
    let mut manifest = Manifest::new(root, utterances);
    manifest.source = Some(file.to_owned());
    if problems.is_empty() {
        return Ok(manifest);
    }
    let mut report = manifest.validate(&crate::ValidateOptions::default());
    report.errors.extend(problems);
    report.sort();
    Err(DataError::BadManifest {
        path: file.to_owned(),
        report,
    })
}

fn separated(
    lines: &[(u64, &str)],
    file: &Path,
    root: &Path,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Utterance>, DataError> {
    let Some(&(header_line, first)) = lines.first() else {
        return Ok(Vec::new());
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
    let mut utterances = Vec::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(utterances),
            Err(error) => {
                problems.push(line_problem(file, number(&record), error.to_string()));
                return Ok(utterances);
            }
        }
        if header.is_empty() {
            header = record.iter().map(|name| name.trim().to_owned()).collect();
            let names: Vec<&str> = header.iter().map(String::as_str).collect();
            roles = row::roles(&names);
            for (role, missing) in [(Role::Path, "path"), (Role::Speaker, "speaker")] {
                if !roles.contains(&role) {
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
            problems.push(line_problem(file, line, message));
            continue;
        }
        let fields = roles.iter().zip(&header).zip(record.iter());
        let fields = fields.map(|((&role, name), value)| (role, name.as_str(), value));
        match row::utterance(root, line, fields) {
            Ok(utterance) => utterances.push(utterance),
            Err(message) => problems.push(line_problem(file, line, message)),
        }
    }
}

fn json_lines(
    lines: &[(u64, &str)],
    file: &Path,
    root: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Utterance> {
    let mut utterances = Vec::new();
    for &(line, text) in lines {
        let read = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| format!("not one JSON object: {error}"))
            .and_then(|object| json_row(root, line, &object));
        match read {
            Ok(utterance) => utterances.push(utterance),
            Err(message) => problems.push(line_problem(file, line, message)),
        }
    }
    utterances
}

fn json_row(root: &Path, line: u64, object: &Map<String, Value>) -> Result<Utterance, String> {
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    let values: Vec<String> = object
        .values()
        .map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    let fields = row::roles(&names).into_iter().zip(&names).zip(&values);
    let fields = fields.map(|((role, &name), value)| (role, name, value.as_str()));
    row::utterance(root, line, fields)
        .map_err(|message| format!("{message}; keys found: {}", name_list(&names)))
}
