//! The parts of embeddings that several machines made, joined into the file that one machine would have made.

use std::path::{Path, PathBuf};

use speech_data::store::check_division;

use super::note::Note;
use super::parquet_rows::ParquetRows;
use super::reader::unusable;
use super::rows::Rows;
use super::writer::{EmbeddingWriter, Format, Record};
use crate::error::Error;
use crate::outcome::Skipped;

/// A part, of which a batch of rows is in memory at a time.
struct PartFile<'a> {
    path: &'a Path,
    note: Note,
    file: ParquetRows,
    batch: Rows,
    /// Rows of the batch that were taken.
    taken: usize,
}

/// What was joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Where the model was.
    pub model: String,
    /// Values of an embedding.
    pub dim: usize,
    /// Number of parts.
    pub num_parts: usize,
    /// Recordings that were embedded.
    pub num_embedded: usize,
    /// Recordings that could not be used.
    pub skipped: Vec<Skipped>,
}

/// Joins `parts`, Parquet files of [`EmbeddingJob`](crate::EmbeddingJob), into the Parquet file `out`.
///
/// # Errors
/// [`Error::Merge`] for parts that are missing, doubled or of different works, [`Error::NoneUsable`], and those of the
/// files.
pub fn merge_embeddings(parts: &[PathBuf], out: &Path) -> Result<Merged, Error> {
    let mut parts = parts
        .iter()
        .map(|path| PartFile::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    // By number, whatever the order they were given in.
    let first = parts
        .iter()
        .min_by_key(|part| part.note.part.map(|part| part.index));
    let Some(work) = first.map(|part| part.note.work.clone()) else {
        return Err(refuse("no part was given", "name the parts"));
    };
    let dim = check(&parts)?;
    let order = order(&parts)?;
    let mut note = Note::new(work, None);
    let mut writer = EmbeddingWriter::create(out, dim)?;
    for &owner in &order {
        if let Some(owner) = owner {
            writer.push(parts[owner as usize].next_record()?)?;
        }
    }
    let mut left_out: Vec<_> = parts.iter().flat_map(|part| &part.note.left_out).collect();
    left_out.sort_by_key(|left_out| left_out.place);
    note.left_out = left_out.into_iter().cloned().collect();
    let skipped = note.skipped();
    let num_embedded = order.iter().flatten().count();
    if num_embedded == 0 {
        return Err(Error::NoneUsable { skipped });
    }
    writer.finish(&note)?;
    Ok(Merged {
        model: note.work.model,
        dim,
        num_parts: parts.len(),
        num_embedded,
        skipped,
    })
}

impl<'a> PartFile<'a> {
    fn open(path: &'a Path) -> Result<Self, Error> {
        let mut file = match Format::of(path) {
            Ok(Format::Parquet) => {
                ParquetRows::open(path).map_err(|reason| unusable(path, &reason))?
            }
            _ => {
                return Err(refuse(
                    format!(
                        "`{}` is not a Parquet file: only those say what they are a part of",
                        path.display()
                    ),
                    "make the parts as Parquet files",
                ));
            }
        };
        let note = file.note.take().ok_or_else(|| {
            refuse(
                format!("`{}` does not say what it is a part of", path.display()),
                "give parts that this version made",
            )
        })?;
        let num_rows = note.places.len() as i64;
        if note.part.is_some() && num_rows != file.num_rows {
            return Err(refuse(
                format!(
                    "`{}` has {} rows, but says {num_rows}",
                    path.display(),
                    file.num_rows
                ),
                "make it again",
            ));
        }
        Ok(Self {
            path,
            note,
            file,
            batch: Rows::default(),
            taken: 0,
        })
    }

    /// The next row.
    fn next_record(&mut self) -> Result<Record, Error> {
        if self.taken == self.batch.ids.len() {
            let rows = self.file.next_rows();
            let rows = rows.and_then(|rows| rows.ok_or_else(|| "rows are missing".to_owned()));
            self.batch = rows.map_err(|reason| unusable(self.path, &reason))?;
            self.taken = 0;
        }
        let row = self.taken;
        self.taken += 1;
        let dim = self.batch.dim;
        Ok(Record {
            id: std::mem::take(&mut self.batch.ids[row]),
            path: String::new(),
            speaker: self.batch.speakers[row].take(),
            seconds: 0.0,
            quality: self.batch.quality[row].take(),
            warnings: Vec::new(),
            embedding: self.batch.values[row * dim..(row + 1) * dim].to_vec(),
        })
    }
}

/// Whether these are all the parts of one work, and how many values its embeddings have.
fn check(parts: &[PartFile<'_>]) -> Result<usize, Error> {
    let mut division = Vec::new();
    for part in parts {
        let shown = part.path.display();
        let (first, path) = (&parts[0], part.path);
        let number = part.note.part.ok_or_else(|| {
            refuse(
                format!("`{shown}` is not a part but the whole"),
                "give parts of one work",
            )
        })?;
        if let Some([what, here, there, remedy]) = part.note.work.difference(&first.note.work) {
            return Err(refuse(
                format!(
                    "`{shown}` and `{}` differ in the {what}: {here} and {there}",
                    first.path.display()
                ),
                &remedy,
            ));
        }
        if part.file.dim.is_none() || part.file.dim != first.file.dim {
            return Err(refuse(
                format!("`{shown}` holds embeddings of another width than its metadata says"),
                "make it again",
            ));
        }
        division.push((path, number));
    }
    check_division(&division)?;
    Ok(parts[0].file.dim.unwrap_or_default())
}

/// The part that has each recording of the whole list; none for those that could not be used.
fn order(parts: &[PartFile<'_>]) -> Result<Vec<Option<u32>>, Error> {
    let num_recordings = parts[0].note.work.num_recordings as usize;
    let mut order = vec![None; num_recordings.min(parts.iter().map(recordings).sum())];
    let mut is_there = vec![false; order.len()];
    for (owner, part) in (0..).zip(parts) {
        let again = |found: String| {
            refuse(
                format!("`{}` {found}", part.path.display()),
                "make it again",
            )
        };
        if !part.note.places.is_sorted() {
            return Err(again("has rows that are not in order".to_owned()));
        }
        let embedded = part.note.places.iter().map(|&place| (place, Some(owner)));
        let left_out = part
            .note
            .left_out
            .iter()
            .map(|left_out| (left_out.place, None));
        for (place, owner) in embedded.chain(left_out) {
            match is_there.get_mut(place as usize) {
                Some(is_there) if !*is_there => *is_there = true,
                _ => {
                    return Err(again(format!(
                        "has recording {place} of {num_recordings}, which is in another part or in none"
                    )));
                }
            }
            order[place as usize] = owner;
        }
    }
    match order.len() == num_recordings && is_there.iter().all(|is_there| *is_there) {
        true => Ok(order),
        false => Err(refuse(
            format!(
                "the parts have {} of {num_recordings} recordings",
                is_there.iter().filter(|is_there| **is_there).count()
            ),
            "make the parts again",
        )),
    }
}

/// Recordings that a part speaks of.
fn recordings(part: &PartFile<'_>) -> usize {
    part.note.places.len() + part.note.left_out.len()
}

fn refuse(found: impl Into<String>, remedy: &str) -> Error {
    Error::Merge {
        found: found.into(),
        remedy: remedy.to_owned(),
    }
}
