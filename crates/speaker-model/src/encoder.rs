//! Features to embedding: a stack of BLSTM layers and pooling over time.

use audio_features::Features;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::blstm::{Blstm, frame_mask};
use crate::config::{Arithmetic, EncoderConfig, Pooling};
use crate::dropout::DropoutStream;
use crate::whitening::Whitening;

/// A stack of [`Blstm`] layers whose last sequence is pooled into one vector an item.
#[derive(Module, Debug)]
pub struct Encoder {
    /// First to last.
    pub layers: Vec<Blstm>,
    /// What the cepstra pass through, if they do.
    pub whitening: Option<Whitening>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Encoder {
    pub(crate) fn new(num_bins: usize, config: &EncoderConfig, seed: u64, device: &Device) -> Self {
        let layers = (0..config.num_layers)
            .map(|layer| {
                let input = if layer == 0 {
                    num_bins
                } else {
                    2 * config.hidden
                };
                let name = format!("encoder.layers.{layer}");
                Blstm::new(&name, input, config.hidden, seed, device)
            })
            .collect();
        let whitening = config
            .whiten_cepstra
            .then(|| Whitening::identity(2 * config.input_cepstra, device));
        Self {
            layers,
            whitening,
            config: config.clone(),
        }
    }

    /// The same encoder with another arithmetic in its recurrent layers.
    #[must_use]
    pub fn with_arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        for layer in &mut self.layers {
            layer.arithmetic = arithmetic;
        }
        self
    }

    /// Features `[frames, batch, bins]` to embeddings `[batch, embedding_dim]`.
    ///
    /// `lengths` are the items' valid frames where they differ; `dropout` is given in training only.
    #[must_use]
    pub fn forward(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        mut dropout: Option<&mut DropoutStream>,
    ) -> Tensor<2> {
        let scale = self.config.input_scale;
        let mut sequence = if (scale - 1.0).abs() < f64::EPSILON {
            features
        } else {
            features.mul_scalar(scale)
        };
        let cepstra = (self.config.input_cepstra > 0)
            .then(|| cepstra(sequence.clone(), lengths, self.config.input_cepstra));
        if self.config.centre_input {
            let mean = (sequence.clone() * frame_weights(&sequence, lengths)).sum_dim(0);
            sequence = sequence - mean;
        }
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some(dropout) = dropout.as_deref_mut().filter(|_| index > 0) {
                sequence = dropout.apply(sequence, self.config.dropout);
            }
            sequence = layer.forward(sequence, lengths);
        }
        let pooled = pool(sequence, lengths, self.config.pooling);
        match (cepstra, &self.whitening) {
            (None, _) => pooled,
            (Some(cepstra), None) => Tensor::cat(vec![pooled, cepstra], 1),
            (Some(cepstra), Some(whitening)) => {
                Tensor::cat(vec![pooled, whitening.forward(cepstra)], 1)
            }
        }
    }

    /// The same encoder with its whitening, if it has one, fitted to the cepstra of `recordings`' finished features.
    #[must_use]
    pub fn with_whitening_of(mut self, recordings: &[Features], device: &Device) -> Self {
        if self.whitening.is_some() {
            let num_cepstra = self.config.input_cepstra;
            let inner = device.clone().inner();
            let rows: Vec<Vec<f32>> = recordings
                .iter()
                .map(|features| {
                    let shape = [features.num_frames(), 1, features.num_bins()];
                    let data = TensorData::new(features.data().to_vec(), shape);
                    let scaled =
                        Tensor::from_data(data, &inner).mul_scalar(self.config.input_scale);
                    cepstra(scaled, None, num_cepstra)
                        .into_data()
                        .iter::<f32>()
                        .collect()
                })
                .collect();
            self.whitening = Some(Whitening::of(&rows, 2 * num_cepstra, SHRINKAGE, device));
        }
        self
    }
}

/// Share of the cepstra's mean variance that a whitening adds to each.
const SHRINKAGE: f64 = 1e-3;

/// Below this a band's variance over time counts as zero, so that the root's gradient stays finite.
const VARIANCE_FLOOR: f64 = 1e-6;

/// `[frames, batch, features]` to `[batch, features or twice as many]`.
fn pool(sequence: Tensor<3>, lengths: Option<&[usize]>, pooling: Pooling) -> Tensor<2> {
    let [frames, batch, features] = sequence.dims();
    if pooling == Pooling::LastState {
        let hidden = features / 2;
        let forward = sequence
            .clone()
            .slice([frames - 1..frames, 0..batch, 0..hidden])
            .reshape([batch, hidden]);
        let backward = sequence
            .slice([0..1, 0..batch, hidden..features])
            .reshape([batch, hidden]);
        return Tensor::cat(vec![forward, backward], 1);
    }
    let weights = frame_weights(&sequence, lengths);
    let mean = (sequence.clone() * weights.clone()).sum_dim(0);
    if pooling == Pooling::Mean {
        return mean.reshape([batch, features]);
    }
    let offset = sequence - mean.clone();
    let variance = (offset.clone() * offset * weights).sum_dim(0);
    let deviation = variance.clamp_min(VARIANCE_FLOOR).sqrt();
    Tensor::cat(
        vec![
            mean.reshape([batch, features]),
            deviation.reshape([batch, features]),
        ],
        1,
    )
}

/// `[frames, batch, 1]`: each frame's weight in its item's mean; zero beyond the item's length.
fn frame_weights(sequence: &Tensor<3>, lengths: Option<&[usize]>) -> Tensor<3> {
    let [frames, batch, _] = sequence.dims();
    let device = sequence.device();
    match lengths {
        None => Tensor::ones([frames, batch, 1], &device) / frames as f64,
        Some(lengths) => {
            let counts: Vec<f32> = lengths.iter().map(|&n| n.max(1) as f32).collect();
            let counts = Tensor::<1>::from_floats(counts.as_slice(), &device).unsqueeze();
            (frame_mask(lengths, frames, &device) / counts).unsqueeze_dim(2)
        }
    }
}

/// Mean and deviation of features `[frames, batch, bins]` over the valid frames, each as its first `num_cepstra`
/// coefficients of the orthonormal DCT-II over the bins: `[batch, 2 * num_cepstra]`.
fn cepstra(features: Tensor<3>, lengths: Option<&[usize]>, num_cepstra: usize) -> Tensor<2> {
    let [_, batch, bins] = features.dims();
    let device = features.device();
    let basis: Vec<f32> = (0..bins)
        .flat_map(|bin| (0..num_cepstra).map(move |k| dct(bin, k, bins) as f32))
        .collect();
    let basis = Tensor::<2>::from_data(TensorData::new(basis, [bins, num_cepstra]), &device);
    let statistics = pool(features, lengths, Pooling::MeanDeviation);
    let part = |first: usize| {
        statistics
            .clone()
            .slice([0..batch, first..first + bins])
            .matmul(basis.clone())
    };
    Tensor::cat(vec![part(0), part(bins)], 1)
}

/// Element of the orthonormal DCT-II of `bins` points.
fn dct(bin: usize, k: usize, bins: usize) -> f64 {
    let norm = if k == 0 { 1.0 } else { 2.0 } / bins as f64;
    norm.sqrt() * (std::f64::consts::PI * (bin as f64 + 0.5) * k as f64 / bins as f64).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_transform_is_orthonormal() {
        let bins = 80;
        for (i, j) in [(0, 0), (1, 1), (79, 79), (0, 3), (5, 7)] {
            let dot: f64 = (0..bins)
                .map(|bin| dct(bin, i, bins) * dct(bin, j, bins))
                .sum();
            assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
        }
    }

    #[test]
    fn cepstra_of_a_flat_spectrum_are_its_level_alone() {
        let device = Device::flex();
        let features = Tensor::<3>::ones([5, 2, 16], &device) * 3.0;
        let found: Vec<f32> = cepstra(features, Some(&[5, 2]), 4)
            .into_data()
            .iter::<f32>()
            .collect();
        // Level 3 times the root of 16 bins; no deviation but for its floor.
        let floor = 4.0 * (VARIANCE_FLOOR as f32).sqrt();
        for row in found.chunks_exact(8) {
            let expected = [12.0, 0.0, 0.0, 0.0, floor, 0.0, 0.0, 0.0];
            assert!(
                row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5),
                "{row:?}"
            );
        }
    }
}
