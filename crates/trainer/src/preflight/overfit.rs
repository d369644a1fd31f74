//! Whether one small batch can be learned by heart.

use burn::tensor::Device;
use diagnosis::preflight::{Overfit, can_overfit};
use diagnosis::{Check, CheckVerdict, Name};
use speaker_model::{Batches, Loss, LossChoice, Pass, SpeakerNetwork};
use speaker_scoring::Scorer;

use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::{Batch, Taught};
use crate::evaluate::{Terms, features, rows, scalar};
use crate::optimise::{Optimiser, Rates};

/// Speakers of the small batch, with two segments each.
const SMALL_SPEAKERS: usize = 4;

/// Steps on that batch at most, and between two looks at it.
const OVERFIT_STEPS: [u64; 2] = [100, 5];

/// Learns a few segments by heart, without dropout.
pub(super) fn overfit<C: LossChoice>(
    config: &TrainConfig<C>,
    network: &SpeakerNetwork<C::Loss>,
    batch: &Batch,
    device: &Device,
) -> Result<Check, TrainError> {
    let Some(mut small) = small(batch) else {
        return Ok(Check::skipped(
            Name::CannotOverfit,
            "no batch has two speakers with two segments each",
        ));
    };
    if config.loss.wants() == Batches::Pairs {
        let compared = small.labels().compared().into_iter();
        small.pairs = Some(compared.map(|(pair, _)| pair).collect());
    }
    let mut network = network.clone();
    let rates = Rates::new(&config.optimiser.layers, &network)?;
    let mut optimiser = Optimiser::new(&config.optimiser).with_rates(rates);
    let [most, look_every] = OVERFIT_STEPS;
    let mut before = None;
    let mut step = 0;
    loop {
        let input = features(&small, device);
        let lengths = small.lengths.as_deref();
        let outputs = network.outputs(input, lengths, &mut Pass::inference())?;
        let output = network.loss().of_batch(outputs.clone(), &small.labels())?;
        if step % look_every == 0 {
            let loss = scalar(&output.value);
            let pairwise = config.loss.pairwise();
            let [same, different] = match Terms::of(&output).distances(pairwise.as_ref()) {
                [Some(same), Some(different)] => [same, different],
                _ => cosine_distances(&rows(&outputs, 1), &small),
            };
            let attempt = Overfit {
                num_steps: step,
                loss: [*before.get_or_insert(loss), loss],
                same_distance: same,
                different_distance: different,
            };
            let check = can_overfit(&attempt);
            let passed = check.verdict == CheckVerdict::Passed;
            if passed || step >= most || !loss.is_finite() {
                return Ok(check);
            }
        }
        let rate = config.optimiser.learning_rate;
        (network, _) = optimiser.step(network, &output.value, rate);
        step += 1;
    }
}

/// Mean cosine distance of same-speaker and of different-speaker pairs of `outputs`: of a loss that has no distances of its
/// own.
fn cosine_distances(outputs: &[Vec<f32>], batch: &Batch) -> [f64; 2] {
    let compared = batch.labels().compared();
    [true, false].map(|kind| {
        let of_kind = compared.iter().filter(|&&(_, same)| same == kind);
        let distances: Vec<f64> = of_kind
            .map(|&((a, b), _)| 1.0 - f64::from(Scorer::default().score(&outputs[a], &outputs[b])))
            .collect();
        distances.iter().sum::<f64>() / distances.len().max(1) as f64
    })
}

/// Two segments each of a few of `speakers`, which are those of a batch's segments; None where not two of them have two.
pub(super) fn twos(speakers: &[usize]) -> Option<Vec<usize>> {
    let mut known = Vec::new();
    let mut chosen = Vec::new();
    for (index, &speaker) in speakers.iter().enumerate() {
        let rest = &speakers[index + 1..];
        if let Some(second) = rest.iter().position(|&s| s == speaker)
            && !known.contains(&speaker)
            && known.len() < SMALL_SPEAKERS
        {
            known.push(speaker);
            chosen.extend([index, index + 1 + second]);
        }
    }
    (known.len() >= 2).then_some(chosen)
}

/// Two segments each of a few speakers of `batch`; None where it has not two such speakers.
fn small(batch: &Batch) -> Option<Batch> {
    let chosen = twos(&batch.speakers)?;
    let [frames, segments, bins] = batch.shape;
    let mut features = Vec::with_capacity(frames * chosen.len() * bins);
    for frame in batch.features.chunks_exact(segments * bins) {
        for &index in &chosen {
            features.extend_from_slice(&frame[index * bins..(index + 1) * bins]);
        }
    }
    let pick = |values: &Vec<usize>| chosen.iter().map(|&index| values[index]).collect();
    Some(Batch {
        features,
        shape: [frames, chosen.len(), bins],
        lengths: batch.lengths.as_ref().map(pick),
        speakers: pick(&batch.speakers),
        pairs: None,
        utterances: pick(&batch.utterances),
        step: batch.step,
        teacher: batch.teacher.as_ref().map(|taught| {
            let row =
                |&index: &usize| &taught.vectors[index * taught.dim..(index + 1) * taught.dim];
            Taught {
                dim: taught.dim,
                vectors: chosen.iter().flat_map(row).copied().collect(),
            }
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_segments_each_of_a_few_speakers_are_chosen() {
        assert_eq!(twos(&[7, 8, 7, 9, 8, 7]), Some(vec![0, 2, 1, 4]));
        assert_eq!(
            twos(&[7, 7, 7, 8]),
            None,
            "one speaker makes no different pair"
        );
        let many: Vec<usize> = (0..9).flat_map(|speaker| [speaker, speaker]).collect();
        assert_eq!(
            twos(&many).map(|chosen| chosen.len()),
            Some(2 * SMALL_SPEAKERS)
        );
    }

    /// Two frames of four segments of one bin, whose values say frame and segment.
    #[test]
    fn the_small_batch_has_the_features_of_its_segments() {
        let batch = Batch {
            features: vec![0.0, 0.1, 0.2, 0.3, 0.4, 1.0, 1.1, 1.2, 1.3, 1.4],
            shape: [2, 5, 1],
            lengths: Some(vec![2, 1, 2, 1, 2]),
            speakers: vec![7, 9, 8, 7, 8],
            pairs: Some(vec![(0, 1)]),
            utterances: vec![10, 11, 12, 13, 14],
            step: 3,
            teacher: Some(Taught {
                dim: 2,
                vectors: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5],
            }),
        };
        let expected = Batch {
            features: vec![0.0, 0.3, 0.2, 0.4, 1.0, 1.3, 1.2, 1.4],
            shape: [2, 4, 1],
            lengths: Some(vec![2, 1, 2, 2]),
            speakers: vec![7, 7, 8, 8],
            pairs: None,
            utterances: vec![10, 13, 12, 14],
            step: 3,
            teacher: Some(Taught {
                dim: 2,
                vectors: vec![0.0, 0.5, 3.0, 3.5, 2.0, 2.5, 4.0, 4.5],
            }),
        };
        assert_eq!(small(&batch), Some(expected));
    }

    #[test]
    fn distances_of_a_loss_without_its_own_are_cosines() {
        let outputs = [vec![1.0, 0.0], vec![2.0, 0.0], vec![0.0, 3.0]];
        let batch = Batch {
            features: Vec::new(),
            shape: [0, 3, 0],
            lengths: None,
            speakers: vec![0, 0, 1],
            pairs: None,
            utterances: vec![0, 1, 2],
            step: 0,
            teacher: None,
        };
        let [same, different] = cosine_distances(&outputs, &batch);
        assert!(
            same.abs() < 1e-6 && (different - 1.0).abs() < 1e-6,
            "{same} {different}"
        );
    }
}
