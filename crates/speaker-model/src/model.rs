//! The seam behind which every embedding model stands: ours, one that was trained elsewhere, or a double in a test.

use audio_features::{Features, FrontEnd};

use crate::ModelError;

/// Features in, vectors out.
///
/// A model carries its own front end, so that whoever embeds need not know how its features are made, and its own test, so
/// that a model that does not compute what its writer did is noticed before it is used.
pub trait EmbeddingModel: Send + Sync {
    /// Samples to features, as the model expects them.
    fn front_end(&self) -> &FrontEnd;

    /// Dimensions of an embedding.
    fn dim(&self) -> usize;

    /// One embedding a recording, from its finished features.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a recording without a frame, or frames of another width.
    fn embed_features(&self, recordings: &[Features]) -> Result<Vec<Vec<f32>>, ModelError>;

    /// The embeddings of a recording's segments, in their order, for each recording.
    ///
    /// # Errors
    /// As [`Self::embed_features`].
    fn embed_segments(
        &self,
        recordings: &[Features],
    ) -> Result<Vec<Vec<SegmentEmbedding>>, ModelError>;

    /// Compares the embeddings of made signals with those that `expected` has of them.
    ///
    /// # Errors
    /// [`ModelError::SelfTest`] where they differ by more than another processor's rounding.
    fn self_test(&self, expected: &[Vec<f32>]) -> Result<(), ModelError> {
        crate::bundle::compare(expected, &self.self_embeddings()?)
    }

    /// The embeddings of the made signals, which [`Self::self_test`] compares with.
    ///
    /// # Errors
    /// As [`Self::embed_features`].
    fn self_embeddings(&self) -> Result<Vec<Vec<f32>>, ModelError> {
        let signals = crate::bundle::made_signals(self.front_end().config().sample_rate_hz);
        signals.iter().map(|signal| self.embed(signal)).collect()
    }

    /// The embedding of one recording's samples at the front end's rate.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a recording too short for one feature frame.
    fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, ModelError> {
        let embeddings = self.embed_features(&[self.front_end().features(samples)])?;
        Ok(embeddings.into_iter().flatten().collect())
    }
}

/// The embedding of a stretch of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentEmbedding {
    /// Where it begins, in s from the recording's first frame.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// As the model embeds recordings: centred and of unit length where it does that.
    pub values: Vec<f32>,
}
