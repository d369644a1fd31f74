//! What a graph does with a voice and with noise, before it is trusted.

use speaker_model::{Embedder, EmbeddingModel, SpeakerGraph};

use super::voices;
use crate::error::Error;

/// Vectors of a voice and of noise that are nearer than this are one: the network hears nothing.
const SAME: f64 = 0.9999;

/// Most difference that neighbours in a batch may make, relative to the vector's largest number: rounding is below.
const TOUCHED: f64 = 1e-3;

/// Nothing where the network tells a voice from noise, gives the same twice, and does not hear its neighbours; else what is
/// wrong with it, in words.
///
/// # Errors
/// [`Error::Model`] where it cannot be run, or gives numbers that are not finite.
pub(super) fn judge(graph: &SpeakerGraph, embedder: &Embedder) -> Result<Option<String>, Error> {
    let front_end = embedder.front_end();
    let voice = voices::samples(front_end.config().sample_rate_hz)?;
    let noise = noise(voice.len());
    let [speech, noise] = [voice, noise].map(|samples| front_end.features(&samples));
    let frames = speech.num_frames().min(noise.num_frames());
    let found = graph.behaviour(speech.rows(0..frames), noise.rows(0..frames), frames)?;
    if found.cosine_between > SAME {
        return Ok(Some(format!(
            "gives the same vector for a voice and for noise (cosine {:.6}): it hears nothing",
            found.cosine_between
        )));
    }
    if found.cosine_again < SAME {
        return Ok(Some(format!(
            "gives another vector when the same recording is given again (cosine {:.4})",
            found.cosine_again
        )));
    }
    match found.difference_beside_others {
        Some(difference) if difference > TOUCHED => Ok(Some(format!(
            "gives a recording another vector when others are beside it in a batch (they differ by {:.2} % of the largest number): its outputs depend on the batch, as those of a network in training do",
            100.0 * difference
        ))),
        _ => Ok(None),
    }
}

/// Steady noise.
fn noise(num_samples: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..num_samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.1 * ((state >> 8) as f32 / (1 << 24) as f32 - 0.5)
        })
        .collect()
}
