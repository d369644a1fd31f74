//! Divergences of pairs and their mean, as tensors.

use burn::tensor::{Tensor, TensorData, activation};

use super::KlHingeConfig;
use crate::ModelError;

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
/// pair is of one speaker, or None for a cell that is not a pair.
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
    let weight = config.weighting.of_same(num_same, num_different);
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
