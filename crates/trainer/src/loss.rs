//! The loss of a batch, in training and under a magnifying glass.

use burn::tensor::{Int, Tensor, TensorData};
use speaker_model::{KlHingeConfig, PairLoss, all_pairs, explicit_pairs};

use crate::TrainError;
use crate::batch::Batch;

/// The labels that the loss of `batch` is a function of: speakers of segments, or 1 and 0 for pairs of one speaker and of
/// two where the batch has explicit pairs.
pub(crate) fn labels(batch: &Batch) -> Vec<usize> {
    match &batch.pairs {
        None => batch.speakers.clone(),
        Some(pairs) => {
            let same = |&(a, b): &(usize, usize)| batch.speakers[a] == batch.speakers[b];
            pairs.iter().map(|pair| usize::from(same(pair))).collect()
        }
    }
}

/// The loss of `logits` `[segments, outputs]` of `batch` under `labels`, which are [`labels`]' or others in their place.
pub(crate) fn loss(
    logits: Tensor<2>,
    batch: &Batch,
    labels: &[usize],
    config: &KlHingeConfig,
) -> Result<PairLoss, TrainError> {
    let Some(pairs) = &batch.pairs else {
        return Ok(all_pairs(logits, labels, config)?);
    };
    let rows = |side: fn(&(usize, usize)) -> usize| {
        let rows: Vec<i64> = pairs.iter().map(|pair| side(pair) as i64).collect();
        let data = TensorData::from(rows.as_slice());
        let rows = Tensor::<1, Int>::from_data(data, &logits.device());
        logits.clone().select(0, rows)
    };
    let same: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
    let [left, right] = [rows(|pair| pair.0), rows(|pair| pair.1)];
    Ok(explicit_pairs(left, right, &same, config)?)
}
