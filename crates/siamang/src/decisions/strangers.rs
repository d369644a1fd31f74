//! The cohort that recordings of strangers make.

use std::collections::BTreeMap;

use audio_features::Quality;
use voice_register::centre;

use crate::embeddings::EmbeddingSet;

/// One vector a speaker, by name, of the recordings in which speech was heard; a recording of nobody known stands for itself.
#[must_use]
pub fn strangers(set: &EmbeddingSet) -> BTreeMap<String, Vec<f32>> {
    let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (row, quality) in set.quality.iter().enumerate() {
        if quality.as_ref().is_none_or(Quality::is_heard) {
            let name = set.speakers[row].as_ref().unwrap_or(&set.ids[row]);
            rows.entry(name.clone()).or_default().push(row);
        }
    }
    let mean = |rows: Vec<usize>| centre(rows.iter().map(|&row| (None, set.matrix.row(row))));
    let means = rows.into_iter().map(|(name, rows)| (name, mean(rows)));
    means.collect()
}
