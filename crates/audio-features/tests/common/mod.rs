//! Where the shared decoder vectors lie.

#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the decoder vectors.
pub(crate) fn vectors() -> Option<PathBuf> {
    testing::shared("vectors/decoder")
}

/// The rows of the manifest.
pub(crate) fn rows(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    manifest["files"].as_array().unwrap().clone()
}

/// A folder of the shared cases; skips where it is absent.
pub(crate) fn cases(name: &str) -> Option<PathBuf> {
    testing::shared(&format!("cases/{name}"))
}

/// A WAV file of interleaved 16-bit samples.
pub(crate) fn wav16(
    channels: u16,
    sample_rate: u32,
    samples: impl IntoIterator<Item = i16>,
) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}
