//! What a reader of recordings may rely on, on files written by `hound`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use audio_features::{
    AudioError, AudioWarning, decode_recording, is_audio_path, read_channels, read_recording,
};
use hound::{SampleFormat, WavSpec, WavWriter};

const INTEGERS: WavSpec = WavSpec {
    channels: 1,
    sample_rate: 16_000,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};
const FLOATS: WavSpec = WavSpec {
    channels: 1,
    sample_rate: 16_000,
    bits_per_sample: 32,
    sample_format: SampleFormat::Float,
};

fn wav<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn channels_are_averaged() {
    let spec = WavSpec {
        channels: 3,
        ..INTEGERS
    };
    let recording =
        decode_recording(wav(spec, [300i16, 600, 900, -3, 0, -3]), "three", 16_000).unwrap();
    assert_eq!(
        recording.waveform.samples,
        [600.0 / 32_768.0, -2.0 / 32_768.0]
    );
    assert_eq!(recording.source.num_channels, 3);
    assert_eq!(recording.source.num_frames, 2);
    assert_eq!(recording.source.codec, "pcm_s16le");
}

#[test]
fn integers_are_divided_by_their_range() {
    for (bits, range) in [
        (16u16, 32_768.0f32),
        (24, 8_388_608.0),
        (32, 2_147_483_648.0),
    ] {
        let spec = WavSpec {
            bits_per_sample: bits,
            ..INTEGERS
        };
        let lowest = (-(1i64 << (bits - 1))) as i32;
        let recording = decode_recording(wav(spec, [lowest, 0, 256]), "range", 16_000).unwrap();
        assert_eq!(
            recording.waveform.samples,
            [-1.0, 0.0, 256.0 / range],
            "{bits} bits"
        );
    }
}

#[test]
fn a_tone_keeps_its_pitch_and_place_at_another_rate() {
    let spec = WavSpec {
        channels: 2,
        sample_rate: 44_100,
        ..FLOATS
    };
    let tone = |hz: f64, rate: f64, index: u32| {
        (0.4 * (std::f64::consts::TAU * hz * f64::from(index) / rate).sin()) as f32
    };
    let samples = (0..44_100).flat_map(|index| [tone(700.0, 44_100.0, index); 2]);
    let recording = decode_recording(wav(spec, samples), "tone", 16_000).unwrap();
    assert_eq!(recording.waveform.samples.len(), 16_000);
    assert_eq!(recording.waveform.sample_rate_hz, 16_000);
    assert!((recording.waveform.duration_s() - 1.0).abs() < 1e-12);
    for index in 1_000..15_000 {
        let difference = recording.waveform.samples[index as usize] - tone(700.0, 16_000.0, index);
        assert!(difference.abs() < 1e-4, "sample {index}: {difference}");
    }
    assert_eq!(recording.warnings, []);
}

#[test]
fn what_is_no_number_is_replaced_before_it_spreads() {
    let spec = WavSpec {
        sample_rate: 48_000,
        ..FLOATS
    };
    let samples = (0..4_800).map(|index| match index {
        1_000 => f32::NAN,
        2_000 => f32::INFINITY,
        _ => 0.3 * (index as f32 * 0.05).sin(),
    });
    let recording = decode_recording(wav(spec, samples), "holes", 16_000).unwrap();
    assert!(recording.waveform.samples.iter().all(|x| x.abs() < 0.5));
    assert!(matches!(
        recording.warnings[..],
        [AudioWarning::NonFinite { num_samples: 2, .. }]
    ));
    assert!(
        recording.warnings[0]
            .to_string()
            .starts_with("2 samples are NaN")
    );
}

#[test]
fn a_cut_recording_says_how_much_is_there() {
    let bytes = wav(
        INTEGERS,
        (0..16_000).map(|index| ((index % 100) * 50 - 2_475) as i16),
    );
    let recording = decode_recording(bytes[..44 + 8_001].to_vec(), "cut", 16_000).unwrap();
    assert_eq!(recording.waveform.samples.len(), 4_000);
    assert!(
        matches!(
            &recording.warnings[..],
            [AudioWarning::PartlyReadable { read_s, expected_s: Some(expected_s), reason }]
                if *read_s == 0.25 && *expected_s == 1.0 && reason.contains("byte 8045")
        ),
        "{:?}",
        recording.warnings
    );
}

#[test]
fn silence_is_defined_and_told() {
    let recording = decode_recording(wav(INTEGERS, [0i16; 1_600]), "silence", 8_000).unwrap();
    assert_eq!(recording.waveform.samples, [0.0; 800]);
    assert_eq!(
        recording.warnings,
        [AudioWarning::DigitalSilence { duration_s: 0.1 }]
    );
}

#[test]
fn a_recording_without_a_sample_is_refused() {
    let error = decode_recording(wav(INTEGERS, [0i16; 0]), "nothing", 16_000).unwrap_err();
    assert!(matches!(error, AudioError::NoAudio { .. }), "{error}");
    let error = decode_recording(Vec::new(), "standard input", 16_000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`standard input` is empty (0 bytes), expected audio"
    );
    assert_eq!(error.remedy(), Some("make or download the file again"));
}

#[test]
fn a_wanted_rate_out_of_range_is_refused() {
    for rate in [0, 999, 1_000_000] {
        let error = decode_recording(wav(INTEGERS, [1i16; 10]), "any", rate).unwrap_err();
        assert!(matches!(error, AudioError::WantedRate { wanted_hz, .. } if wanted_hz == rate));
    }
}

#[test]
fn paths_are_read_and_their_faults_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b ü.bin");
    std::fs::write(&path, wav(INTEGERS, [1i16, 2, 3])).unwrap();
    // The content decides, not the name.
    assert_eq!(read_recording(&path, 16_000).unwrap().source.num_frames, 3);
    assert_eq!(read_channels(&path).unwrap().samples.len(), 3);

    let missing = folder.path().join("missing.wav");
    let error = read_recording(&missing, 16_000).unwrap_err();
    assert!(error.to_string().contains("missing.wav"), "{error}");
    assert!(matches!(error, AudioError::Unreadable { .. }));
    assert!(matches!(
        read_recording(folder.path(), 16_000),
        Err(AudioError::IsDirectory { .. })
    ));
}

#[test]
fn extensions_are_known_in_either_case() {
    for name in ["a.wav", "b/c.FLAC", "d.e.m4a", "-x.Ogg"] {
        assert!(is_audio_path(Path::new(name)), "{name}");
    }
    for name in ["wav", ".wav", "a.txt", "a.wav.part", "a"] {
        assert!(!is_audio_path(Path::new(name)), "{name}");
    }
}
