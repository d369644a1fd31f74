//! Rows of a file of embeddings as they are read.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use speaker_scoring::EmbeddingMatrix;

use super::note::Note;
use super::set::EmbeddingSet;

/// No embedding has more values.
pub(crate) const MAX_DIM: usize = 1 << 16;

/// No file has more values: 4 GiB of memory.
const MAX_VALUES: usize = 1 << 30;

/// Rows under construction; every size is checked as it grows.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) ids: Vec<String>,
    pub(crate) speakers: Vec<Option<String>>,
    pub(crate) values: Vec<f32>,
    pub(crate) dim: usize,
    pub(crate) note: Option<Note>,
}

impl Rows {
    pub(crate) fn push(
        &mut self,
        id: &str,
        speaker: Option<String>,
        values: &[f32],
    ) -> Result<(), String> {
        if self.ids.is_empty() {
            self.dim = values.len();
        }
        if values.is_empty() || values.len() > MAX_DIM || values.len() != self.dim {
            return Err(format!(
                "`{id}` has {} values, expected {} as the first one has (1 to {MAX_DIM})",
                values.len(),
                self.dim
            ));
        }
        if self.values.len() + values.len() > MAX_VALUES {
            return Err(format!("more than {MAX_VALUES} values"));
        }
        self.ids.push(id.to_owned());
        self.speakers.push(speaker);
        self.values.extend_from_slice(values);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<EmbeddingSet, String> {
        let mut seen = HashSet::new();
        if let Some(id) = self.ids.iter().find(|id| !seen.insert(id.as_str())) {
            return Err(format!("`{id}` occurs twice"));
        }
        if self.ids.is_empty() {
            return Err("it holds no embeddings".to_owned());
        }
        let matrix =
            EmbeddingMatrix::from_flat(self.values, self.dim).map_err(|error| error.to_string())?;
        Ok(EmbeddingSet {
            ids: self.ids,
            matrix,
            seconds: vec![None; self.speakers.len()],
            speakers: self.speakers,
            note: self.note,
        })
    }
}

pub(crate) fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| error.to_string())
}
