//! Damaged copies of sound files: cut anywhere, bytes flipped, bytes lost. Whatever the bytes, there
//! is an answer, in bounded time, with finite samples and no panic; what a cut took is reported.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod common;

use std::io::Cursor;
use std::time::Instant;

use audio_features::{AudioError, AudioWarning, Recording, decode_recording};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A WAV file of a second of a falling tone.
fn wav(bits: u16, float: bool, num_channels: u16) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: num_channels,
        sample_rate: 8_000,
        bits_per_sample: bits,
        sample_format: if float {
            hound::SampleFormat::Float
        } else {
            hound::SampleFormat::Int
        },
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for index in 0..8_000 * u32::from(num_channels) {
        let value = 0.5 * (0.3 * f64::from(index) / (1.0 + f64::from(index) / 9_000.0)).sin();
        if float {
            writer.write_sample(value as f32).unwrap();
        } else {
            writer
                .write_sample((value * f64::from(1 << (bits - 1))) as i32)
                .unwrap();
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// An AIFF file (16 bits, mono) by the book.
fn aiff() -> Vec<u8> {
    let samples: Vec<u8> = (0..4_000i32)
        .flat_map(|index| (((f64::from(index) * 0.2).sin() * 9e3) as i16).to_be_bytes())
        .collect();
    let mut common = vec![0, 1];
    common.extend(4_000u32.to_be_bytes());
    common.extend(16u16.to_be_bytes());
    // 8000 Hz as an 80-bit float.
    common.extend([0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
    let mut sound = vec![0; 8];
    sound.extend(samples);
    let mut form = b"AIFF".to_vec();
    for (name, content) in [(b"COMM", common), (b"SSND", sound)] {
        form.extend(name);
        form.extend((content.len() as u32).to_be_bytes());
        form.extend(content);
    }
    let mut file = b"FORM".to_vec();
    file.extend((form.len() as u32).to_be_bytes());
    file.extend(form);
    file
}

/// A CAF file (32-bit float, little-endian, stereo) by the book.
fn caf() -> Vec<u8> {
    let mut file = b"caff\0\x01\0\0".to_vec();
    file.extend(b"desc");
    file.extend(32u64.to_be_bytes());
    file.extend(8_000f64.to_be_bytes());
    file.extend(b"lpcm");
    // Float and little-endian.
    for field in [3u32, 8, 1, 2, 32] {
        file.extend(field.to_be_bytes());
    }
    file.extend(b"data");
    file.extend((4 + 4_000u64 * 8).to_be_bytes());
    file.extend([0; 4]);
    for index in 0..8_000 {
        file.extend((0.4 * (index as f32 * 0.1).sin()).to_le_bytes());
    }
    file
}

/// Small sound files: those made here, and the vectors where they are at hand.
fn sound_files() -> Vec<(String, Vec<u8>)> {
    let mut files = vec![
        ("made-s16.wav".to_owned(), wav(16, false, 1)),
        ("made-s24.wav".to_owned(), wav(24, false, 2)),
        ("made-f32.wav".to_owned(), wav(32, true, 2)),
        ("made.aiff".to_owned(), aiff()),
        ("made.caf".to_owned(), caf()),
    ];
    if let Some(folder) = common::vectors() {
        for row in common::rows(&folder) {
            if row["category"] == "good" {
                let name = row["name"].as_str().unwrap();
                files.push((name.to_owned(), std::fs::read(folder.join(name)).unwrap()));
            }
        }
    }
    files
}

/// Decodes and checks what must hold for any bytes.
fn decode(bytes: Vec<u8>, name: &str) -> Result<Recording, AudioError> {
    let started = Instant::now();
    let result = decode_recording(bytes, name, 16_000);
    // Two orders of magnitude above what the largest of these files takes: a hang, not a slow machine.
    assert!(started.elapsed().as_secs_f64() < 10.0, "{name} hangs");
    match &result {
        Ok(recording) => {
            assert!(
                recording.waveform.samples.iter().all(|x| x.is_finite()),
                "{name}"
            );
            assert!(recording.source.num_frames > 0, "{name}");
        }
        Err(error) => assert!(error.to_string().contains(name), "{name}: {error}"),
    }
    result
}

fn has_panicked(error: &AudioError) -> bool {
    matches!(error, AudioError::DecoderPanicked { .. })
}

fn is_partly_readable(recording: &Recording) -> bool {
    recording
        .warnings
        .iter()
        .any(|warning| matches!(warning, AudioWarning::PartlyReadable { .. }))
}

#[test]
fn made_files_are_sound() {
    for (name, bytes) in sound_files()
        .into_iter()
        .filter(|(name, _)| name.starts_with("made"))
    {
        let recording = decode(bytes, &name).unwrap();
        assert_eq!(recording.warnings, [], "{name}");
        assert!(recording.source.num_frames >= 4_000, "{name}");
    }
}

#[test]
fn a_cut_is_reported() {
    let (mut silent, mut reported, mut refused, mut total) = (Vec::new(), 0, 0, 0);
    for (name, bytes) in sound_files() {
        // The one format with no means to tell: a stream that says its length is unknown.
        if name.contains("streaming_sizes") {
            continue;
        }
        let whole = decode(bytes.clone(), &name);
        let Ok(whole) = whole else { continue };
        for share in [0.1, 0.3, 0.5, 0.7, 0.9, 0.97] {
            // Off by 7, so as not to hit the border between two MP3 frames, where nothing shows.
            let cut = (bytes.len() as f64 * share) as usize + 7;
            if cut >= bytes.len() {
                continue;
            }
            total += 1;
            let recording = match decode(bytes[..cut].to_vec(), &name) {
                Ok(recording) => recording,
                Err(error) => {
                    assert!(!has_panicked(&error), "{error}");
                    refused += 1;
                    continue;
                }
            };
            let is_shorter = recording.source.num_frames < whole.source.num_frames;
            if is_partly_readable(&recording) {
                reported += 1;
            } else if is_shorter {
                silent.push(format!(
                    "{name} cut to {cut} of {} bytes: {} of {} frames",
                    bytes.len(),
                    recording.source.num_frames,
                    whole.source.num_frames
                ));
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    // Containers that hold their index at the end, and cuts inside of headers, leave nothing to be read.
    eprintln!("of {total} cuts {reported} reported, {refused} refused");
    assert!(
        2 * reported >= total && 4 * refused <= total,
        "of {total} cuts {reported} reported, {refused} refused"
    );
}

/// Damaged copies of each file; `SIAMANG_FUZZ_ROUNDS` asks for more than the quick test makes.
fn num_rounds() -> usize {
    std::env::var("SIAMANG_FUZZ_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(24)
}

#[test]
fn any_damage_has_an_answer() {
    let mut random = ChaCha8Rng::seed_from_u64(20_261_124);
    let (mut sound, mut partly, mut refused, mut panicked) = (0, 0, 0, Vec::new());
    for (name, original) in sound_files() {
        for round in 0..num_rounds() {
            let mut bytes = original.clone();
            // Headers hold the claims, so half of the damage goes there.
            let reach = if round % 2 == 0 {
                bytes.len().min(512)
            } else {
                bytes.len()
            };
            for _ in 0..1 << random.random_range(0..5) {
                let at = random.random_range(0..reach.min(bytes.len()));
                match random.random_range(0..5) {
                    0 => bytes[at] ^= 1 << random.random_range(0..8),
                    1 => bytes[at] = [0, 0x7f, 0x80, 0xff][random.random_range(0..4usize)],
                    2 => {
                        let end = (at + random.random_range(1..64)).min(bytes.len());
                        bytes.drain(at..end);
                    }
                    3 => {
                        let end = (at + 4).min(bytes.len());
                        bytes[at..end].fill(0xff);
                    }
                    _ => {
                        let piece = bytes[at..(at + 32).min(bytes.len())].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            match decode(bytes, &name) {
                Ok(recording) if is_partly_readable(&recording) => partly += 1,
                Ok(_) => sound += 1,
                Err(error) => {
                    if has_panicked(&error) {
                        panicked.push(format!("{name}, round {round}: {error}"));
                    }
                    refused += 1;
                }
            }
        }
    }
    // A panic inside of the decoder is caught and answered with an error; the list is for its authors.
    assert!(panicked.is_empty(), "{}", panicked.join("\n"));
    // Damage that always or never ends in a refusal would test one path alone.
    eprintln!("decoded {sound}, partly {partly}, refused {refused}");
    let total = sound + partly + refused;
    assert!(
        [sound, partly, refused].iter().all(|&n| 10 * n >= total),
        "decoded {sound}, partly {partly}, refused {refused}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_bytes_have_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = decode(bytes, "any");
    }

    #[test]
    fn any_bytes_after_a_magic_have_an_answer(
        magic in prop::sample::select(vec![
            &b"RIFF\xff\xff\0\0WAVEfmt \x10\0\0\0"[..], b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0",
            b"FORM\0\0\x20\0AIFFCOMM\0\0\0\x12", b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20", b"fLaC\0\0\0\x22",
            b"OggS\0\x02", b"\0\0\0\x10ftypM4A \0\0\0\0", b"\0\0\x01\0moov\0\0\0\x80trak", b"\xff\xfb\x90\x00",
            b"\xff\xf1\x50\x80", b"ID3\x04\0\0\0\0\0\x10",
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..1_000),
    ) {
        let _ = decode([magic, &bytes].concat(), "any");
    }
}
