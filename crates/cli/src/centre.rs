//! `--centre`: which mean is subtracted from embeddings.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use speaker_model::{Bundle, Embedder};
use speaker_scoring::{EmbeddingMatrix, ScoringError};

/// Which mean is subtracted from every embedding before the cosine is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Centre {
    /// None.
    None,
    /// The mean of the model's training data, if its bundle holds one; embeddings of a file stay as they are.
    Model,
    /// The mean of the very embeddings at hand, which in real use are not all known.
    These,
}

impl fmt::Display for Centre {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Model => "model",
            Self::These => "these",
        })
    }
}

impl Centre {
    /// The bundle's embedder with this centring.
    pub(crate) fn embedder(self, bundle: Bundle) -> Embedder {
        match self {
            Self::Model => bundle.into_embedder(),
            Self::None | Self::These => bundle.into_embedder().with_centre(None),
        }
    }

    /// Centres finished embeddings where that is asked for.
    pub(crate) fn apply(self, matrix: &mut EmbeddingMatrix) -> Result<(), ScoringError> {
        if self == Self::These {
            let mean = matrix.mean();
            matrix.centre(&mean)?;
            matrix.l2_normalise();
        }
        Ok(())
    }
}
