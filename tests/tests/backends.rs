//! The default model on another backend: the same embeddings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::Place;
use serde_json::Value;

fn embeddings(text: &str) -> Vec<Vec<f64>> {
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let vector = line["embedding"].as_array().unwrap();
            vector.iter().map(|value| value.as_f64().unwrap()).collect()
        })
        .collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Ten real recordings where there are some, else ten of the voices that come with siamang.
fn recordings() -> String {
    let speech = testing::shared_folder().join("corpora/sc");
    let root = match speech.is_dir() {
        true => speech,
        false => testing::repository().join("data/voices"),
    };
    let mut files: Vec<_> = walk(&root);
    files.sort();
    let stride = files.len() / 10;
    let chosen = files.into_iter().step_by(stride).take(10);
    chosen.collect::<Vec<_>>().join(" ")
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|extension| extension == "ogg") {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    files
}

/// With `SIAMANG_BACKENDS` naming what is built in, with commas between; `ndarray` where it is not set.
#[test]
#[ignore = "needs a build with other backends: .ci/run makes one with `--features cli/ndarray`"]
fn other_backends_embed_as_the_default_one() {
    let place = Place::new();
    let paths = recordings();
    let run = place.run(&format!("embed {paths} --out flex.jsonl"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = embeddings(&std::fs::read_to_string(place.path("flex.jsonl")).unwrap());
    assert_eq!(expected.len(), 10);
    let backends = std::env::var("SIAMANG_BACKENDS").unwrap_or_else(|_| "ndarray".to_owned());
    for backend in backends.split(',') {
        let run = place.run(&format!(
            "embed --device {backend} {paths} --out other.jsonl"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let found = embeddings(&std::fs::read_to_string(place.path("other.jsonl")).unwrap());
        assert_eq!(found.len(), expected.len(), "{backend}");
        for (a, b) in expected.iter().zip(&found) {
            assert_eq!(a.len(), b.len(), "{backend}");
            assert!(cosine(a, b) >= 0.9999, "{backend}: {}", cosine(a, b));
        }
    }
}

#[test]
fn every_arithmetic_embeds_alike_and_a_wrong_name_lists_the_right_ones() {
    let place = Place::new();
    let paths = recordings();
    let embed = |options: &str| {
        let run = place.run(&format!("embed {options} {paths} --out e.jsonl"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        embeddings(&std::fs::read_to_string(place.path("e.jsonl")).unwrap())
    };
    let expected = embed("");
    // Sums of the same products in another order; and operands of 8 significant bits.
    for (options, closeness) in [("--simd portable", 0.999_999), ("--precision bf16", 0.999)] {
        let found = embed(options);
        assert_eq!(found.len(), expected.len(), "{options}");
        for (a, b) in expected.iter().zip(&found) {
            assert!(cosine(a, b) >= closeness, "{options}: {}", cosine(a, b));
        }
    }
    let wrong = place.run(&format!("embed --simd mmx {paths} --out e.jsonl"));
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("portable"), "{wrong:#?}");
}
