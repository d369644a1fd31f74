//! The question's network: two BLSTM layers, and four dense layers behind the embedding.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::{Rng, RngExt};
use speaker_model::{ComputeType, DropoutStream, Encoder, EncoderConfig, Initialiser, Pass};

use crate::data::BINS;
use crate::draws::{Purpose, stream};
use crate::rung::{NUM_OUTPUTS, Output, Settings};

/// Widths behind the embedding of 256.
const WIDTHS: [usize; 5] = [256, 1024, 512, 256, NUM_OUTPUTS];
/// Share of the first dense layer's outputs that training drops.
const DROPOUT: f32 = 0.25;

/// A dense layer, with a slope a unit below zero where `PReLU` follows.
#[derive(Module, Debug)]
pub(crate) struct Dense {
    /// `[input, output]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Param<Tensor<1>>,
    /// `[output]`
    slope: Option<Param<Tensor<1>>>,
}

impl Dense {
    fn new(
        [input, output]: [usize; 2],
        has_slope: bool,
        gain: f64,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Self {
        // Glorot & Bengio 2010, Keras' default.
        let limit = (6.0 / (input + output) as f64).sqrt();
        let weight: Vec<f32> = (0..input * output)
            .map(|_| (gain * rng.random_range(-limit..limit)) as f32)
            .collect();
        let zeros = || Param::from_data(TensorData::new(vec![0.0_f32; output], [output]), device);
        Self {
            weight: Param::from_data(TensorData::new(weight, [input, output]), device),
            bias: zeros(),
            slope: has_slope.then(zeros),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let z = x.matmul(self.weight.val()) + self.bias.val().unsqueeze();
        match &self.slope {
            None => z,
            Some(slope) => {
                activation::relu(z.clone()) - activation::relu(-z) * slope.val().unsqueeze()
            }
        }
    }
}

/// Both sides of a pair go through the same weights.
#[derive(Module, Debug)]
pub(crate) struct Network {
    pub(crate) encoder: Encoder,
    pub(crate) dense: Vec<Dense>,
}

/// What a batch becomes.
pub(crate) struct Activations {
    /// The embedding: last states of the second BLSTM layer, `[batch, 256]`.
    pub(crate) states: Tensor<2>,
    /// `[batch, 128]`, after `PReLU` or softmax.
    pub(crate) outputs: Tensor<2>,
}

impl Network {
    /// Keras' initialisation.
    pub(crate) fn new(settings: &Settings, seed: u64, device: &Device) -> anyhow::Result<Self> {
        let mut initialiser = Initialiser::seeded(seed, device);
        let encoder = Encoder::new(BINS, &EncoderConfig::question(), &mut initialiser)?;
        let encoder = encoder.with_compute_type(match settings.bf16 {
            true => ComputeType::Bf16,
            false => ComputeType::F32,
        });
        let rng = &mut stream(seed, Purpose::Weights, 0);
        let num_layers = WIDTHS.len() - 1;
        let dense = (0..num_layers)
            .map(|layer| {
                let is_last = layer + 1 == num_layers;
                Dense::new(
                    [WIDTHS[layer], WIDTHS[layer + 1]],
                    !is_last || settings.output == Output::Prelu,
                    if is_last { settings.gain } else { 1.0 },
                    rng,
                    device,
                )
            })
            .collect();
        Ok(Self { encoder, dense })
    }

    /// `features` `[frames, batch, bands]`; with `dropout`, a run's seed and step, as in training.
    pub(crate) fn forward(
        &self,
        features: Tensor<3>,
        dropout: Option<(u64, u64)>,
    ) -> anyhow::Result<Activations> {
        let mut recurrent = dropout.map(|(seed, step)| DropoutStream::new(seed, step));
        let mut pass = match &mut recurrent {
            Some(recurrent) => Pass::training(recurrent),
            None => Pass::inference(),
        };
        let states = self.encoder.forward(features, None, &mut pass)?;
        let mut x = states.clone();
        for (layer, dense) in self.dense.iter().enumerate() {
            x = dense.forward(x);
            if let (0, Some((seed, step))) = (layer, dropout) {
                let mask = mask(x.dims(), &mut stream(seed, Purpose::Dropout, step));
                x = x.clone() * Tensor::from_data(mask, &x.device());
            }
        }
        let ends_in_slope = self.dense.last().is_some_and(|last| last.slope.is_some());
        let outputs = match ends_in_slope {
            true => x,
            false => activation::softmax(x, 1),
        };
        Ok(Activations { states, outputs })
    }
}

/// Zeros for what is dropped, and 1 / (1 − p) for what is kept.
fn mask(shape: [usize; 2], rng: &mut impl Rng) -> TensorData {
    let keep = 1.0 / (1.0 - DROPOUT);
    let values: Vec<f32> = (0..shape[0] * shape[1])
        .map(|_| {
            if rng.random::<f32>() < DROPOUT {
                0.0
            } else {
                keep
            }
        })
        .collect();
    TensorData::new(values, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_as_many_parameters_as_the_questions() {
        let network = Network::new(&Settings::question(), 1, &Device::flex()).unwrap();
        assert_eq!(network.num_params(), 1_611_520);
    }

    #[test]
    fn a_softmax_gives_distributions_and_prelu_none() {
        let device = Device::flex();
        let sums = |output| {
            let settings = Settings {
                output,
                ..Settings::question()
            };
            let network = Network::new(&settings, 1, &device).unwrap();
            let features = Tensor::<3>::ones([4, 2, BINS], &device);
            let outputs = network.forward(features, None).unwrap().outputs;
            let sums = outputs.sum_dim(1).into_data();
            sums.iter::<f32>().collect::<Vec<_>>()
        };
        assert!(
            sums(Output::Softmax)
                .iter()
                .all(|sum| (sum - 1.0).abs() < 1e-5)
        );
        assert!(
            sums(Output::Prelu)
                .iter()
                .all(|sum| (sum - 1.0).abs() > 0.01)
        );
    }
}
