//! The same network from Burn's own layers: what one gets without the fused operation.

use burn::module::Module;
use burn::nn::{BiLstm, BiLstmConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use speaker_model::{KlHingeConfig, all_pairs};

use crate::step::{features, speakers};
use crate::{HIDDEN, NUM_BINS, Repetition, SPEAKERS, Size};

#[derive(Module, Debug)]
struct Network {
    first: BiLstm,
    dropout: Dropout,
    second: BiLstm,
    head: Vec<Linear>,
    head_dropout: Dropout,
}

impl Network {
    fn new(device: &Device) -> Self {
        let widths = [2 * HIDDEN, 10 * SPEAKERS, 5 * SPEAKERS, SPEAKERS];
        let layer = |input| BiLstmConfig::new(input, HIDDEN, true).init(device);
        Self {
            first: layer(NUM_BINS),
            dropout: DropoutConfig::new(0.5).init(),
            second: layer(2 * HIDDEN),
            head: widths
                .windows(2)
                .map(|sizes| LinearConfig::new(sizes[0], sizes[1]).init(device))
                .collect(),
            head_dropout: DropoutConfig::new(0.25).init(),
        }
    }

    /// Last states of both directions, `[batch, 2 * hidden]`.
    fn embeddings(&self, features: Tensor<3>) -> Tensor<2> {
        let (sequence, _) = self.first.forward(features.swap_dims(0, 1), None);
        let (_, last) = self.second.forward(self.dropout.forward(sequence), None);
        let [_, batch, hidden] = last.hidden.dims();
        last.hidden.swap_dims(0, 1).reshape([batch, 2 * hidden])
    }

    fn logits(&self, features: Tensor<3>) -> Tensor<2> {
        let hidden = self
            .head_dropout
            .forward(self.head[0].forward(self.embeddings(features)));
        self.head[2].forward(self.head[1].forward(hidden))
    }
}

/// Forward, loss, backward, Adam.
pub(crate) fn train(size: Size, device: Device) -> Repetition {
    let device = device.autodiff();
    let mut network = Network::new(&device);
    let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();
    let (features, speakers) = (features(size), speakers(size));
    let config = KlHingeConfig::paper(SPEAKERS);
    Box::new(move || {
        let input = Tensor::from_data(features.clone(), &device);
        let loss = all_pairs(network.logits(input), &speakers, &config)?.loss;
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimiser.step(1e-3, network.clone(), gradients);
        Ok(f64::from(loss.into_scalar::<f32>()))
    })
}

/// Embeddings of one batch.
pub(crate) fn infer(size: Size, device: Device) -> Repetition {
    let network = Network::new(&device);
    let features = features(size);
    Box::new(move || {
        let input = Tensor::from_data(features.clone(), &device);
        let sum = network.embeddings(input).sum();
        Ok(f64::from(sum.into_scalar::<f32>()))
    })
}
