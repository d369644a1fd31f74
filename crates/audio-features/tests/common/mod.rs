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
