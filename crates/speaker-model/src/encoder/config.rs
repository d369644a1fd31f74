//! What one writes down about an encoder.

use serde::{Deserialize, Serialize};

use super::input::InputConfig;
use crate::ModelError;
use crate::choices::PartConfig;
use crate::layers::Direction;
use crate::poolings::{LastStateConfig, PoolingConfig};
use crate::projections::ProjectionConfig;
use crate::trunks::{LstmConfig, TrunkConfig};

/// An encoder: what happens to the features, what reads them frame after frame, how its states become one vector, and what
/// makes the embedding of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Treatment of the features.
    #[serde(default)]
    pub input: InputConfig,
    /// Features to states, frame by frame.
    pub trunk: TrunkConfig,
    /// States to one vector.
    pub pooling: PoolingConfig,
    /// That vector to the embedding.
    #[serde(default)]
    pub projection: ProjectionConfig,
}

impl EncoderConfig {
    /// The question's encoder: two BLSTM layers of 128 units per direction and their last states.
    #[must_use]
    pub fn question() -> Self {
        Self::last_states(128)
    }

    /// The encoder of Stadelmann et al., *Capturing suprasegmental features of a voice with RNNs for
    /// improved speaker clustering* (ANNPR 2018): two BLSTM layers of 256 units per direction, whose last states are
    /// a 512-dimensional embedding.
    #[must_use]
    pub fn paper() -> Self {
        Self::last_states(256)
    }

    fn last_states(hidden: usize) -> Self {
        Self {
            input: InputConfig::default(),
            trunk: TrunkConfig::from(LstmConfig {
                num_layers: 2,
                direction: Direction::Bidirectional,
                hidden,
                dropout: 0.5,
            }),
            pooling: PoolingConfig::from(LastStateConfig {}),
            projection: ProjectionConfig::default(),
        }
    }

    /// Whether it takes statistics over a batch's frames in training, so that all of a batch's items have to be of one length.
    #[must_use]
    pub fn wants_equal_lengths(&self) -> bool {
        !matches!(self.trunk, TrunkConfig::Lstm(_))
    }

    /// Dimensions of the pooled states and what stands beside them, for `num_bins` bins of a feature frame.
    #[must_use]
    pub fn pooled_dim(&self, num_bins: usize) -> usize {
        let states = self.trunk.output_width(num_bins);
        self.pooling.output_width(states) + self.input.width_beside()
    }

    /// Dimensions of the embedding, for `num_bins` bins of a feature frame.
    #[must_use]
    pub fn embedding_dim(&self, num_bins: usize) -> usize {
        self.projection.output_width(self.pooled_dim(num_bins))
    }

    /// Refuses sizes and probabilities that no network can have.
    ///
    /// # Errors
    /// [`ModelError::Config`] with the field, its value and what it may be.
    pub fn validate(&self, num_bins: usize) -> Result<(), ModelError> {
        self.input.validate(num_bins)?;
        self.trunk.validate()?;
        self.pooling.validate()?;
        self.projection.validate()
    }
}
