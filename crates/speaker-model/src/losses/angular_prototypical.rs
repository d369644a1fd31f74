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

use super::parts::affine::{affine, check_offset};
use super::parts::margin::check_positive;
use super::parts::nearest::{cosine_terms, cross_entropy, own_columns};
use super::parts::rows::unit_rows;
use super::parts::speakers::Speakers;
use super::{Batches, Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AngularPrototypicalConfig {
    /// w at first; the paper's 10.
    #[serde(default = "default_scale")]
    pub scale: f64,
    /// b at first; the paper's −5.
    #[serde(default = "default_offset")]
    pub offset: f64,
}

fn default_scale() -> f64 {
    10.0
}

fn default_offset() -> f64 {
    -5.0
}

impl Default for AngularPrototypicalConfig {
    fn default() -> Self {
        Self {
            scale: default_scale(),
            offset: default_offset(),
        }
    }
}

impl Example for AngularPrototypicalConfig {
    fn example() -> Self {
        Self {
            scale: 3.0,
            offset: -1.0,
        }
    }
}

impl LossChoice for AngularPrototypicalConfig {
    type Loss = AngularPrototypical;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.scale", self.scale)?;
        check_offset(self.offset)
    }

    fn build(
        &self,
        _: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AngularPrototypical, ModelError> {
        Ok(AngularPrototypical {
            scale: initialiser.constant(1, self.scale as f32)?,
            offset: initialiser.constant(1, self.offset as f32)?,
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
        let logits = affine(&cosines, &self.scale, &self.offset);
        let [right, own_cosine, other_cosine] = cosine_terms(&cosines, &own);
        Ok(LossOutput {
            value: cross_entropy(logits, &own),
            terms: vec![
                right,
                own_cosine,
                other_cosine,
                Term::new("scale", "", self.scale.val().detach()),
            ],
            when_alike: Some(speakers.chance()),
            num_pairs: None,
        })
    }
}
