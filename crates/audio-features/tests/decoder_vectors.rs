//! Every file of the shared decoder vectors, against their manifest.
//!
//! The manifest's numbers are FFmpeg's, most of them confirmed by libsndfile. Lossless files must agree to the last bit,
//! lossy ones in length and level and, where the vectors hold FFmpeg's output, sample by sample but for rounding. What
//! becomes of a broken file stands in `decoder_outcomes.tsv`, which holds present behaviour within what the manifest
//! allows: a change there is to be seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use audio_features::{AudioError, AudioWarning, decode_recording, read_channels, read_recording};
use common::{rows, vectors};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Frames by which a start may differ from FFmpeg's: the delays of codecs are hundreds, and all lags found are 0.
const MAX_LAG: i64 = 2;

/// One line of the table: decoded, refused or partial, and the words.
struct Line {
    verdict: &'static str,
    words: String,
}

#[test]
fn good_files_decode_as_the_manifest_says() {
    let Some(folder) = vectors() else { return };
    let (mut table, mut faults) = (String::new(), Vec::new());
    for row in rows(&folder).iter().filter(|row| row["category"] == "good") {
        let name = row["name"].as_str().unwrap();
        note(name, good(&folder, row), &mut table, &mut faults);
    }
    eprintln!("{table}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A line of the printed table, and a fault where the file was not read as it should be.
fn note(name: &str, outcome: Result<Line, String>, table: &mut String, faults: &mut Vec<String>) {
    let line = outcome.unwrap_or_else(|fault| {
        faults.push(format!("{name}: {fault}"));
        Line {
            verdict: "WRONG",
            words: fault,
        }
    });
    writeln!(table, "{:8} {name}: {}", line.verdict, line.words).unwrap();
}

fn good(folder: &Path, row: &Value) -> Result<Line, String> {
    let path = folder.join(row["name"].as_str().unwrap());
    let audio = match read_channels(&path) {
        Ok(audio) => audio,
        // A rare format may be refused, as one that is not supported and for no other reason.
        Err(error @ AudioError::Unsupported { .. }) if row["required"] == false => {
            return Ok(Line {
                verdict: "refused",
                words: error.to_string(),
            });
        }
        Err(error) => return Err(error.to_string()),
    };
    let (rate, channels) = (audio.source.sample_rate_hz, audio.source.num_channels);
    if (u64::from(rate), channels as u64)
        != (
            row["sample_rate"].as_u64().unwrap(),
            row["channels"].as_u64().unwrap(),
        )
    {
        return Err(format!("{rate} Hz, {channels} channels"));
    }
    if let Some(warning) = audio
        .warnings
        .iter()
        .find(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }))
    {
        return Err(format!("a sound file is called {warning}"));
    }
    let frames = audio.source.num_frames;
    let expected = row["frames"].as_u64().unwrap();
    let mut words = format!(
        "{} {rate} Hz, {channels} channels, {frames} frames",
        audio.source.codec
    );
    if row["tolerance"] == "exact" {
        let mut hash = Sha256::new();
        for sample in &audio.samples {
            hash.update(sample.to_le_bytes());
        }
        let hash: String = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if frames != expected || hash != row["sha256_f32le"] {
            return Err(format!(
                "{frames} frames (expected {expected}), hash {hash}"
            ));
        }
        words.push_str(", exact");
    } else {
        if frames.abs_diff(expected) > row["frames_slack"].as_u64().unwrap() {
            return Err(format!("{frames} frames, expected {expected}"));
        }
        if let Some(source) = row["source_frames"].as_u64() {
            write!(words, " (before encoding {source})").unwrap();
        }
    }
    let mono: Vec<f32> = audio
        .samples
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<f32>() / channels as f32)
        .collect();
    let rms = (mono.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / mono.len() as f64).sqrt();
    let expected_rms = row["mono_rms"].as_f64().unwrap();
    let slack = if row["tolerance"] == "exact" {
        1e-6
    } else {
        0.05
    };
    if (rms / expected_rms - 1.0).abs() > slack {
        return Err(format!("level {rms}, expected {expected_rms}"));
    }
    if let Some(reference) = row["reference"].as_str() {
        let bytes = std::fs::read(folder.join(reference)).unwrap();
        let reference: Vec<f32> = npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap();
        let (lag, correlation) = best_lag(&mono, &reference, row["max_lag"].as_i64().unwrap());
        if correlation < row["min_corr"].as_f64().unwrap() {
            return Err(format!("correlation {correlation:.5} at lag {lag}"));
        }
        // Both decoders cut the delays that the file states and keep what it does not state.
        if lag.abs() > MAX_LAG {
            return Err(format!("lag {lag}: the start is not FFmpeg's"));
        }
        write!(words, ", lag {lag}, correlation {correlation:.5}").unwrap();
    }
    // What the product reads: mono at the model's rate.
    let recording = read_recording(&path, 16_000).map_err(|error| error.to_string())?;
    let num_expected = (frames as f64 * 16_000.0 / f64::from(rate)).round() as usize;
    if recording.waveform.samples.len() != num_expected {
        return Err(format!(
            "{} samples at 16 kHz, expected {num_expected}",
            recording.waveform.samples.len()
        ));
    }
    if recording.waveform.samples.iter().any(|x| !x.is_finite()) {
        return Err("not finite".into());
    }
    for warning in &audio.warnings {
        write!(words, "; {warning}").unwrap();
    }
    Ok(Line {
        verdict: "decoded",
        words,
    })
}

/// Lag of `actual` against `reference` with the best correlation.
fn best_lag(actual: &[f32], reference: &[f32], max_lag: i64) -> (i64, f64) {
    let correlation = |lag: i64, step: usize| {
        let (mut xy, mut xx, mut yy) = (0.0, 1e-12, 1e-12);
        for index in (0..reference.len()).step_by(step) {
            let other = index as i64 + lag;
            let Some(x) = usize::try_from(other)
                .ok()
                .and_then(|other| actual.get(other))
            else {
                continue;
            };
            let (x, y) = (f64::from(*x), f64::from(reference[index]));
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        xy / (xx * yy).sqrt()
    };
    let coarse = (-max_lag..=max_lag)
        .map(|lag| (lag, correlation(lag, 7)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    (coarse.0 - 2..=coarse.0 + 2)
        .map(|lag| (lag, correlation(lag, 1)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap()
}

#[test]
fn mp3_frames_are_all_heard_whatever_the_tag_says() {
    let Some(folder) = vectors() else { return };
    let bytes = std::fs::read(folder.join("good/mp3_vbr_48k_mono_lame_tag.mp3")).unwrap();
    let num_frames = |bytes: &[u8]| {
        let recording = decode_recording(bytes.to_vec(), "mp3", 48_000).unwrap();
        let partly = recording
            .warnings
            .iter()
            .any(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }));
        assert!(!partly, "{:?}", recording.warnings);
        recording.source.num_frames
    };
    assert_eq!(num_frames(&bytes), 24_000);
    // Without its first frame, which holds the tag, a variable bit rate lets nothing be guessed:
    // all 22 frames of 1152 samples must come out (FFmpeg: 25344).
    let sync = bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && pair[1] >= 0xe0)
        .unwrap();
    let tag = bytes
        .windows(4)
        .position(|word| word == b"Xing" || word == b"Info")
        .unwrap();
    let next = (tag..bytes.len())
        .find(|at| bytes[*at..].starts_with(&bytes[sync..sync + 2]))
        .unwrap();
    assert_eq!(num_frames(&bytes[next..]), 25_344);
    // Two files joined: the count of the first is not the end of the sound.
    let joined = [&bytes[..], &bytes[sync..]].concat();
    assert!(num_frames(&joined) > 48_000);
}

#[test]
fn announced_sbr_gives_the_core_with_a_warning() {
    let Some(folder) = vectors() else { return };
    let mut bytes = std::fs::read(folder.join("bad/heaac_v1_44k1.m4a")).unwrap();
    let implicit = decode_recording(bytes.clone(), "he", 16_000).unwrap();
    // The same stream with SBR announced the hierarchical way (object 5, 44.1 kHz over a core of
    // 22.05 kHz), in room that the lengths of the descriptors leave.
    let plain = [5, 0x80, 0x80, 0x80, 2, 0x13, 0x88];
    let at = bytes.windows(7).position(|window| window == plain).unwrap();
    bytes[at + 4..at + 13].copy_from_slice(&[4, 0x2b, 0x8a, 0x08, 0, 6, 0x80, 1, 2]);
    let decoder = bytes[..at]
        .windows(4)
        .rposition(|window| window == [4, 0x80, 0x80, 0x80])
        .unwrap();
    bytes[decoder + 4] += 2;
    let announced = decode_recording(bytes, "he", 16_000).unwrap();
    assert_eq!(announced.waveform, implicit.waveform);
    let missing = AudioWarning::UpperBandMissing { highest_hz: 11_025 };
    assert!(
        announced.warnings.contains(&missing),
        "{:?}",
        announced.warnings
    );
}

#[test]
fn bad_files_are_refused_or_come_with_a_warning() {
    let Some(folder) = vectors() else { return };
    let made = tempfile::tempdir().unwrap();
    let (mut table, mut faults) = (String::new(), Vec::new());
    let mut outcomes: BTreeMap<&str, &str> = include_str!("decoder_outcomes.tsv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .collect();
    for row in rows(&folder).iter().filter(|row| row["category"] == "bad") {
        let name = row["name"].as_str().unwrap();
        let path = if row["create"] == "directory" {
            let path = made.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        } else {
            folder.join(name)
        };
        let expected = outcomes.remove(name).unwrap_or("nothing");
        note(name, bad(&path, row, expected), &mut table, &mut faults);
    }
    eprintln!("{table}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(outcomes.is_empty(), "not in the manifest: {outcomes:?}");
}

/// `expected` is the outcome as in the table: the verdict, then the error's kind, or the number of frames and the kinds
/// of the warnings.
fn bad(path: &Path, row: &Value, expected: &str) -> Result<Line, String> {
    let started = Instant::now();
    let result = read_recording(path, 16_000);
    let seconds = started.elapsed().as_secs_f64();
    // A hang is what is looked for, not a slow machine.
    if seconds > 10.0 {
        return Err(format!("took {seconds:.1} s"));
    }
    let expect = row["expect"].as_str().unwrap();
    let recording = match result {
        Err(error) => {
            let words = error.to_string();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            if !words.contains(&file) {
                return Err(format!("the error does not name the file: {words}"));
            }
            same_outcome(&format!("refused\t{}", kind(&error)), expected)?;
            return Ok(Line {
                verdict: "refused",
                words: words.replace(&format!("{}/", path.parent().unwrap().display()), ""),
            });
        }
        Ok(recording) => recording,
    };
    let warnings: Vec<String> = recording.warnings.iter().map(ToString::to_string).collect();
    let words = format!(
        "{} {} Hz, {} frames: {}",
        recording.source.codec,
        recording.source.sample_rate_hz,
        recording.source.num_frames,
        warnings.join("; ")
    );
    if expect == "error" {
        return Err(format!("should be refused, gave {words}"));
    }
    if recording.waveform.samples.iter().any(|x| !x.is_finite()) {
        return Err("not finite".into());
    }
    let partly = recording
        .warnings
        .iter()
        .any(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }));
    if expect == "partial" && !partly && row["warn_optional"] != true {
        return Err(format!("no warning of damage: {words}"));
    }
    if let Some(intact) = row["intact_frames"].as_u64() {
        let slack = if matches!(row["codec"].as_str(), Some("mp3" | "vorbis" | "aac")) {
            2_048
        } else {
            0
        };
        if recording.source.num_frames > intact + slack {
            return Err(format!(
                "more than the {intact} frames of the whole file: {words}"
            ));
        }
    }
    let warned = match row["warn"].as_str() {
        None => true,
        Some("dc_offset") => recording
            .warnings
            .iter()
            .any(|warning| matches!(warning, AudioWarning::DcOffset { .. })),
        Some("clipping") => recording
            .warnings
            .iter()
            .any(|warning| matches!(warning, AudioWarning::Clipping { .. })),
        Some(other) => return Err(format!("a warning `{other}` that the test does not know")),
    };
    if !warned {
        return Err(format!("the warning {} is missing: {words}", row["warn"]));
    }
    let verdict = if partly { "partial" } else { "decoded" };
    let mut found = format!("{verdict}\t{}", recording.source.num_frames);
    for warning in &recording.warnings {
        write!(found, " {}", kind(warning)).unwrap();
    }
    same_outcome(&found, expected)?;
    Ok(Line { verdict, words })
}

/// Name of the variant of an error or a warning.
fn kind(value: &impl std::fmt::Debug) -> String {
    let words = format!("{value:?}");
    words.split([' ', '(']).next().unwrap().to_owned()
}

fn same_outcome(found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("`{found}`, decoder_outcomes.tsv has `{expected}`"))
}
