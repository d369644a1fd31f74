//! Bundles of format 1, which Siamang 0.1 wrote: they load, and embed as they did.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::read_recording;
use burn::tensor::Device;
use speaker_model::{
    Bundle, EmbeddingModel, LinearConfig, NetworkConfig, UnitLengthConfig, WeightType,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format_1");
    folder.join(name)
}

/// Embeddings that 0.1 made with the golden bundle called `name`, by recording.
fn embeddings(name: &str) -> BTreeMap<String, Vec<f32>> {
    let text = std::fs::read_to_string(golden(name).join("embeddings.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The same machine gives the same bits; another has instructions that sum in another order. Unit vectors of a few numbers.
const TOLERANCE: f32 = 1e-6;

fn assert_embeds_as_before(bundle: &Bundle, name: &str) {
    let embedder = bundle.embedder();
    let expected = embeddings(name);
    assert_eq!(expected.len(), 3);
    for (recording, expected) in expected {
        let path = root().join("data/voices/v01/s1").join(&recording);
        let rate = embedder.front_end().config().sample_rate_hz;
        let samples = read_recording(&path, rate).unwrap().waveform.samples;
        let found = embedder.embed(&samples).unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let error = (found - expected).abs();
            assert!(error <= TOLERANCE, "{name} {recording}: {found} {expected}");
        }
    }
}

/// The first dense layer of the loss's head, with its standardisation inside, is a linear projection; a dense layer that ends
/// the encoder is one to unit length.
#[test]
fn a_bundle_of_format_1_embeds_as_it_did() {
    for name in ["linear", "unit_length"] {
        let bundle = Bundle::load(&golden(name), &Device::flex()).unwrap();
        let config = bundle.config();
        assert_eq!(config.format_version, 2);
        let NetworkConfig::Encoder(encoder) = &config.network else {
            panic!("{config:?}");
        };
        let projection = &encoder.projection;
        match name {
            "linear" => assert_eq!(
                projection.downcast_ref(),
                Some(&LinearConfig {
                    width: 6,
                    standardise: false
                })
            ),
            _ => assert!(projection.downcast_ref::<UnitLengthConfig>().is_some()),
        }
        assert_embeds_as_before(&bundle, name);
    }
}

#[test]
fn a_bundle_of_format_1_is_saved_as_one_of_today_with_the_same_embeddings() {
    for name in ["linear", "unit_length"] {
        let directory = tempfile::tempdir().unwrap();
        let old = Bundle::load(&golden(name), &Device::flex()).unwrap();
        old.save(directory.path(), WeightType::F32).unwrap();
        let text = std::fs::read_to_string(directory.path().join("bundle.toml")).unwrap();
        assert!(text.starts_with("format_version = 2\n"), "{text}");
        let new = Bundle::load(directory.path(), &Device::flex()).unwrap();
        assert_eq!(new.config(), old.config());
        assert_embeds_as_before(&new, name);
    }
}

#[test]
fn the_model_that_comes_with_the_program_loads() {
    let path = root().join("data/models/default");
    let bundle = Bundle::load(&path, &Device::flex()).unwrap();
    assert_eq!(bundle.embedder().dim(), 192);
}

#[test]
fn a_bundle_of_format_1_with_two_layers_behind_the_pooling_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    for file in ["bundle.toml", "weights.safetensors", "self_test.json"] {
        std::fs::copy(
            golden("unit_length").join(file),
            directory.path().join(file),
        )
        .unwrap();
    }
    let path = directory.path().join("bundle.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("\"pooled\"", "\"first_dense\"")
        .replace("hidden = []", "hidden = [4]");
    std::fs::write(&path, text).unwrap();
    let error = match Bundle::load(directory.path(), &Device::flex()) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error,
    };
    assert!(error.to_string().contains("`model.embedding`"), "{error}");
    assert!(error.remedy().unwrap().contains("siamang 0.1"), "{error}");
}
