//! Embeddings in a Parquet file, read in batches of rows.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::names::{embedding_of, id_of, numbered, quoted, speaker_of};
use super::note::{NOTE_KEY, Note};
use super::quality_columns;
use super::rows::{Rows, open};

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1024;

/// A file that is being read.
pub(crate) struct ParquetRows {
    batches: ParquetRecordBatchReader,
    /// What it says about itself; none where another program wrote it.
    pub(crate) note: Option<Note>,
    /// Rows that it has.
    pub(crate) num_rows: i64,
    /// Values of an embedding, where its schema says that.
    pub(crate) dim: Option<usize>,
}

impl ParquetRows {
    /// Opens a file and reads what it says about itself.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::of(open(path)?)
    }

    /// As [`Self::open`], of a file that is open.
    pub(crate) fn of(file: File) -> Result<Self, String> {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
        let metadata = builder.metadata().file_metadata();
        let entries = metadata.key_value_metadata().into_iter().flatten();
        let note = entries
            .filter(|entry| entry.key == NOTE_KEY)
            .find_map(|entry| entry.value.as_deref());
        let note = note.map(Note::parse).transpose()?;
        let num_rows = metadata.num_rows();
        let field = builder.schema().field_with_name("embedding").ok();
        let dim = field.and_then(|field| match field.data_type() {
            DataType::FixedSizeList(_, dim) => usize::try_from(*dim).ok(),
            _ => None,
        });
        let batches = builder
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            batches,
            note,
            num_rows,
            dim,
        })
    }

    /// The next rows; none after the last.
    pub(crate) fn next_rows(&mut self) -> Result<Option<Rows>, String> {
        let Some(batch) = self.batches.next() else {
            return Ok(None);
        };
        let mut rows = Rows::default();
        add_batch(&mut rows, &batch.map_err(|error| error.to_string())?)?;
        Ok(Some(rows))
    }

    /// All rows.
    pub(crate) fn into_rows(self) -> Result<Rows, String> {
        let mut rows = Rows {
            note: self.note,
            ..Rows::default()
        };
        for batch in self.batches {
            add_batch(&mut rows, &batch.map_err(|error| error.to_string())?)?;
        }
        Ok(rows)
    }
}

fn add_batch(rows: &mut Rows, batch: &RecordBatch) -> Result<(), String> {
    let columns = Columns::of(batch)?;
    if rows.ids.is_empty() {
        rows.remarks.extend(columns.remark());
    }
    for row in 0..batch.num_rows() {
        let id = text(columns.ids, row)
            .ok_or_else(|| format!("row {row} has no name in the column `{}`", columns.id_name))?;
        let speaker = columns.speakers.and_then(|speakers| text(speakers, row));
        match columns.values(row) {
            Some(values) => {
                rows.push(&id, speaker, &values)?;
                rows.quality.push(quality_columns::read(batch, row));
            }
            None => rows.leave_out(&id, "is missing"),
        }
    }
    Ok(())
}

/// The columns of a batch that are used.
struct Columns<'a> {
    id_name: &'a str,
    ids: &'a ArrayRef,
    speakers: Option<&'a ArrayRef>,
    /// One of lists, or many of numbers.
    embeddings: Vec<(&'a str, &'a ArrayRef)>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, String> {
        let columns: Vec<(&str, &ArrayRef)> = batch
            .schema_ref()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .zip(batch.columns())
            .collect();
        let of_kind = |is_meant: fn(&DataType) -> bool| -> Vec<&str> {
            let fitting = columns
                .iter()
                .filter(|(_, column)| is_meant(column.data_type()));
            fitting.map(|(name, _)| *name).collect()
        };
        let column = |name: &str| {
            let mut columns = columns.iter();
            columns.find(|(known, _)| *known == name).copied()
        };
        let all = || quoted(columns.iter().map(|(name, _)| *name));
        let texts = of_kind(is_text);
        let speaker = speaker_of(texts.iter().copied());
        let index = || {
            texts
                .iter()
                .copied()
                .find(|name| name.starts_with("__index_level_"))
        };
        let alone = || {
            let mut others = texts.iter().copied().filter(|name| Some(*name) != speaker);
            others.next().filter(|_| others.next().is_none())
        };
        let id = id_of(texts.iter().copied()).or_else(index).or_else(alone);
        let (id_name, ids) = id.and_then(column).ok_or_else(|| {
            format!(
                "which column names the recordings? Its columns are {}; expected a column `id` of text",
                all()
            )
        })?;
        let lists = of_kind(|kind| list_of(kind).is_some());
        let list = embedding_of(lists.iter().copied()).or(match lists.as_slice() {
            [one] => Some(*one),
            _ => None,
        });
        let embeddings = match list.and_then(column) {
            Some(found) => vec![found],
            None => {
                let numbers = of_kind(is_float);
                let names = numbered(&numbers)?;
                names.into_iter().filter_map(column).collect()
            }
        };
        if embeddings.is_empty() {
            return Err(format!(
                "which column has the embeddings? Its columns are {}; expected a column `embedding` of lists of floats, or one column a value, such as `e0`, `e1`, …",
                all()
            ));
        }
        Ok(Self {
            id_name,
            ids,
            speakers: speaker.and_then(column).map(|(_, column)| column),
            embeddings,
        })
    }

    /// The embedding in a row, if there is one.
    fn values(&self, row: usize) -> Option<Vec<f32>> {
        if let [(_, lists)] = self.embeddings.as_slice()
            && !is_float(lists.data_type())
        {
            return list(lists, row).and_then(|values| floats(&values));
        }
        let values = self.embeddings.iter().map(|(_, column)| {
            floats(&column.slice(row, 1)).and_then(|values| values.first().copied())
        });
        values.collect()
    }

    /// What is read otherwise than it stands there, in words.
    fn remark(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let (name, first) = self.embeddings[0];
        let kind = list_of(first.data_type()).unwrap_or(first.data_type());
        match kind {
            DataType::Float64 => {
                remarks.push("its numbers are float64, read as 32-bit floats".to_owned());
            }
            DataType::Float16 => {
                remarks.push("its numbers are float16, read as 32-bit floats".to_owned());
            }
            _ => {}
        }
        if is_float(first.data_type()) {
            let (last, _) = self.embeddings[self.embeddings.len() - 1];
            remarks.push(format!("embeddings are its columns `{name}` to `{last}`"));
        } else if name != "embedding" {
            remarks.push(format!("embeddings are its column `{name}`"));
        }
        if self.id_name != "id" {
            remarks.push(format!("names are its column `{}`", self.id_name));
        }
        remarks
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_float(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

/// What a list of floats holds, also where it is the only part of a structure.
fn list_of(kind: &DataType) -> Option<&DataType> {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type()).filter(|kind| is_float(kind))
        }
        DataType::Struct(fields) => {
            let mut lists = fields.iter().filter_map(|field| list_of(field.data_type()));
            lists.next().filter(|_| lists.next().is_none())
        }
        _ => None,
    }
}

/// Floats of any width; what is missing is not a number, as pandas writes it.
fn floats(values: &ArrayRef) -> Option<Vec<f32>> {
    let narrow = values
        .as_primitive_opt::<Float32Type>()
        .map(|values| values.values().to_vec());
    let wide = || {
        let values = values.as_primitive_opt::<Float64Type>()?.values();
        Some(values.iter().map(|&value| value as f32).collect())
    };
    let half = || {
        let values = values.as_primitive_opt::<Float16Type>()?.values();
        Some(values.iter().map(|value| value.to_f32()).collect())
    };
    let mut floats: Vec<f32> = narrow.or_else(wide).or_else(half)?;
    if values.null_count() > 0 {
        for (place, float) in floats.iter_mut().enumerate() {
            if values.is_null(place) {
                *float = f32::NAN;
            }
        }
    }
    Some(floats)
}

/// The text in a row, whichever of Arrow's text types the column has.
fn text(column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        let key = dictionary.normalized_keys().get(row).copied()?;
        return text(dictionary.values(), key);
    }
    let short = column
        .as_string_opt::<i32>()
        .map(|column| column.value(row));
    let long = || {
        column
            .as_string_opt::<i64>()
            .map(|column| column.value(row))
    };
    let view = || column.as_string_view_opt().map(|column| column.value(row));
    short.or_else(long).or_else(view).map(str::to_owned)
}

/// The list in a row, whichever of Arrow's list types the column has.
fn list(column: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if column.is_null(row) {
        return None;
    }
    if let Some(structure) = column.as_struct_opt() {
        let mut lists = structure
            .columns()
            .iter()
            .filter(|column| list_of(column.data_type()).is_some());
        return list(lists.next()?, row);
    }
    let fixed = column
        .as_fixed_size_list_opt()
        .map(|column| column.value(row));
    let short = || column.as_list_opt::<i32>().map(|column| column.value(row));
    let long = || column.as_list_opt::<i64>().map(|column| column.value(row));
    fixed.or_else(short).or_else(long)
}
