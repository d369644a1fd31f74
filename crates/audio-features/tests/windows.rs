//! Windows of one long recording.

#![allow(clippy::unwrap_used)]

mod common;

use audio_features::{decode_channels, decode_window};

/// Four minutes of 8 kHz in stereo whose samples say where they are.
fn long() -> Vec<u8> {
    let frames = 240 * 8_000u32;
    let samples =
        (0..frames).flat_map(|frame| [(frame % 31_991) as i16, -((frame % 15_013) as i16)]);
    common::wav16(2, 8_000, samples)
}

#[test]
fn a_window_at_any_place_of_a_long_recording_is_cut_right_and_no_more_is_kept() {
    let bytes = long();
    let whole = decode_channels(bytes.clone(), "long").unwrap().samples;
    let most_samples = 160_000;
    for (start_s, end_s) in [
        (0.0, 2.0),
        (3.21, 4.5),
        (100.000_1, 104.0),
        (200.25, 201.0),
        (239.0, 240.0),
        (239.5, f64::INFINITY),
    ] {
        let window = decode_window(bytes.clone(), "long", start_s..end_s, most_samples).unwrap();
        let samples = &window.channels.samples;
        let first = 2 * window.first_frame;
        assert_eq!(
            samples[..],
            whole[first..first + samples.len()],
            "{start_s}"
        );
        let wanted = |seconds: f64| (seconds.min(240.0) * 8_000.0) as usize;
        assert!(window.first_frame <= wanted(start_s), "{start_s}");
        assert!(
            window.first_frame + samples.len() / 2 >= wanted(end_s),
            "{start_s}"
        );
        assert!(
            samples.len() <= most_samples,
            "{start_s}: {}",
            samples.len()
        );
    }
    // Two windows that lie near one another are one decoding: the second lies in what was kept.
    let first = decode_window(bytes, "long", 1.0..2.0, most_samples).unwrap();
    assert_eq!(
        (first.first_frame, first.channels.samples.len()),
        (0, most_samples)
    );
}
