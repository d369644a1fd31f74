//! Recordings to a file of embeddings, or the share of one of many machines.

use std::path::Path;

use speaker_scoring::Centre;
use speech_data::store::Part;

use super::engine::{Embedded, embed_each};
use super::note::{LeftOut, Note, Work};
use super::set::Skipped;
use super::writer::{EmbeddingWriter, Record};
use crate::error::Error;
use crate::model::Model;
use crate::progress::Progress;
use crate::recordings::Input;

/// A file to be made.
#[derive(Debug)]
pub struct EmbeddingJob<'a> {
    /// Where it goes; its ending decides the format.
    pub out: &'a Path,
    /// The model.
    pub model: &'a Model,
    /// Mean that is subtracted.
    pub centre: Centre,
    /// Which part of the recordings is embedded; all without.
    pub part: Option<Part>,
    /// As of [`embed_each`], in MB; [`DEFAULT_MEMORY_MB`](super::DEFAULT_MEMORY_MB) is enough.
    pub memory_mb: u64,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// Values of an embedding.
    pub dim: usize,
    /// Recordings that were embedded.
    pub num_embedded: usize,
    /// What was odd about them, counted.
    pub num_warnings: usize,
    /// Length of all of them, in s.
    pub audio_seconds: f64,
    /// Recordings that could not be used.
    pub skipped: Vec<Skipped>,
}

impl EmbeddingJob<'_> {
    /// Embeds `inputs`, all parts' together, as far as they are this part's. The file appears when it is whole.
    ///
    /// # Errors
    /// [`Error::NoneUsable`], those of the file, and those of [`embed_each`].
    pub fn run(self, inputs: Vec<Input>, progress: &dyn Progress) -> Result<Made, Error> {
        let mut made = Made {
            dim: self.model.dim(),
            ..Made::default()
        };
        let mut note = Note::new(Work::new(self.model, self.centre, &inputs)?, self.part);
        let (places, inputs): (Vec<u32>, Vec<Input>) = (0..)
            .zip(inputs)
            .filter(|(_, input)| self.part.is_none_or(|part| part.contains(&input.id)))
            .unzip();
        let mut writer = EmbeddingWriter::create(self.out, made.dim)?;
        let embedder = self.model.embedder(self.centre);
        let each = |index: usize, outcome: Result<Embedded, Error>| {
            let input: &Input = &inputs[index];
            match outcome {
                Ok(embedded) => {
                    made.num_embedded += 1;
                    made.num_warnings += embedded.warnings.len();
                    made.audio_seconds += embedded.seconds;
                    if self.part.is_some() {
                        note.places.push(places[index]);
                    }
                    writer.push(Record {
                        id: input.id.clone(),
                        path: input.path(),
                        speaker: input.speaker.clone(),
                        seconds: embedded.seconds,
                        warnings: embedded.warnings,
                        embedding: embedded.embedding,
                    })
                }
                Err(error) => {
                    note.left_out.push(LeftOut {
                        place: places[index],
                        id: input.id.clone(),
                        reason: error.explained(),
                    });
                    Ok(())
                }
            }
        };
        embed_each(&embedder, &inputs, self.memory_mb, progress, each)?;
        made.skipped = note.skipped();
        // A part may be empty: whether anything is left is known when all parts are joined.
        if made.num_embedded == 0 && self.part.is_none() {
            return Err(Error::NoneUsable {
                skipped: made.skipped,
            });
        }
        writer.finish(&note)?;
        Ok(made)
    }
}
