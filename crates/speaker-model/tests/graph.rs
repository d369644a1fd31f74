//! Bundles of graphs: what they hold, and what is refused of them. Without the feature `onnx` there are none.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use audio_features::FeatureConfig;
use burn::tensor::Device;
use speaker_model::{Bundle, BundleConfig, ModelError};

/// A bundle's configuration without anything beside it.
const CONFIG: &str = r#"
format_version = 3
segmentation = { up_to = 6000 }
centred = false
weights = "f32"

[origin]
data = ""
data_hash = ""
commit = ""
seed = 0
step = 0

[graph]
sha256 = "00"
input = "feats"
layout = "frames_bins"
output = "embs"
embedding_dim = 4
memory_mb = 64
"#;

fn text() -> String {
    let features = toml::Table::try_from(FeatureConfig::wespeaker()).unwrap();
    let mut table: toml::Table = CONFIG.parse().unwrap();
    table.insert("features".to_owned(), features.into());
    toml::to_string(&table).unwrap()
}

#[test]
fn a_configuration_has_one_network() {
    let config: BundleConfig = toml::from_str(&text()).unwrap();
    assert_eq!((config.format_version, config.embedding_dim()), (3, 4));
    let again: BundleConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
    assert_eq!(again, config);
    let refused = |change: &dyn Fn(&mut toml::Table), word: &str| {
        let mut table: toml::Table = text().parse().unwrap();
        change(&mut table);
        let error = toml::from_str::<BundleConfig>(&toml::to_string(&table).unwrap());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(&|table| drop(table.remove("graph")), "no network");
    refused(
        &|table| drop(table.insert("extra".to_owned(), 1.into())),
        "extra",
    );
    refused(
        &|table| drop(table["graph"].as_table_mut().unwrap().remove("output")),
        "output",
    );
}

#[cfg(not(feature = "onnx"))]
#[test]
fn a_program_without_graphs_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bundle.toml"), text()).unwrap();
    std::fs::write(folder.path().join("graph.onnx"), "anything").unwrap();
    let error = Bundle::load(folder.path(), &Device::flex()).err().unwrap();
    assert!(matches!(error, ModelError::NoGraphs { .. }), "{error}");
    assert!(error.to_string().contains("built without"), "{error}");
    assert!(error.remedy().unwrap().contains("`onnx`"));
}

#[cfg(feature = "onnx")]
mod with_graphs {
    use audio_features::{Features, FrontEnd};
    use onnx_graph::Choice;
    use onnx_graph::write::{Builder, Size};
    use speaker_model::{
        AdaptedFrom, BundleFiles, Embedder, EmbeddingModel, NetworkConfig, Origin, Segmentation,
        SpeakerGraph, WeightType,
    };
    use speaker_scoring::{AdaptationMap, EmbeddingMatrix, MapChoice};

    use super::*;

    const WIDTH: usize = 6;

    /// The mean of the frames, through a matrix.
    fn graph(seed: f32) -> Vec<u8> {
        let mut builder = Builder::new("network");
        let axes = ["B", "T"].map(Size::Dynamic);
        let features = builder.input("feats", &[axes[0], axes[1], Size::Fixed(80)]);
        let square = builder.node("Mul", &[&features, &features], &[]);
        let mean = builder.mean_over_frames(&square);
        let weight: Vec<f32> = (0..80 * WIDTH)
            .map(|at| (seed + at as f32 * 0.7).sin())
            .collect();
        let embedding = builder.linear(&mean, 80, WIDTH, &weight, None).unwrap();
        builder.output("embs", &embedding, &[axes[0], Size::Fixed(WIDTH)]);
        builder.finish().unwrap()
    }

    fn embedder(segmentation: Segmentation, centre: Option<Vec<f32>>) -> Embedder {
        let graph = SpeakerGraph::open(graph(1.0), &Choice::default(), 1, 256).unwrap();
        let front_end = FrontEnd::new(FeatureConfig::wespeaker(), None).unwrap();
        Embedder::of_graph(front_end, graph, segmentation, centre).unwrap()
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

    #[test]
    fn segments_are_averaged_by_their_frames_less_the_centre() {
        let centre: Vec<f32> = (0..WIDTH).map(|at| at as f32).collect();
        let whole = embedder(Segmentation::UpTo(6000), None).without_scaling();
        let cut = embedder(Segmentation::UpTo(100), Some(centre.clone()));
        let features = whole.front_end().features(&noise(1, 40_000));
        let frames = features.num_frames();
        let segments = Segmentation::UpTo(100).segments(frames);
        assert!(segments.len() > 2);
        let mut expected: Vec<f64> = centre.iter().map(|&v| -f64::from(v)).collect();
        for range in segments {
            let weight = range.len() as f64 / frames as f64;
            let part = Features::new(features.rows(range).to_vec(), 80);
            let part = &whole.embed_features(&[part]).unwrap()[0];
            for (sum, &v) in expected.iter_mut().zip(part) {
                *sum += weight * f64::from(v);
            }
        }
        let norm = expected.iter().map(|v| v * v).sum::<f64>().sqrt();
        let found = &cut.embed_features(std::slice::from_ref(&features)).unwrap()[0];
        for (expected, found) in expected.iter().zip(found) {
            assert!((expected / norm - f64::from(*found)).abs() < 1e-5);
        }
        let segments = cut.embed_segments(&[features]).unwrap();
        assert!((segments[0][1].start_s - segments[0][0].end_s).abs() < 1e-9);
    }

    #[test]
    fn a_saved_graph_loads_to_the_same_embeddings_and_another_is_another_model() {
        let folder = tempfile::tempdir().unwrap();
        let centre = Some(vec![0.25; WIDTH]);
        let bundle = Bundle::new(embedder(Segmentation::UpTo(300), centre), Origin::default());
        bundle.save(folder.path(), WeightType::F32).unwrap();
        let read = Bundle::load(folder.path(), &Device::flex()).unwrap();
        assert_eq!(read.config(), bundle.config());
        let NetworkConfig::Graph(graph) = &read.config().network else {
            unreachable!("a graph was saved");
        };
        assert_eq!((graph.embedding_dim, graph.memory_mb), (WIDTH, 256));
        let samples = noise(3, 20_000);
        assert_eq!(
            read.embedder().embed(&samples).unwrap(),
            bundle.embedder().embed(&samples).unwrap()
        );
        assert!(matches!(
            read.embedder().encoder(),
            Err(ModelError::IsGraph)
        ));
        let files = || BundleFiles::Folder(folder.path());
        let hash = Bundle::hash(files()).unwrap();
        // The vector beside the graph and the graph both decide.
        for name in ["weights.safetensors", "graph.onnx"] {
            let path = folder.path().join(name);
            let bytes = std::fs::read(&path).unwrap();
            let mut other = bytes.clone();
            *other.last_mut().unwrap() ^= 1;
            std::fs::write(&path, other).unwrap();
            assert_ne!(Bundle::hash(files()).unwrap(), hash, "{name}");
            std::fs::write(&path, bytes).unwrap();
        }
        assert_eq!(Bundle::hash(files()).unwrap(), hash);
        std::fs::write(folder.path().join("graph.onnx"), self::graph(2.0)).unwrap();
        let error = Bundle::load(folder.path(), &Device::flex()).err().unwrap();
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }

    #[test]
    fn an_adapted_graph_gives_the_map_of_its_embeddings() {
        let centre = Some(vec![0.25; WIDTH]);
        let bundle = Bundle::new(embedder(Segmentation::UpTo(300), centre), Origin::default());
        let samples = noise(3, 20_000);
        let plain = bundle.embedder().embed(&samples).unwrap();
        let map = AdaptationMap {
            matrix: noise(8, WIDTH * WIDTH),
            offset: noise(9, WIDTH),
        };
        let plain = EmbeddingMatrix::from_rows(&[plain]).unwrap();
        let expected = map.applied(&plain).unwrap();
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
        let folder = tempfile::tempdir().unwrap();
        let adapted = bundle.adapted(&map, from).unwrap();
        adapted.save(folder.path(), WeightType::F32).unwrap();
        let read = Bundle::load(folder.path(), &Device::flex()).unwrap();
        assert_eq!(read.config(), adapted.config());
        let found = read.embedder().embed(&samples).unwrap();
        for (a, b) in found.iter().zip(expected.row(0)) {
            assert!((a - b).abs() < 2e-6, "{a} {b}");
        }
    }
}
