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
pub struct Ge2eConfig {
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

impl Default for Ge2eConfig {
    fn default() -> Self {
        Self {
            scale: default_scale(),
            offset: default_offset(),
        }
    }
}

impl Example for Ge2eConfig {
    fn example() -> Self {
        Self {
            scale: 3.0,
            offset: -1.0,
        }
    }
}

impl LossChoice for Ge2eConfig {
    type Loss = Ge2e;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.scale", self.scale)?;
        check_offset(self.offset)
    }

    fn build(&self, _: LossInput, initialiser: &mut Initialiser<'_>) -> Result<Ge2e, ModelError> {
        Ok(Ge2e {
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
