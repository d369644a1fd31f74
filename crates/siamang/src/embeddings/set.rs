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
                    seconds.push(Some(embedded.seconds));
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

    /// Leaves out these rows, in ascending order, and gives their names.
    ///
    /// # Errors
    /// [`Error::Scoring`] where no row is left.
    pub fn leave_out(&mut self, rows: &[usize]) -> Result<Vec<String>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let is_out = |row: usize| rows.binary_search(&row).is_ok();
        let kept: Vec<Vec<f32>> = (0..self.ids.len())
            .filter(|row| !is_out(*row))
            .map(|row| self.matrix.row(row).to_vec())
            .collect();
        let matrix = EmbeddingMatrix::from_rows(&kept)?;
        let mut places = 0..self.ids.len();
        let (out, ids) = std::mem::take(&mut self.ids)
            .into_iter()
            .partition(|_| places.next().is_some_and(is_out));
        keep(&mut self.speakers, is_out);
        keep(&mut self.seconds, is_out);
        keep(&mut self.quality, is_out);
        (self.ids, self.matrix) = (ids, matrix);
        Ok(out)
    }

    /// Row of each name.
    #[must_use]
    pub fn index(&self) -> HashMap<&str, usize> {
        self.ids.iter().map(String::as_str).zip(0..).collect()
    }
}

/// Keeps the values of the rows that are not out.
fn keep<T>(values: &mut Vec<T>, is_out: impl Fn(usize) -> bool) {
    let mut places = 0..values.len();
    values.retain(|_| !places.next().is_some_and(&is_out));
}
