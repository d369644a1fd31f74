//! What was put behind a network so that its embeddings suit recordings of one's own.

use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};
use speaker_scoring::{AdaptationMap, MapChoice};

use crate::ModelError;

/// A linear map of embeddings of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Adaptation {
    /// What was subtracted from the embeddings that the map was made for, `[dim]`.
    pub(crate) centre: Option<Vec<f32>>,
    /// `[dim, dim]`, row-major: a row for each value that comes out.
    pub(crate) matrix: Vec<f32>,
}

/// Where a map comes from, as `bundle.toml` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptedFrom {
    /// BLAKE3 of the bundle that was adapted.
    pub bundle: String,
    /// The recordings, in words.
    pub data: String,
    /// BLAKE3 of their names and speakers.
    pub data_hash: String,
    /// Speakers.
    pub num_speakers: usize,
    /// Recordings.
    pub num_recordings: usize,
    /// Sessions beyond each speaker's first.
    pub num_sessions_beyond: usize,
    /// Copies of each recording through other channels.
    pub num_copies: usize,
    /// Seed of the draws that chose the map.
    pub seed: u64,
    /// Whether a mean is subtracted from what goes into the map, that of the bundle that was adapted.
    pub centred: bool,
    /// Which map.
    pub map: MapChoice,
}

impl Adaptation {
    /// Of embeddings less `centre`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a map of other dimensions than `dim`.
    pub(crate) fn new(
        centre: Option<Vec<f32>>,
        map: &AdaptationMap,
        dim: usize,
    ) -> Result<Self, ModelError> {
        if map.matrix.len() != dim * dim || map.offset.len() != dim {
            return Err(ModelError::Shape {
                what: "values of an adaptation",
                found: format!("{} and {}", map.matrix.len(), map.offset.len()),
                expected: format!("{dim} x {dim} and {dim}, as embeddings have"),
            });
        }
        Ok(Self {
            centre,
            matrix: map.matrix.clone(),
        })
    }

    /// `[dim]` to `[dim]`
    pub(crate) fn apply(&self, mut embedding: Vec<f64>) -> Vec<f64> {
        if let Some(centre) = &self.centre {
            embedding
                .iter_mut()
                .zip(centre)
                .for_each(|(value, &c)| *value -= f64::from(c));
        }
        let length = embedding.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        let rows = self.matrix.chunks_exact(embedding.len().max(1));
        rows.map(|row| {
            let products = row.iter().zip(&embedding);
            scale * products.map(|(&w, v)| f64::from(w) * v).sum::<f64>()
        })
        .collect()
    }

    /// The same as nodes of a graph.
    pub(crate) fn write(
        &self,
        builder: &mut Builder,
        mut embedding: Handle,
        dim: usize,
    ) -> Result<Handle, ModelError> {
        if let Some(centre) = &self.centre {
            embedding = builder.subtract(&embedding, centre)?;
        }
        let embedding = builder.unit_length(&embedding);
        let turned: Vec<f32> = (0..dim * dim)
            .map(|cell| self.matrix[cell % dim * dim + cell / dim])
            .collect();
        Ok(builder.linear(&embedding, dim, dim, &turned, None)?)
    }
}
