//! Recordings to a file of embeddings, or the share of one of many machines.

use std::path::Path;

use audio_features::SpeechDetector;
use rayon::prelude::*;
use speaker_model::Simd;
use speaker_scoring::Centre;
use speech_data::Holder;
use speech_data::store::Part;

use crate::embeddings::{EmbeddingWriter, LeftOut, Note, Record, Stream, Work, embed_each};
use crate::error::Error;
use crate::model::Model;
use crate::outcome::{Embedded, Skipped};
use crate::progress::Progress;
use crate::recordings::Input;

/// A file to be made.
#[derive(Debug)]
pub struct EmbeddingJob<'a> {
    /// Where it goes; its ending decides the format.
    pub out: &'a Path,
    /// Where JSON lines go instead of a file; messages call it `out` all the same.
    pub stream: Option<Stream>,
    /// The model.
    pub model: &'a Model,
    /// Mean that is subtracted.
    pub centre: Centre,
    /// Which part of the recordings is embedded; all without.
    pub part: Option<Part>,
    /// What finds the speech in each recording.
    pub detector: SpeechDetector,
    /// As of [`embed_each`], in MB; [`DEFAULT_MEMORY_MB`](crate::DEFAULT_MEMORY_MB) is enough.
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
    /// Those of them whose sound could be decoded in part only.
    pub num_partly_read: usize,
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
        let mut note = Note::new(work(self.model, self.centre, &inputs)?, self.part);
        let (places, inputs): (Vec<u32>, Vec<Input>) = (0..)
            .zip(inputs)
            .filter(|(_, input)| self.part.is_none_or(|part| part.contains(&input.id)))
            .unzip();
        let mut writer = match self.stream {
            Some(stream) => EmbeddingWriter::to_stream(stream, self.out, made.dim),
            None => EmbeddingWriter::create(self.out, made.dim)?,
        };
        let embedder = self.model.embedder(self.centre);
        let each = |index: usize, outcome: Result<Embedded, Error>| {
            let input: &Input = &inputs[index];
            match outcome {
                Ok(embedded) => {
                    made.num_embedded += 1;
                    made.num_warnings += embedded.warnings.len();
                    made.num_partly_read += usize::from(embedded.is_partly_read);
                    made.audio_seconds += embedded.quality.seconds;
                    if self.part.is_some() {
                        note.places.push(places[index]);
                    }
                    writer.push(Record {
                        id: input.id.clone(),
                        path: input.path(),
                        speaker: input.speaker.clone(),
                        seconds: embedded.quality.seconds,
                        quality: Some(embedded.quality),
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
        embed_each(
            &embedder,
            &inputs,
            self.detector,
            self.memory_mb,
            progress,
            each,
        )?;
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

/// The work of embedding `inputs`, all parts together, by `model`.
fn work(model: &Model, centre: Centre, inputs: &[Input]) -> Result<Work, Error> {
    Ok(Work {
        model: model.name(),
        model_hash: model.hash()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: model.compute().device.clone(),
        precision: format!("{:?}", model.compute().compute_type).to_lowercase(),
        simd: Simd::chosen()
            .map_err(|error| Error::Instructions(error.to_string()))?
            .to_string(),
        centre,
        num_recordings: u32::try_from(inputs.len())
            .map_err(|_| Error::Defect("more recordings than a file of embeddings can count"))?,
        recordings_hash: hash(inputs),
    })
}

/// Of a stored recording the checksum counts, of a file its size: it is not read here.
fn hash(inputs: &[Input]) -> String {
    let contents: Vec<Vec<u8>> = inputs
        .par_iter()
        .map(|input| match input.location.holder() {
            Holder::Memory { bytes, .. } => blake3::hash(bytes).as_bytes().to_vec(),
            Holder::Stored { store, name } => {
                let entry = store.find(name).and_then(|index| store.entry(index).ok());
                entry.map_or(Vec::new(), |entry| entry.checksum.to_vec())
            }
            Holder::Member(member) => format!("{member} {}", member.num_bytes()).into_bytes(),
            Holder::File(path) => match std::fs::metadata(path) {
                Ok(metadata) => metadata.len().to_le_bytes().to_vec(),
                Err(_) => Vec::new(),
            },
        })
        .collect();
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (input, content) in inputs.iter().zip(&contents) {
        add(input.id.as_bytes());
        add(input.speaker.as_deref().unwrap_or_default().as_bytes());
        add(content);
        if let Some(cut) = input.location.part() {
            add(&cut.start_s().to_le_bytes());
            add(&cut.end_s().to_le_bytes());
        }
        if let Some(channel) = input.location.one_channel() {
            add(&(channel as u64).to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
