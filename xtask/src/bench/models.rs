//! Networks that others publish, on our own kernels beside onnxruntime with the same graph.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::contenders::{Contender, Contenders};

/// The networks, as the contenders call them, and as people do.
pub(super) const MODELS: [(&str, &str); 4] = [
    ("ecapa-512", "ECAPA-TDNN 512"),
    ("cam-plus-plus", "CAM++"),
    ("resnet34", "ResNet34"),
    ("x-vector", "x-vector TDNN"),
];

/// `model` writes its graph first, which the others then read.
pub(super) fn contenders(
    makers: &Contenders,
    model: &str,
    frames: usize,
    threads: usize,
) -> Result<Vec<Contender>> {
    let folder = makers.root.join("target/bench-models");
    std::fs::create_dir_all(&folder)?;
    let (file, frames) = (
        folder.join(format!("{model}-{frames}.onnx")),
        frames.to_string(),
    );
    let output = Command::new(makers.root.join("target/release/contender"))
        .args(["write-model", model, "--frames", &frames, "--out"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .context("cannot run the contender")?;
    ensure!(
        output.status.success(),
        "{model} was not written: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let file = file.to_string_lossy();
    Ok(vec![
        makers.ours("siamang", &["model", model, "--frames", &frames], threads),
        makers.python("onnxruntime", "onnx_model.py", &[&file], threads),
        makers.ours(
            "siamang, the same graph in rten",
            &["graph", &file, "--frames", &frames],
            threads,
        ),
    ])
}
