//! Networks that others publish, with random weights, as they are embedded with: on our own kernels, and as an ONNX graph.

use std::path::Path;

use anyhow::{Context, Result};
use audio_features::{FeatureConfig, Features, FrontEnd, Normalisation};
use burn::tensor::Device;
use clap::ValueEnum;
use onnx_graph::{Graph, Limits};
use speaker_model::{
    AttentiveConfig, Bundle, CamBlock, CamPlusPlusConfig, Deviation, EcapaConfig, Embedder,
    EmbeddingModel, Encoder, EncoderConfig, FramePadding, Initialiser, InputConfig, KeptGroup,
    LinearConfig, MeanDeviationConfig, OnnxModel, Origin, PoolingConfig, ResNetConfig,
    Segmentation, TdnnConfig, TdnnLayer,
};

use crate::{Repetition, uniform};

/// Bands of a feature frame.
const NUM_BINS: usize = 80;

/// A network and the layout in which it is published.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Model {
    /// ECAPA-TDNN of 512 channels, WeSpeaker's with global context.
    #[value(name = "ecapa-512")]
    Ecapa512,
    /// CAM++, 3D-Speaker's.
    CamPlusPlus,
    /// `ResNet34`, WeSpeaker's.
    #[value(name = "resnet34")]
    ResNet34,
    /// The x-vector's time-delay network, WeSpeaker's.
    XVector,
}

impl Model {
    fn encoder(self) -> EncoderConfig {
        let (trunk, pooling, width) = match self {
            Self::Ecapa512 => (ecapa().into(), attention().into(), 192),
            Self::CamPlusPlus => (cam_plus_plus().into(), statistics(Deviation::Sample), 192),
            Self::ResNet34 => (res_net().into(), statistics(Deviation::SampleRaised), 256),
            Self::XVector => (x_vector().into(), statistics(Deviation::SampleRaised), 512),
        };
        EncoderConfig {
            input: InputConfig::default(),
            trunk,
            pooling,
            projection: LinearConfig {
                width,
                standardise: false,
            }
            .into(),
        }
    }

    fn bundle(self, device: &Device) -> Result<Bundle> {
        let features = FeatureConfig {
            num_bins: NUM_BINS,
            normalisation: Normalisation::None,
            ..FeatureConfig::kaldi()
        };
        let front_end = FrontEnd::new(features, None)?;
        let mut initialiser = Initialiser::seeded(1, device);
        let encoder = Encoder::new(NUM_BINS, &self.encoder(), &mut initialiser)?;
        let embedder = Embedder::new(front_end, encoder, Segmentation::Whole, None, device)?;
        Ok(Bundle::new(embedder, Origin::default()))
    }
}

fn ecapa() -> EcapaConfig {
    EcapaConfig {
        channels: 512,
        output: 1536,
        entry_kernel: 5,
        kernel: 3,
        dilations: vec![2, 3, 4],
        scale: 8,
        squeezed: 128,
        kept: KeptGroup::Last,
        padding: FramePadding::Zeros,
        output_norm: false,
    }
}

fn attention() -> AttentiveConfig {
    AttentiveConfig {
        width: 128,
        context: true,
        norm: false,
    }
}

fn statistics(deviation: Deviation) -> PoolingConfig {
    MeanDeviationConfig { deviation }.into()
}

fn cam_plus_plus() -> CamPlusPlusConfig {
    let block = |layers, dilation| CamBlock {
        layers,
        kernel: 3,
        dilation,
    };
    CamPlusPlusConfig {
        image_channels: 32,
        image_blocks: 2,
        channels: 128,
        growth: 32,
        bottleneck: 128,
        blocks: vec![block(12, 1), block(24, 2), block(16, 2)],
    }
}

fn res_net() -> ResNetConfig {
    ResNetConfig {
        channels: 32,
        blocks: vec![3, 4, 6, 3],
    }
}

fn x_vector() -> TdnnConfig {
    let layer = |channels, kernel, dilation| TdnnLayer {
        channels,
        kernel,
        dilation,
    };
    TdnnConfig {
        layers: vec![
            layer(512, 5, 1),
            layer(512, 3, 2),
            layer(512, 3, 3),
            layer(512, 1, 1),
            layer(1500, 1, 1),
        ],
        padding: FramePadding::None,
        rectifier: speaker_model::Rectifier::Plain,
    }
}

fn features(frames: usize) -> Vec<f32> {
    let values = uniform().take(frames * NUM_BINS);
    values.map(|value| 4.0 * value - 2.0).collect()
}

/// What all contenders should share: the sum of the embedding's lengths along its axes.
fn check(embedding: &[f32]) -> f64 {
    embedding.iter().map(|&value| f64::from(value.abs())).sum()
}

/// The embedding of one segment on our own kernels.
pub(crate) fn embed(model: Model, frames: usize, device: &Device) -> Result<Repetition> {
    let embedder = model.bundle(device)?.into_embedder();
    let recording = [Features::new(features(frames), NUM_BINS)];
    Ok(Box::new(move || {
        let embeddings = embedder.embed_features(&recording)?;
        Ok(check(embeddings.first().context("no embedding")?))
    }))
}

/// The same by the graph in `file`, which [`write()`] made, in the runtime of ours.
pub(crate) fn graph(file: &Path, frames: usize) -> Result<Repetition> {
    let graph = Graph::load(std::fs::read(file)?, &Limits::default())?;
    let features = features(frames);
    Ok(Box::new(move || Ok(check(&graph.run(&features, frames)?))))
}

/// Writes the network as an ONNX file, and the features of one segment as 32-bit floats beside it, for peers.
pub(crate) fn write(model: Model, frames: usize, file: &Path, device: &Device) -> Result<()> {
    let bytes = OnnxModel::of(&model.bundle(device)?)?.bytes;
    std::fs::write(file, bytes)?;
    let features: Vec<u8> = features(frames)
        .into_iter()
        .flat_map(f32::to_le_bytes)
        .collect();
    std::fs::write(file.with_extension("f32"), features)
        .with_context(|| format!("cannot write beside {}", file.display()))
}
