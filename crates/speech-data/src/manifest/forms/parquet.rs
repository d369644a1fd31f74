//! Parquet: a table, and one with sounds as Hugging Face `datasets` writes it (a struct of bytes and path).

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use serde_json::Value;

use super::super::finish::Found;
use super::super::options::Speakers;
use super::super::parts;
use super::row::{self, Place, Role};
use crate::error::DataError;
use crate::location::member::{Cell, SoundTable};
use crate::location::{Location, Member};
use crate::problem::{Problem, ProblemKind, name_list};

/// Names of columns of bytes that hold sounds where no struct does.
const SOUNDS: [&str; 6] = ["audio", "wav", "flac", "mp3", "bytes", "sound"];

/// Adds the rows of a Parquet file to `found`.
pub(super) fn read(path: &Path, place: &Place<'_>, found: &mut Found) -> Result<(), DataError> {
    let damaged = |error: &dyn std::fmt::Display| DataError::Form {
        path: path.to_owned(),
        found: format!("a Parquet file that cannot be read: {error}"),
        remedy: "make or download it again, or write it with Snappy, gzip, zstd, lz4 or brotli",
    };
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(damaged(&"it is no regular file"));
    }
    let file = File::open(path).map_err(io)?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|error| damaged(&error))?;
    let schema = metadata.schema();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let sounds: Vec<(usize, usize)> = sounds(&metadata);
    let mut note = |message: String| {
        found
            .notes
            .push(Problem::at(ProblemKind::Line, path, message))
    };
    let sound = match sounds[..] {
        [] => None,
        [first, ref others @ ..] => {
            if !others.is_empty() {
                note(format!(
                    "the sounds are those of `{}`, the first of {} columns of sounds",
                    names[first.0],
                    sounds.len()
                ));
            }
            Some(first)
        }
    };
    let mut roles = row::roles(&names);
    if let Some((column, _)) = sound {
        for (index, role) in roles.iter_mut().enumerate() {
            if *role == Role::Path {
                *role = Role::Further;
            }
            if index == column {
                *role = Role::Path;
            }
        }
    }
    let header = |missing, role| DataError::Header {
        path: path.to_owned(),
        line: 1,
        missing,
        found: name_list(&names),
        expected: row::names_of(role),
    };
    if !roles.contains(&Role::Path) {
        return Err(header(
            "sound (a struct of bytes and path) or the path",
            Role::Path,
        ));
    }
    match roles.iter().position(|role| *role == Role::Speaker) {
        Some(index) if names[index] != "speaker" => note(format!(
            "the speakers are those of the column `{}`",
            names[index]
        )),
        Some(_) => {}
        None if place.options.speakers == Speakers::Needed => {
            return Err(header("speaker", Role::Speaker));
        }
        None => {}
    }
    let class_names = class_names(&metadata);
    let leaves = metadata.parquet_schema().num_columns();
    let without_bytes = (0..leaves).filter(|leaf| !sounds.iter().any(|(_, sound)| sound == leaf));
    let mask = ProjectionMask::leaves(metadata.parquet_schema(), without_bytes);
    let table =
        sound.map(|(_, leaf)| Arc::new(SoundTable::new(path.to_owned(), metadata.clone(), leaf)));
    let mut rows = Vec::new();
    let mut number = 0;
    for group in 0..metadata.metadata().num_row_groups() {
        let file = File::open(path).map_err(io)?;
        let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask.clone())
            .build()
            .map_err(|error| damaged(&error))?;
        let num_rows = metadata.metadata().row_group(group).num_rows() as usize;
        let mut texts: Vec<HashMap<&str, String>> = vec![HashMap::new(); num_rows];
        let mut first = 0;
        for batch in batches {
            let batch = batch.map_err(|error| damaged(&error))?;
            for name in &names {
                let Some(column) = batch.column_by_name(name) else {
                    continue;
                };
                for row in 0..batch.num_rows() {
                    if let (Some(text), Some(texts)) =
                        (text(column, row), texts.get_mut(first + row))
                    {
                        let named = class_names
                            .get(*name)
                            .and_then(|classes| classes.get(text.parse::<usize>().ok()?));
                        texts.insert(name, named.cloned().unwrap_or(text));
                    }
                }
            }
            first += batch.num_rows();
        }
        for (row, mut values) in texts.into_iter().enumerate() {
            number += 1;
            let mut location = None;
            if let (Some(table), Some((column, _))) = (&table, sound) {
                let name = values.get(names[column]).filter(|path| !path.is_empty());
                let name = name
                    .cloned()
                    .unwrap_or_else(|| format!("row {}", number - 1));
                location = Some(Location::member(Member::Cell(Cell::new(
                    table,
                    group,
                    row,
                    name.clone(),
                ))));
                values.insert(names[column], name);
            }
            let empty = String::new();
            let fields = roles
                .iter()
                .zip(&names)
                .map(|(role, name)| (*role, *name, values.get(name).unwrap_or(&empty).as_str()));
            match row::utterance(place, None, fields) {
                Ok(mut row) => {
                    if let Some(location) = location {
                        row.utterance.location = location;
                    }
                    rows.push(row);
                }
                Err(message) => {
                    let message = format!("row {}: {message}", number - 1);
                    found
                        .faulty
                        .push(Problem::at(ProblemKind::Line, path, message));
                }
            }
        }
    }
    if sound.is_some() {
        name_apart(&mut rows);
    }
    parts::cut(rows, path, found);
    Ok(())
}

/// Sounds of one name are told apart by the numbers of their rows.
fn name_apart(rows: &mut [row::Row]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for row in rows.iter() {
        *counts.entry(row.utterance.id.clone()).or_default() += 1;
    }
    for (number, row) in rows.iter_mut().enumerate() {
        if counts[&row.utterance.id] > 1 {
            row.utterance.id = format!("{}#row={number}", row.utterance.id);
        }
    }
}

/// Columns of sounds: the number of each, and that of the leaf with its bytes.
fn sounds(metadata: &ArrowReaderMetadata) -> Vec<(usize, usize)> {
    let leaf = |path: &[&str]| {
        let columns = metadata.parquet_schema().columns();
        columns
            .iter()
            .position(|column| column.path().parts() == path)
    };
    let is_bytes = |kind: &DataType| {
        matches!(
            kind,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView
        )
    };
    let fields = metadata.schema().fields().iter().enumerate();
    fields
        .filter_map(|(number, field)| {
            let leaf = match field.data_type() {
                DataType::Struct(inner)
                    if inner
                        .iter()
                        .any(|one| one.name() == "bytes" && is_bytes(one.data_type())) =>
                {
                    leaf(&[field.name(), "bytes"])
                }
                kind if is_bytes(kind) && SOUNDS.contains(&field.name().as_str()) => {
                    leaf(&[field.name()])
                }
                _ => None,
            };
            Some((number, leaf?))
        })
        .collect()
}

/// The names of classes by their numbers, of the columns of which `datasets` says them.
fn class_names(metadata: &ArrowReaderMetadata) -> HashMap<String, Vec<String>> {
    let written = metadata.schema().metadata().get("huggingface");
    let features = written.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let features = features
        .as_ref()
        .and_then(|value| value["info"]["features"].as_object());
    let mut found = HashMap::new();
    for (name, feature) in features.into_iter().flatten() {
        if let Some(names) = feature["names"].as_array() {
            let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
            found.insert(name.clone(), names.collect());
        }
    }
    found
}

/// A value as text; of a struct its path. `None` for nothing, and for lists and the like.
fn text(column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    macro_rules! number {
        ($kind:ty) => {
            Some(column.as_primitive_opt::<$kind>()?.value(row).to_string())
        };
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string_opt::<i32>()?.value(row).to_owned()),
        DataType::LargeUtf8 => Some(column.as_string_opt::<i64>()?.value(row).to_owned()),
        DataType::Utf8View => Some(column.as_string_view_opt()?.value(row).to_owned()),
        DataType::Boolean => Some(column.as_boolean_opt()?.value(row).to_string()),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Struct(_) => text(column.as_struct_opt()?.column_by_name("path")?, row),
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary_opt()?;
            text(dictionary.values(), *dictionary.normalized_keys().get(row)?)
        }
        _ => None,
    }
}
