//! The KL/hinge loss of Hsu & Kira, *Neural network-based clustering using pairwise constraints*
//! (arXiv 1511.06321), made symmetric as in Lukic et al. (MLSP 2017) and Stadelmann et al. (ANNPR 2018).
//!
//! For two segments with softmax outputs P and Q and `same` telling whether one speaker spoke both,
//!
//! ```text
//! ℓ(P‖Q) = KL(P‖Q)                    if same
//!        = max(0, margin − KL(P‖Q))   if not
//! L(P, Q) = ℓ(P‖Q) + ℓ(Q‖P)           each direction with its own hinge
//! ```
//!
//! The loss of a batch is `2 (w · D + (1 − w) · H)`: D the mean divergence of the same-speaker pairs and H the
//! mean hinge of the others, each over both directions, and w the weight of the same-speaker pairs.
//! With w their share of the pairs that is the mean of L over the pairs, as in the papers.
//!
//! Divergences come from log-softmax, so that a probability that underflows keeps its logarithm
//! and its gradient.

mod pairs;

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::rows::select;
use super::{
    Head, HeadConfig, Loss, LossBatch, LossChoice, LossInput, LossOutput, PairDistance, Pairwise,
    Term, Weighting,
};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Activation, Initialiser, Pass};
pub use pairs::{PairLoss, all_pairs, explicit_pairs};

/// The loss, its two constants, whose defaults are the paper's, and its head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlHingeConfig {
    /// Divergence (nats) that a pair of different speakers should reach in each direction.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Weight of the same-speaker pairs.
    #[serde(default)]
    pub weighting: Weighting,
    /// Embeddings to the logits of the distributions that are compared.
    pub head: HeadConfig,
}

fn default_margin() -> f64 {
    3.0
}

/// Classes that [`KlHingeConfig::paper`] asks for at most.
///
/// The head's 10n, 5n and n units have 55 n² weights: 60 million at this bound, 1.9 billion for the 5,994 speakers of
/// VoxCeleb2, which no optimiser of a desktop holds. A distribution need not have a class for each speaker: the loss compares
/// distributions, and the question's has 128 of them.
pub const MOST_PAPER_CLASSES: usize = 1_000;

impl KlHingeConfig {
    /// The paper's margin, pairs as counted, and `head`.
    #[must_use]
    pub fn with_head(head: HeadConfig) -> Self {
        Self {
            margin: default_margin(),
            weighting: Weighting::default(),
            head,
        }
    }

    /// The question's head, mended: dense 1024, 512 and 256 with `PReLU`, and a softmax of 128 instead of a fourth `PReLU`.
    #[must_use]
    pub fn question() -> Self {
        Self::with_head(HeadConfig {
            hidden: vec![1024, 512, 256],
            activation: Activation::Prelu,
            dropout: 0.25,
            batch_norm: false,
            num_outputs: 128,
        })
    }

    /// The linear head of Stadelmann et al. (ANNPR 2018): 10n, 5n and n units for n training speakers, but of no more than
    /// [`MOST_PAPER_CLASSES`].
    #[must_use]
    pub fn paper(num_speakers: usize) -> Self {
        let num_outputs = num_speakers.min(MOST_PAPER_CLASSES);
        Self::with_head(HeadConfig {
            hidden: vec![10 * num_outputs, 5 * num_outputs],
            activation: Activation::Linear,
            dropout: 0.25,
            batch_norm: false,
            num_outputs,
        })
    }
}

impl KlHingeConfig {
    /// The loss while every output is alike: D = 0 and H = `margin`, a stationary point that training
    /// has to leave (2·m·share of different pairs for pairs as counted).
    #[must_use]
    pub fn plateau(&self, num_same: usize, num_different: usize) -> f64 {
        let different = if num_different == 0 { 0.0 } else { self.margin };
        2.0 * (1.0 - self.weighting.of_same(num_same, num_different)) * different
    }
}

impl LossChoice for KlHingeConfig {
    type Loss = KlHinge;

    fn validate(&self) -> Result<(), ModelError> {
        if !(self.margin > 0.0 && self.margin.is_finite()) {
            return Err(ModelError::Config {
                field: "loss.margin",
                found: self.margin.to_string(),
                expected: "a positive number of nats",
            });
        }
        self.weighting.validate()?;
        self.head.validate()
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<KlHinge, ModelError> {
        Ok(KlHinge {
            head: Head::new(input.embedding_dim, &self.head, initialiser)?,
            config: self.clone(),
        })
    }

    fn pairwise(&self) -> Option<Pairwise> {
        Some(Pairwise {
            same_term: SAME_DIVERGENCE.into(),
            different_term: DIFFERENT_DIVERGENCE.into(),
            margin: Some(self.margin),
            num_classes: Some(self.head.num_outputs),
            same_weight: self.weighting.given(),
        })
    }
}

impl Example for KlHingeConfig {
    fn example() -> Self {
        Self::with_head(HeadConfig {
            hidden: vec![5],
            activation: Activation::Prelu,
            batch_norm: true,
            ..HeadConfig::linear(4)
        })
    }
}

const SAME_DIVERGENCE: &str = "same_divergence";
const DIFFERENT_DIVERGENCE: &str = "different_divergence";
const DIFFERENT_HINGE: &str = "different_hinge";

/// The loss with its head.
#[derive(Module, Debug)]
pub struct KlHinge {
    head: Head,
    #[module(skip)]
    config: KlHingeConfig,
}

impl Loss for KlHinge {
    fn outputs(&self, embeddings: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        pass.within("head", |pass| self.head.forward(embeddings, pass))
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let loss = match batch.pairs {
            None => all_pairs(outputs, batch.labels, &self.config)?,
            Some(pairs) => {
                batch.check(outputs.dims()[0])?;
                let [left, right] = sides(&outputs, pairs);
                let same: Vec<bool> = batch.compared().iter().map(|&(_, same)| same).collect();
                explicit_pairs(left, right, &same, &self.config)?
            }
        };
        let when_alike = self.config.plateau(loss.num_same, loss.num_different);
        let nats = |name: &'static str, value| Term {
            name: name.into(),
            unit: "nats",
            value,
        };
        Ok(LossOutput {
            value: loss.loss,
            terms: vec![
                nats(SAME_DIVERGENCE, loss.same_divergence),
                nats(DIFFERENT_DIVERGENCE, loss.different_divergence),
                nats(DIFFERENT_HINGE, loss.different_hinge),
            ],
            when_alike: Some(when_alike),
            num_pairs: Some([loss.num_same, loss.num_different]),
        })
    }

    fn pair_distances(&self, outputs: &[Vec<f32>], batch: &LossBatch<'_>) -> Vec<PairDistance> {
        let p: Vec<Vec<f64>> = outputs.iter().map(|row| softmax(row)).collect();
        let pairs = batch.compared().into_iter();
        let distances = pairs.filter_map(|((a, b), same)| {
            let (p, q) = (p.get(a)?, p.get(b)?);
            Some(PairDistance {
                same,
                distances: vec![divergence(p, q), divergence(q, p)],
            })
        });
        distances.collect()
    }
}

/// Left and right rows of `pairs`.
fn sides(outputs: &Tensor<2>, pairs: &[(usize, usize)]) -> [Tensor<2>; 2] {
    [
        |pair: &(usize, usize)| pair.0,
        |pair: &(usize, usize)| pair.1,
    ]
    .map(|side| select(outputs, pairs.iter().map(side)))
}

/// The distribution of a row of logits, in 64 bits.
fn softmax(row: &[f32]) -> Vec<f64> {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&v| f64::from(v - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

/// KL(p ‖ q) in nats, in 64 bits, one term at a time.
fn divergence(p: &[f64], q: &[f64]) -> f64 {
    p.iter()
        .zip(q)
        .map(|(&p, &q)| if p > 0.0 { p * (p / q).ln() } else { 0.0 })
        .sum()
}
