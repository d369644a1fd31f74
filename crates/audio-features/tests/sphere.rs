//! SPHERE files that sox writes, against what FFmpeg reads of them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::process::Command;

use audio_features::{AudioError, read_channels};

/// Samples of every channel as FFmpeg decodes them.
fn samples(mut ffmpeg: Command, path: &Path) -> Vec<f32> {
    let output = ffmpeg
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-f", "f32le", "-c:a", "pcm_f32le", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let words = output.stdout.chunks_exact(4);
    words
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect()
}

#[test]
fn every_coding_of_sox_comes_out_as_from_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    for (name, coding) in [
        ("s16.sph", &["-b", "16", "-e", "signed", "-c", "1"][..]),
        (
            "s16-big.WAV",
            &["-b", "16", "-e", "signed", "-B", "-c", "2"],
        ),
        ("s24.sph", &["-b", "24", "-e", "signed", "-c", "1"]),
        ("s32.sph", &["-b", "32", "-e", "signed", "-c", "1"]),
        ("s8.sph", &["-b", "8", "-e", "signed", "-c", "1"]),
        ("ulaw.sph", &["-e", "mu-law", "-c", "2"]),
        ("alaw.sph", &["-e", "a-law", "-c", "1"]),
    ] {
        let path = folder.path().join(name);
        let (Some(mut sox), Some(ffmpeg)) = (
            testing::program("sox", "--version"),
            testing::program("ffmpeg", "-version"),
        ) else {
            return;
        };
        let output = sox
            .args(["-R", "-n", "-r", "16000"])
            .args(coding)
            .args(["-t", "sph"])
            .arg(&path)
            .args(["synth", "0.5", "pinknoise", "vol", "0.5"])
            .output()
            .unwrap();
        if !output.status.success() {
            testing::skip(format_args!(
                "sox does not write {name}: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
            continue;
        }
        let found = read_channels(&path).unwrap();
        let expected = samples(ffmpeg, &path);
        assert_eq!(found.source.sample_rate_hz, 16_000, "{name}");
        assert_eq!(found.samples.len(), expected.len(), "{name}");
        assert!(
            found.samples.iter().any(|sample| sample.abs() > 0.05),
            "{name}"
        );
        assert_eq!(found.samples, expected, "{name}");
        eprintln!(
            "{name}: {} samples of {} are equal",
            expected.len(),
            found.source.codec
        );
    }
}

#[test]
fn shorten_inside_sphere_is_refused_by_name() {
    let mut bytes = b"NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i 8\nsample_rate -i 16000\nsample_n_bytes -i 2\nsample_byte_format -s2 10\nsample_coding -s26 pcm,embedded-shorten-v1.09\nend_head\n".to_vec();
    bytes.resize(1024, b' ');
    bytes.extend(b"ajkg\x02\xfb\xb1\x70");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("SA1.WAV");
    std::fs::write(&path, bytes).unwrap();
    let error = read_channels(&path).unwrap_err();
    assert!(matches!(error, AudioError::Unsupported { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("shorten") && message.contains("sph2pipe"),
        "{message}"
    );
}
