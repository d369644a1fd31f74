//! Networks in the layouts of the families' own exports run as in onnxruntime, for 30 to 3,000 frames.
#![cfg(feature = "run")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot read its file has failed"
)]

mod common;

use common::{FAMILIES, cosine, features, load, rows};
use onnx_graph::Layout;

const LENGTHS: [usize; 8] = [30, 57, 100, 298, 300, 512, 1000, 3000];

#[test]
fn vectors_are_those_of_onnxruntime_for_any_number_of_frames() {
    for family in FAMILIES {
        let graph = load(family);
        let expected = rows(common::golden(&format!("{family}.npy")));
        for (frames, expected) in LENGTHS.into_iter().zip(expected) {
            let found = graph
                .run(&features(frames, graph.ports().bins), frames)
                .unwrap();
            let (cosine, worst) = (cosine(&found, &expected), worst(&found, &expected));
            println!(
                "{family} {frames}: cosine 1 - {:.1e}, largest difference {worst:.1e}",
                1.0 - cosine
            );
            assert!(
                cosine > 0.999_99,
                "{family}, {frames} frames: cosine {cosine}"
            );
            assert!(
                worst < 1e-4,
                "{family}, {frames} frames: difference {worst}"
            );
        }
    }
}

/// Relative to the largest number.
fn worst(a: &[f32], b: &[f32]) -> f32 {
    let largest = b.iter().fold(0.0_f32, |all, x| all.max(x.abs()));
    a.iter()
        .zip(b)
        .fold(0.0_f32, |all, (x, y)| all.max((x - y).abs()))
        / largest
}

#[test]
fn inputs_and_outputs_are_chosen_by_shape_and_name() {
    for (family, input, output, layout, bins) in [
        ("wespeaker_ecapa", "feats", "embs", Layout::FramesBins, 80),
        (
            "3dspeaker_campplus",
            "x",
            "embedding",
            Layout::FramesBins,
            80,
        ),
        (
            "nemo_titanet",
            "audio_signal",
            "embs",
            Layout::BinsFrames,
            80,
        ),
        ("resemblyzer", "mel", "embedding", Layout::FramesBins, 40),
    ] {
        let graph = load(family);
        let ports = graph.ports();
        assert_eq!(
            (
                ports.input.as_str(),
                ports.output.as_str(),
                ports.layout,
                ports.bins,
                graph.dim()
            ),
            (input, output, layout, bins, 16)
        );
        assert_eq!(ports.length.is_some(), family == "nemo_titanet");
        assert!(ports.dynamic_batch);
    }
}

#[test]
fn a_file_says_who_wrote_it_and_what_is_in_it() {
    let graph = load("wespeaker_ecapa");
    let info = graph.info();
    assert_eq!(info.opset, 14);
    assert!(info.producer.starts_with("pytorch"), "{}", info.producer);
    assert_eq!(info.metadata("framework"), Some("wespeaker"));
    assert!(info.operators["Conv"] > 20);
    assert!(
        (10_000..30_000).contains(&info.num_parameters),
        "{}",
        info.num_parameters
    );
}

#[test]
fn items_do_not_touch_each_other() {
    for family in FAMILIES {
        let graph = load(family);
        let bins = graph.ports().bins;
        let one = features(300, bins);
        let other: Vec<f32> = one.iter().rev().map(|x| x * 3.0).collect();
        let alone = graph.run(&one, 300).unwrap();
        let beside = graph.run_batch(&[&one, &other], 300).unwrap();
        assert!(worst(&beside[0], &alone) < 1e-5, "{family}");
    }
}

#[test]
fn runs_on_many_threads_at_once_give_the_same_bits() {
    let graph = load("3dspeaker_campplus");
    let frames = features(200, 80);
    let expected = graph.run(&frames, 200).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(graph.run(&frames, 200).unwrap(), expected);
                }
            });
        }
    });
}
