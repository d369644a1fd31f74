//! Where the shared decoder vectors lie.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the decoder vectors; where it is absent, says so and gives none.
pub(crate) fn vectors() -> Option<PathBuf> {
    let shared = std::env::var_os("SIAMANG_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("vectors/decoder");
    if folder.join("manifest.json").is_file() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no decoder vectors at {} (set SIAMANG_SHARED)",
        folder.display()
    );
    None
}

/// The rows of the manifest.
pub(crate) fn rows(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    manifest["files"].as_array().unwrap().clone()
}
