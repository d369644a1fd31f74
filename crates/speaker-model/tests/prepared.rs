//! Convolutional encoders as an embedder runs them, their weights packed, against the same encoders as they are trained.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use audio_features::{FeatureConfig, Features, FrontEnd};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use speaker_model::{
    Activation, AttentiveConfig, CamBlock, CamPlusPlusConfig, Deviation, EcapaConfig, Embedder,
    EmbeddingModel, Encoder, EncoderConfig, FramePadding, Initialiser, InputConfig, KeptGroup,
    LastStateConfig, LinearConfig, MeanConfig, MeanDeviationConfig, ModulePath, MultiHeadConfig,
    Pass, PoolingConfig, ProjectionConfig, Rectifier, ResNetConfig, ResidualTdnnConfig,
    Segmentation, TdnnConfig, TdnnLayer, TrunkConfig, UnitLengthConfig,
};

const BINS: usize = 24;

/// Numbers of batch norms and biases as a training might leave them; weights stay as they are drawn.
struct Trained {
    path: ModulePath,
    random: ChaCha8Rng,
}

impl ModuleMapper for Trained {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let (centre, spread) = match name.rsplit('.').next().unwrap() {
            "scale" | "variance" => (1.0, 0.6),
            "shift" | "mean" | "bias" => (0.0, 0.4),
            _ => return param,
        };
        param.map(|old| {
            let count = old.shape().num_elements();
            let values: Vec<f32> = (0..count)
                .map(|_| centre + spread * self.random.random_range(-1.0..1.0))
                .collect();
            Tensor::from_data(TensorData::new(values, old.shape()), &old.device())
        })
    }
}

fn encoder(config: &EncoderConfig) -> Encoder {
    let device = Device::flex();
    let encoder = Encoder::new(BINS, config, &mut Initialiser::seeded(3, &device)).unwrap();
    encoder.map(&mut Trained {
        path: ModulePath::default(),
        random: ChaCha8Rng::seed_from_u64(5),
    })
}

fn embedder(encoder: Encoder) -> Embedder {
    let features = FeatureConfig {
        num_bins: BINS,
        ..FeatureConfig::kaldi()
    };
    let front_end = FrontEnd::new(features, None).unwrap();
    let whole = Segmentation::UpTo(usize::MAX);
    let embedder = Embedder::new(front_end, encoder, whole, None, &Device::flex()).unwrap();
    embedder.without_scaling()
}

fn recording(frames: usize) -> Features {
    let mut random = ChaCha8Rng::seed_from_u64(frames as u64);
    let values = (0..frames * BINS).map(|_| random.random_range(-2.0..2.0));
    Features::new(values.collect(), BINS)
}

/// Alone through Burn's operations.
fn composed(encoder: &Encoder, recording: &Features) -> Result<Vec<f32>, String> {
    let shape = [recording.num_frames(), 1, BINS];
    let data = TensorData::new(recording.data().to_vec(), shape);
    let features = Tensor::from_data(data, &Device::flex());
    let output = encoder.forward(features, None, &mut Pass::inference());
    let output = output.map_err(|error| error.to_string())?;
    Ok(output.into_data().iter::<f32>().collect())
}

fn with(trunk: impl Into<TrunkConfig>, pooling: impl Into<PoolingConfig>) -> EncoderConfig {
    EncoderConfig {
        input: InputConfig::default(),
        trunk: trunk.into(),
        pooling: pooling.into(),
        projection: ProjectionConfig::default(),
    }
}

fn tdnn(padding: FramePadding) -> TdnnConfig {
    let layer = |channels, kernel, dilation| TdnnLayer {
        channels,
        kernel,
        dilation,
    };
    TdnnConfig {
        layers: vec![
            layer(32, 5, 1),
            layer(40, 3, 2),
            layer(17, 3, 3),
            layer(33, 1, 1),
        ],
        padding,
        // As SpeechBrain has it.
        rectifier: match padding {
            FramePadding::Reflect => Rectifier::Leaky,
            _ => Rectifier::Plain,
        },
    }
}

fn ecapa(kept: KeptGroup, padding: FramePadding, output_norm: bool) -> EcapaConfig {
    EcapaConfig {
        channels: 40,
        output: 72,
        entry_kernel: 5,
        kernel: 3,
        dilations: vec![2, 3, 4],
        scale: 5,
        squeezed: 12,
        kept,
        padding,
        output_norm,
    }
}

fn res_net(blocks: &[usize]) -> ResNetConfig {
    ResNetConfig {
        channels: 8,
        blocks: blocks.to_vec(),
    }
}

fn residual(stride: usize, dilations: &[usize]) -> ResidualTdnnConfig {
    ResidualTdnnConfig {
        channels: 40,
        output: 72,
        entry_kernel: 5,
        stride,
        kernel: 3,
        dilations: dilations.to_vec(),
    }
}

fn cam(image_channels: usize, growth: usize) -> CamPlusPlusConfig {
    let block = |layers, dilation| CamBlock {
        layers,
        kernel: 3,
        dilation,
    };
    CamPlusPlusConfig {
        image_channels,
        image_blocks: 2,
        channels: 48,
        growth,
        bottleneck: 24,
        blocks: vec![block(3, 1), block(5, 2), block(2, 2)],
    }
}

fn statistics(deviation: Deviation) -> MeanDeviationConfig {
    MeanDeviationConfig { deviation }
}

fn attention(context: bool, norm: bool) -> AttentiveConfig {
    AttentiveConfig {
        width: 20,
        context,
        norm,
    }
}

/// Every trunk and every pooling that has a form of its own for inference.
fn configurations() -> Vec<EncoderConfig> {
    use FramePadding::{None, Reflect, Zeros};
    let mut all = vec![
        with(tdnn(None), statistics(Deviation::Population)),
        with(tdnn(Zeros), statistics(Deviation::Sample)),
        with(tdnn(Reflect), MeanConfig {}),
        with(tdnn(Zeros), LastStateConfig {}),
        with(tdnn(Reflect), attention(false, true)),
        with(ecapa(KeptGroup::Last, Zeros, false), attention(true, false)),
        with(
            ecapa(KeptGroup::Last, Zeros, false),
            attention(false, false),
        ),
        with(
            ecapa(KeptGroup::First, Reflect, true),
            attention(true, true),
        ),
        with(res_net(&[2, 1, 2]), statistics(Deviation::SampleRaised)),
        with(res_net(&[1, 1]), attention(true, false)),
        with(tdnn(Zeros), MultiHeadConfig { heads: 3 }),
        with(res_net(&[1]), MultiHeadConfig { heads: 4 }),
        with(res_net(&[1]), MeanConfig {}),
        with(residual(1, &[1, 2, 3]), statistics(Deviation::Sample)),
        with(residual(2, &[2, 3]), attention(true, true)),
        with(cam(8, 16), statistics(Deviation::Sample)),
        with(cam(3, 5), LastStateConfig {}),
        with(
            CamPlusPlusConfig {
                image_blocks: 1,
                ..cam(4, 8)
            },
            MeanConfig {},
        ),
    ];
    // What stands before the trunk and behind the pooling.
    let mut treated = with(tdnn(Zeros), MeanConfig {});
    treated.input = InputConfig {
        scale: 0.5,
        centre: true,
        cepstra: 3,
        whiten: true,
    };
    treated.projection = ProjectionConfig::from(UnitLengthConfig {
        width: 7,
        activation: Activation::Prelu,
    });
    all.push(treated);
    let mut projected = with(cam(2, 4), statistics(Deviation::Population));
    projected.projection = ProjectionConfig::from(LinearConfig {
        width: 9,
        standardise: false,
    });
    all.push(projected);
    all
}

#[test]
fn kernels_of_ours_give_the_embeddings_of_burn_s_operations() {
    let lengths = [1, 2, 3, 9, 13, 14, 40, 100, 101, 257, 410];
    for config in configurations() {
        let encoder = encoder(&config);
        let embedder = embedder(encoder.clone());
        let recordings = lengths.map(recording);
        let (mut fitting, mut expected) = (Vec::new(), Vec::new());
        for recording in recordings {
            let frames = recording.num_frames();
            match composed(&encoder, &recording) {
                Ok(embedding) => {
                    fitting.push(recording);
                    expected.push(embedding);
                }
                // What is too short for one is too short for the other, for the same reason.
                Err(reason) => {
                    let found = embedder.embed_features(&[recording]).unwrap_err();
                    assert_eq!(found.to_string(), reason, "{frames} frames, {config:?}");
                }
            }
        }
        assert!(fitting.len() >= 5, "{config:?}");
        // All at once: neighbours of other lengths change nothing.
        let found = embedder.embed_features(&fitting).unwrap();
        for ((found, expected), recording) in found.iter().zip(&expected).zip(&fitting) {
            let place = format!("{} frames, {config:?}", recording.num_frames());
            assert_eq!(found.len(), expected.len(), "{place}");
            assert!(found.iter().all(|value| value.is_finite()), "{place}");
            let largest = expected.iter().fold(0f32, |most, v| most.max(v.abs()));
            for (found, expected) in found.iter().zip(expected) {
                let error = (found - expected).abs();
                assert!(
                    error <= 1e-4 * largest,
                    "{place}: {found} {expected} of {largest}"
                );
            }
            let cosine = cosine(found, expected);
            assert!(cosine > 0.999_999, "{place}: {cosine}");
        }
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn threads_and_neighbours_change_no_bit() {
    for config in configurations() {
        let embedder = embedder(encoder(&config));
        let recordings: Vec<Features> = [30, 21, 210, 33, 30].map(recording).into();
        let on = |threads: usize, recordings: &[Features]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| embedder.embed_features(recordings).unwrap())
        };
        let together = on(2, &recordings);
        assert_eq!(together, on(1, &recordings), "{config:?}");
        for (recording, together) in recordings.iter().zip(&together) {
            let alone = on(2, std::slice::from_ref(recording));
            assert_eq!(&alone[0], together, "{config:?}");
        }
    }
}

/// Frames at both ends are seen, and none beyond: an encoder without context gives one frame what it gives many like it.
#[test]
fn a_sequence_of_equal_frames_has_their_state_where_nothing_is_padded() {
    let layer = |channels| TdnnLayer {
        channels,
        kernel: 1,
        dilation: 1,
    };
    let trunk = TdnnConfig {
        layers: vec![layer(20), layer(6)],
        padding: FramePadding::None,
        rectifier: Rectifier::Plain,
    };
    let embedder = embedder(encoder(&with(trunk, MeanConfig {})));
    let frame: Vec<f32> = recording(1).data().to_vec();
    let many = Features::new(frame.repeat(77), BINS);
    let found = embedder
        .embed_features(&[Features::new(frame, BINS), many])
        .unwrap();
    for (one, many) in found[0].iter().zip(&found[1]) {
        assert!((one - many).abs() < 1e-5, "{one} {many}");
    }
}
