//! What a reader of recordings may rely on, on files written by `hound`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use audio_features::{
    AudioError, AudioWarning, ChannelChoice, SampleSink, decode_recording, decode_window,
    is_audio_path, read_channels, read_recording, stream_bytes,
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

#[test]
fn a_window_holds_the_part_and_what_room_there_is() {
    let spec = WavSpec {
        channels: 2,
        ..INTEGERS
    };
    let value = |frame: usize| (frame % 30_000) as f32 / 32_768.0;
    let samples =
        (0..100_000).flat_map(|frame| [(frame % 30_000) as i16, -((frame % 30_000) as i16)]);
    let bytes = wav(spec, samples);
    let window = |part_s, most| decode_window(bytes.clone(), "long", part_s, most).unwrap();
    // In the room from the start on: all of it is kept up to there, and no more decoded.
    let found = window(0.5..1.0, 40_000);
    assert_eq!((found.first_frame, found.num_frames), (0, None));
    assert_eq!(found.channels.samples.len(), 40_000);
    // Beyond it: from the part on.
    let found = window(3.0..3.5, 40_000);
    assert_eq!((found.first_frame, found.num_frames), (47_999, None));
    assert_eq!(found.channels.samples[..2], [value(47_999), -value(47_999)]);
    // Longer than the room: the part alone.
    let found = window(3.0..5.0, 40_000);
    assert_eq!(found.channels.samples.len() / 2, 80_002 - 47_999);
    // To the end: how long the recording is, is known.
    let found = window(6.0..6.25, 40_000);
    assert_eq!(found.num_frames, Some(100_000));
    assert_eq!(
        found.channels.samples.len() / 2,
        100_000 - found.first_frame
    );
    let found = window(0.0..f64::INFINITY, 10);
    assert_eq!((found.first_frame, found.num_frames), (0, Some(100_000)));
    assert_eq!(found.channels.samples.len(), 200_000);
}

/// Counts its beginnings, and how much came at a time.
#[derive(Default)]
struct Counting {
    samples: Vec<f32>,
    beginnings: usize,
    longest: usize,
}

impl SampleSink for Counting {
    fn begin(&mut self, _: Option<usize>) {
        self.samples.clear();
        self.beginnings += 1;
    }

    fn push(&mut self, samples: &[f32]) {
        self.longest = self.longest.max(samples.len());
        self.samples.extend_from_slice(samples);
    }
}

#[test]
fn samples_that_come_block_by_block_are_those_of_the_whole() {
    for (channels, sign, beginnings) in [(1, 1, 1), (2, 1, 1), (2, -1, 2)] {
        let spec = WavSpec {
            channels,
            sample_rate: 44_100,
            ..INTEGERS
        };
        let sample = |frame: usize| ((frame * 37) % 20_011) as i16 - 10_000;
        let samples = (0..200_000).flat_map(|frame| {
            [sample(frame), sign * sample(frame)]
                .into_iter()
                .take(usize::from(channels))
        });
        let bytes = wav(spec, samples);
        let whole = decode_recording(bytes.clone(), "x", 16_000).unwrap();
        let mut sink = Counting::default();
        let heard = stream_bytes(bytes, "x", ChannelChoice::Mix, 16_000, &mut sink).unwrap();
        assert_eq!(sink.samples, whole.waveform.samples);
        assert_eq!(heard.num_samples as usize, sink.samples.len());
        assert_eq!(
            (heard.warnings, heard.source),
            (whole.warnings, whole.source)
        );
        assert_eq!(sink.beginnings, beginnings, "{channels} {sign}");
        assert!(sink.longest < 8_192);
    }
}
