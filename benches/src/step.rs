//! Siamang's own training step and embeddings, as the trainer and the embedder make them.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use speaker_model::{
    ComputeType, DropoutStream, EncoderConfig, KlHinge, KlHingeConfig, Loss, LossBatch, Pass,
    SpeakerNetwork,
};
use trainer::{Optimiser, TrainConfig};

use crate::{NUM_BINS, Repetition, SPEAKERS, Size, uniform};

/// Features `[frames, batch, bins]` between 0 and 4, as log10(1 + 10000 x) gives them.
pub(crate) fn features(size: Size) -> TensorData {
    let count = size.frames * size.batch * NUM_BINS;
    let values: Vec<f32> = uniform().take(count).map(|value| 4.0 * value).collect();
    TensorData::new(values, [size.frames, size.batch, NUM_BINS])
}

/// Four segments of each speaker.
pub(crate) fn speakers(size: Size) -> Vec<usize> {
    (0..size.batch).map(|item| item / 4).collect()
}

pub(crate) fn network(size: Size, device: &Device) -> Result<SpeakerNetwork<KlHinge>> {
    let (encoder, loss) = (EncoderConfig::paper(), KlHingeConfig::paper(SPEAKERS));
    let network = SpeakerNetwork::new(NUM_BINS, 2, None, &encoder, &loss, 1, device)?;
    let compute_type = match size.bf16 {
        true => ComputeType::Bf16,
        false => ComputeType::F32,
    };
    network.try_map_encoder(|encoder| Ok(encoder.with_compute_type(compute_type)))
}

/// The batch's labels.
pub(crate) fn labels(speakers: &[usize]) -> LossBatch<'_> {
    LossBatch {
        labels: speakers,
        ..LossBatch::default()
    }
}

/// Forward, loss, backward, Adam.
pub(crate) fn train(size: Size, device: Device) -> Result<Repetition> {
    let device = device.autodiff();
    let mut network = network(size, &device)?;
    let config = TrainConfig::paper(SPEAKERS);
    let mut optimiser = Optimiser::new(&config.optimiser);
    let (features, speakers) = (features(size), speakers(size));
    let mut step = 0;
    Ok(Box::new(move || {
        let input = Tensor::from_data(features.clone(), &device);
        let mut dropout = DropoutStream::new(1, step);
        let logits = network.outputs(input, None, &mut Pass::training(&mut dropout))?;
        let loss = network.loss().loss(logits, &labels(&speakers))?.value;
        let (moved, _) = optimiser.step(network.clone(), &loss, config.optimiser.learning_rate);
        network = moved;
        step += 1;
        Ok(f64::from(loss.into_scalar::<f32>()))
    }))
}

/// Embeddings of one batch.
pub(crate) fn infer(size: Size, device: Device) -> Result<Repetition> {
    let encoder = network(size, &device)?.into_encoder().valid();
    let features = features(size);
    Ok(Box::new(move || {
        let input = Tensor::from_data(features.clone(), &device);
        let sum = encoder.forward(input, None, &mut Pass::inference())?.sum();
        Ok(f64::from(sum.into_scalar::<f32>()))
    }))
}
