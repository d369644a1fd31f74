//! Embeddings in memory: made here, or read from a file.

use std::collections::HashMap;

use audio_features::{Quality, SpeechDetector};
use speaker_model::Embedder;
use speaker_scoring::{Centre, EmbeddingMatrix};

use super::engine::{DEFAULT_MEMORY_MB, embed_each};
use super::note::Note;
use crate::error::Error;
use crate::outcome::{Embedded, Skipped};
use crate::progress::Progress;
use crate::recordings::Input;

/// Embeddings with their names, and the speakers as far as they are known.
#[derive(Clone, Debug)]
pub struct EmbeddingSet {
    /// Unique names, in order.
    pub ids: Vec<String>,
    /// One row a name.
    pub matrix: EmbeddingMatrix,
    /// Who speaks, where known.
    pub speakers: Vec<Option<String>>,
    /// Duration in s, where known.
    pub seconds: Vec<Option<f64>>,
    /// How each recording sounds, where known.
    pub quality: Vec<Option<Quality>>,
    /// What the file that they were read from says about itself.
    pub note: Option<Note>,
    /// Rows of that file that are no embeddings, with the reason: nothing but zeros, or a value that is not finite.
    pub unusable: Vec<Skipped>,
    /// What reading changed, such as the type of the numbers, in words.
    pub remarks: Vec<String>,
}

impl EmbeddingSet {
    /// Embeds `inputs`, in which `detector` finds the speech; what cannot be used is given back with its reason.
    ///
    /// # Errors
    /// [`Error::NoneUsable`], and those of [`embed_each`].
    pub fn embed(
        embedder: &Embedder,
        inputs: &[Input],
        detector: SpeechDetector,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<Skipped>), Error> {
        let (mut ids, mut rows, mut skipped) = (vec![], vec![], vec![]);
        let (mut speakers, mut seconds, mut quality) = (vec![], vec![], vec![]);
        let each = |index: usize, outcome: Result<Embedded, Error>| {
            let input: &Input = &inputs[index];
            match outcome {
                Ok(embedded) => {
                    ids.push(input.id.clone());
                    speakers.push(input.speaker.clone());
                    seconds.push(Some(embedded.quality.seconds));
                    quality.push(Some(embedded.quality));
                    rows.push(embedded.embedding);
                }
                Err(error) => skipped.push(Skipped {
                    id: input.id.clone(),
                    reason: error.explained(),
                }),
            }
            Ok(())
        };
        embed_each(
            embedder,
            inputs,
            detector,
            DEFAULT_MEMORY_MB,
            progress,
            each,
        )?;
        if rows.is_empty() {
            return Err(Error::NoneUsable { skipped });
        }
        let set = Self {
            ids,
            matrix: EmbeddingMatrix::from_rows(&rows)?,
            speakers,
            seconds,
            quality,
            note: None,
            unusable: Vec::new(),
            remarks: Vec::new(),
        };
        Ok((set, skipped))
    }

    /// Subtracts the mean of these embeddings where `centre` asks for that; any other was subtracted before.
    ///
    /// # Errors
    /// [`Error::Scoring`] for embeddings that have no direction.
    pub fn centre(&mut self, centre: Centre) -> Result<(), Error> {
        if centre == Centre::These {
            let mean = self.matrix.mean();
            self.matrix.centre(&mean)?;
            self.matrix.l2_normalise();
        }
        Ok(())
    }

    /// Keeps the rows that `keep` says, and gives the names of the others.
    ///
    /// # Errors
    /// [`Error::Scoring`] where no row is kept.
    pub fn retain(&mut self, keep: &[bool]) -> Result<Vec<String>, Error> {
        if keep.iter().all(|&keep| keep) {
            return Ok(Vec::new());
        }
        let dim = self.matrix.dim();
        let values = kept_values(self.matrix.as_flat().to_vec(), dim, keep);
        self.matrix = EmbeddingMatrix::from_flat(values, dim)?;
        let names = self.ids.iter().zip(keep).filter(|(_, keep)| !**keep);
        let out = names.map(|(name, _)| name.clone()).collect();
        retain(&mut self.ids, keep);
        retain(&mut self.speakers, keep);
        retain(&mut self.seconds, keep);
        retain(&mut self.quality, keep);
        Ok(out)
    }

    /// Row of each name.
    #[must_use]
    pub fn index(&self) -> HashMap<&str, usize> {
        self.ids.iter().map(String::as_str).zip(0..).collect()
    }
}

/// Keeps the values whose entry in `keep` is true.
pub(super) fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next() == Some(&true));
}

/// The values of the rows that are kept, of `dim` values each.
pub(super) fn kept_values(values: Vec<f32>, dim: usize, keep: &[bool]) -> Vec<f32> {
    if keep.iter().all(|&keep| keep) {
        return values;
    }
    let rows = values.chunks_exact(dim).zip(keep);
    rows.filter(|(_, keep)| **keep)
        .flat_map(|(row, _)| row.iter().copied())
        .collect()
}
