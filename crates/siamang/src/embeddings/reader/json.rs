//! JSON: an object a line, or one object of all.

use std::io::{BufRead, Read};

use serde_json::{Map, Value};

use crate::embeddings::names::{embedding_of, id_of, quoted, speaker_of};
use crate::embeddings::rows::Rows;
use crate::embeddings::writer::Record;

/// No line has more bytes: room for the largest embedding, or for an object of all embeddings of a small corpus.
const MAX_LINE_BYTES: u64 = 1 << 28;

/// Reads objects of `id` and `embedding`, as ours or under the names of other programs, or one object whose keys are names and
/// whose values are vectors.
pub(super) fn lines(mut reader: impl BufRead) -> Result<Rows, String> {
    let mut rows = Rows::default();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut limited = (&mut reader).take(MAX_LINE_BYTES);
        let read = limited
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        // A byte order mark, as some editors and shells of Windows write.
        if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        let at = |reason: String| format!("line {number}: {reason}");
        match serde_json::from_slice::<Record>(&line) {
            Ok(record) => rows
                .push(&record.id, record.speaker, &record.embedding)
                .map_err(at)?,
            Err(error) => of_others(&mut rows, &line, &error).map_err(at)?,
        }
    }
    Ok(rows)
}

/// A line that is not as we write it; `ours` is why.
fn of_others(rows: &mut Rows, line: &[u8], ours: &serde_json::Error) -> Result<(), String> {
    let plain = format!("{ours}; expected `id` and `embedding`");
    let value: Value = serde_json::from_slice(line)
        .or_else(|_| serde_json::from_slice(&without_nan(line)))
        .map_err(|_| plain.clone())?;
    let Value::Object(object) = value else {
        return Err(plain);
    };
    let keys = || object.keys().map(String::as_str);
    let Some(embedding) = embedding_of(keys()) else {
        return match !object.is_empty() && object.values().all(Value::is_array) {
            true => one_each(rows, &object),
            false => Err(format!(
                "no key `embedding`; its keys are {}",
                quoted(keys())
            )),
        };
    };
    let id =
        id_of(keys()).ok_or_else(|| format!("no key `id`; its keys are {}", quoted(keys())))?;
    let id = match &object[id] {
        Value::String(id) => id.clone(),
        Value::Number(id) if id.is_u64() => id.to_string(),
        other => return Err(format!("`{id}` is {other}, expected text")),
    };
    let speaker = speaker_of(keys()).and_then(|key| match &object[key] {
        Value::String(speaker) => Some(speaker.clone()),
        Value::Number(speaker) => Some(speaker.to_string()),
        _ => None,
    });
    rows.push(&id, speaker, &vector(&object[embedding])?)
}

fn one_each(rows: &mut Rows, object: &Map<String, Value>) -> Result<(), String> {
    for (id, value) in object {
        let vector = vector(value).map_err(|reason| format!("`{id}`: {reason}"))?;
        rows.push(id, None, &vector)?;
    }
    Ok(())
}

/// The numbers of an array, or of the one array in it; what is null is not a number.
fn vector(value: &Value) -> Result<Vec<f32>, String> {
    let numbers = |values: &[Value]| -> Option<Vec<f32>> {
        let values = values.iter();
        values
            .map(|value| match value {
                Value::Null => Some(f32::NAN),
                value => value.as_f64().map(|value| value as f32),
            })
            .collect()
    };
    let found = match value {
        Value::Array(values) => match values.as_slice() {
            [Value::Array(values)] => numbers(values),
            values => numbers(values),
        },
        _ => None,
    };
    found.ok_or_else(|| {
        let shown: String = value.to_string().chars().take(60).collect();
        format!("the embedding is `{shown}`, expected an array of numbers")
    })
}

/// The line with `null` for what Python writes beside JSON: `NaN`, `Infinity`, `-Infinity`.
fn without_nan(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let (mut at, mut is_text) = (0, false);
    while at < line.len() {
        let rest = &line[at..];
        let word = [&b"NaN"[..], b"-Infinity", b"Infinity"]
            .into_iter()
            .find(|word| !is_text && rest.starts_with(word));
        if let Some(word) = word {
            plain.extend_from_slice(b"null");
            at += word.len();
            continue;
        }
        if is_text && rest[0] == b'\\' && rest.len() > 1 {
            plain.extend_from_slice(&rest[..2]);
            at += 2;
            continue;
        }
        is_text ^= rest[0] == b'"';
        plain.push(rest[0]);
        at += 1;
    }
    plain
}
