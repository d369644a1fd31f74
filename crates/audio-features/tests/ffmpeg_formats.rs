//! Whatever FFmpeg writes is decoded to what FFmpeg decodes of it, or called not supported: never damaged, never other sound.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod common;

use std::path::Path;
use std::process::Command;

use audio_features::{AudioError, read_channels};
use common::{correlation, ffmpeg_samples};

/// Files of FFmpeg's encoders in containers that hold many of them.
const CONTAINERS: [(&str, &str); 8] = [
    ("wav", "wav"),
    ("w64", "w64"),
    ("aiff", "aiff"),
    ("caf", "caf"),
    ("au", "au"),
    ("mov", "mov"),
    ("mp4", "mp4"),
    ("ogg", "ogg"),
];

const ENCODERS: [&str; 36] = [
    "aac",
    "ac3",
    "eac3",
    "dca",
    "alac",
    "flac",
    "mp2",
    "libmp3lame",
    "libopus",
    "libvorbis",
    "libspeex",
    "wmav2",
    "adpcm_ms",
    "adpcm_ima_wav",
    "adpcm_yamaha",
    "g722",
    "g726",
    "libgsm_ms",
    "pcm_alaw",
    "pcm_mulaw",
    "pcm_u8",
    "pcm_s8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_s64le",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
    "adpcm_ima_qt",
    "comfortnoise",
    "tta",
];

/// Containers of one codec, with the one that FFmpeg takes by itself.
const OTHERS: [&str; 24] = [
    "ac3", "eac3", "dts", "adts", "latm", "asf", "avi", "flv", "matroska", "webm", "mpegts", "nut",
    "voc", "rm", "wv", "tta", "mp2", "mp3", "ircam", "opus", "spx", "adx", "gsm", "mlp",
];

fn ffmpeg(arguments: &[&str], path: &Path) -> bool {
    let status = Command::new("ffmpeg")
        .args(["-v", "quiet", "-nostdin", "-y"])
        .args(arguments)
        .arg(path)
        .status();
    status.is_ok_and(|status| status.success())
        && path.metadata().is_ok_and(|file| file.len() > 200)
}

/// What is wrong with how a file is read; none where it is read as FFmpeg reads it or called not supported.
fn fault(path: &Path) -> Option<String> {
    let audio = match read_channels(path) {
        Err(AudioError::Unsupported { .. }) => return None,
        // Bare packets without a mark of their own.
        Err(AudioError::NotRecognised { .. }) => return None,
        Err(error) => return Some(error.to_string()),
        Ok(audio) => audio,
    };
    let (rate, channels) = (audio.source.sample_rate_hz, audio.source.num_channels);
    let reference = ffmpeg_samples(path, rate, channels)?;
    let (found, expected) = (audio.samples.len() / channels, reference.len() / channels);
    if found.abs_diff(expected) > rate as usize / 15 {
        return Some(format!("{found} frames, FFmpeg {expected}"));
    }
    let found = correlation(&audio.samples, &reference, channels);
    (found < 0.98).then(|| format!("correlation {found}"))
}

#[test]
fn what_ffmpeg_writes_is_read_or_called_not_supported() {
    if testing::program("ffmpeg", "-version").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.wav");
    let tone = "aevalsrc=0.3*sin(2*PI*(300+200*t)*t)*(0.6+0.4*sin(9*t)):d=1.1:s=16000";
    assert!(ffmpeg(&["-f", "lavfi", "-i", tone], &source));
    let source = source.to_str().unwrap();
    let (mut num_read, mut faults) = (0, Vec::new());
    let mut check = |name: String, arguments: &[&str]| {
        let path = folder.path().join(&name);
        // Not every codec goes into every container, nor at every rate.
        let is_made =
            [["16000", "1"], ["48000", "2"], ["8000", "1"]]
                .iter()
                .any(|[rate, channels]| {
                    let all = [
                        &["-i", source, "-strict", "-2", "-ar", rate, "-ac", channels][..],
                        arguments,
                    ]
                    .concat();
                    ffmpeg(&all, &path)
                });
        if is_made {
            num_read += 1;
            faults.extend(fault(&path).map(|fault| format!("{name}: {fault}")));
        }
    };
    for encoder in ENCODERS {
        for (container, ending) in CONTAINERS {
            check(
                format!("{encoder}.{ending}"),
                &["-c:a", encoder, "-f", container],
            );
        }
    }
    for container in OTHERS {
        check(format!("other.{container}"), &["-f", container]);
    }
    eprintln!("{num_read} files");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
