//! The question's distance and loss, to the letter, and what mends them.

use burn::tensor::{Tensor, TensorData, activation};

use crate::rung::{BATCH, Directions, Hinge, Settings, Shape};

/// What outputs are clipped to before their logarithm.
const CLIP: [f64; 2] = [1e-7, 1.0];

/// The loss of a batch with the distances that it is made of.
pub(crate) struct BatchLoss {
    /// `[1]`
    pub(crate) loss: Tensor<1>,
    /// Distance of each pair, left to right: what the question's accuracy looks at.
    pub(crate) distances: Vec<f64>,
    /// The other way round, where that counts too.
    pub(crate) reversed: Vec<f64>,
    /// Which pairs are of one speaker.
    pub(crate) same: Vec<bool>,
}

/// Whether each pair of a batch that the loss looks at is of one speaker: segment i and the one half a batch later, or
/// all i < j.
pub(crate) fn same_of(speakers: &[usize], all_pairs: bool) -> Vec<bool> {
    if all_pairs {
        (0..speakers.len())
            .flat_map(|i| (i + 1..speakers.len()).map(move |j| speakers[i] == speakers[j]))
            .collect()
    } else {
        let half = speakers.len() / 2;
        (0..half)
            .map(|pair| speakers[pair] == speakers[half + pair])
            .collect()
    }
}

/// The loss of `outputs` `[batch, n]` of segments; `same` as [`same_of`] gives it.
pub(crate) fn batch_loss(outputs: Tensor<2>, same: &[bool], settings: &Settings) -> BatchLoss {
    let clipped = outputs.clamp(CLIP[0], CLIP[1]);
    if settings.all_pairs {
        all_pairs(clipped, same, settings)
    } else {
        pairs(clipped, same, settings)
    }
}

fn hinge(d: Tensor<2>, settings: &Settings) -> Tensor<2> {
    let room = -d + settings.margin;
    match settings.hinge {
        Hinge::Relu => activation::relu(room),
        Hinge::Softplus => activation::softplus(room, 1.0),
    }
}

/// d = Σ x·ln(x / y), `[pairs, 1]`.
fn distances(left: &Tensor<2>, right: &Tensor<2>) -> Tensor<2> {
    (left.clone() * (left.clone().log() - right.clone().log())).sum_dim(1)
}

fn values(tensor: &Tensor<2>) -> Vec<f64> {
    tensor.clone().into_data().iter::<f64>().collect()
}

fn pairs(outputs: Tensor<2>, same: &[bool], settings: &Settings) -> BatchLoss {
    let [batch, width] = outputs.dims();
    let half = batch / 2;
    let left = outputs.clone().slice([0..half, 0..width]);
    let right = outputs.slice([half..batch, 0..width]);
    let labels: Vec<f32> = same.iter().map(|&same| f32::from(u8::from(same))).collect();
    let labels = Tensor::<2>::from_data(TensorData::new(labels, [half, 1]), &left.device());
    let of = |d: Tensor<2>| match settings.shape {
        Shape::Kept => labels.clone() * d.clone() + (-labels.clone() + 1.0) * hinge(d, settings),
        Shape::Broadcast => broadcast(&labels, d, settings),
    };
    let d = distances(&left, &right);
    let mut loss = of(d.clone()).mean();
    let mut reversed = Vec::new();
    if settings.directions == Directions::Both {
        let other = distances(&right, &left);
        reversed = values(&other);
        loss = loss + of(other).mean();
    }
    BatchLoss {
        loss,
        distances: values(&d),
        reversed,
        same: same.to_vec(),
    }
}

/// `y * d + (1 - y) * mean(max(0, m - d), axis=-1)` with labels `[pairs, 1]` and distances `[pairs]`: the first term is a
/// table `[pairs, pairs]` of every label times every distance, and the mean over the last axis a single number.
fn broadcast(labels: &Tensor<2>, d: Tensor<2>, settings: &Settings) -> Tensor<2> {
    let row = d.swap_dims(0, 1);
    let number = hinge(row.clone(), settings).mean_dim(1);
    labels.clone() * row + (-labels.clone() + 1.0) * number
}

/// Every pair of segments once, with one or both directions (Hsu & Kira 2015; Lukic et al. 2017).
fn all_pairs(outputs: Tensor<2>, same: &[bool], settings: &Settings) -> BatchLoss {
    let [batch, _] = outputs.dims();
    let logs = outputs.clone().log();
    let own = (outputs.clone() * logs.clone()).sum_dim(1);
    let divergence = own - outputs.matmul(logs.swap_dims(0, 1));
    let both = settings.directions == Directions::Both;
    let mut masks = [vec![0.0_f32; batch * batch], vec![0.0_f32; batch * batch]];
    let mut pair = same.iter();
    for i in 0..batch {
        for j in i + 1..batch {
            let kind = usize::from(pair.next() != Some(&true));
            masks[kind][i * batch + j] = 1.0;
            if both {
                masks[kind][j * batch + i] = 1.0;
            }
        }
    }
    let device = divergence.device();
    let [attracted, repelled] =
        masks.map(|mask| Tensor::<2>::from_data(TensorData::new(mask, [batch, batch]), &device));
    let num_pairs = (batch * (batch - 1) / 2) as f64;
    let terms = attracted * divergence.clone() + repelled * hinge(divergence.clone(), settings);
    let table = values(&divergence);
    let upper = |transposed: bool| -> Vec<f64> {
        (0..batch)
            .flat_map(|i| (i + 1..batch).map(move |j| if transposed { (j, i) } else { (i, j) }))
            .map(|(i, j)| table[i * batch + j])
            .collect()
    };
    BatchLoss {
        loss: terms.sum() / num_pairs,
        distances: upper(false),
        reversed: if both { upper(true) } else { Vec::new() },
        same: same.to_vec(),
    }
}

impl BatchLoss {
    /// Divergence of each pair, the mean of both directions where both count.
    pub(crate) fn divergences(&self) -> Vec<f64> {
        match self.reversed.as_slice() {
            [] => self.distances.clone(),
            reversed => {
                let both = self.distances.iter().zip(reversed);
                both.map(|(a, b)| 0.5 * (a + b)).collect()
            }
        }
    }

    /// Mean divergence of pairs of one speaker, and of the others.
    pub(crate) fn mean_divergences(&self) -> [Option<f64>; 2] {
        let divergences = self.divergences();
        [true, false].map(|kind| {
            let kept = divergences.iter().zip(&self.same);
            let kept: Vec<f64> = kept
                .filter(|&(_, &same)| same == kind)
                .map(|(&d, _)| d)
                .collect();
            (!kept.is_empty()).then(|| kept.iter().sum::<f64>() / kept.len() as f64)
        })
    }

    pub(crate) fn value(&self) -> f64 {
        f64::from(self.loss.clone().into_scalar::<f32>())
    }
}

/// Share of pairs of one speaker.
pub(crate) fn share(same: &[bool]) -> f64 {
    same.iter().filter(|&&same| same).count() as f64 / same.len().max(1) as f64
}

/// The loss while all outputs are alike: every distance 0.
pub(crate) fn plateau(same: &[bool], settings: &Settings) -> f64 {
    let hinge = match settings.hinge {
        Hinge::Relu => settings.margin,
        Hinge::Softplus => settings.margin.exp().ln_1p(),
    };
    let directions = match settings.directions {
        Directions::One => 1.0,
        Directions::Both => 2.0,
    };
    directions * (1.0 - share(same)) * hinge
}

/// The loss of one pair alone, in 64 bits, from its distances.
pub(crate) fn pair_loss(distances: &[f64], same: bool, settings: &Settings) -> f64 {
    let of = |d: f64| match (same, settings.hinge) {
        (true, _) => d,
        (false, Hinge::Relu) => (settings.margin - d).max(0.0),
        (false, Hinge::Softplus) => (settings.margin - d).exp().ln_1p(),
    };
    distances.iter().copied().map(of).sum()
}

/// Accuracy as Keras resolves it for an output of declared width 1: the share of labels equal to the rounded distance;
/// without the kept dimension, of every label and every distance.
pub(crate) fn accuracy(distances: &[f64], same: &[bool], shape: Shape) -> f64 {
    let rounded = |d: f64| d.round_ties_even();
    let label = |same: bool| f64::from(u8::from(same));
    let count = distances.len().max(1) as f64;
    match shape {
        Shape::Kept => {
            let right = distances.iter().zip(same);
            right
                .filter(|&(&d, &same)| (rounded(d) - label(same)).abs() < 0.5)
                .count() as f64
                / count
        }
        Shape::Broadcast => {
            let equal = |value: f64| {
                let hits = distances
                    .iter()
                    .filter(|&&d| (rounded(d) - value).abs() < 0.5);
                hits.count() as f64 / count
            };
            let p = share(same);
            p * equal(1.0) + (1.0 - p) * equal(0.0)
        }
    }
}

/// Pairs among the segments of a batch that the loss looks at.
pub(crate) fn num_pairs(settings: &Settings) -> usize {
    if settings.all_pairs {
        BATCH * (BATCH - 1) / 2
    } else {
        BATCH / 2
    }
}

#[cfg(test)]
mod tests;
