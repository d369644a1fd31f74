//! A cell of a Parquet file that holds the bytes of an audio file.

use std::fmt;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};

use super::{MOST_BYTES, failed};
use crate::error::DataError;
use crate::walk::escaped;

/// A group of rows is decoded at once, and kept until the next, if its sounds have no more bytes: 512 MiB. Decoding one row
/// alone takes as much where a group is one page, as pyarrow writes it.
const MOST_KEPT_BYTES: i64 = 512 << 20;

/// A Parquet file with a column of sounds.
#[derive(Debug)]
pub(crate) struct SoundTable {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// Number of the leaf column with the bytes.
    leaf: usize,
    /// The group of rows that was decoded last.
    kept: Mutex<Option<(usize, ArrayRef)>>,
}

impl SoundTable {
    /// The sounds in the leaf column of this number.
    pub(crate) fn new(path: PathBuf, metadata: ArrowReaderMetadata, leaf: usize) -> Self {
        Self {
            path,
            metadata,
            leaf,
            kept: Mutex::default(),
        }
    }

    /// All bytes of the sounds of a group of rows, before any packing.
    fn group_bytes(&self, group: usize) -> i64 {
        let group = self.metadata.metadata().row_group(group);
        group.column(self.leaf).uncompressed_size()
    }

    /// The column of the bytes in some rows of a group.
    fn column(&self, group: usize, row: Option<usize>) -> Result<ArrayRef, String> {
        let text = |error: &dyn fmt::Display| error.to_string();
        let file = File::open(&self.path).map_err(|error| text(&error))?;
        let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), [self.leaf]);
        let num_rows = self.metadata.metadata().row_group(group).num_rows() as usize;
        let mut reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(num_rows.max(1));
        if let Some(row) = row {
            let one = vec![RowSelector::skip(row), RowSelector::select(1)];
            reader = reader.with_row_selection(RowSelection::from(one));
        }
        let mut batches = reader.build().map_err(|error| text(&error))?;
        let batch: RecordBatch = batches
            .next()
            .ok_or("there is no such row")?
            .map_err(|error| text(&error))?;
        if row.is_none() && batch.num_rows() < num_rows {
            return Err("the rows cannot be read at once".to_owned());
        }
        let mut column = Arc::clone(batch.column(0));
        // A struct of bytes and path has lost the path to the projection.
        while let Some(inner) = column
            .as_struct_opt()
            .map(|fields| fields.columns().first().cloned())
        {
            column = inner.ok_or("the column has no bytes")?;
        }
        Ok(column)
    }

    fn read(&self, group: usize, row: usize) -> Result<Vec<u8>, String> {
        // One thread decodes: a page may be as large as its group of rows.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rows)) = kept.as_ref().filter(|(known, _)| *known == group) {
            let rows = Arc::clone(rows);
            drop(kept);
            return bytes_of(&rows, row);
        }
        *kept = None;
        if self.group_bytes(group) > MOST_KEPT_BYTES {
            return bytes_of(&self.column(group, Some(row))?, 0);
        }
        let rows = self.column(group, None)?;
        *kept = Some((group, Arc::clone(&rows)));
        drop(kept);
        bytes_of(&rows, row)
    }
}

fn bytes_of(column: &ArrayRef, row: usize) -> Result<Vec<u8>, String> {
    if row >= column.len() || column.is_null(row) {
        return Err("the cell has no bytes".to_owned());
    }
    let bytes = if let Some(binary) = column.as_binary_opt::<i32>() {
        binary.value(row)
    } else if let Some(binary) = column.as_binary_opt::<i64>() {
        binary.value(row)
    } else if let Some(binary) = column.as_binary_view_opt() {
        binary.value(row)
    } else {
        return Err(format!(
            "the column is of {}, expected bytes",
            column.data_type()
        ));
    };
    match bytes.len() as u64 {
        0 => Err("the cell has no bytes".to_owned()),
        size if size > MOST_BYTES => Err(format!("{size} bytes, more than one recording may have")),
        _ => Ok(bytes.to_vec()),
    }
}

/// One sound of a Parquet file.
#[derive(Clone, Debug)]
pub struct Cell {
    table: Arc<SoundTable>,
    group: usize,
    row: usize,
    name: String,
}

impl Cell {
    /// The row of a group, both counted from 0; `name` is what it is called.
    pub(crate) fn new(
        table: &Arc<SoundTable>,
        group: usize,
        row: usize,
        name: impl Into<String>,
    ) -> Self {
        Self {
            table: Arc::clone(table),
            group,
            row,
            name: name.into(),
        }
    }

    /// The Parquet file.
    pub fn file(&self) -> &Path {
        &self.table.path
    }

    /// About how many bytes it has: the mean over its group of rows.
    pub fn num_bytes(&self) -> u64 {
        let rows = self
            .table
            .metadata
            .metadata()
            .row_group(self.group)
            .num_rows()
            .max(1);
        u64::try_from(self.table.group_bytes(self.group) / rows).unwrap_or(0)
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`DataError::Member`].
    pub fn read(&self) -> Result<Vec<u8>, DataError> {
        let read = self.table.read(self.group, self.row);
        read.map_err(|found| failed(self, found))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        (self.file(), self.table.leaf, self.group, self.row)
            == (other.file(), other.table.leaf, other.group, other.row)
    }
}

impl Eq for Cell {}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.file(), self.table.leaf, self.group, self.row).hash(state);
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", escaped(self.file().as_os_str()), self.name)
    }
}
