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

use burn::tensor::{Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The loss and its two constants; the defaults are the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlHingeConfig {
    /// Divergence (nats) that a pair of different speakers should reach in each direction.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Weight of the same-speaker pairs.
    #[serde(default)]
    pub weighting: Weighting,
}

fn default_margin() -> f64 {
    3.0
}

impl Default for KlHingeConfig {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            weighting: Weighting::default(),
        }
    }
}

/// How much the same-speaker pairs weigh against the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Every pair alike, as in the papers: w is the share of same-speaker pairs in the batch.
    #[default]
    AsCounted,
    /// w = ½ whatever the batch.
    Balanced,
    /// A given w between 0 and 1.
    SameShare(f64),
}

impl KlHingeConfig {
    /// The weight w of the same-speaker pairs in a batch with these counts. A kind of pair that the
    /// batch lacks contributes nothing.
    #[must_use]
    pub fn same_weight(&self, num_same: usize, num_different: usize) -> f64 {
        match self.weighting {
            Weighting::AsCounted => num_same as f64 / (num_same + num_different).max(1) as f64,
            Weighting::Balanced => 0.5,
            Weighting::SameShare(weight) => weight,
        }
    }

    /// The loss while every output is alike: D = 0 and H = `margin`, a stationary point that training
    /// has to leave (2·m·share of different pairs for pairs as counted).
    #[must_use]
    pub fn plateau(&self, num_same: usize, num_different: usize) -> f64 {
        let different = if num_different == 0 { 0.0 } else { self.margin };
        2.0 * (1.0 - self.same_weight(num_same, num_different)) * different
    }

    /// # Errors
    /// [`ModelError::Config`] for a margin that is not positive or a weight outside 0 to 1.
    pub fn validate(&self) -> Result<(), ModelError> {
        if !(self.margin > 0.0 && self.margin.is_finite()) {
            return Err(ModelError::Config {
                field: "loss.margin",
                found: self.margin.to_string(),
                expected: "a positive number of nats",
            });
        }
        if let Weighting::SameShare(weight) = self.weighting
            && !(0.0..=1.0).contains(&weight)
        {
            return Err(ModelError::Config {
                field: "loss.weighting.same_share",
                found: weight.to_string(),
                expected: "a weight between 0 and 1",
            });
        }
        Ok(())
    }
}

/// A batch's loss and, always apart, the two parts that it hides.
#[derive(Debug)]
pub struct PairLoss {
    /// What training minimises, `[1]`.
    pub loss: Tensor<1>,
    /// Mean divergence of same-speaker pairs over both directions (nats), `[1]`; 0 without such pairs.
    pub same_divergence: Tensor<1>,
    /// Mean hinge of different-speaker pairs over both directions (nats), `[1]`; 0 without such pairs.
    pub different_hinge: Tensor<1>,
    /// Mean divergence of different-speaker pairs over both directions (nats), `[1]`.
    pub different_divergence: Tensor<1>,
    /// Number of unordered same-speaker pairs.
    pub num_same: usize,
    /// Number of unordered different-speaker pairs.
    pub num_different: usize,
}

/// The loss over all pairs of a batch: `logits` `[batch, num_outputs]`, `speakers` one label a row.
///
/// # Errors
/// [`ModelError::Shape`] where labels and rows differ in number or there is no pair.
pub fn all_pairs(
    logits: Tensor<2>,
    speakers: &[usize],
    config: &KlHingeConfig,
) -> Result<PairLoss, ModelError> {
    let [batch, _] = logits.dims();
    check("speakers", speakers.len(), batch)?;
    if batch < 2 {
        return Err(ModelError::Shape {
            what: "batch",
            found: format!("{batch} segments"),
            expected: "at least 2, which make a pair".to_owned(),
        });
    }
    let log_p = activation::log_softmax(logits, 1);
    let p = log_p.clone().exp();
    let negative_entropy = (p.clone() * log_p.clone()).sum_dim(1);
    // Row i, column j: KL(P_i ‖ P_j) = Σ P_i log P_i − Σ P_i log P_j.
    let divergence = negative_entropy - p.matmul(log_p.transpose());
    let kinds = (0..batch * batch).map(|cell| {
        let (i, j) = (cell / batch, cell % batch);
        (i != j).then_some(speakers[i] == speakers[j])
    });
    Ok(combine(divergence, kinds, config))
}

/// The loss over explicit siamese pairs: row i of `left` with row i of `right`, both
/// `[pairs, num_outputs]` logits.
///
/// # Errors
/// [`ModelError::Shape`] where the numbers of rows differ or there is no pair.
pub fn explicit_pairs(
    left: Tensor<2>,
    right: Tensor<2>,
    same: &[bool],
    config: &KlHingeConfig,
) -> Result<PairLoss, ModelError> {
    let [num_pairs, num_outputs] = left.dims();
    check("same", same.len(), num_pairs)?;
    check("rows of the right side", right.dims()[0], num_pairs)?;
    check("columns of the right side", right.dims()[1], num_outputs)?;
    if num_pairs == 0 {
        return Err(ModelError::Shape {
            what: "pairs",
            found: "none".to_owned(),
            expected: "at least one".to_owned(),
        });
    }
    let (left, right) = (
        activation::log_softmax(left, 1),
        activation::log_softmax(right, 1),
    );
    let difference = left.clone() - right.clone();
    let forward = (left.exp() * difference.clone()).sum_dim(1);
    let backward = (right.exp() * difference.neg()).sum_dim(1);
    let kinds = same.iter().flat_map(|&same| [Some(same); 2]);
    Ok(combine(
        Tensor::cat(vec![forward, backward], 1),
        kinds,
        config,
    ))
}

fn check(what: &'static str, found: usize, expected: usize) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Shape {
        what,
        found: found.to_string(),
        expected: expected.to_string(),
    })
}

/// Averages directed `divergence` by kind; `kinds` gives, cell by cell in row-major order, whether a
/// pair is of one speaker, or None for a cell that is no pair.
fn combine(
    divergence: Tensor<2>,
    kinds: impl Iterator<Item = Option<bool>> + Clone,
    config: &KlHingeConfig,
) -> PairLoss {
    let shape = divergence.dims();
    let device = divergence.device();
    let count = |kind: bool| kinds.clone().filter(|&cell| cell == Some(kind)).count();
    let (directed_same, directed_different) = (count(true), count(false));
    // Each mask averages over its kind: 1/count where a cell is of the kind, 0 elsewhere.
    let mask = |kind: bool, count: usize| {
        let weight = 1.0 / count.max(1) as f32;
        let cells: Vec<f32> = kinds
            .clone()
            .map(|cell| if cell == Some(kind) { weight } else { 0.0 })
            .collect();
        Tensor::<2>::from_data(TensorData::new(cells, shape), &device)
    };
    let same_divergence = (divergence.clone() * mask(true, directed_same)).sum();
    let different_mask = mask(false, directed_different);
    let different_divergence = (divergence.clone() * different_mask.clone()).sum();
    let hinge = activation::relu(divergence.neg().add_scalar(config.margin));
    let different_hinge = (hinge * different_mask).sum();
    let (num_same, num_different) = (directed_same / 2, directed_different / 2);
    let weight = config.same_weight(num_same, num_different);
    let loss = same_divergence.clone().mul_scalar(2.0 * weight)
        + different_hinge.clone().mul_scalar(2.0 * (1.0 - weight));
    PairLoss {
        loss,
        same_divergence,
        different_hinge,
        different_divergence,
        num_same,
        num_different,
    }
}
