//! Embeddings as JSON lines, `.npy` or Parquet, by the name of the file.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use audio_features::Quality;
use durable::NewFile;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::note::{NOTE_KEY, Note};
use super::quality_columns;
use crate::error::{Error, unwritable};

/// One embedding with what is known about its recording; a line of a JSON lines file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Unique name.
    pub id: String,
    /// Where the recording was.
    #[serde(default)]
    pub path: String,
    /// Who speaks, where a folder or manifest said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// Length of the recording, in s.
    #[serde(default)]
    pub seconds: f64,
    /// How the recording sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// What was odd about it.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// `[dim]`.
    pub embedding: Vec<f32>,
}

/// The formats of embedding files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// NumPy's matrix, with the names in a text file beside it.
    Npy,
    /// Columns `id`, `speaker`, `embedding`, and how each recording sounds.
    Parquet,
}

impl Format {
    /// The format that a file's ending names. Pipes and devices have JSON lines where their names have no ending.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`].
    pub fn of(path: &Path) -> Result<Self, Error> {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "npy" => Ok(Self::Npy),
            "parquet" => Ok(Self::Parquet),
            "" if durable::is_stream(path) => Ok(Self::JsonLines),
            _ => Err(Error::UnknownFormat {
                path: path.to_owned(),
                ending: extension.to_owned(),
            }),
        }
    }
}

/// The names that belong to the rows of the matrix at `path`: `<path>.ids.txt`, one a line.
pub(crate) fn ids_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".ids.txt");
    PathBuf::from(name)
}

/// Writes embeddings one by one; the file appears when it is whole.
#[derive(Debug)]
pub struct EmbeddingWriter {
    path: PathBuf,
    dim: usize,
    rows: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    JsonLines(NewFile),
    Stream(Stream),
    Npy {
        matrix: NewFile,
        ids: NewFile,
    },
    Parquet {
        writer: Box<ArrowWriter<NewFile>>,
        schema: SchemaRef,
        rows: Vec<Record>,
    },
}

/// Where JSON lines go that are no file of their own, standard output say.
pub struct Stream(Box<dyn Write + Send>);

impl Stream {
    /// Writes to `stream`.
    pub fn new(stream: impl Write + Send + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Stream")
    }
}

/// Rows that are put into a Parquet file at once.
const BATCH_ROWS: usize = 1024;

impl EmbeddingWriter {
    /// Begins a file of embeddings of `dim` values.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Write`].
    pub fn create(path: &Path, dim: usize) -> Result<Self, Error> {
        let begin = |path: &Path| NewFile::create(path).map_err(|error| unwritable(path, &error));
        let form = match Format::of(path)? {
            Format::JsonLines => Form::JsonLines(begin(path)?),
            Format::Npy if durable::is_stream(path) => {
                return Err(unwritable(
                    path,
                    &"a matrix and its names are two files, which a pipe or device cannot be; name a file, or write JSON lines",
                ));
            }
            Format::Npy => {
                let mut matrix = begin(path)?;
                matrix
                    .write_all(&npy_header(0, dim))
                    .map_err(|error| unwritable(path, &error))?;
                let ids = begin(&ids_path(path))?;
                Form::Npy { matrix, ids }
            }
            Format::Parquet => {
                let schema = schema(dim);
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .build();
                let writer = ArrowWriter::try_new(begin(path)?, schema.clone(), Some(properties))
                    .map_err(|error| unwritable(path, &error))?;
                Form::Parquet {
                    writer: Box::new(writer),
                    schema,
                    rows: Vec::new(),
                }
            }
        };
        Ok(Self {
            path: path.to_owned(),
            dim,
            rows: 0,
            form,
        })
    }

    /// Writes JSON lines to `stream`, which messages call `name`, as embeddings come.
    #[must_use]
    pub fn to_stream(stream: Stream, name: &Path, dim: usize) -> Self {
        Self {
            path: name.to_owned(),
            dim,
            rows: 0,
            form: Form::Stream(stream),
        }
    }

    /// Adds one embedding.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::LineEndInName`].
    pub fn push(&mut self, record: Record) -> Result<(), Error> {
        let failed = |error: &dyn std::fmt::Display| unwritable(&self.path, error);
        self.rows += 1;
        match &mut self.form {
            Form::JsonLines(file) => {
                serde_json::to_writer(&mut *file, &record).map_err(|error| failed(&error))?;
                file.write_all(b"\n").map_err(|error| failed(&error))
            }
            Form::Stream(Stream(stream)) => {
                serde_json::to_writer(&mut *stream, &record).map_err(|error| failed(&error))?;
                stream.write_all(b"\n").map_err(|error| failed(&error))
            }
            Form::Npy { matrix, ids } => {
                if record.id.contains(['\n', '\r']) {
                    return Err(Error::LineEndInName { id: record.id });
                }
                writeln!(ids, "{}", record.id).map_err(|error| failed(&error))?;
                let bytes: Vec<u8> = record
                    .embedding
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                matrix.write_all(&bytes).map_err(|error| failed(&error))
            }
            Form::Parquet {
                writer,
                schema,
                rows,
            } => {
                rows.push(record);
                match rows.len() {
                    BATCH_ROWS => write_batch(writer, schema, rows).map_err(|error| failed(&error)),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Puts the note into the file, if it is a Parquet file, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self, note: &Note) -> Result<(), Error> {
        self.end(Some(note))
    }

    /// Gives the file its name; it says nothing of how it was made.
    pub(crate) fn finish_plain(self) -> Result<(), Error> {
        self.end(None)
    }

    fn end(self, note: Option<&Note>) -> Result<(), Error> {
        let path = &self.path;
        let failed = |error: &dyn std::fmt::Display| -> Error { unwritable(path, error) };
        match self.form {
            Form::JsonLines(file) => file.finish().map_err(|error| failed(&error)),
            Form::Stream(Stream(mut stream)) => stream.flush().map_err(|error| failed(&error)),
            Form::Npy { mut matrix, ids } => {
                matrix
                    .seek(SeekFrom::Start(0))
                    .and_then(|_| matrix.write_all(&npy_header(self.rows, self.dim)))
                    .map_err(|error| failed(&error))?;
                ids.finish()
                    .and_then(|()| matrix.finish())
                    .map_err(|error| failed(&error))
            }
            Form::Parquet {
                mut writer,
                schema,
                mut rows,
            } => {
                write_batch(&mut writer, &schema, &mut rows).map_err(|error| failed(&error))?;
                if let Some(note) = note {
                    let note = serde_json::to_string(note).map_err(|error| failed(&error))?;
                    writer.append_key_value_metadata(KeyValue::new(NOTE_KEY.to_owned(), note));
                }
                writer
                    .into_inner()
                    .map_err(|error| failed(&error))?
                    .finish()
                    .map_err(|error| failed(&error))
            }
        }
    }
}

/// NumPy's header, version 1.0, of a row-major matrix of little-endian `f32`; always as long, so that the
/// number of rows can be filled in at the end.
fn npy_header(rows: u64, dim: usize) -> [u8; 128] {
    let mut header = [b' '; 128];
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    header[..10].copy_from_slice(b"\x93NUMPY\x01\x00\x76\x00");
    header[10..10 + text.len()].copy_from_slice(text.as_bytes());
    header[127] = b'\n';
    header
}

fn schema(dim: usize) -> SchemaRef {
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let list = DataType::FixedSizeList(item, i32::try_from(dim).unwrap_or(i32::MAX));
    let mut fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("speaker", DataType::Utf8, true),
        Field::new("embedding", list, false),
    ];
    fields.extend(quality_columns::fields());
    Arc::new(Schema::new(fields))
}

fn write_batch(
    writer: &mut ArrowWriter<NewFile>,
    schema: &SchemaRef,
    rows: &mut Vec<Record>,
) -> parquet::errors::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let DataType::FixedSizeList(item, dim) = schema.field(2).data_type() else {
        return Ok(());
    };
    let values: Vec<f32> = rows
        .iter()
        .flat_map(|row| row.embedding.iter().copied())
        .collect();
    let list = FixedSizeListArray::try_new(
        item.clone(),
        *dim,
        Arc::new(Float32Array::from(values)),
        None,
    )?;
    let ids: StringArray = rows.iter().map(|row| Some(row.id.as_str())).collect();
    let speakers: StringArray = rows.iter().map(|row| row.speaker.as_deref()).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(speakers), Arc::new(list)];
    columns.extend(quality_columns::columns(
        rows.iter().map(|row| row.quality.as_ref()),
    ));
    writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
    rows.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embeddings::read_embeddings;
    use audio_features::SpeechDetector;

    fn note() -> Note {
        Note::parse(
            r#"{"format_version": 1, "part": {"index": 2, "of": 3}, "places": [1, 4], "left_out": [], "work": {"model": "m",
                "model_hash": "1", "version": "0", "device": "flex", "precision": "f32", "simd": "avx2", "centre": "model",
                "num_recordings": 5, "recordings_hash": "2"}}"#,
        )
        .unwrap()
    }

    fn record(id: &str, speaker: Option<&str>, embedding: &[f32]) -> Record {
        Record {
            id: id.to_owned(),
            path: format!("/data/{id}"),
            speaker: speaker.map(str::to_owned),
            seconds: 1.5,
            quality: (speaker.is_some()).then_some(Quality {
                seconds: 1.5,
                speech_s: 0.75,
                speech_share: 0.5,
                speech_by: SpeechDetector::Network,
                band_hz: Some(3_900.0),
                level_db: None,
                snr_db: Some(12.5),
                clipped_share: 0.25,
                channels_cancel: true,
            }),
            warnings: vec!["clipping".to_owned()],
            embedding: embedding.to_vec(),
        }
    }

    #[test]
    fn every_format_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["e.jsonl", "e.npy", "e.parquet"] {
            let path = folder.path().join(name);
            let mut writer = EmbeddingWriter::create(&path, 3).unwrap();
            for i in 0..2000_u16 {
                let speaker = (i % 2 == 0).then_some("ann");
                let value = f32::from(i);
                writer
                    .push(record(&format!("ä/{i} x"), speaker, &[value, -0.1, 1e-30]))
                    .unwrap();
            }
            assert!(!path.exists(), "{name} is there before it is whole");
            writer.finish(&note()).unwrap();
            let set = read_embeddings(&path).unwrap();
            let told = (name == "e.parquet").then(note);
            assert_eq!(set.note, told, "{name}");
            assert_eq!(
                (set.ids.len(), set.matrix.len(), set.matrix.dim()),
                (2000, 2000, 3),
                "{name}"
            );
            assert_eq!(set.ids[1999], "ä/1999 x");
            assert_eq!(set.matrix.row(1025), [1025.0, -0.1, 1e-30]);
            let expected = if name == "e.npy" { None } else { Some("ann") };
            assert_eq!(set.speakers[2].as_deref(), expected, "{name}");
            assert_eq!(set.speakers[1], None);
        }
    }

    #[test]
    fn npy_is_what_another_reader_expects() {
        let header = npy_header(7, 512);
        let npy = npyz::NpyFile::new(&header[..]).unwrap();
        assert_eq!((npy.shape(), npy.order()), (&[7, 512][..], npyz::Order::C));
        assert_eq!(npy.dtype().descr(), "'<f4'");
    }

    #[test]
    fn an_unfinished_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.npy");
        let mut writer = EmbeddingWriter::create(&path, 1).unwrap();
        assert!(writer.push(record("two\nlines", None, &[1.0])).is_err());
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(EmbeddingWriter::create(&folder.path().join("e.txt"), 1).is_err());
    }
}
