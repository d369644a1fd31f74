//! What a user settles of an import: a front end of one's own, and vectors that the network is known to give.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;

use audio_features::FeatureConfig;
use end_to_end::{Place, Run, write_corpus, write_graph, write_wav};

/// A front end as TOML.
fn features(change: impl FnOnce(&mut toml::Table)) -> String {
    let mut table = toml::Table::try_from(FeatureConfig::wespeaker()).unwrap();
    change(&mut table);
    toml::to_string(&table).unwrap()
}

#[test]
fn a_front_end_of_ones_own_is_that_of_the_bundle() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    write_graph(&place.path("x.onnx"));
    place.write(
        "own.toml",
        &features(|table| {
            table["window"] = "povey".into();
            table["high_hz"] = 7600.0.into();
        }),
    );
    let run = place.run("import x.onnx --family custom --features own.toml --out own --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (
            &report["features"]["window"],
            &report["features"]["high_hz"]
        ),
        (&"povey".into(), &7600.0.into())
    );
    let text = fs::read_to_string(place.path("own/bundle.toml")).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let own: toml::Table = fs::read_to_string(place.path("own.toml"))
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(config["features"].as_table(), Some(&own));
    let run = place.run("verify --vad energy --model own corpus/s0/0.wav corpus/s0/0.wav --json");
    assert!(
        (run.json()["score"].as_f64().unwrap() - 1.0).abs() < 1e-6,
        "{run:#?}"
    );
    // The table of wrong front ends is of this one, too.
    let trials = report["front_ends"].as_array().unwrap();
    let of = |change: &str| {
        let trial = trials.iter().find(|trial| trial["change"] == change);
        trial.unwrap()["cosine"].as_f64().unwrap()
    };
    assert!((of("none") - 1.0).abs() < 1e-6);
    assert!(
        of("no mean subtracted") < 0.9 && of("Hamming window") < 0.999_999,
        "{trials:?}"
    );
}

#[test]
fn a_graph_in_an_archive_is_found_by_the_end_of_its_name() {
    let place = Place::new();
    write_graph(&place.path("x.onnx"));
    let graph = fs::read(place.path("x.onnx")).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(place.path("models.zip")).unwrap());
    for name in ["a/x.onnx", "b/y.onnx"] {
        let plain = zip::write::SimpleFileOptions::default();
        archive.start_file(name, plain).unwrap();
        std::io::Write::write_all(&mut archive, &graph).unwrap();
    }
    archive.finish().unwrap();
    let run = place.run("import models.zip --out net");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for word in ["holds 2 models", "a/x.onnx", "b/y.onnx"] {
        assert!(run.stderr.contains(word), "{word}: {run:#?}");
    }
    let run = place.run("import models.zip --member y.onnx --out net --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["file"], "models.zip!b/y.onnx");
    assert_eq!(fs::read(place.path("net/graph.onnx")).unwrap(), graph);
}

#[test]
fn front_ends_that_cannot_be_are_refused_by_field() {
    let place = Place::new();
    write_graph(&place.path("x.onnx"));
    let refused = |text: &str, words: &[&str]| {
        place.write("own.toml", text);
        let run = place.run("import x.onnx --family custom --features own.toml --out own");
        assert_eq!(run.code, Some(1), "{run:#?}");
        for word in words.iter().chain(&["error: ", "help: "]) {
            assert!(run.stderr.contains(word), "{word}: {run:#?}");
        }
        assert!(!place.path("own").exists());
    };
    refused("window = ", &["own.toml"]);
    refused("window = \"hamming\"", &["own.toml", "missing field"]);
    let with = |key: &str, value: toml::Value| {
        features(|table| {
            table.insert(key.to_owned(), value);
        })
    };
    refused(&with("windw", "hann".into()), &["own.toml", "windw"]);
    refused(&with("window", "square".into()), &["square"]);
    refused(&with("hop_samples", 0.into()), &["hop_samples"]);
    refused(&with("high_hz", 9000.0.into()), &["high_hz"]);
    refused(
        &with("num_bins", 40.into()),
        &["80 bands", "40", "num_bins"],
    );
    refused(
        &with("normalisation", "global_mean".into()),
        &["mean of its training data", "normalisation"],
    );
    let run = place.run("import x.onnx --family custom --out own");
    assert_eq!(run.code, Some(2), "{run:#?}");
    let run = place.run("import x.onnx --family wespeaker --features own.toml --out own");
    assert_eq!(run.code, Some(2), "{run:#?}");
    let run = place.run("import x.onnx --family custom --features absent.toml --out own");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("absent.toml"), "{run:#?}");
}

/// Of a graph and of a PyTorch file: the vectors that embedding gives are met, others are not.
#[test]
fn vectors_that_are_expected_decide_whether_the_bundle_is_written() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    write_graph(&place.path("x.onnx"));
    let networks = testing::repository().join("crates/siamang/tests/golden/networks");
    place.write(
        "eight.toml",
        &features(|table| {
            table["num_bins"] = 8.into();
        }),
    );
    let pytorch = format!(
        "{} --features eight.toml",
        networks.join("wespeaker_resnet.pt").display()
    );
    // A voice and a bell: even networks with random weights hear the difference.
    let bell: Vec<f32> = (0..16_000)
        .map(|at| at as f32 / 16_000.0)
        .map(|time| 0.3 * (-3.0 * time).exp() * (5_000.0 * time).sin())
        .collect();
    write_wav(&place.path("bell.wav"), &bell, 16_000, 1);
    let [a, b] = ["corpus/s0/0.wav", "bell.wav"];
    for (number, file) in ["x.onnx", pytorch.as_str()].into_iter().enumerate() {
        let run = place.run(&format!("import {file} --out plain{number}"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let run = place.run(&format!(
            "embed --model plain{number} {a} {b} --out expected.npy"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let import = |arguments: &str, out: &str| -> Run {
            place.run(&format!(
                "import {file} --expect expected.npy --out {out} --recordings {arguments}"
            ))
        };
        let met = import(&format!("{a} {b} --json"), &format!("met{number}"));
        assert_eq!(met.code, Some(0), "{met:#?}");
        let report = met.json();
        assert_eq!(report["least_expected"], 0.999);
        let expected = report["expected"].as_array().unwrap();
        assert_eq!(expected.len(), 2);
        for (one, name) in expected.iter().zip([a, b]) {
            assert_eq!(one["recording"], name);
            assert!(
                (one["cosine"].as_f64().unwrap() - 1.0).abs() < 1e-6,
                "{report}"
            );
        }
        assert!(place.path(&format!("met{number}/bundle.toml")).exists());

        // One of the vectors turned round.
        let mut bytes = fs::read(place.path("expected.npy")).unwrap();
        let half = 128 + (bytes.len() - 128) / 2;
        bytes[half..]
            .chunks_exact_mut(4)
            .for_each(|value| value[3] ^= 0x80);
        fs::write(place.path("expected.npy"), &bytes).unwrap();
        let out = format!("turned{number}");
        let turned = import(&format!("{a} {b}"), &out);
        assert_eq!(turned.code, Some(1), "{turned:#?}");
        for word in ["1 of 2 embeddings", "0.999", "was not written"] {
            assert!(turned.stderr.contains(word), "{word}: {turned:#?}");
        }
        assert!(
            turned.stdout.contains("-1.000000  bell.wav  too far"),
            "{turned:#?}"
        );
        assert!(!place.path(&out).exists());

        let fewer = import(a, &out);
        assert_eq!(fewer.code, Some(1), "{fewer:#?}");
        assert!(
            fewer.stderr.contains("2 rows for 1 recordings"),
            "{fewer:#?}"
        );
        let absent = import(&format!("{a} absent.wav"), &out);
        assert_eq!(absent.code, Some(1), "{absent:#?}");
        assert!(absent.stderr.contains("absent.wav"), "{absent:#?}");
    }
    // Vectors of another network have another number of values.
    let run = place.run(&format!(
        "import x.onnx --expect expected.npy --out other --recordings {a} {b}"
    ));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("10 values") && run.stderr.contains("24"),
        "{run:#?}"
    );
    let run = place.run("import x.onnx --expect expected.npy --out other");
    assert_eq!(run.code, Some(2), "{run:#?}");
}
