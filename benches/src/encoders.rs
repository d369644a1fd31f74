//! A training step of convolutional encoders under the margin softmax, as the trainer makes it.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use clap::ValueEnum;
use serde_json::{Value, json};
use speaker_model::{
    DropoutStream, EncoderConfig, Loss, LossBatch, LossChoice, LossConfig, Pass, SpeakerNetwork,
};
use trainer::{Optimiser, TrainConfig};

use crate::{Repetition, Size, uniform};

/// Features of a frame, dimensions of the embedding and classes.
const BINS: usize = 80;
const EMBEDDING: usize = 192;
const CLASSES: usize = 500;

/// The networks that benches/peers/torch_convolutions.py has too.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Network {
    /// Five layers over frames, mean and deviation.
    Tdnn,
    /// ECAPA-TDNN with attentive statistics.
    Ecapa,
    /// `ResNet34`'s blocks.
    Resnet,
}

impl Network {
    fn encoder(self, channels: usize) -> Result<EncoderConfig> {
        let trunk: Value = match self {
            Self::Tdnn => json!({ "kind": "tdnn", "layers": [
                { "channels": channels, "kernel": 5 },
                { "channels": channels, "kernel": 3, "dilation": 2 },
                { "channels": channels, "kernel": 3, "dilation": 3 },
                { "channels": channels, "kernel": 1 },
                { "channels": 3 * channels, "kernel": 1 },
            ]}),
            Self::Ecapa => json!({
                "kind": "ecapa", "channels": channels, "output": 3 * channels, "entry_kernel": 5, "kernel": 3,
                "dilations": [2, 3, 4], "scale": 8, "squeezed": 128, "kept": "first", "output_norm": true,
            }),
            Self::Resnet => {
                json!({ "kind": "res_net", "channels": channels, "blocks": [3, 4, 6, 3] })
            }
        };
        let pooling = match self {
            Self::Ecapa => json!({ "kind": "attentive", "width": 128, "context": true }),
            Self::Tdnn | Self::Resnet => json!({ "kind": "mean_deviation" }),
        };
        let standardise = matches!(self, Self::Ecapa);
        let projection =
            json!({ "kind": "linear", "width": EMBEDDING, "standardise": standardise });
        let encoder = json!({ "trunk": trunk, "pooling": pooling, "projection": projection });
        serde_json::from_value(encoder).context("the encoder of a benchmark")
    }
}

/// Forward, loss, backward, Adam with weight decay.
pub(crate) fn train(
    network: Network,
    channels: usize,
    size: Size,
    device: Device,
) -> Result<Repetition> {
    let device = device.autodiff();
    let encoder = network.encoder(channels)?;
    let loss: LossConfig =
        serde_json::from_value(json!({ "kind": "aam_softmax", "scale": 30.0, "margin": 0.2 }))?;
    loss.validate()?;
    let mut network: SpeakerNetwork<_> =
        SpeakerNetwork::new(BINS, CLASSES, None, &encoder, &loss, 1, &device)?;
    let mut config = TrainConfig::question().optimiser;
    config.weight_decay = 0.01;
    let mut optimiser = Optimiser::new(&config);
    let count = size.frames * size.batch * BINS;
    let values: Vec<f32> = uniform()
        .take(count)
        .map(|value| 4.0 * value - 2.0)
        .collect();
    let features = TensorData::new(values, [size.frames, size.batch, BINS]);
    let speakers: Vec<usize> = (0..size.batch).map(|item| item / 2).collect();
    let mut step = 0;
    Ok(Box::new(move || {
        let input = Tensor::from_data(features.clone(), &device);
        let mut dropout = DropoutStream::new(1, step);
        let outputs = network.outputs(input, None, &mut Pass::training(&mut dropout))?;
        let batch = LossBatch {
            labels: &speakers,
            ..LossBatch::default()
        };
        let loss = network.loss().loss(outputs, &batch)?.value;
        let (moved, _) = optimiser.step(network.clone(), &loss, config.learning_rate);
        network = moved;
        step += 1;
        Ok(f64::from(loss.into_scalar::<f32>()))
    }))
}
