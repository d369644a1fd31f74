//! Embeddings in a Parquet file, read in batches of rows.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::note::{NOTE_KEY, Note};
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
        let builder = ParquetRecordBatchReaderBuilder::try_new(open(path)?)
            .map_err(|error| error.to_string())?;
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
    let names = || {
        batch
            .schema()
            .fields()
            .iter()
            .map(|field| format!("`{}`", field.name()))
            .collect::<Vec<_>>()
    };
    let required = |name: &str| {
        let column = batch
            .column_by_name(name)
            .filter(|column| column.null_count() == 0);
        column.ok_or_else(|| {
            format!(
                "no column `{name}` without nulls; its columns are {}",
                names().join(", ")
            )
        })
    };
    let (ids, embeddings) = (required("id")?, required("embedding")?);
    let speakers = batch.column_by_name("speaker");
    for row in 0..batch.num_rows() {
        let id = text(ids, row)
            .ok_or_else(|| format!("column `id` is {}, expected text", ids.data_type()))?;
        let values = list(embeddings, row);
        let values = values
            .as_ref()
            .and_then(|values| values.as_primitive_opt::<Float32Type>());
        let values = values
            .filter(|values| values.null_count() == 0)
            .ok_or_else(|| {
                format!(
                    "column `embedding` is {}, expected lists of 32-bit floats",
                    embeddings.data_type()
                )
            })?;
        let speaker = speakers
            .and_then(|speakers| text(speakers, row))
            .map(str::to_owned);
        rows.push(id, speaker, values.values())?;
    }
    Ok(())
}

/// The text in a row, whichever of Arrow's text types the column has.
fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
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
    short.or_else(long).or_else(view)
}

/// The list in a row, whichever of Arrow's list types the column has.
fn list(column: &ArrayRef, row: usize) -> Option<ArrayRef> {
    let fixed = column
        .as_fixed_size_list_opt()
        .map(|column| column.value(row));
    let short = || column.as_list_opt::<i32>().map(|column| column.value(row));
    let long = || column.as_list_opt::<i64>().map(|column| column.value(row));
    fixed.or_else(short).or_else(long)
}
