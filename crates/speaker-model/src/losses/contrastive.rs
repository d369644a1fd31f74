//! Contrastive loss (Hadsell, Chopra & `LeCun`, *Dimensionality reduction by learning an invariant mapping*, CVPR 2006).
//!
//! ```text
//! ℓ(a, b) = ½ d²                  where one speaker spoke both
//!         = ½ max(0, m − d)²      where two did
//! L = w · mean of the first + (1 − w) · mean of the second
//! ```
//!
//! d is the Euclidean distance of the embeddings, w the weight of the same-speaker pairs; with their share of the pairs L is the
//! mean over the pairs, as in the paper. Pairs are the sampler's or, where it draws none, all of the batch.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::parts::margin::check_positive;
use super::parts::rows::{cells, squared_distances};
use super::{
    Loss, LossBatch, LossChoice, LossInput, LossOutput, PairDistance, Pairwise, Term, Weighting,
};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastiveConfig {
    /// Distance that two speakers should have.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Weight of the same-speaker pairs.
    #[serde(default)]
    pub weighting: Weighting,
}

fn default_margin() -> f64 {
    1.0
}

impl Default for ContrastiveConfig {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            weighting: Weighting::default(),
        }
    }
}

impl Example for ContrastiveConfig {
    fn example() -> Self {
        Self {
            margin: 2.0,
            weighting: Weighting::Balanced,
        }
    }
}

const SAME_DISTANCE: &str = "same_distance";
const DIFFERENT_DISTANCE: &str = "different_distance";

impl LossChoice for ContrastiveConfig {
    type Loss = Contrastive;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.margin", self.margin)?;
        self.weighting.validate()
    }

    fn build(&self, _: LossInput, _: &mut Initialiser<'_>) -> Result<Contrastive, ModelError> {
        Ok(Contrastive {
            config: self.clone(),
        })
    }

    fn pairwise(&self) -> Option<Pairwise> {
        Some(Pairwise {
            same_term: SAME_DISTANCE.into(),
            different_term: DIFFERENT_DISTANCE.into(),
            margin: Some(self.margin),
            num_classes: None,
            same_weight: self.weighting.given(),
        })
    }
}

/// The loss, which has no parameters.
#[derive(Module, Debug)]
pub struct Contrastive {
    #[module(skip)]
    config: ContrastiveConfig,
}

/// What is added to the square of a distance before its root: the root of 0 has no slope.
const LEAST: f64 = 1e-12;

impl Loss for Contrastive {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        batch.check(outputs.dims()[0])?;
        let of_kind = |kind: bool| -> Vec<(usize, usize)> {
            let compared = batch.compared().into_iter();
            let chosen = compared.filter(|&(_, same)| same == kind);
            chosen.map(|(pair, _)| pair).collect()
        };
        let [same, different] = [true, false].map(of_kind);
        let (num_same, num_different) = (same.len(), different.len());
        if num_same + num_different == 0 {
            return Err(ModelError::Shape {
                what: "pairs",
                found: "none".to_owned(),
                expected: "at least one".to_owned(),
            });
        }
        let squares = squared_distances(outputs);
        // A kind of pair that the batch lacks is nothing, and passes no gradient.
        let nothing = || (squares.clone() * 0.0).sum();
        let [(drawn, near), (pushed, far)] =
            [(same, true), (different, false)].map(|(pairs, is_same)| {
                if pairs.is_empty() {
                    return (nothing(), nothing().detach());
                }
                let squares = cells(squares.clone(), pairs);
                let distances = (squares.clone() + LEAST).sqrt();
                let hinges = activation::relu(-distances.clone() + self.config.margin);
                let costs = match is_same {
                    true => squares,
                    false => hinges.clone() * hinges,
                };
                (costs.mean() * 0.5, distances.detach().mean())
            });
        let weight = self.config.weighting.of_same(num_same, num_different);
        let margin = self.config.margin;
        let alike = if num_different == 0 {
            0.0
        } else {
            0.5 * margin * margin
        };
        Ok(LossOutput {
            value: drawn * weight + pushed * (1.0 - weight),
            terms: vec![
                Term::new(SAME_DISTANCE, "", near),
                Term::new(DIFFERENT_DISTANCE, "", far),
            ],
            when_alike: Some((1.0 - weight) * alike),
            num_pairs: Some([num_same, num_different]),
        })
    }

    fn pair_distances(&self, outputs: &[Vec<f32>], batch: &LossBatch<'_>) -> Vec<PairDistance> {
        let pairs = batch.compared().into_iter();
        let distances = pairs.filter_map(|((a, b), same)| {
            let (a, b) = (outputs.get(a)?, outputs.get(b)?);
            let squares = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
            Some(PairDistance {
                same,
                distances: vec![squares.sum::<f64>().sqrt()],
            })
        });
        distances.collect()
    }
}
