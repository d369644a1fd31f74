//! Which channel of a recording is heard.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use audio_features::{
    AudioError, AudioWarning, ChannelChoice, decode_recording, decode_recording_of, read_channels,
    read_recording, read_recording_of, shape, shape_of,
};
use common::{cases, wav16};

/// A voice-like sound: a tone that comes and goes.
fn sound(index: usize) -> i16 {
    let loudness = ((index / 800) % 3) as f64 * 4_000.0;
    (loudness * (index as f64 * 0.37).sin()) as i16
}

#[test]
fn a_channel_of_opposite_polarity_does_not_silence_the_recording() {
    let frames = || (0..16_000).flat_map(|i| [sound(i), -sound(i)]);
    let mono: Vec<f32> = (0..16_000)
        .map(|i| f32::from(sound(i)) / 32_768.0)
        .collect();
    for rate in [16_000, 8_000] {
        let pair = decode_recording(wav16(2, 16_000, frames()), "pair", rate).unwrap();
        let alone = wav16(1, 16_000, (0..16_000).map(sound));
        let alone = decode_recording(alone, "alone", rate).unwrap();
        assert_eq!(pair.waveform, alone.waveform);
        assert!(
            matches!(
                pair.warnings[..],
                [AudioWarning::ChannelsCancel { num_channels: 2, channel: 0, mix_db }] if mix_db < -80.0
            ),
            "{:?}",
            pair.warnings
        );
    }
    // What was chosen is given, without a word.
    let bytes = wav16(2, 16_000, frames());
    let right = decode_recording_of(bytes.clone(), "pair", ChannelChoice::One(1), 16_000).unwrap();
    assert_eq!(right.warnings, []);
    let negative: Vec<f32> = mono.iter().map(|sample| -sample).collect();
    assert_eq!(right.waveform.samples, negative);
    let error = decode_recording_of(bytes, "pair", ChannelChoice::One(2), 16_000).unwrap_err();
    assert!(
        matches!(
            &error,
            AudioError::NoSuchChannel {
                channel: 2,
                num_channels: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn the_louder_of_two_that_cancel_is_taken() {
    let frames = (0..16_000).flat_map(|i| [-(sound(i) / 10 * 9), sound(i)]);
    let found = decode_recording(wav16(2, 16_000, frames), "pair", 16_000).unwrap();
    assert!(matches!(
        found.warnings[..],
        [AudioWarning::ChannelsCancel { channel: 1, .. }]
    ));
    assert_eq!(
        found.waveform.samples[1_234],
        f32::from(sound(1_234)) / 32_768.0
    );
}

#[test]
fn the_shared_antiphase_and_call_are_what_they_are() {
    let Some(folder) = cases("stereo-antiphase") else {
        return;
    };
    let mono = read_recording(&folder.join("mono.wav"), 16_000).unwrap();
    assert_eq!(mono.warnings, []);
    let antiphase = read_recording(&folder.join("antiphase.wav"), 16_000).unwrap();
    assert_eq!(antiphase.waveform, mono.waveform);
    assert!(matches!(
        antiphase.warnings[..],
        [AudioWarning::ChannelsCancel { channel: 0, .. }]
    ));
    let path = folder.join("call.wav");
    let call = read_recording(&path, 16_000).unwrap();
    assert!(
        matches!(
            call.warnings[..],
            [AudioWarning::ChannelsDiffer { num_channels: 2, correlation }] if correlation.abs() < 0.1
        ),
        "{:?}",
        call.warnings
    );
    let channels = read_channels(&path).unwrap();
    for channel in 0..2 {
        let one = read_recording_of(&path, ChannelChoice::One(channel), 16_000).unwrap();
        let expected: Vec<f32> = channels
            .samples
            .chunks_exact(2)
            .map(|f| f[channel])
            .collect();
        assert_eq!(one.waveform.samples, expected);
        assert_eq!(one.warnings, []);
    }
}

#[test]
fn channels_are_counted_without_decoding_the_recording() {
    for count in [1, 2, 6] {
        let bytes = wav16(count, 16_000, (0..4_000 * usize::from(count)).map(sound));
        assert_eq!(
            shape_of(bytes, "x").unwrap().num_channels,
            usize::from(count),
            "{count}"
        );
    }
    assert!(shape_of(b"no sound".to_vec(), "x").is_err());
    let Some(folder) = common::vectors() else {
        return;
    };
    for row in common::rows(&folder) {
        if row["category"] != "good" {
            continue;
        }
        let path = folder.join(row["name"].as_str().unwrap());
        if let Ok(recording) = read_channels(&path) {
            assert_eq!(
                shape(&path).unwrap().num_channels,
                recording.source.num_channels,
                "{}",
                path.display()
            );
        }
    }
}
