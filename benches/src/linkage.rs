//! Agglomerative clustering.

use anyhow::Result;
use speaker_eval::{EmbeddingMatrix, Linkage, Metric, agglomerative};

/// Dimensions of an embedding.
const DIM: usize = 128;

/// Complete linkage of `points` random embeddings on cosine.
pub(crate) fn linkage(points: usize) -> Result<Box<dyn FnMut() -> Result<f64>>> {
    let mut state = 1_u32;
    let values: Vec<f32> = (0..points * DIM)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    let embeddings = EmbeddingMatrix::from_flat(values, DIM)?;
    Ok(Box::new(move || {
        let tree = agglomerative(&embeddings, Metric::Cosine, Linkage::Complete)?;
        Ok(tree.merges().last().map_or(0.0, |merge| merge.height))
    }))
}
