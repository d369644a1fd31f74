//! Against PyTorch: `golden/network.json`, made by `golden/make_golden.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Expected, different, furthest, load, signal, state, text};
use serde::Deserialize;
use speech_segmenter::{Aggregator, WindowSettings};

/// Of log probabilities: f32 here through four LSTM layers, f64 there.
const TOLERANCE: f32 = 1e-5;
/// Of digital silence, whose channels have no deviation: norms divide what rounding left by the root of 1e-5, twice.
const SILENT_TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    silence: Vec<f32>,
    recordings: Vec<Expected>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    samples: usize,
    every: usize,
    classes: String,
    log_probabilities: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/network.json")).unwrap()
}

#[test]
fn log_probabilities_are_those_of_pytorch() {
    let segmenter = load(&state()).unwrap();
    let golden = golden();
    for case in &golden.cases {
        let posteriors = segmenter.window(&signal(&case.name, case.samples)).unwrap();
        let rows: Vec<f32> = posteriors
            .rows()
            .iter()
            .step_by(case.every)
            .flatten()
            .copied()
            .collect();
        let distance = furthest(&rows, &case.log_probabilities);
        println!("{}: {distance:.1e}", case.name);
        assert!(distance <= TOLERANCE, "{}: {distance}", case.name);
        assert_eq!(text(posteriors.classes()), case.classes, "{}", case.name);
    }
    assert_eq!(golden.cases.len(), 4);
    let silence = segmenter.window(&[0.0; 8_000]).unwrap();
    let distance = furthest(silence.rows().first().unwrap(), &golden.silence);
    println!("silence: {distance:.1e}");
    assert!(distance <= SILENT_TOLERANCE, "{distance}");
}

#[test]
fn windows_and_counts_are_those_of_pyannote() {
    let segmenter = load(&state()).unwrap();
    for expected in &golden().recordings {
        let name = &expected.name;
        let samples = signal(name, expected.samples);
        let settings = WindowSettings {
            window: expected.window,
            step: expected.step,
        };
        let mut aggregator = Aggregator::default();
        let mut starts = Vec::new();
        for window in segmenter.windows(&samples, settings).unwrap() {
            let window = window.unwrap();
            let classes = text(window.posteriors().classes());
            assert_eq!(classes, expected.classes[starts.len()], "{name}");
            starts.push(window.start());
            aggregator.add(&window);
        }
        assert_eq!(starts, expected.starts, "{name}");
        let activity = aggregator.finish();
        let found = text(activity.num_speakers.iter().map(|&num| usize::from(num)));
        // Theirs go on into the padding.
        let theirs = &expected.num_speakers;
        assert!(found.len() <= theirs.len() && theirs.len() < found.len() + 60);
        assert_eq!(different(&found, &theirs[..found.len()]), 0, "{name}");
        let speech: Vec<f32> = activity.speech.iter().step_by(7).copied().collect();
        let distance = furthest(&speech, &expected.speech[..speech.len()]);
        assert!(distance <= TOLERANCE, "{name}: {distance}");
    }
}
