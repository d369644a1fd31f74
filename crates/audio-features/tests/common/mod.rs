//! Where the shared decoder vectors lie.

#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod ogg;

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

/// What FFmpeg decodes of a file, interleaved; none, with a word, where it is not installed.
pub(crate) fn ffmpeg_samples(path: &Path, rate: u32, channels: usize) -> Option<Vec<f32>> {
    let mut ffmpeg = testing::program("ffmpeg", "-version")?;
    let output = ffmpeg
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(path)
        .args(["-map", "0:a:0", "-ar", &rate.to_string()])
        .args(["-ac", &channels.to_string(), "-f", "f32le", "-"])
        .output()
        .unwrap();
    let (samples, _) = output.stdout.as_chunks::<4>();
    Some(samples.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

/// Correlation of the first channels of two signals at the lag, up to 60 ms of 44.1 kHz, that fits best.
pub(crate) fn correlation(a: &[f32], b: &[f32], channels: usize) -> f64 {
    let channel = |signal: &[f32]| -> Vec<f64> {
        let one = signal.iter().step_by(channels);
        one.map(|sample| f64::from(*sample)).collect()
    };
    let (a, b) = (channel(a), channel(b));
    let at = |lag: i64, step: usize| {
        let (mut xy, mut xx, mut yy) = (0.0, 1e-12, 1e-12);
        for (index, y) in b.iter().enumerate().step_by(step) {
            let there = usize::try_from(index as i64 + lag).ok();
            if let Some(x) = there.and_then(|there| a.get(there)) {
                xy += x * y;
                xx += x * x;
                yy += y * y;
            }
        }
        xy / f64::sqrt(xx * yy)
    };
    if at(0, 1) > 0.999 {
        return at(0, 1);
    }
    let lags = -2_600..=2_600i64;
    let coarse = lags
        .max_by(|x, y| at(*x, 61).total_cmp(&at(*y, 61)))
        .unwrap();
    (coarse - 4..=coarse + 4)
        .map(|lag| at(lag, 1))
        .fold(-1.0, f64::max)
}
