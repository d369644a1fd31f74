//! Embedding and bundles, on a small network with random weights.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use audio_features::{FeatureConfig, Features, FrontEnd, Normalisation};
use burn::tensor::Device;
use speaker_model::{
    Activation, Bundle, DenseConfig, Direction, Embedder, EmbeddingLayer, EncoderConfig,
    HeadConfig, ModelConfig, ModelError, Origin, Pooling, Precision, Segmentation, SpeakerNetwork,
};

fn bundle(pooling: Pooling, segmentation: Segmentation, centre: bool) -> Bundle {
    bundle_of(EmbeddingLayer::Pooled, pooling, segmentation, centre)
}

fn bundle_of(
    embedding: EmbeddingLayer,
    pooling: Pooling,
    segmentation: Segmentation,
    centre: bool,
) -> Bundle {
    let model = ModelConfig {
        num_bins: FeatureConfig::kaldi().num_bins,
        embedding,
        encoder: EncoderConfig {
            num_layers: 2,
            direction: Direction::Bidirectional,
            hidden: 8,
            dropout: 0.5,
            pooling,
            input_scale: 1.0,
            centre_input: true,
            input_cepstra: 5,
            whiten_cepstra: true,
            dense: None,
        },
        head: HeadConfig {
            hidden: vec![6],
            activation: Activation::Linear,
            dropout: 0.0,
            batch_norm: true,
            num_outputs: 4,
        },
    };
    bundle_with(model, segmentation, centre)
}

fn bundle_with(model: ModelConfig, segmentation: Segmentation, centre: bool) -> Bundle {
    let mut features = FeatureConfig::kaldi();
    features.normalisation = Normalisation::GlobalMean;
    let device = Device::flex();
    let network = SpeakerNetwork::new(&model, 7, &device).unwrap();
    let mean = vec![-3.0; features.num_bins];
    let front_end = FrontEnd::new(features, Some(mean)).unwrap();
    let centre = centre.then(|| vec![0.01; model.embedding_dim()]);
    let origin = Origin {
        data: "made".to_owned(),
        ..Origin::default()
    };
    let mut embedder = Embedder::new(front_end, network.encoder, segmentation, centre, &device);
    if model.embedding == EmbeddingLayer::FirstDense {
        let recordings = [1, 2, 3].map(|seed| embedder.front_end().features(&noise(seed, 9_000)));
        embedder = embedder
            .with_first_dense(&network.head, &recordings)
            .unwrap();
    }
    Bundle::new(embedder, model, origin)
}

fn noise(seed: u32, num_samples: usize) -> Vec<f32> {
    let mut state = seed;
    (0..num_samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum()
}

#[test]
fn a_batch_of_unequal_lengths_gives_the_embeddings_of_one_by_one() {
    for pooling in [Pooling::LastState, Pooling::Mean, Pooling::MeanDeviation] {
        for segmentation in [Segmentation::Frames(40), Segmentation::Whole] {
            let bundle = bundle(pooling, segmentation, true);
            let front_end = bundle.embedder.front_end();
            let recordings: Vec<Features> = [500, 8_000, 16_000, 3_000, 40_000]
                .into_iter()
                .zip(1..)
                .map(|(length, seed)| front_end.features(&noise(seed, length)))
                .collect();
            let together = bundle.embedder.embed_features(&recordings).unwrap();
            for (features, found) in recordings.iter().zip(&together) {
                let alone = bundle
                    .embedder
                    .embed_features(std::slice::from_ref(features))
                    .unwrap();
                for (a, b) in alone[0].iter().zip(found) {
                    // Another batch size means another order of 32-bit sums.
                    assert!((a - b).abs() < 2e-5, "{pooling:?} {segmentation:?} {a} {b}");
                }
                let norm = cosine(found, found).sqrt();
                assert!((norm - 1.0).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn a_recording_without_a_frame_is_an_error() {
    let bundle = bundle(Pooling::Mean, Segmentation::Whole, false);
    let error = bundle.embedder.embed(&[]).unwrap_err();
    assert!(matches!(error, ModelError::Shape { .. }), "{error}");
}

#[test]
fn a_saved_bundle_loads_to_the_same_embeddings() {
    let directory = tempfile::tempdir().unwrap();
    let samples = noise(3, 12_000);
    let cases = [
        (EmbeddingLayer::Pooled, Precision::F32, 1.0 - 1e-6),
        (EmbeddingLayer::FirstDense, Precision::F32, 1.0 - 1e-6),
        (EmbeddingLayer::Pooled, Precision::F16, 0.9999),
        (EmbeddingLayer::FirstDense, Precision::F16, 0.999),
    ];
    for (embedding, precision, least) in cases {
        let written = bundle_of(embedding, Pooling::MeanDeviation, Segmentation::Whole, true);
        written.save(directory.path(), precision).unwrap();
        let read = Bundle::load(directory.path(), &Device::flex()).unwrap();
        assert_eq!(read.config.precision, precision);
        assert_eq!(read.config.origin, written.config.origin);
        let (a, b) = (
            written.embedder.embed(&samples).unwrap(),
            read.embedder.embed(&samples).unwrap(),
        );
        assert!(cosine(&a, &b) > least, "{precision:?} {}", cosine(&a, &b));
    }
}

#[test]
fn one_direction_and_a_dense_layer_give_the_mean_of_the_segments_directions() {
    let mut model = bundle(Pooling::LastState, Segmentation::Whole, false)
        .config
        .model;
    model.encoder.direction = Direction::Forward;
    model.encoder.dense = Some(DenseConfig {
        width: 24,
        activation: Activation::Relu,
    });
    let windows = Segmentation::Windows {
        frames: 40,
        hop: 20,
    };
    let written = bundle_with(model, windows, false);
    let directory = tempfile::tempdir().unwrap();
    written.save(directory.path(), Precision::F32).unwrap();
    let read = Bundle::load(directory.path(), &Device::flex()).unwrap();
    assert_eq!(read.config, written.config);

    let embedder = read.embedder;
    let features = embedder.front_end().features(&noise(5, 14_560));
    assert_eq!(features.num_frames(), 89);
    let segments = [0..40, 20..60, 40..80]
        .map(|range| Features::new(features.rows(range).to_vec(), features.num_bins()));
    let alone = embedder.embed_features(&segments).unwrap();

    assert!(alone.iter().flatten().all(|&value| value >= 0.0));
    // The last 29 frames are no segment: a window wants 30.
    let mut mean: Vec<f32> = (0..24)
        .map(|k| alone.iter().map(|row| row[k]).sum())
        .collect();
    let norm = cosine(&mean, &mean).sqrt() as f32;
    mean.iter_mut().for_each(|value| *value /= norm);
    let whole = embedder.embed_features(&[features]).unwrap();
    assert!((cosine(&whole[0], &mean) - 1.0).abs() < 1e-6);
}

/// Saves a bundle, lets `damage` change a file and gives the error of loading it.
fn refused(file: &str, damage: impl FnOnce(&Path)) -> String {
    let directory = tempfile::tempdir().unwrap();
    bundle(Pooling::Mean, Segmentation::Whole, true)
        .save(directory.path(), Precision::F32)
        .unwrap();
    damage(&directory.path().join(file));
    match Bundle::load(directory.path(), &Device::flex()) {
        Ok(_) => panic!("a damaged {file} was accepted"),
        Err(error) => error.to_string(),
    }
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_does_not_match_is_refused_field_by_field() {
    let config = "bundle.toml";
    let newer = refused(config, |path| {
        replace(path, "format_version = 1", "format_version = 99")
    });
    assert!(
        newer.contains("format_version") && newer.contains("99"),
        "{newer}"
    );
    let unknown = refused(config, |path| replace(path, "centred", "centered"));
    assert!(unknown.contains("centered"), "{unknown}");
    let shape = refused(config, |path| replace(path, "hidden = 8", "hidden = 16"));
    assert!(
        shape.contains("`embedding_mean` is shape [26], expected shape [42]"),
        "{shape}"
    );
    let layers = refused(config, |path| {
        replace(path, "num_layers = 2", "num_layers = 3")
    });
    assert!(
        layers.contains("`layers.2.forward.input` is missing, expected shape [16, 32]"),
        "{layers}"
    );
    let mean = refused(config, |path| {
        replace(path, "centred = true", "centred = false")
    });
    assert!(mean.contains("embedding_mean"), "{mean}");
    let front_end = refused(config, |path| replace(path, "low_hz = 20", "low_hz = 900"));
    assert!(front_end.contains("embeddings[0]"), "{front_end}");
}

#[test]
fn weights_that_are_cut_or_changed_are_refused() {
    let weights = "weights.safetensors";
    let cut = refused(weights, |path| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 100]).unwrap();
    });
    let empty = refused(weights, |path| std::fs::write(path, b"").unwrap());
    for error in [cut, empty] {
        assert!(
            error.contains("`file` is") && error.contains("expected a whole safetensors file"),
            "{error}"
        );
    }
    let removed = refused(weights, |path| std::fs::remove_file(path).unwrap());
    assert!(removed.contains(weights), "{removed}");
    // Every weight times -2: a file that is sound but belongs to another model, as the self-test finds.
    let changed = refused(weights, |path| {
        let mut bytes = std::fs::read(path).unwrap();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for value in bytes[header..].chunks_exact_mut(4) {
            let doubled = -2.0 * f32::from_le_bytes(value.try_into().unwrap());
            value.copy_from_slice(&doubled.to_le_bytes());
        }
        std::fs::write(path, bytes).unwrap();
    });
    assert!(changed.contains("`embeddings[0]`"), "{changed}");
    let untested = refused("self_test.json", |path| {
        std::fs::write(path, b"{}").unwrap()
    });
    assert!(untested.contains("`embeddings`"), "{untested}");
}
