//! Features to embedding: a stack of LSTM layers, pooling over time, and maybe a dense layer.

use audio_features::Features;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::config::{Arithmetic, EncoderConfig, Pooling};
use crate::dense::Dense;
use crate::dropout::DropoutStream;
use crate::lstm::{Lstm, frame_mask, last_state};
use crate::seen::{See, Seen};
use crate::whitening::Whitening;

/// A stack of [`Lstm`] layers whose last sequence is pooled into one vector an item.
#[derive(Module, Debug)]
pub struct Encoder {
    /// First to last.
    pub layers: Vec<Lstm>,
    /// What the cepstra pass through, if they do.
    pub whitening: Option<Whitening>,
    /// What the pooled states pass through, if they do.
    pub dense: Option<Dense>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Encoder {
    /// Without a seed its weights are zeros, to be replaced by those of a file.
    pub(crate) fn new(
        num_bins: usize,
        config: &EncoderConfig,
        seed: Option<u64>,
        device: &Device,
    ) -> Self {
        let layers = (0..config.num_layers)
            .map(|layer| {
                let input = if layer == 0 {
                    num_bins
                } else {
                    config.layer_width()
                };
                let name = format!("encoder.layers.{layer}");
                let sizes = [input, config.hidden];
                Lstm::new(&name, sizes, config.direction, seed, device)
            })
            .collect();
        let whitening = config
            .whiten_cepstra
            .then(|| Whitening::identity(2 * config.input_cepstra, device));
        let dense = config.dense.as_ref().map(|dense| {
            let sizes = [config.statistics_dim(), dense.width];
            Dense::new("encoder.dense", sizes, dense.activation, seed, device)
        });
        Self {
            layers,
            whitening,
            dense,
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
        dropout: Option<&mut DropoutStream>,
    ) -> Tensor<2> {
        self.pass(features, lengths, dropout, None)
    }

    /// [`Self::forward`], which shows every layer's output to `see`. Without it, no more of the last layer's states is made
    /// than the pooling needs.
    pub(crate) fn pass(
        &self,
        features: Tensor<3>,
        lengths: Option<&[usize]>,
        mut dropout: Option<&mut DropoutStream>,
        mut see: Option<See<'_>>,
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
        let mut pooled = None;
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some(dropout) = dropout.as_deref_mut().filter(|_| index > 0) {
                sequence = dropout.apply(sequence, self.config.dropout);
            }
            let is_last = index + 1 == self.layers.len();
            if is_last && see.is_none() && self.config.pooling == Pooling::LastState {
                pooled = Some(layer.forward_last(sequence.clone(), lengths));
                break;
            }
            sequence = layer.forward(sequence, lengths);
            if let Some(see) = see.as_deref_mut() {
                see(Seen::States(index, &sequence));
            }
        }
        let pooled = pooled.unwrap_or_else(|| match self.config.pooling {
            Pooling::LastState => last_state(sequence, self.config.direction),
            Pooling::Mean => mean(&sequence, lengths),
            Pooling::MeanDeviation => mean_and_deviation(sequence, lengths),
        });
        let statistics = match (cepstra, &self.whitening) {
            (None, _) => pooled,
            (Some(cepstra), None) => Tensor::cat(vec![pooled, cepstra], 1),
            (Some(cepstra), Some(whitening)) => {
                Tensor::cat(vec![pooled, whitening.forward(cepstra)], 1)
            }
        };
        match (&self.dense, &self.config.dense) {
            (Some(dense), Some(config)) => {
                let output = dense.forward(statistics);
                if let Some(see) = see {
                    see(Seen::EncoderDense(&output));
                }
                unit_length(dense.activate(output, config.activation))
            }
            _ => statistics,
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

/// Below this a vector's squared length counts as that, so that none is divided by zero.
const SQUARE_FLOOR: f64 = 1e-12;

/// `[batch, dim]` with rows of length 1, but for rows of zeros.
fn unit_length(x: Tensor<2>) -> Tensor<2> {
    let squares = (x.clone() * x.clone()).sum_dim(1);
    x / squares.clamp_min(SQUARE_FLOOR).sqrt()
}

/// `[frames, batch, features]` to `[batch, features]`.
fn mean(sequence: &Tensor<3>, lengths: Option<&[usize]>) -> Tensor<2> {
    let weights = frame_weights(sequence, lengths);
    (sequence.clone() * weights).sum_dim(0).squeeze_dim(0)
}

/// `[frames, batch, features]` to `[batch, 2 * features]`.
fn mean_and_deviation(sequence: Tensor<3>, lengths: Option<&[usize]>) -> Tensor<2> {
    let weights = frame_weights(&sequence, lengths);
    let mean = mean(&sequence, lengths);
    let offset = sequence - mean.clone().unsqueeze_dim(0);
    let variance = (offset.clone() * offset * weights).sum_dim(0);
    let deviation = variance.clamp_min(VARIANCE_FLOOR).sqrt().squeeze_dim(0);
    Tensor::cat(vec![mean, deviation], 1)
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
    let statistics = mean_and_deviation(features, lengths);
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
