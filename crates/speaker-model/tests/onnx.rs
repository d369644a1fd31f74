//! A model that is written as an ONNX file gives the embeddings of the bundle: in onnxruntime and in rten, every trunk with every
//! pooling, for 1 to 1,000 frames.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;

use audio_features::{
    Compression, FeatureConfig, Features, FrontEnd, Normalisation, SpeechActivityConfig,
};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use onnx_graph::{Graph, GraphInfo, Limits};
use serde_json::Value;
use speaker_model::{
    Activation, AdaptedFrom, AttentiveConfig, Bundle, Deviation, Direction, EcapaConfig, Embedder,
    EmbeddingModel, Encoder, EncoderConfig, FramePadding, Initialiser, InputConfig, KeptGroup,
    LinearConfig, LstmConfig, MeanConfig, MeanDeviationConfig, ModelError, ModulePath,
    MultiHeadConfig, OnnxModel, Origin, PoolingConfig, ProjectionConfig, Rectifier,
    ResidualTdnnConfig, Segmentation, TdnnConfig, TdnnLayer, TrunkConfig, UnitLengthConfig,
};
use speaker_scoring::{AdaptationMap, MapChoice};

const BINS: usize = 8;
/// Around the 100 frames that CAM++ looks at together, of which it makes half as many, and the 1,000 that are one segment at most.
const LENGTHS: [usize; 14] = [1, 2, 3, 7, 40, 99, 100, 101, 199, 200, 201, 298, 402, 1000];

/// Numbers between 0 and 1.
fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        })
        .collect()
}

/// Makes every parameter one that could have been trained: no shift is zero, no scale one; variances stay positive.
#[derive(Default)]
struct Shaken {
    seed: u64,
    path: ModulePath,
}

impl ModuleMapper for Shaken {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.seed += 1;
        let is_variance = self.path.name().ends_with("variance");
        let shape = param.dims();
        param.map(|tensor| {
            let device = tensor.device();
            let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
            let noise = noise(self.seed, values.len());
            let shaken = values
                .iter()
                .zip(noise)
                .map(|(value, noise)| match is_variance {
                    true => value * (0.2 + noise),
                    false => value + 0.6 * (noise - 0.5),
                });
            let shaken = TensorData::new(shaken.collect::<Vec<f32>>(), shape);
            Tensor::from_data(shaken, &device)
        })
    }
}

fn features(normalisation: Normalisation) -> FeatureConfig {
    FeatureConfig {
        num_bins: BINS,
        normalisation,
        ..FeatureConfig::kaldi()
    }
}

/// A bundle with random weights; its embeddings are centred.
fn bundle_of(features: FeatureConfig, encoder: &EncoderConfig) -> Bundle {
    let device = speaker_model::device("flex").unwrap();
    let mean = (features.normalisation == Normalisation::GlobalMean)
        .then(|| noise(5, BINS).iter().map(|v| 10.0 * v).collect());
    let mut initialiser = Initialiser::seeded(3, &device);
    let encoder = Encoder::new(features.num_bins, encoder, &mut initialiser).unwrap();
    let encoder = encoder.map(&mut Shaken::default());
    let front_end = FrontEnd::new(features, mean).unwrap();
    let centre = noise(7, encoder.embedding_dim());
    let centre = centre.into_iter().map(|v| 0.1 * v).collect();
    let segmentation = Segmentation::Whole;
    let embedder = Embedder::new(front_end, encoder, segmentation, Some(centre), &device);
    Bundle::new(embedder.unwrap(), Origin::default())
}

fn config(
    trunk: impl Into<TrunkConfig>,
    pooling: impl Into<PoolingConfig>,
    projection: impl Into<ProjectionConfig>,
) -> EncoderConfig {
    EncoderConfig {
        input: InputConfig::default(),
        trunk: trunk.into(),
        pooling: pooling.into(),
        projection: projection.into(),
    }
}

/// Poolings, with every setting that changes what they compute.
fn poolings() -> Vec<(String, PoolingConfig)> {
    let mut all: Vec<(String, PoolingConfig)> = PoolingConfig::examples()
        .into_iter()
        .enumerate()
        .map(|(index, pooling)| (format!("pooling{index}"), pooling))
        .collect();
    for (name, deviation) in [
        ("sample", Deviation::Sample),
        ("raised", Deviation::SampleRaised),
    ] {
        all.push((name.to_owned(), MeanDeviationConfig { deviation }.into()));
    }
    for (name, context, norm) in [("heard", true, true), ("unheard", false, false)] {
        let width = 3;
        let pooling = AttentiveConfig {
            width,
            context,
            norm,
        };
        all.push((name.to_owned(), pooling.into()));
    }
    all
}

/// Trunks, likewise.
fn trunks() -> Vec<(String, TrunkConfig)> {
    let mut all: Vec<(String, TrunkConfig)> = TrunkConfig::examples()
        .into_iter()
        .enumerate()
        .map(|(index, trunk)| (format!("trunk{index}"), trunk))
        .collect();
    let forward = LstmConfig {
        num_layers: 1,
        direction: Direction::Forward,
        hidden: 5,
        dropout: 0.5,
    };
    all.push(("forward".to_owned(), forward.into()));
    let ecapa = EcapaConfig {
        channels: 8,
        output: 6,
        entry_kernel: 5,
        kernel: 3,
        dilations: vec![2, 3],
        scale: 4,
        squeezed: 3,
        kept: KeptGroup::Last,
        padding: FramePadding::Reflect,
        output_norm: false,
    };
    all.push(("ecapa_reflect".to_owned(), ecapa.into()));
    let layer = |kernel, dilation| TdnnLayer {
        channels: 5,
        kernel,
        dilation,
    };
    let tdnn = TdnnConfig {
        layers: vec![layer(5, 1), layer(3, 3), layer(1, 1)],
        padding: FramePadding::None,
        rectifier: Rectifier::Leaky,
    };
    all.push(("tdnn_shrinking".to_owned(), tdnn.into()));
    all
}

/// Bundles of every kind, with their names.
fn bundles() -> Vec<(String, Bundle)> {
    let mut all = Vec::new();
    let plain = ProjectionConfig::default;
    for (trunk_name, trunk) in trunks() {
        for (name, pooling) in poolings() {
            let encoder = config(trunk.clone(), pooling, plain());
            let features = features(Normalisation::Utterance);
            all.push((
                format!("{trunk_name}_{name}"),
                bundle_of(features, &encoder),
            ));
        }
    }
    let tdnn = || TrunkConfig::examples().remove(4);
    let unit = |activation| UnitLengthConfig {
        width: 4,
        activation,
    };
    let linear = LinearConfig {
        width: 4,
        standardise: false,
    };
    for (name, projection) in [
        ("linear", linear.into()),
        ("unit", unit(Activation::Linear).into()),
        ("relu", unit(Activation::Relu).into()),
        ("prelu", ProjectionConfig::from(unit(Activation::Prelu))),
    ] {
        let encoder = config(tdnn(), MeanConfig {}, projection);
        let features = features(Normalisation::UtteranceDeviation);
        all.push((format!("projection_{name}"), bundle_of(features, &encoder)));
    }
    // Channels of a head are more than one, and heads as well.
    let heads = MultiHeadConfig { heads: 3 };
    let six = ResidualTdnnConfig {
        channels: 5,
        output: 6,
        entry_kernel: 5,
        stride: 2,
        kernel: 3,
        dilations: vec![1, 3],
    };
    let encoder = config(six, heads, plain());
    let several = bundle_of(features(Normalisation::Utterance), &encoder);
    all.push(("three_heads".to_owned(), several));
    for (centre, cepstra, whiten) in [(true, 0, false), (false, 3, false), (true, 8, true)] {
        for normalisation in [Normalisation::None, Normalisation::GlobalMean] {
            let encoder = EncoderConfig {
                input: InputConfig {
                    scale: 0.33,
                    centre,
                    cepstra,
                    whiten,
                },
                ..config(
                    LstmConfig {
                        num_layers: 1,
                        direction: Direction::Bidirectional,
                        hidden: 4,
                        dropout: 0.0,
                    },
                    MeanConfig {},
                    linear_of(6),
                )
            };
            let name = format!("input_{centre}_{cepstra}_{whiten}_{normalisation:?}");
            all.push((name, bundle_of(features(normalisation), &encoder)));
        }
    }
    let decibels = FeatureConfig {
        compression: Compression::Decibel,
        top_db: Some(12.0),
        ..features(Normalisation::UtteranceDeviation)
    };
    let encoder = config(tdnn(), MeanConfig {}, plain());
    all.push(("top_db".to_owned(), bundle_of(decibels, &encoder)));
    let plain = bundle_of(features(Normalisation::Utterance), &encoder);
    all.push(("adapted".to_owned(), adapted(adapted(plain))));
    all
}

/// The bundle behind a map without symmetry.
fn adapted(bundle: Bundle) -> Bundle {
    let dim = bundle.config().embedding_dim();
    let map = AdaptationMap {
        matrix: noise(21, dim * dim).iter().map(|v| v - 0.4).collect(),
        offset: noise(22, dim).iter().map(|v| 0.2 * v).collect(),
    };
    let from = AdaptedFrom {
        bundle: String::new(),
        data: "mine".to_owned(),
        data_hash: String::new(),
        num_speakers: 9,
        num_recordings: 31,
        num_sessions_beyond: 0,
        num_copies: 0,
        seed: 0,
        centred: false,
        map: MapChoice::IDENTITY,
    };
    bundle.adapted(&map, from).unwrap()
}

fn linear_of(width: usize) -> LinearConfig {
    LinearConfig {
        width,
        standardise: false,
    }
}

/// Features as they come out of the first half of a front end: levels, not offsets.
fn raw(frames: usize) -> Vec<f32> {
    let values = noise(11 + frames as u64, frames * BINS);
    values.iter().map(|v| 4.0 + 9.0 * v).collect()
}

fn embedding(bundle: &Bundle, raw: &[f32]) -> Result<Vec<f32>, ModelError> {
    let mut features = Features::new(raw.to_vec(), BINS);
    bundle.embedder().front_end().finish(&mut features);
    Ok(bundle.embedder().embed_features(&[features])?.remove(0))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    };
    assert_eq!(a.len(), b.len());
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn about(bytes: &[u8]) -> (Value, BTreeMap<String, String>) {
    let info = GraphInfo::read(bytes, &Limits::default()).unwrap();
    let all: BTreeMap<String, String> = info.metadata.into_iter().collect();
    (serde_json::from_str(&all["siamang"]).unwrap(), all)
}

#[test]
fn every_encoder_runs_in_rten_and_in_onnxruntime_as_it_does_here() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: String, values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(folder.path().join(name), bytes).unwrap();
    };
    let bundles = bundles();
    let mut worst = 1.0_f64;
    let mut near_constant = Vec::new();
    for (name, bundle) in &bundles {
        let mut first: Option<Vec<f32>> = None;
        let mut least_alike = 1.0_f64;
        let model = OnnxModel::of(bundle).unwrap();
        let graph = Graph::load(model.bytes.clone(), &Limits::default()).unwrap();
        for frames in LENGTHS {
            let raw = raw(frames);
            let Ok(expected) = embedding(bundle, &raw) else {
                assert!(frames < model.about.least_frames, "{name} {frames}");
                continue;
            };
            assert!(frames >= model.about.least_frames, "{name} {frames}");
            let found = graph.run(&raw, frames).unwrap();
            let alike = cosine(&found, &expected);
            assert!(alike > 0.999_999, "{name} {frames}: {alike}");
            worst = worst.min(alike);
            least_alike = least_alike.min(cosine(first.get_or_insert(found), &expected));
            write(format!("{name}.{frames}.in.f32"), &raw);
            write(format!("{name}.{frames}.out.f32"), &expected);
        }
        std::fs::write(folder.path().join(format!("{name}.onnx")), model.bytes).unwrap();
        if least_alike > 0.999 {
            near_constant.push((name, least_alike));
        }
    }
    // What hardly depends on the features would prove nothing.
    assert!(near_constant.is_empty(), "{near_constant:?}");
    println!(
        "rten: {} networks, 1 - cosine {:.1e}",
        bundles.len(),
        1.0 - worst
    );
    let Some(mut python) = testing::python("onnx, onnxruntime, numpy") else {
        return;
    };
    let script = testing::repository().join("tests/onnx_files.py");
    let output = python.arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.lines().count(), bundles.len(), "{said}");
}

#[test]
fn the_file_says_the_whole_front_end_and_what_is_in_the_graph() {
    let mut features = features(Normalisation::Utterance);
    features.speech_activity = Some(SpeechActivityConfig::default());
    let encoder = config(
        TrunkConfig::examples().remove(4),
        MeanConfig {},
        linear_of(3),
    );
    let bundle = adapted(bundle_of(features.clone(), &encoder));
    let (about, all) = about(&OnnxModel::of(&bundle).unwrap().bytes);
    // What TOML leaves out stands there, too: nothing has to be guessed.
    let mut constants = about["front_end"].clone();
    assert_eq!(constants["preemphasis_over"], "frame");
    assert!(constants["top_db"].is_null() && constants["relative_level"].is_null());
    let fields = constants.as_object_mut().unwrap();
    fields.retain(|_, value| !value.is_null());
    let read: FeatureConfig = serde_json::from_value(constants).unwrap();
    assert_eq!(read, features);
    let list = |key: &str| -> Vec<String> { serde_json::from_value(about[key].clone()).unwrap() };
    assert_eq!(list("before_the_graph"), ["log_mel", "speech_activity"]);
    assert_eq!(
        list("in_the_graph"),
        [
            "normalisation by the recording's mean",
            "encoder",
            "adaptation",
            "centre",
            "unit_length"
        ]
    );
    assert_eq!(about["adapted"][0]["num_recordings"], 31);
    assert_eq!(about["sample_rate_hz"], 16_000);
    assert_eq!(about["input"]["axes"][2], "8");
    assert_eq!(about["longest_in_one_piece"], 1000);
    assert!(
        about["equality"]
            .as_str()
            .unwrap()
            .contains("up to 1000 frames (10 s)")
    );
    // Eight bands, and frames that are dropped: sherpa-onnx would feed it wrongly, and must not take it for one of its own.
    assert_eq!(about["sherpa_onnx"]["feeds_it_rightly"], false);
    assert_eq!(all.len(), 1, "{all:?}");
}

#[test]
fn keys_of_sherpa_are_in_files_that_its_front_end_can_feed() {
    let encoder = config(
        TrunkConfig::examples().remove(4),
        MeanConfig {},
        linear_of(3),
    );
    let with_sherpas = |change: fn(&mut FeatureConfig)| {
        let mut features = FeatureConfig::sherpa();
        change(&mut features);
        let (about, all) = about(&OnnxModel::of(&bundle_of(features, &encoder)).unwrap().bytes);
        let differences = about["sherpa_onnx"]["differences"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(all.contains_key("framework"), differences == 0, "{all:?}");
        (differences, all)
    };
    let (differences, all) = with_sherpas(|_| {});
    assert_eq!((differences, all["normalize_samples"].as_str()), (0, "0"));
    assert_eq!(
        (all["output_dim"].as_str(), all["sample_rate"].as_str()),
        ("3", "16000")
    );
    // Whatever the normalisation: it is in the graph.
    let (differences, all) = with_sherpas(|features| {
        features.normalisation = Normalisation::UtteranceDeviation;
        features.sample_scale = 1.0;
    });
    assert_eq!((differences, all["normalize_samples"].as_str()), (0, "1"));
    assert!(!all.contains_key("feature_normalize_type"));
    assert_eq!(
        with_sherpas(|features| *features = FeatureConfig::kaldi()).0,
        2
    );
    assert_eq!(
        with_sherpas(|features| *features = FeatureConfig::wespeaker()).0,
        3
    );
    assert_eq!(with_sherpas(|features| features.preemphasis = 0.96).0, 1);
}
