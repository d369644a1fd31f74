//! Embedding and bundles, on a small network with random weights.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use audio_features::{FeatureConfig, Features, FrontEnd, Normalisation, Windows};
use burn::tensor::Device;
use speaker_model::{
    Activation, AdaptedFrom, Bundle, Direction, Embedder, EmbeddingModel, Encoder, EncoderConfig,
    Initialiser, InputConfig, LinearConfig, LstmConfig, ModelError, Origin, PoolingConfig,
    ProjectionConfig, Segmentation, TrunkConfig, UnitLengthConfig, WeightType,
};
use speaker_scoring::{AdaptationMap, Centre, MapChoice, Thresholds};

fn linear() -> ProjectionConfig {
    ProjectionConfig::from(LinearConfig {
        width: 6,
        standardise: true,
    })
}

fn encoder(projection: ProjectionConfig, pooling: PoolingConfig) -> EncoderConfig {
    EncoderConfig {
        input: InputConfig {
            scale: 1.0,
            centre: true,
            cepstra: 5,
            whiten: true,
        },
        trunk: TrunkConfig::from(LstmConfig {
            num_layers: 2,
            direction: Direction::Bidirectional,
            hidden: 8,
            dropout: 0.5,
        }),
        pooling,
        projection,
    }
}

fn pooling(kind: &str) -> PoolingConfig {
    let json = format!("{{\"kind\": \"{kind}\"}}");
    serde_json::from_str(&json).unwrap()
}

fn bundle(pooling: PoolingConfig, segmentation: Segmentation, centre: bool) -> Bundle {
    let encoder = encoder(ProjectionConfig::default(), pooling);
    bundle_with(&encoder, segmentation, centre)
}

fn bundle_with(config: &EncoderConfig, segmentation: Segmentation, centre: bool) -> Bundle {
    let mut features = FeatureConfig::kaldi();
    features.normalisation = Normalisation::GlobalMean;
    let device = Device::flex();
    let encoder = Encoder::new(
        features.num_bins,
        config,
        &mut Initialiser::seeded(7, &device),
    )
    .unwrap();
    let mean = vec![-3.0; features.num_bins];
    let front_end = FrontEnd::new(features, Some(mean)).unwrap();
    let recordings = [1, 2, 3].map(|seed| front_end.features(&noise(seed, 9_000)));
    let dim = encoder.embedding_dim();
    let embedder = Embedder::of_training(
        front_end,
        encoder,
        segmentation,
        false,
        &recordings,
        &device,
    )
    .unwrap()
    .with_centre(centre.then(|| vec![0.01; dim]));
    let origin = Origin {
        data: "made".to_owned(),
        ..Origin::default()
    };
    Bundle::new(embedder, origin)
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
    for pooling in PoolingConfig::examples() {
        for segmentation in [Segmentation::Frames(40), Segmentation::Whole] {
            let bundle = bundle(pooling.clone(), segmentation, true);
            let embedder = bundle.embedder();
            let front_end = embedder.front_end();
            let recordings: Vec<Features> = [500, 8_000, 16_000, 3_000, 40_000]
                .into_iter()
                .zip(1..)
                .map(|(length, seed)| front_end.features(&noise(seed, length)))
                .collect();
            let together = embedder.embed_features(&recordings).unwrap();
            for (features, found) in recordings.iter().zip(&together) {
                let alone = embedder
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
    let bundle = bundle(pooling("mean"), Segmentation::Whole, false);
    let error = bundle.embedder().embed(&[]).unwrap_err();
    assert!(matches!(error, ModelError::Shape { .. }), "{error}");
}

#[test]
fn a_saved_bundle_loads_to_the_same_embeddings() {
    let directory = tempfile::tempdir().unwrap();
    let samples = noise(3, 12_000);
    let none = ProjectionConfig::default;
    let cases = [
        (none(), WeightType::F32, 1.0 - 1e-6),
        (linear(), WeightType::F32, 1.0 - 1e-6),
        (none(), WeightType::F16, 0.9999),
        (linear(), WeightType::F16, 0.999),
    ];
    for (projection, weight_type, least) in cases {
        let encoder = encoder(projection, pooling("mean_deviation"));
        let written = bundle_with(&encoder, Segmentation::Whole, true);
        written.save(directory.path(), weight_type).unwrap();
        let read = Bundle::load(directory.path(), &Device::flex()).unwrap();
        assert_eq!(read.config().weights, weight_type);
        assert_eq!(read.config().origin, written.config().origin);
        let (a, b) = (
            written.embedder().embed(&samples).unwrap(),
            read.embedder().embed(&samples).unwrap(),
        );
        let cosine = cosine(&a, &b);
        assert!(cosine > least, "{weight_type:?} {cosine}");
    }
}

#[test]
fn one_direction_and_a_dense_layer_give_the_mean_of_the_segments_directions() {
    let unit_length = ProjectionConfig::from(UnitLengthConfig {
        width: 24,
        activation: Activation::Relu,
    });
    let mut encoder = encoder(unit_length, pooling("last_state"));
    encoder
        .trunk
        .downcast_mut::<LstmConfig>()
        .unwrap()
        .direction = Direction::Forward;
    let windows = Segmentation::Windows(Windows {
        frames: 40,
        hop: 20,
    });
    let written = bundle_with(&encoder, windows, false);
    let directory = tempfile::tempdir().unwrap();
    written.save(directory.path(), WeightType::F32).unwrap();
    let read = Bundle::load(directory.path(), &Device::flex()).unwrap();
    assert_eq!(read.config(), written.config());

    let embedder = read.into_embedder();
    let features = embedder.front_end().features(&noise(5, 14_560));
    assert_eq!(features.num_frames(), 89);
    let segments = [0..40, 20..60, 40..80]
        .map(|range| Features::new(features.rows(range).to_vec(), features.num_bins()));
    let alone = embedder.embed_features(&segments).unwrap();

    assert!(alone.iter().flatten().all(|&value| value >= 0.0));
    // The last 29 frames are not a segment: a window takes 30.
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
    bundle(pooling("mean"), Segmentation::Whole, true)
        .save(directory.path(), WeightType::F32)
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
        replace(path, "format_version = 2", "format_version = 99")
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
        layers.contains("encoder: parameters that the network wants` is more than"),
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

fn thresholds() -> Thresholds {
    Thresholds {
        verify: Some(0.25),
        cluster: Some(0.5),
        centre: Centre::None,
        model: None,
    }
}

fn load(directory: &Path) -> Result<Bundle, ModelError> {
    Bundle::load(directory, &Device::flex())
}

#[test]
fn a_card_goes_where_its_bundle_goes() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let written = bundle(pooling("mean"), Segmentation::Whole, true);
    written.save(first.path(), WeightType::F32).unwrap();
    assert!(load(first.path()).unwrap().thresholds().is_empty());
    assert!(!first.path().join("card.toml").exists());
    written
        .with_thresholds(thresholds())
        .save(first.path(), WeightType::F32)
        .unwrap();
    let card = first.path().join("card.toml");
    let text = std::fs::read_to_string(&card).unwrap();
    std::fs::write(&card, format!("licence = \"any\"\n{text}")).unwrap();
    let read = load(first.path()).unwrap();
    read.save(second.path(), WeightType::F16).unwrap();
    let again = load(second.path()).unwrap();
    let models = [&read, &again].map(|bundle| bundle.thresholds().model.clone().unwrap());
    assert_ne!(models[0], models[1], "rounded weights are others");
    for bundle in [&read, &again] {
        let found = Thresholds {
            model: None,
            ..bundle.thresholds().clone()
        };
        assert_eq!(found, thresholds());
    }
    let text = std::fs::read_to_string(second.path().join("card.toml")).unwrap();
    assert!(text.contains("licence = \"any\""), "{text}");
}

#[test]
fn the_card_of_another_model_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let written = bundle(pooling("mean"), Segmentation::Whole, true);
    let with_card = written.with_thresholds(thresholds());
    with_card.save(directory.path(), WeightType::F32).unwrap();
    let card = directory.path().join("card.toml");
    let of_first = std::fs::read_to_string(&card).unwrap();
    with_card.save(directory.path(), WeightType::F16).unwrap();
    std::fs::write(&card, of_first).unwrap();
    let error = load(directory.path()).err().unwrap();
    assert!(error.to_string().contains("`thresholds.model`"), "{error}");
    assert!(error.remedy().is_some());
}

#[test]
fn a_bundle_without_a_card_leaves_none_of_the_bundle_it_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let card = directory.path().join("card.toml");
    std::fs::write(&card, "[thresholds]\nverify = 0.9\n").unwrap();
    bundle(pooling("mean"), Segmentation::Whole, true)
        .save(directory.path(), WeightType::F32)
        .unwrap();
    assert!(!card.exists());
}

#[test]
fn a_card_that_cannot_be_read_is_refused() {
    let found = refused("weights.safetensors", |path| {
        let card = path.with_file_name("card.toml");
        std::fs::write(card, "[thresholds]\nverfy = 0.9\n").unwrap();
    });
    assert!(found.contains("verfy"), "{found}");
}

/// Sizes whose product is far more than any memory: 65,536 layers of 65,536 units in both directions.
#[test]
fn a_bundle_that_claims_more_weights_than_its_file_holds_is_refused_before_memory_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let encoder = encoder(linear(), pooling("mean"));
    let bundle = bundle_with(&encoder, Segmentation::Whole, false);
    bundle.save(directory.path(), WeightType::F32).unwrap();
    let path = directory.path().join("bundle.toml");
    replace(&path, "hidden = 8", "hidden = 65536");
    replace(&path, "num_layers = 2", "num_layers = 65536");
    let error = match Bundle::load(directory.path(), &Device::flex()) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    };
    assert!(
        error.contains("parameters that the network wants") && error.contains("more than"),
        "{error}"
    );
    // And one whose every size is within bounds, but for a matrix too many.
    replace(&path, "hidden = 65536", "hidden = 8");
    replace(&path, "num_layers = 65536", "num_layers = 3");
    let error = match Bundle::load(directory.path(), &Device::flex()) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("more than"), "{error}");
}

/// A map without symmetry, and where it is said to come from.
fn map(dim: usize, centred: bool) -> (AdaptationMap, AdaptedFrom) {
    let matrix = noise(11, dim * dim);
    let offset = match centred {
        true => noise(12, dim),
        false => vec![0.0; dim],
    };
    let from = AdaptedFrom {
        bundle: "ab".to_owned(),
        data: "mine".to_owned(),
        data_hash: "cd".to_owned(),
        num_speakers: 9,
        num_recordings: 31,
        num_sessions_beyond: 4,
        num_copies: 0,
        seed: 3,
        centred: false,
        map: MapChoice {
            centre: 1.0,
            shrinkage: 0.7,
            directions: None,
        },
    };
    (AdaptationMap { matrix, offset }, from)
}

#[test]
fn an_adapted_bundle_gives_the_map_of_its_embeddings_once_and_twice() {
    for centre in [false, true] {
        let bundle = bundle(pooling("mean"), Segmentation::Frames(40), centre);
        let samples = [noise(4, 20_000), noise(5, 9_000)];
        let embedded = |bundle: &Bundle| {
            let rows = samples
                .each_ref()
                .map(|one| bundle.embedder().embed(one).unwrap());
            speaker_scoring::EmbeddingMatrix::from_rows(&rows).unwrap()
        };
        let plain = embedded(&bundle);
        let thresholds = Thresholds {
            verify: Some(0.3),
            ..Thresholds::default()
        };
        let (first, from) = map(plain.dim(), true);
        let (second, _) = map(plain.dim(), false);
        let once = bundle
            .with_thresholds(thresholds)
            .adapted(&first, from.clone())
            .unwrap();
        // They were measured on other cosines.
        assert!(once.thresholds().is_empty());
        let expected = first.applied(&plain).unwrap();
        let twice = once.adapted(&second, from.clone()).unwrap();
        let expected = second.applied(&expected).unwrap();
        let directory = tempfile::tempdir().unwrap();
        twice.save(directory.path(), WeightType::F32).unwrap();
        let read = Bundle::load(directory.path(), &Device::flex()).unwrap();
        assert_eq!(read.config(), twice.config());
        assert_eq!(read.config().format_version, 4);
        let adapted = &read.config().adapted;
        assert_eq!((adapted.len(), adapted[0].num_recordings), (2, 31));
        // The first map comes behind the bundle's own centre, the second behind the first one's.
        assert_eq!([adapted[0].centred, adapted[1].centred], [centre, true]);
        for (found, expected) in embedded(&read).rows().zip(expected.rows()) {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 2e-6, "{a} {b}");
            }
            assert!((cosine(found, found) - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn what_a_map_subtracts_is_the_centre_of_the_adapted_model() {
    let bundle = bundle(pooling("mean"), Segmentation::Whole, true);
    let samples = noise(6, 12_000);
    let plain = bundle.embedder().embed(&samples).unwrap();
    let (map, from) = map(plain.len(), true);
    let adapted = bundle.adapted(&map, from).unwrap();
    assert_eq!(adapted.embedder().centre(), Some(map.offset.as_slice()));
    let without = AdaptationMap {
        offset: vec![0.0; plain.len()],
        ..map
    };
    let matrix = speaker_scoring::EmbeddingMatrix::from_rows(&[plain]).unwrap();
    let expected = without.applied(&matrix).unwrap();
    let uncentred = adapted.into_embedder().with_centre(None);
    let found = uncentred.embed(&samples).unwrap();
    for (a, b) in found.iter().zip(expected.row(0)) {
        assert!((a - b).abs() < 2e-6);
    }
}

#[test]
fn an_adaptation_that_does_not_fit_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = bundle(pooling("mean"), Segmentation::Whole, false);
    let dim = bundle.config().embedding_dim();
    let (small, from) = map(dim - 1, true);
    let error = bundle.adapted(&small, from).err().unwrap();
    assert!(
        error.to_string().contains("values of an adaptation"),
        "{error}"
    );
    let (map, from) = map(dim, true);
    let bundle = self::bundle(pooling("mean"), Segmentation::Whole, false);
    let adapted = bundle.adapted(&map, from).unwrap();
    adapted.save(directory.path(), WeightType::F16).unwrap();
    Bundle::load(directory.path(), &Device::flex()).unwrap();
    let path = directory.path().join("bundle.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |text: String, part: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Bundle::load(directory.path(), &Device::flex())
            .err()
            .unwrap();
        assert!(error.to_string().contains(part), "{error}");
    };
    // The centre before the map is not in the weights, and without the map its tensor is one that nothing needs.
    refused(
        text.replace("[[adapted]]", "[[adapted]]\nnonsense = 1"),
        "nonsense",
    );
    let end = text[text.find("[[adapted]]").unwrap()..]
        .find("[features]")
        .unwrap();
    let begin = text.find("[[adapted]]").unwrap();
    let without = format!("{}{}", &text[..begin], &text[begin + end..]);
    refused(without, "adaptation_0");
}
