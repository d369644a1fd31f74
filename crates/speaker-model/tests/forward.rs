//! Whole forward passes and their gradients against PyTorch; `golden/make_golden.py` says how weights and inputs are made.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;

use audio_features::{FeatureConfig, Features, FrontEnd};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use speaker_model::{
    Activation, Direction, DropoutStream, Embedder, EmbeddingModel, EncoderConfig, HeadConfig,
    InputConfig, KlHinge, KlHingeConfig, LinearConfig, Loss, LossBatch, LstmConfig, ModulePath,
    Pass, PoolingConfig, ProjectionConfig, Segmentation, SpeakerNetwork, TrunkConfig,
    UnitLengthConfig,
};

#[derive(Deserialize)]
struct Case {
    /// Dropout is off, so that training's forward pass is the golden one.
    config: GoldenConfig,
    head_gain: f64,
    frames: usize,
    lengths: Vec<usize>,
    pooled: Rows,
    first_dense: Rows,
    logits: Rows,
    loss: f32,
    gradients: BTreeMap<String, Gradient>,
}

/// The network as `make_golden.py` writes it down, in the words of bundles of format 1.
#[derive(Deserialize)]
struct GoldenConfig {
    num_bins: usize,
    embedding: String,
    encoder: GoldenEncoder,
    head: HeadConfig,
}

#[derive(Deserialize)]
struct GoldenEncoder {
    num_layers: usize,
    #[serde(default)]
    direction: Direction,
    hidden: usize,
    dropout: f64,
    pooling: String,
    input_scale: f64,
    centre_input: bool,
    input_cepstra: usize,
    whiten_cepstra: bool,
    dense: Option<UnitLengthConfig>,
}

impl GoldenConfig {
    fn takes_first_dense(&self) -> bool {
        self.embedding == "first_dense"
    }

    /// The first layer of the golden head is the encoder's projection where the embedding is taken there.
    fn encoder_and_loss(&self) -> (EncoderConfig, KlHingeConfig) {
        let encoder = &self.encoder;
        let mut head = self.head.clone();
        let projection = match (self.takes_first_dense(), &encoder.dense) {
            (true, _) => {
                assert_eq!(head.activation, Activation::Linear);
                ProjectionConfig::from(LinearConfig {
                    width: head.hidden.remove(0),
                    standardise: std::mem::take(&mut head.batch_norm),
                })
            }
            (false, Some(dense)) => ProjectionConfig::from(dense.clone()),
            (false, None) => ProjectionConfig::default(),
        };
        let pooling = format!("{{\"kind\": \"{}\"}}", encoder.pooling);
        let config = EncoderConfig {
            input: InputConfig {
                scale: encoder.input_scale,
                centre: encoder.centre_input,
                cepstra: encoder.input_cepstra,
                whiten: encoder.whiten_cepstra,
            },
            trunk: TrunkConfig::from(LstmConfig {
                num_layers: encoder.num_layers,
                direction: encoder.direction,
                hidden: encoder.hidden,
                dropout: encoder.dropout,
            }),
            pooling: serde_json::from_str::<PoolingConfig>(&pooling).unwrap(),
            projection,
        };
        (config, KlHingeConfig::with_head(head))
    }

    /// The golden name of a parameter.
    fn golden(&self, name: &str) -> String {
        let first = usize::from(self.takes_first_dense());
        if let Some(rest) = name.strip_prefix("encoder.projection.dense.") {
            return match first {
                1 => format!("head.layers.0.{rest}"),
                _ => format!("encoder.dense.{rest}"),
            };
        }
        if let Some(rest) = name.strip_prefix("loss.head.layers.") {
            let (layer, rest) = rest.split_once('.').unwrap();
            let layer: usize = layer.parse().unwrap();
            return format!("head.layers.{}.{rest}", layer + first);
        }
        name.replace("encoder.trunk.", "encoder.")
            .replace("encoder.input.", "encoder.")
    }
}

/// The first values of each row and the row's norm.
#[derive(Deserialize)]
struct Rows {
    first: Vec<Vec<f32>>,
    norms: Vec<f32>,
}

/// Values evenly spread over the row-major tensor, from its first to its last, and its norm.
#[derive(Deserialize)]
struct Gradient {
    spread: Vec<f32>,
    norm: f32,
}

impl Case {
    fn network(&self, device: &Device) -> SpeakerNetwork<KlHinge> {
        let (encoder, loss) = self.config.encoder_and_loss();
        let network =
            SpeakerNetwork::new(self.config.num_bins, 2, None, &encoder, &loss, 1, device).unwrap();
        let mut parameters = Parameters::default();
        network.visit(&mut parameters);
        let values: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
            .found
            .into_iter()
            .map(|(name, (shape, _))| {
                let golden = self.config.golden(&name);
                let gain = if golden.starts_with("head.") {
                    self.head_gain
                } else {
                    3.0
                };
                let scale = match shape[..] {
                    [rows, _] => gain / (rows as f64).sqrt(),
                    _ => 0.1,
                };
                let bytes = formula(&golden, &shape, scale)
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
        network.load(file.path()).unwrap()
    }

    fn input(&self) -> Vec<f32> {
        formula("input", &self.input_shape(), 1.0)
    }

    fn input_shape(&self) -> [usize; 3] {
        [self.frames, self.lengths.len(), self.config.num_bins]
    }

    /// The input as what it is made of: one recording after the other, without padding.
    fn recordings(&self) -> Vec<Features> {
        let (input, bins) = (self.input(), self.config.num_bins);
        let frame =
            |t: usize, item: usize| &input[(t * self.lengths.len() + item) * bins..][..bins];
        let recording = |(item, &length): (usize, &usize)| {
            let frames: Vec<&[f32]> = (0..length).map(|t| frame(t, item)).collect();
            Features::new(frames.concat(), bins)
        };
        self.lengths.iter().enumerate().map(recording).collect()
    }

    /// What the product makes of the recordings, before it is brought to unit length.
    fn embed(&self, network: SpeakerNetwork<KlHinge>, device: &Device) -> Vec<f32> {
        let presets = [FeatureConfig::kaldi(), FeatureConfig::librosa()];
        let features = presets
            .into_iter()
            .find(|preset| preset.num_bins == self.config.num_bins);
        let front_end = FrontEnd::new(features.unwrap(), None).unwrap();
        let (segmentation, recordings) = (Segmentation::Whole, self.recordings());
        let encoder = network.into_encoder();
        let embedder =
            Embedder::of_training(front_end, encoder, segmentation, false, &recordings, device)
                .unwrap()
                .without_scaling();
        embedder.embed_features(&recordings).unwrap().concat()
    }
}

/// Every parameter's shape and, where there are gradients, its gradient, by name.
#[derive(Default)]
struct Parameters<'a> {
    gradients: Option<&'a Gradients>,
    path: ModulePath,
    found: BTreeMap<String, (Vec<usize>, Option<Vec<f32>>)>,
}

impl ModuleVisitor for Parameters<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self
            .gradients
            .and_then(|gradients| param.val().grad(gradients))
            .map(|gradient| gradient.into_data().iter::<f32>().collect());
        self.found
            .insert(self.path.name(), (param.dims().to_vec(), gradient));
    }
}

/// As `golden/make_golden.py` says.
fn formula(name: &str, shape: &[usize], scale: f64) -> Vec<f32> {
    let start = crc32(name.as_bytes());
    (0..shape.iter().product::<usize>())
        .map(|k| {
            let mut x = (k as u32).wrapping_mul(0x9e37_79b1).wrapping_add(start);
            x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
            x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
            x ^= x >> 16;
            (scale * (f64::from(x) / f64::from(1_u32 << 31) - 1.0)) as f32
        })
        .collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// PyTorch's pass is in 64 bits, ours in 32: sums of up to 1,024 products, through twelve frames, two layers and up to
/// four dense layers, whose errors average out. 5e-6 of a row's norm is seven times what was found, and far below any
/// mistake.
const TOLERANCE: f32 = 5e-6;

/// A gradient's norm, and one value of it relative to the larger of itself and the tensor's root mean square. A value is
/// a difference of larger ones, sums over rows and frames that partly cancel. Both are ten times what was found.
const GRADIENT_NORM_TOLERANCE: f32 = 1e-5;
const GRADIENT_TOLERANCE: f32 = 2e-4;

fn compare(what: &str, found: &[f32], expected: &Rows) {
    let columns = found.len() / expected.norms.len();
    let rows = expected.first.iter().zip(&expected.norms);
    for (row, (values, (first, norm))) in found.chunks_exact(columns).zip(rows).enumerate() {
        for (found, expected) in values.iter().zip(first) {
            let error = (found - expected).abs() / norm.max(1.0);
            assert!(
                error < TOLERANCE,
                "{what} of row {row}: {found} {expected}, {error} of the norm"
            );
        }
        let found = length(values);
        assert!(
            (found / norm - 1.0).abs() < TOLERANCE,
            "{what} of row {row}: norm {found} {norm}"
        );
    }
}

fn length(values: &[f32]) -> f32 {
    let squares = values.iter().map(|&v| f64::from(v) * f64::from(v));
    squares.sum::<f64>().sqrt() as f32
}

fn compare_gradients(case: &Case, network: &SpeakerNetwork<KlHinge>, loss: &Tensor<1>) {
    let gradients = loss.backward();
    let mut parameters = Parameters {
        gradients: Some(&gradients),
        ..Parameters::default()
    };
    network.visit(&mut parameters);
    let found: BTreeMap<String, Option<Vec<f32>>> = parameters
        .found
        .into_iter()
        .map(|(name, (_, gradient))| (case.config.golden(&name), gradient))
        .collect();
    for (name, found) in &found {
        let Some(expected) = case.gradients.get(name) else {
            // The fixed map of the cepstra: data, which no step of training may change.
            assert!(name.starts_with("encoder.whitening."), "{name}");
            assert!(found.is_none(), "{name} has a gradient");
            continue;
        };
        let found = found.as_ref().unwrap();
        let scale = expected.norm / (found.len() as f32).sqrt();
        let last = expected.spread.len() - 1;
        for (k, &value) in expected.spread.iter().enumerate() {
            let found = found[k * (found.len() - 1) / last];
            let error = (found - value).abs() / scale.max(value.abs());
            assert!(
                error < GRADIENT_TOLERANCE,
                "gradient of {name}, value {k}: {found} {value}, {error} of its size"
            );
        }
        let norm = length(found);
        assert!(
            (norm / expected.norm - 1.0).abs() < GRADIENT_NORM_TOLERANCE,
            "gradient of {name}: norm {norm} {}",
            expected.norm
        );
    }
    let mut names = case.gradients.keys();
    assert!(names.all(|name| found.contains_key(name)));
}

fn check_against_pytorch(device: &Device) {
    let text = include_str!("golden/forward.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    for case in cases {
        let network = case.network(device);
        let equal = case.lengths.iter().all(|&n| n == case.frames);
        let lengths = (!equal).then_some(case.lengths.as_slice());
        let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let input = Tensor::from_data(TensorData::new(case.input(), case.input_shape()), device);
        let encoder = network.encoder();
        let inference = &mut Pass::inference();
        // What the script calls pooled has a projection to unit length behind it, where there is one.
        let pooled = match case.config.encoder.dense {
            Some(_) => encoder.forward(input.clone(), lengths, inference),
            None => encoder.pooled(input.clone(), lengths, inference),
        };
        compare("pooled states", &values(pooled.unwrap()), &case.pooled);
        let mut dropout = DropoutStream::new(1, 1);
        let training = &mut Pass::training(&mut dropout);
        let logits = network.outputs(input, lengths, training).unwrap();
        compare("logits", &values(logits.clone()), &case.logits);
        let labels: Vec<usize> = (0..case.lengths.len()).map(|i| i % 3).collect();
        let batch = LossBatch {
            labels: &labels,
            ..LossBatch::default()
        };
        let pairs = network.loss().loss(logits, &batch).unwrap();
        let loss = pairs.value.clone().into_scalar::<f32>();
        // A network whose outputs are alike whatever it hears has this loss too, and must not pass.
        let plateau = pairs.when_alike.unwrap();
        assert!((f64::from(case.loss) / plateau - 1.0).abs() > 0.1);
        assert!(
            (loss / case.loss - 1.0).abs() < TOLERANCE,
            "loss {loss} {}",
            case.loss
        );
        if device.is_autodiff() {
            compare_gradients(&case, &network, &pairs.value);
        }
        let embedded = case.embed(network, device);
        let expected = match case.config.takes_first_dense() {
            false => &case.pooled,
            true => &case.first_dense,
        };
        compare("embeddings", &embedded, expected);
    }
}

#[test]
fn forward_passes_equal_pytorch() {
    check_against_pytorch(&Device::flex());
}

#[test]
fn passes_and_gradients_equal_pytorch() {
    check_against_pytorch(&Device::flex().autodiff());
}

#[cfg(feature = "ndarray")]
#[test]
fn passes_of_ndarray_equal_pytorch() {
    check_against_pytorch(&Device::ndarray());
    check_against_pytorch(&Device::ndarray().autodiff());
}

#[cfg(feature = "tch")]
#[test]
fn passes_of_libtorch_equal_pytorch() {
    check_against_pytorch(&Device::libtorch());
    check_against_pytorch(&Device::libtorch().autodiff());
}

/// Parameter counts as method and papers give them, with one bias a gate.
#[test]
fn presets_have_the_published_numbers_of_parameters() {
    let device = Device::flex();
    let (encoder, loss) = (EncoderConfig::paper(), KlHingeConfig::paper(100));
    let paper = SpeakerNetwork::new(128, 2, None, &encoder, &loss, 1, &device).unwrap();
    assert_eq!(paper.num_params(), 3_426_992);
    // 1,611,520 with a slope for each of the last layer's 128 outputs, which is a softmax here.
    let (encoder, loss) = (EncoderConfig::question(), KlHingeConfig::question());
    let question = SpeakerNetwork::new(128, 2, None, &encoder, &loss, 1, &device).unwrap();
    assert_eq!(question.num_params(), 1_611_520 - 128);
}
