//! Inputs and files that several tests share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs, and one that cannot read its file has failed"
)]

use std::path::PathBuf;

use onnx_graph::{Graph, Limits};

/// The families' files in `golden/`.
pub(crate) const FAMILIES: [&str; 5] = [
    "wespeaker_ecapa",
    "wespeaker_resnet",
    "3dspeaker_campplus",
    "nemo_titanet",
    "resemblyzer",
];

pub(crate) fn golden(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).join(name)
}

pub(crate) fn bytes(family: &str) -> Vec<u8> {
    std::fs::read(golden(&format!("{family}.onnx"))).unwrap()
}

pub(crate) fn load(family: &str) -> Graph {
    Graph::load(bytes(family), &Limits::default()).unwrap()
}

/// The same numbers as in `make_golden.py`.
pub(crate) fn features(frames: usize, bins: usize) -> Vec<f32> {
    (0..(frames * bins) as u64)
        .map(|index| {
            ((index * 2_654_435_761 + 12345) % (1 << 32)) as f64 / f64::from(1_u32 << 31) - 1.0
        })
        .map(|x| x as f32)
        .collect()
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum::<f64>()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A matrix of f32 from a `.npy` file, as rows.
pub(crate) fn rows(path: PathBuf) -> Vec<Vec<f32>> {
    let file =
        npyz::NpyFile::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).unwrap();
    let width = file.shape()[1] as usize;
    let numbers: Vec<f32> = file.into_vec().unwrap();
    numbers.chunks_exact(width).map(<[f32]>::to_vec).collect()
}
