//! Supervised contrastive loss (Khosla et al., *Supervised contrastive learning*, `NeurIPS` 2020; their `L_out`).
//!
//! ```text
//! L = mean over segments i of −1/|P(i)| Σ_{p ∈ P(i)} log( e^{z_i·z_p / τ} / Σ_{a ≠ i} e^{z_i·z_a / τ} )
//! ```
//!
//! z are the embeddings at unit length, P(i) the other segments of i's speaker. Segments without such are left out; a batch where
//! no segment has one has a loss of 0 and moves nothing.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::parts::margin::check_positive;
use super::parts::nearest::nearest_is_own;
use super::parts::rows::{matrix, unit_rows};
use super::{Batches, Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupervisedContrastiveConfig {
    /// What cosines are divided by (τ); the paper's 0.1.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
}

fn default_temperature() -> f64 {
    0.1
}

impl Default for SupervisedContrastiveConfig {
    fn default() -> Self {
        Self {
            temperature: default_temperature(),
        }
    }
}

impl Example for SupervisedContrastiveConfig {
    fn example() -> Self {
        Self { temperature: 0.5 }
    }
}

impl LossChoice for SupervisedContrastiveConfig {
    type Loss = SupervisedContrastive;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.temperature", self.temperature)
    }

    fn build(
        &self,
        _: LossInput,
        _: &mut Initialiser<'_>,
    ) -> Result<SupervisedContrastive, ModelError> {
        Ok(SupervisedContrastive {
            config: self.clone(),
        })
    }

    fn wants(&self) -> Batches {
        Batches::Grouped(2)
    }
}

/// The loss, which has no parameters.
#[derive(Module, Debug)]
pub struct SupervisedContrastive {
    #[module(skip)]
    config: SupervisedContrastiveConfig,
}

/// Logit of a segment beside itself: its probability is 0.
const NEVER: f32 = -1e9;

impl Loss for SupervisedContrastive {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let [num, _] = outputs.dims();
        batch.check(num)?;
        let labels = batch.labels;
        let positives: Vec<usize> = (0..num)
            .map(|i| {
                (0..num)
                    .filter(|&j| j != i && labels[j] == labels[i])
                    .count()
            })
            .collect();
        let num_anchors = positives.iter().filter(|&&count| count > 0).count();
        // A matrix over pairs of two segments, of a function of its row and of whether one speaker spoke both.
        let rows = unit_rows(outputs);
        let cosines = rows.clone().matmul(rows.transpose());
        let over = |value: &dyn Fn(usize, bool) -> f32, itself: f32| {
            let cell = |cell: usize| match (cell / num, cell % num) {
                (i, j) if i == j => itself,
                (i, j) => value(i, labels[i] == labels[j]),
            };
            matrix((0..num * num).map(cell).collect(), [num, num], &cosines)
        };
        let weight = |i: usize, same: bool| match same {
            true => 1.0 / (positives[i] * num_anchors) as f32,
            false => 0.0,
        };
        let logits = cosines.clone() / self.config.temperature + over(&|_, _| 0.0, NEVER);
        let value = -(activation::log_softmax(logits, 1) * over(&weight, 0.0)).sum();
        let num_same: usize = positives.iter().sum();
        let num_different = num * num.saturating_sub(1) - num_same;
        let mean = |kind: bool, count: usize| {
            let weight = 1.0 / count.max(1) as f32;
            let weights = over(&|_, same| if same == kind { weight } else { 0.0 }, 0.0);
            (cosines.clone().detach() * weights).sum()
        };
        // A segment beside itself is farther away than any other.
        let others = cosines.clone() - Tensor::<2>::eye(num, &cosines.device()) * 8.0;
        let alike = match num_anchors {
            0 => 0.0,
            _ => ((num - 1) as f64).ln(),
        };
        Ok(LossOutput {
            value,
            terms: vec![
                Term::new(
                    "accuracy",
                    "",
                    nearest_is_own(&others, &over(&|_, same| f32::from(u8::from(same)), 0.0)),
                ),
                Term::new("same_cosine", "", mean(true, num_same)),
                Term::new("different_cosine", "", mean(false, num_different)),
            ],
            when_alike: Some(alike),
            num_pairs: None,
        })
    }
}
