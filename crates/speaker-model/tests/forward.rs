//! Whole forward passes against PyTorch; `golden/make_golden.py` says how weights and inputs are made.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use speaker_model::{
    Activation, DropoutStream, EmbeddingLayer, EncoderConfig, HeadConfig, KlHingeConfig,
    ModelConfig, Pooling, SpeakerNetwork, all_pairs,
};

#[derive(Deserialize)]
struct Case {
    hidden: usize,
    widths: Vec<usize>,
    prelu: bool,
    pooling: Pooling,
    lengths: Vec<usize>,
    frames: usize,
    embedding: Vec<Vec<f32>>,
    embedding_norms: Vec<f32>,
    logits: Vec<Vec<f32>>,
    logit_norms: Vec<f32>,
    loss: f32,
}

impl Case {
    /// The case's network; dropout is off, so that training's forward pass is the golden one.
    fn config(&self) -> ModelConfig {
        let (last, hidden) = self.widths.split_last().unwrap();
        ModelConfig {
            num_bins: 128,
            embedding: EmbeddingLayer::Pooled,
            encoder: EncoderConfig {
                num_layers: 2,
                hidden: self.hidden,
                dropout: 0.0,
                pooling: self.pooling,
                input_scale: 1.0,
                centre_input: false,
                input_cepstra: 0,
                whiten_cepstra: false,
            },
            head: HeadConfig {
                hidden: hidden.to_vec(),
                activation: if self.prelu {
                    Activation::Prelu
                } else {
                    Activation::Linear
                },
                dropout: 0.0,
                batch_norm: false,
                num_outputs: *last,
            },
        }
    }

    /// Every parameter's name and shape.
    fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let mut parameters = Vec::new();
        for layer in 0..2 {
            let input = if layer == 0 { 128 } else { 2 * self.hidden };
            for direction in ["forward", "backward"] {
                let name = |part| format!("encoder.layers.{layer}.{direction}.{part}");
                parameters.push((name("input"), vec![input, 4 * self.hidden]));
                parameters.push((name("recurrent"), vec![self.hidden, 4 * self.hidden]));
                parameters.push((name("bias"), vec![4 * self.hidden]));
            }
        }
        let mut input = self.config().embedding_dim();
        for (layer, &width) in self.widths.iter().enumerate() {
            let name = |part| format!("head.layers.{layer}.{part}");
            parameters.push((name("weight"), vec![input, width]));
            parameters.push((name("bias"), vec![width]));
            if self.prelu && layer + 1 < self.widths.len() {
                parameters.push((name("slope"), vec![width]));
            }
            input = width;
        }
        parameters
    }

    fn network(&self, device: &Device) -> SpeakerNetwork {
        let values: Vec<(String, Vec<usize>, Vec<u8>)> = self
            .parameters()
            .into_iter()
            .map(|(name, shape)| {
                let bytes = formula(&name, &shape)
                    .into_iter()
                    .flat_map(f32::to_le_bytes)
                    .collect();
                (name, shape, bytes)
            })
            .collect();
        let views = values.iter().map(|(name, shape, bytes)| {
            (
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        safetensors::serialize_to_file(views, None, file.path()).unwrap();
        SpeakerNetwork::new(&self.config(), 1, device)
            .unwrap()
            .load(file.path())
            .unwrap()
    }

    fn input(&self, device: &Device) -> Tensor<3> {
        let shape = [self.frames, self.lengths.len(), 128];
        let values: Vec<f32> = (0..shape.iter().product::<usize>())
            .map(|k| (0.013 * k as f64 + 0.1).sin() as f32)
            .collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

fn formula(name: &str, shape: &[usize]) -> Vec<f32> {
    let scale = if shape.len() == 2 {
        1.0 / (shape[0] as f64).sqrt()
    } else {
        0.1
    };
    let phase = f64::from(crc32(name.as_bytes()) % 1000);
    (0..shape.iter().product::<usize>())
        .map(|k| (scale * (0.7 * k as f64 + phase).sin()) as f32)
        .collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// PyTorch's pass is in 64 bits, ours in 32: sums of up to 512 products through twelve frames, two layers and
/// up to four dense layers, whose weights, being a formula, add errors up instead of averaging them. 2e-5 of a row's
/// norm is ten times what was found and far below any mistake.
const TOLERANCE: f32 = 2e-5;

fn compare(what: &str, found: &Tensor<2>, first: &[Vec<f32>], norms: &[f32]) {
    let [rows, columns] = found.dims();
    let values: Vec<f32> = found.to_data().iter::<f32>().collect();
    for row in 0..rows {
        let row_values = &values[row * columns..(row + 1) * columns];
        for (found, expected) in row_values.iter().zip(&first[row]) {
            let error = (found - expected).abs() / norms[row].max(1.0);
            assert!(
                error < TOLERANCE,
                "{what} of row {row}: {found} {expected}, {error} of the norm"
            );
        }
        let norm = row_values.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!(
            (norm / norms[row] - 1.0).abs() < TOLERANCE,
            "{what} norm {norm} {}",
            norms[row]
        );
    }
}

fn check_against_pytorch(device: &Device) {
    let text = include_str!("golden/forward.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    for case in cases {
        let network = case.network(device);
        let equal = case.lengths.iter().all(|&n| n == case.frames);
        let lengths = (!equal).then_some(case.lengths.as_slice());
        let embedding = network.encoder.forward(case.input(device), lengths, None);
        compare(
            "embedding",
            &embedding,
            &case.embedding,
            &case.embedding_norms,
        );
        let logits = network.logits(case.input(device), lengths, &mut DropoutStream::new(1, 1));
        compare("logits", &logits, &case.logits, &case.logit_norms);
        let speakers: Vec<usize> = (0..case.lengths.len()).map(|i| i % 2).collect();
        let loss = all_pairs(logits, &speakers, &KlHingeConfig::default())
            .unwrap()
            .loss;
        let loss = loss.into_scalar::<f32>();
        assert!(
            (loss - case.loss).abs() < 1e-4 * case.loss.max(1.0),
            "loss {loss} {}",
            case.loss
        );
    }
}

#[test]
fn forward_passes_equal_pytorch() {
    check_against_pytorch(&Device::flex());
}

#[test]
fn forward_passes_that_are_differentiated_equal_pytorch() {
    check_against_pytorch(&Device::flex().autodiff());
}

#[cfg(feature = "ndarray")]
#[test]
fn forward_passes_of_ndarray_equal_pytorch() {
    check_against_pytorch(&Device::ndarray());
}

#[cfg(feature = "tch")]
#[test]
fn forward_passes_of_libtorch_equal_pytorch() {
    check_against_pytorch(&Device::libtorch());
}

/// Parameter counts as method and papers give them, with one bias a gate.
#[test]
fn presets_have_the_published_numbers_of_parameters() {
    let device = Device::flex();
    let paper = SpeakerNetwork::new(&ModelConfig::paper(128, 100), 1, &device).unwrap();
    assert_eq!(paper.num_params(), 3_426_992);
    // 1,611,520 with a slope for each of the last layer's 128 outputs, which is a softmax here.
    let question = SpeakerNetwork::new(&ModelConfig::question(128), 1, &device).unwrap();
    assert_eq!(question.num_params(), 1_611_520 - 128);
}
