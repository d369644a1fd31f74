//! Rows of a file of embeddings as they are read.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use audio_features::Quality;
use speaker_scoring::EmbeddingMatrix;

use super::note::Note;
use super::set::{EmbeddingSet, kept_values, retain};
use crate::outcome::Skipped;

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
    /// How the recordings sound, of a file of ours; as long as the ids, or empty.
    pub(crate) quality: Vec<Option<Quality>>,
    pub(crate) note: Option<Note>,
    /// What reading changed, in words.
    pub(crate) remarks: Vec<String>,
    /// Recordings whose embeddings are none.
    pub(crate) unusable: Vec<Skipped>,
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

    /// A recording whose embedding is none, as `found` says.
    pub(crate) fn leave_out(&mut self, id: &str, found: &str) {
        self.unusable.push(Skipped {
            id: id.to_owned(),
            reason: format!("`{id}`: its embedding {found}, which is no voice"),
        });
    }

    pub(crate) fn finish(mut self) -> Result<EmbeddingSet, String> {
        let mut seen = HashSet::new();
        if let Some(id) = self.ids.iter().find(|id| !seen.insert(id.as_str())) {
            return Err(format!("`{id}` occurs twice"));
        }
        if self.ids.is_empty() {
            return Err("it holds no embeddings".to_owned());
        }
        let is_usable = self.usable();
        let unusable = std::mem::take(&mut self.unusable);
        let mut set = EmbeddingSet {
            matrix: EmbeddingMatrix::from_flat(
                kept_values(self.values, self.dim, &is_usable),
                self.dim,
            )
            .map_err(|_| match unusable.first() {
                Some(first) => format!(
                    "none of its {} embeddings can be used: {}",
                    unusable.len(),
                    first.reason
                ),
                None => "its embeddings have no values".to_owned(),
            })?,
            ids: self.ids,
            seconds: Vec::new(),
            quality: self.quality,
            speakers: self.speakers,
            note: self.note,
            unusable,
            remarks: self.remarks,
        };
        set.quality.resize(is_usable.len(), None);
        retain(&mut set.ids, &is_usable);
        retain(&mut set.speakers, &is_usable);
        retain(&mut set.quality, &is_usable);
        set.seconds = vec![None; set.ids.len()];
        Ok(set)
    }

    /// Which rows are embeddings; the others are left out.
    fn usable(&mut self) -> Vec<bool> {
        let rows = self.ids.iter().zip(self.values.chunks_exact(self.dim));
        let found: Vec<Option<(String, &str)>> = rows
            .map(|(id, row)| {
                let found = match row.iter().find(|value| !value.is_finite()) {
                    Some(value) if value.is_nan() => "has a value that is NaN, not a number",
                    Some(_) => "has an infinite value",
                    None if row.iter().all(|&value| value == 0.0) => "is nothing but zeros",
                    None => return None,
                };
                Some((id.clone(), found))
            })
            .collect();
        for (id, found) in found.iter().flatten() {
            self.leave_out(id, found);
        }
        found.iter().map(Option::is_none).collect()
    }
}

pub(crate) fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| error.to_string())
}
