//! JSON: an object a line, an array of objects, or an object of them as SpeechBrain writes it.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::finish::Found;
use super::super::parts;
use super::row::{self, Place, Role, Row};
use crate::problem::{Problem, ProblemKind, name_list};
use crate::text::line_problem;

/// The first byte that is no space, behind a byte order mark.
pub(super) fn first(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
}

/// Reads a file that is one array of objects, or one object whose every value is an object; `false` where it is neither.
pub(super) fn read_whole(bytes: &[u8], file: &Path, place: &Place<'_>, found: &mut Found) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let entries: Vec<(Option<String>, Value)> = match first(bytes) {
        Some(b'[') => match serde_json::from_slice::<Vec<Value>>(bytes) {
            Ok(values) => values.into_iter().map(|value| (None, value)).collect(),
            Err(error) => {
                let message = format!("no JSON array: {error}");
                found
                    .problems
                    .push(line_problem(file, error.line() as u64, message));
                return true;
            }
        },
        _ => match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(object) if !object.is_empty() && object.values().all(Value::is_object) => {
                let named = object.into_iter().map(|(name, value)| (Some(name), value));
                named.collect()
            }
            _ => return false,
        },
    };
    let mut rows = Vec::with_capacity(entries.len());
    for (number, (name, value)) in (1..).zip(entries) {
        let read = match value {
            Value::Object(mut object) => {
                if let Some(name) = &name {
                    object
                        .entry("ID")
                        .or_insert_with(|| Value::String(name.clone()));
                }
                self::row(place, None, &object)
            }
            _ => Err("not a JSON object".to_owned()),
        };
        match read {
            Ok(row) => rows.push(row),
            Err(message) => {
                let which =
                    name.map_or_else(|| format!("entry {number}"), |name| format!("`{name}`"));
                let problem = Problem::at(ProblemKind::Line, file, format!("{which}: {message}"));
                found.faulty.push(problem);
            }
        }
    }
    parts::cut(rows, file, found);
    true
}

/// Reads an object a line.
pub(super) fn read_lines(lines: &[(u64, &str)], file: &Path, place: &Place<'_>, found: &mut Found) {
    let mut rows = Vec::with_capacity(lines.len());
    for &(line, text) in lines {
        let read = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| format!("not one JSON object: {error}"))
            .and_then(|object| row(place, Some(line), &object));
        match read {
            Ok(row) => rows.push(row),
            Err(message) => found.problems.push(line_problem(file, line, message)),
        }
    }
    parts::cut(rows, file, found);
}

pub(super) fn row(
    place: &Place<'_>,
    line: Option<u64>,
    object: &Map<String, Value>,
) -> Result<Row, String> {
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    let roles = row::roles(&names);
    let mut values = Vec::with_capacity(names.len());
    for (role, (name, value)) in roles.iter().zip(object) {
        values.push(match (role, value) {
            (_, Value::Null) => String::new(),
            (_, Value::String(text)) => text.clone(),
            // What `datasets` writes of a column of sounds.
            (Role::Path, Value::Object(sound)) => match sound.get("path") {
                Some(Value::String(path)) => path.clone(),
                _ => return Err(format!("`{name}` is an object without a path")),
            },
            (Role::Path | Role::Speaker, Value::Object(_) | Value::Array(_)) => {
                return Err(format!("`{name}` is {value}, expected one text"));
            }
            (_, other) => other.to_string(),
        });
    }
    let fields = roles.into_iter().zip(&names).zip(&values);
    let fields = fields.map(|((role, &name), value)| (role, name, value.as_str()));
    let mut row = row::utterance(place, line, fields)
        .map_err(|message| format!("{message}; keys found: {}", name_list(&names)))?;
    // WeSpeaker's lists and trials know recordings by their keys.
    if let (Some(Value::String(key)), true) = (object.get("key"), object.contains_key("wav")) {
        row.utterance.id.clone_from(key);
    }
    Ok(row)
}
