//! Embeddings in memory: made here, or read from a file.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;
use speaker_model::Embedder;
use speaker_scoring::EmbeddingMatrix;

use crate::console::Console;
use crate::embedding_note::Note;
use crate::engine::{DEFAULT_MEMORY_MB, embed_each};
use crate::fault::fault;
use crate::inputs::Input;

/// Embeddings with their names, and the speakers as far as they are known.
pub(crate) struct EmbeddingSet {
    /// Unique names, in order.
    pub(crate) ids: Vec<String>,
    /// One row a name.
    pub(crate) matrix: EmbeddingMatrix,
    /// Who speaks, where known.
    pub(crate) speakers: Vec<Option<String>>,
    /// Duration in s, where known.
    pub(crate) seconds: Vec<Option<f64>>,
    /// What the file that they were read from says about itself.
    pub(crate) note: Option<Note>,
}

/// A recording that was left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Skipped {
    /// Its name.
    pub(crate) id: String,
    /// Why.
    pub(crate) reason: String,
}

impl EmbeddingSet {
    /// Embeds `inputs`; what cannot be used is named on standard error and given back.
    pub(crate) fn embed(
        embedder: &Embedder,
        inputs: &[Input],
        console: &Console,
    ) -> Result<(Self, Vec<Skipped>)> {
        let (mut ids, mut rows, mut skipped) = (vec![], vec![], vec![]);
        let (mut speakers, mut seconds) = (vec![], vec![]);
        embed_each(
            embedder,
            inputs,
            DEFAULT_MEMORY_MB,
            console,
            |index, outcome| {
                let input = &inputs[index];
                match outcome {
                    Ok(embedded) => {
                        warn_all(&input.path(), &embedded.warnings, console);
                        ids.push(input.id.clone());
                        speakers.push(input.speaker.clone());
                        seconds.push(Some(embedded.seconds));
                        rows.push(embedded.embedding);
                    }
                    Err(reason) => {
                        console.skipped(&reason);
                        skipped.push(Skipped {
                            id: input.id.clone(),
                            reason,
                        });
                    }
                }
                Ok(())
            },
        )?;
        if rows.is_empty() {
            return Err(nothing_left(skipped.len()));
        }
        let matrix = EmbeddingMatrix::from_rows(&rows)?;
        Ok((
            Self {
                ids,
                matrix,
                speakers,
                seconds,
                note: None,
            },
            skipped,
        ))
    }

    /// Row of each name.
    pub(crate) fn index(&self) -> HashMap<&str, usize> {
        self.ids.iter().map(String::as_str).zip(0..).collect()
    }
}

/// Warnings of one recording.
pub(crate) fn warn_all(path: &str, warnings: &[String], console: &Console) {
    for warning in warnings {
        console.warn(&format!("{path}: {warning}"));
    }
}

/// Not one of the recordings can be used.
pub(crate) fn nothing_left(num_skipped: usize) -> anyhow::Error {
    fault(
        match num_skipped {
            1 => "the recording cannot be used".to_owned(),
            _ => format!("none of the {num_skipped} recordings can be used"),
        },
        "the lines above say why; check the paths, or convert the files",
    )
}
