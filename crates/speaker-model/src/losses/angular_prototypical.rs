//! Angular prototypical loss (Chung et al., *In defence of metric learning for speaker recognition*, Interspeech 2020), as in
//! clovaai's `voxceleb_trainer`.
//!
//! ```text
//! L = mean over the batch's speakers of −log softmax_k(w cos(q, c_k) + b)[own speaker]
//! ```
//!
//! q is the embedding of a speaker's first segment in the batch, the query; c_k the mean of the embeddings of speaker k's other
//! segments, the prototype. w and b are learned; no softmax hears b, whose gradient is 0 but for rounding.

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
pub struct AngularPrototypicalConfig(pub AffineConfig);

impl Example for AngularPrototypicalConfig {
    fn example() -> Self {
        Self(AffineConfig::example())
    }
}

impl LossChoice for AngularPrototypicalConfig {
    type Loss = AngularPrototypical;

    fn validate(&self) -> Result<(), ModelError> {
        self.0.validate()
    }

    fn build(
        &self,
        _: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AngularPrototypical, ModelError> {
        Ok(AngularPrototypical {
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
pub struct AngularPrototypical {
    /// `[1]`
    scale: Param<Tensor<1>>,
    /// `[1]`
    offset: Param<Tensor<1>>,
}

impl Loss for AngularPrototypical {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let speakers = Speakers::of(batch, outputs.dims()[0])?;
        let [queries, prototypes] = speakers.queries_and_prototypes(&outputs).map(unit_rows);
        let cosines = queries.matmul(prototypes.transpose());
        let places: Vec<usize> = (0..speakers.len()).collect();
        let own = own_columns(&cosines, &places);
        let affine = [&self.scale, &self.offset];
        Ok(affine_softmax(&cosines, &own, affine, speakers.chance()))
    }
}
