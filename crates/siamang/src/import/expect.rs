//! Reference embeddings: what the network gives at home, for the same recordings.

use std::path::Path;

use audio_features::SpeechDetector;
use serde::Serialize;
use speaker_model::{Bundle, EmbeddingModel};
use speaker_scoring::cosine;

use crate::embeddings::{DEFAULT_MEMORY_MB, embed_each, read_matrix, unusable};
use crate::error::Error;
use crate::recordings::Input;

/// Least cosine to a reference embedding. What reads another resampler or decoder stays above; a wrong window, scale or mean
/// falls below.
pub const LEAST_EXPECTED: f64 = 0.999;

/// An embedding beside its reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expected {
    /// The recording.
    pub recording: String,
    /// Cosine of its embedding to the reference.
    pub cosine: f64,
}

impl Expected {
    /// Whether it is near enough.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.cosine >= LEAST_EXPECTED
    }
}

/// Embeds `inputs` and compares each with its row of the `.npy` file `vectors`, in their order.
///
/// # Errors
/// [`Error::Embeddings`] where the file has other numbers of rows or values, or numbers that are not finite; whatever is
/// wrong with a recording.
pub fn compare_expected(
    bundle: &Bundle,
    vectors: &Path,
    inputs: &[Input],
) -> Result<Vec<Expected>, Error> {
    let embedder = bundle.embedder();
    let (rows, dim, values) = read_matrix(vectors)?;
    if rows != inputs.len() {
        let found = format!("it has {rows} rows for {} recordings", inputs.len());
        return Err(unusable(vectors, &found));
    }
    if dim != embedder.dim() {
        let found = format!(
            "its rows have {dim} values, the network's embeddings {}",
            embedder.dim()
        );
        return Err(unusable(vectors, &found));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let found = format!("row {} has a value that is {}", index / dim, values[index]);
        return Err(unusable(vectors, &found));
    }
    let mut compared = Vec::with_capacity(inputs.len());
    let mut references = values.chunks_exact(dim.max(1));
    embed_each(
        embedder,
        inputs,
        SpeechDetector::Off,
        DEFAULT_MEMORY_MB,
        &(),
        |index, outcome| {
            let reference = references.next().unwrap_or_default();
            compared.push(Expected {
                recording: inputs[index].id.clone(),
                cosine: f64::from(cosine(&outcome?.embedding, reference)),
            });
            Ok(())
        },
    )?;
    Ok(compared)
}
