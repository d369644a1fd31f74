//! All vectors of a register as a file of embeddings.

use std::path::Path;

use voice_register::{Damage, Register};

use super::owner::quality_of;
use crate::embeddings::{EmbeddingWriter, Record, Stream};
use crate::error::Error;

/// Writes a row for each recording of each voice to `out`, or to `stream`: its name is that of the voice and a number, its speaker the voice.
/// Gives the number of rows and what could not be read.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::Write`], [`Error::Register`].
pub fn export_register(
    register: &Register,
    out: &Path,
    stream: Option<Stream>,
) -> Result<(usize, Vec<Damage>), Error> {
    let dim = register.owner().dim;
    let mut writer = match stream {
        Some(stream) => EmbeddingWriter::to_stream(stream, out, dim),
        None => EmbeddingWriter::create(out, dim)?,
    };
    let mut lost = register.damage().to_vec();
    let mut num_rows = 0;
    for row in register.rows() {
        let (voice, damage) = register.voice(row)?;
        lost.extend(damage);
        for (number, entry) in voice.entries.into_iter().enumerate() {
            let quality = quality_of(&entry.about);
            num_rows += 1;
            writer.push(Record {
                id: format!("{}/{}", voice.name, number + 1),
                path: entry.about.place,
                speaker: Some(voice.name.clone()),
                seconds: quality.as_ref().map_or(0.0, |quality| quality.seconds),
                quality,
                warnings: Vec::new(),
                embedding: entry.vector,
            })?;
        }
    }
    writer.finish_plain()?;
    Ok((num_rows, lost))
}
