//! Agglomerative clustering.

use anyhow::Result;
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

use crate::{Repetition, uniform};

/// Dimensions of an embedding.
const DIM: usize = 128;

/// Complete linkage of `points` random embeddings on cosine.
pub(crate) fn linkage(points: usize) -> Result<Repetition> {
    let values = uniform().take(points * DIM).map(|value| value - 0.5);
    let embeddings = EmbeddingMatrix::from_flat(values.collect(), DIM)?;
    Ok(Box::new(move || {
        let tree = agglomerative(&embeddings, Metric::Cosine, Linkage::Complete)?;
        Ok(tree.merges().last().map_or(0.0, |merge| merge.height))
    }))
}
