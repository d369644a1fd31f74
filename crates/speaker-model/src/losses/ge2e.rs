//! Generalised end-to-end loss, its softmax form (Wan et al., *Generalized end-to-end loss for speaker verification*, ICASSP
//! 2018).
//!
//! ```text
//! L = mean over segments of −log softmax_k(w cos(e, c_k) + b)[own speaker]
//! ```
//!
//! e is a segment's embedding at unit length, c_k the mean of speaker k's, without the segment itself where k is its own. w and
//! b are learned; no softmax hears b, whose gradient is 0 but for rounding.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::affine::{AffineConfig, affine_softmax};
use super::parts::nearest::own_columns;
use super::parts::rows::unit_rows;
use super::parts::speakers::Speakers;
use super::{Batches, Loss, LossBatch, LossChoice, LossInput, LossOutput};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss, with its scale and offset at first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ge2eConfig(pub AffineConfig);

impl Example for Ge2eConfig {
    fn example() -> Self {
        Self(AffineConfig::example())
    }
}

impl LossChoice for Ge2eConfig {
    type Loss = Ge2e;

    fn validate(&self) -> Result<(), ModelError> {
        self.0.validate()
    }

    fn build(&self, _: LossInput, initialiser: &mut Initialiser<'_>) -> Result<Ge2e, ModelError> {
        Ok(Ge2e {
            scale: initialiser.constant(1, self.0.scale as f32)?,
            offset: initialiser.constant(1, self.0.offset as f32)?,
        })
    }

    fn wants(&self) -> Batches {
        Batches::Grouped(2)
    }
}

/// The loss with its scale and offset.
#[derive(Module, Debug)]
pub struct Ge2e {
    /// `[1]`
    scale: Param<Tensor<1>>,
    /// `[1]`
    offset: Param<Tensor<1>>,
}

impl Loss for Ge2e {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let speakers = Speakers::of(batch, outputs.dims()[0])?;
        let segments = unit_rows(outputs);
        let centroids = unit_rows(speakers.means(&segments, |all| all));
        let without_self = unit_rows(speakers.means_of_others(&segments));
        let to_all = segments.clone().matmul(centroids.transpose());
        let to_own = (segments * without_self).sum_dim(1);
        let own = own_columns(&to_all, &speakers.of_segments());
        let cosines = to_all * (-own.clone() + 1.0) + to_own * own.clone();
        let affine = [&self.scale, &self.offset];
        Ok(affine_softmax(&cosines, &own, affine, speakers.chance()))
    }
}
