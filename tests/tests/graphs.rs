//! `siamang import` of ONNX files, and every command with what it makes.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use audio_features::{FeatureConfig, FrontEnd, read_recording};
use end_to_end::{
    GRAPH_BINS, GRAPH_WIDTH, Place, graph_of, tdnn, voice, write_corpus, write_graph, write_wav,
};
use onnx_graph::write::{Attribute, Builder, Conv1d, Size};
use onnx_graph::{Graph, Limits};
use serde_json::{Value, json};

/// A corpus of four voices with trials, and `net`, the bundle of a graph.
fn place() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 3);
    let mut trials = String::new();
    for speaker in 0..4 {
        let next = (speaker + 1) % 4;
        for take in 0..2 {
            trials += &format!("1 s{speaker}/{take}.wav s{speaker}/2.wav\n");
            trials += &format!("0 s{speaker}/{take}.wav s{next}/2.wav\n");
        }
    }
    place.write("trials.txt", &trials);
    write_graph(&place.path("net.onnx"));
    let run = place.run("import net.onnx --out net --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (
            &report["run_as"],
            &report["family"],
            &report["embedding_width"]
        ),
        (&"graph".into(), &"wespeaker".into(), &GRAPH_WIDTH.into())
    );
    place
}

/// The embeddings of a JSON lines file, by the recordings' names.
fn embeddings(path: &Path) -> BTreeMap<String, Vec<f32>> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let values = line["embedding"].as_array().unwrap().iter();
        let values = values.map(|value| value.as_f64().unwrap() as f32);
        (line["id"].as_str().unwrap().to_owned(), values.collect())
    });
    lines.collect()
}

fn embedded(place: &Place, model: &str, what: &str) -> BTreeMap<String, Vec<f32>> {
    let run = place.run(&format!("embed --model {model} {what} --out all.jsonl"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    embeddings(&place.path("all.jsonl"))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn a_bundle_of_a_graph_holds_the_file_and_says_how_it_is_run() {
    let place = place();
    assert_eq!(
        fs::read(place.path("net/graph.onnx")).unwrap(),
        fs::read(place.path("net.onnx")).unwrap()
    );
    let text = fs::read_to_string(place.path("net/bundle.toml")).unwrap();
    let config: toml::Table = text.parse().unwrap();
    assert_eq!(config["format_version"].as_integer(), Some(3));
    let graph = config["graph"].as_table().unwrap();
    assert_eq!(graph["sha256"], config["imported"]["sha256"]);
    assert_eq!(
        (
            graph["input"].as_str(),
            graph["output"].as_str(),
            graph["layout"].as_str()
        ),
        (Some("feats"), Some("embs"), Some("frames_bins"))
    );
    assert_eq!(
        graph["embedding_dim"].as_integer(),
        Some(GRAPH_WIDTH as i64)
    );
    assert_eq!(config["features"]["window"].as_str(), Some("hamming"));
    assert!(!place.path("net/weights.safetensors").exists());
    // Another bundle in its place leaves nothing of it behind.
    let run = place.run("export --out net");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!place.path("net/graph.onnx").exists());
    assert_eq!(
        place.run("embed --model net corpus --out a.npy").code,
        Some(0)
    );
}

#[test]
fn embeddings_of_a_graph_are_the_graphs_of_its_familys_features() {
    let place = place();
    let graph = Graph::load(
        fs::read(place.path("net.onnx")).unwrap(),
        &Limits::default(),
    )
    .unwrap();
    let front_end = FrontEnd::new(FeatureConfig::wespeaker(), None).unwrap();
    let found = embedded(&place, "net", "corpus");
    assert_eq!(found.len(), 12);
    for (name, found) in &found {
        let path = place.path(&format!("corpus/{name}"));
        let recording = read_recording(&path, 16_000).unwrap();
        let features = front_end.features(&recording.waveform.samples);
        let expected = graph.run(features.data(), features.num_frames()).unwrap();
        assert!(cosine(found, &expected) > 0.999_999, "{name}");
        assert!((cosine(found, found) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn verify_score_eval_and_cluster_agree_with_the_embeddings_of_a_graph() {
    let place = place();
    let found = embedded(&place, "net", "corpus");
    let of = |a: &str, b: &str| cosine(&found[a], &found[b]);
    let verify = |a: &str, b: &str| {
        let run = place.run(&format!(
            "verify --vad energy --model net corpus/{a} corpus/{b} --json"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()
    };
    let same = verify("s0/0.wav", "s0/0.wav");
    assert!((same["score"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    assert_eq!(same["same_speaker"], true);
    let other = verify("s0/0.wav", "s3/1.wav")["score"].as_f64().unwrap();
    assert!((other - of("s0/0.wav", "s3/1.wav")).abs() < 1e-5);

    let run = place.run("score --vad energy --model net --root corpus --trials trials.txt");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let scores: Vec<(&str, &str, f64)> = run
        .stdout
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0], words[1], words[2].parse().unwrap())
        })
        .collect();
    assert_eq!(scores.len(), 16);
    for &(a, b, score) in &scores {
        assert!((score - of(a, b)).abs() < 1e-5, "{a} {b} {score}");
    }

    // Of a list of as many trials of each kind, the rate is where as many of one kind are above the threshold as of the other
    // are below it.
    let report = |arguments: &str| {
        let run = place.run(&format!(
            "eval {arguments} --trials trials.txt --root corpus --json"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()
    };
    let eval = report("--model net");
    let is_same = |a: &str, b: &str| a.split('/').next() == b.split('/').next();
    let error = |threshold: f64| {
        let wrong = |kind: bool| {
            let of_kind = scores.iter().filter(|(a, b, _)| is_same(a, b) == kind);
            of_kind
                .filter(|(_, _, score)| (*score >= threshold) != kind)
                .count() as f64
                / 8.0
        };
        (wrong(true), wrong(false))
    };
    let at = scores.iter().map(|(_, _, score)| error(*score));
    let (misses, alarms) = at
        .min_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()))
        .unwrap();
    let eer = eval["eer"].as_f64().unwrap();
    assert!(
        (eer - (misses + alarms) / 2.0).abs() <= 1.0 / 16.0,
        "{eer} {misses} {alarms}"
    );

    let run = place.run("embed --model net corpus --out all.parquet");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let of_file = report("--embeddings all.parquet");
    assert_eq!(eval["eer"], of_file["eer"]);
    let cluster = |arguments: &str| {
        let run = place.run(&format!("cluster {arguments} --num-speakers 4 --json"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()
    };
    let (clusters, of_file) = (
        cluster("--model net corpus"),
        cluster("--embeddings all.parquet"),
    );
    assert_eq!(clusters["n_clusters"], 4);
    // Made voices of four pitches: any network that hears anything tells them apart.
    assert_eq!(
        (&clusters["mr"], &of_file["mr"]),
        (&json!(0.0), &json!(0.0)),
        "{clusters}"
    );
}

#[test]
fn stores_files_and_shards_of_a_graph_are_those_of_one_run() {
    let place = place();
    let run = place.run("prepare folder corpus --out c.store --json --quiet");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let of_store = embedded(&place, "net", "c.store");
    let of_folder = embedded(&place, "net", "corpus");
    assert_eq!(of_store.len(), 12);
    for (name, values) in &of_store {
        assert!(cosine(values, &of_folder[name]) > 0.999_999, "{name}");
    }
    let eval = |root: &str| {
        let run = place.run(&format!(
            "eval --model net --trials trials.txt --root {root} --resamples 0 --json"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()["eer"].clone()
    };
    assert_eq!(eval("c.store"), eval("corpus"));

    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    let run = place.run("embed --model net corpus --out whole.parquet");
    assert_eq!(run.code, Some(0), "{run:#?}");
    for (threads, memory) in [(1, 1), (3, 64)] {
        let run = place.run(&format!(
            "embed --model net corpus --out again.parquet --threads {threads} --memory {memory}"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert_eq!(
            bytes("again.parquet"),
            bytes("whole.parquet"),
            "{threads} threads"
        );
    }
    for part in 1..=3 {
        let run = place.run(&format!(
            "embed --model net corpus --shard {part}/3 --out {part}.parquet --quiet"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    let run = place.run("merge 3.parquet 1.parquet 2.parquet --out merged.parquet");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(bytes("merged.parquet"), bytes("whole.parquet"));
}

#[test]
fn recordings_of_unequal_lengths_do_not_change_one_another() {
    let place = place();
    for (take, repeats) in [(0, 1), (1, 7), (2, 3), (3, 40)] {
        let long = voice(1, take).repeat(repeats);
        write_wav(&place.path(&format!("mixed/{take}.wav")), &long, 16_000, 1);
    }
    let together = embedded(&place, "net", "mixed");
    for (name, together) in &together {
        let alone = embedded(&place, "net", &format!("mixed/{name}"));
        let alone = alone.values().next().unwrap();
        assert_eq!(alone, together, "{name}");
    }
}

/// The front end comes from the file, its normalisation is in the graph, and thresholds go along.
#[test]
fn what_siamang_exports_it_imports_with_the_same_embeddings() {
    let place = place();
    let run = place.run("export --out default.onnx");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let run = place.run("import default.onnx --out again --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        (&run.json()["family"], &run.json()["run_as"]),
        (&"siamang".into(), &"graph".into())
    );
    let ours = {
        let run = place.run("embed corpus --out ours.jsonl");
        assert_eq!(run.code, Some(0), "{run:#?}");
        embeddings(&place.path("ours.jsonl"))
    };
    let found = embedded(&place, "again", "corpus");
    assert_eq!(found.len(), 12);
    for (name, found) in &found {
        let cosine = cosine(found, &ours[name]);
        assert!(cosine > 0.999_999, "{name}: {cosine}");
    }
    let verify = |model: &str| {
        let run = place.run(&format!(
            "verify --vad energy {model} corpus/s0/0.wav corpus/s1/0.wav --json"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        (
            run.json()["threshold"].clone(),
            run.json()["threshold_from"].clone(),
        )
    };
    // The threshold goes with the file; the calibration and its strangers stay behind, which was said.
    let card = (0.45.into(), "the model's card".into());
    assert_eq!(verify("--model again"), card);
}

/// One that is silent gives NaN here, and one of a few frames is too short for a window; the others are embedded.
#[test]
fn a_graph_of_others_is_exported_with_its_front_end_and_imported_as_it_was() {
    let place = place();
    let run = place.run("export --model net --out given.onnx --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let said = &run.json()["onnx"];
    assert_eq!(said["in_the_graph"], json!(["encoder"]));
    assert_eq!(said["behind_the_graph"], json!(["unit_length"]));
    assert_eq!(
        said["before_the_graph"],
        json!(["log_mel", "normalisation by the recording's mean"])
    );
    // The file is the one that was imported, and metadata behind it.
    let (before, given) = ["net.onnx", "given.onnx"]
        .map(|name| fs::read(place.path(name)).unwrap())
        .into();
    assert!(given.starts_with(&before) && given.len() > before.len());
    let frames = vec![0.5; 50 * GRAPH_BINS];
    let [first, again] = [before, given].map(|bytes| {
        let graph = Graph::load(bytes, &Limits::default()).unwrap();
        graph.run(&frames, 50).unwrap()
    });
    assert_eq!(first, again);
    let run = place.run("import given.onnx --out again --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        embedded(&place, "net", "corpus"),
        embedded(&place, "again", "corpus")
    );
    let features = |bundle: &str| {
        let text = fs::read_to_string(place.path(bundle).join("bundle.toml")).unwrap();
        text.parse::<toml::Table>().unwrap()["features"].clone()
    };
    assert_eq!(features("net"), features("again"));
}

#[test]
fn a_recording_of_which_a_graph_makes_nothing_is_left_out_by_name() {
    let place = place();
    let bytes = graph_of(|builder, features| {
        let square = builder.node("Mul", &[features, features], &[]);
        let axes = [
            ("axes", Attribute::Ints(&[1, 2])),
            ("keepdims", Attribute::Int(0)),
        ];
        let energy = builder.node("ReduceMean", &[&square], &axes);
        let little = builder.float(1e-3);
        let heard = builder.node("Sub", &[&energy, &little], &[]);
        let heard = builder.node("Sqrt", &[&heard], &[]);
        let heard = builder.reshape(&heard, &[-1, 1]);
        let channels = builder.transpose(features, &[0, 2, 1]);
        let weight = vec![0.1; GRAPH_BINS * 40];
        let window = Conv1d {
            weight: &weight,
            bias: None,
            input: GRAPH_BINS,
            output: 1,
            kernel: 40,
            stride: 1,
            dilation: 1,
            padding: 0,
            groups: 1,
        };
        let seen = builder.conv1d(&channels, window).unwrap();
        let frames = builder.transpose(&seen, &[0, 2, 1]);
        let seen = builder.mean_over_frames(&frames);
        let embedding = tdnn(builder, features, GRAPH_BINS);
        let embedding = builder.add(&embedding, &seen);
        builder.node("Mul", &[&embedding, &heard], &[])
    });
    fs::write(place.path("picky.onnx"), bytes).unwrap();
    let run = place.run("import picky.onnx --out picky");
    assert_eq!(run.code, Some(0), "{run:#?}");
    write_wav(
        &place.path("corpus/s0/silent.wav"),
        &[0.0; 16_000],
        16_000,
        1,
    );
    write_wav(
        &place.path("corpus/s0/short.wav"),
        &voice(0, 0)[..4_000],
        16_000,
        1,
    );
    let run = place.run("embed --model picky corpus --out all.jsonl --json");
    assert_eq!(run.code, Some(3), "{run:#?}");
    let skipped = run.json()["skipped"].as_array().unwrap().clone();
    let reasons: BTreeMap<&str, &str> = skipped
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons["s0/silent.wav"].contains("NaN"), "{reasons:?}");
    assert!(reasons["s0/short.wav"].contains("Conv"), "{reasons:?}");
    assert_eq!(embeddings(&place.path("all.jsonl")).len(), 12);
}

#[test]
fn what_wants_layers_of_ours_refuses_a_graph_in_plain_words() {
    let place = place();
    let refused = |command: &str, words: &[&str]| {
        let run = place.run(command);
        assert_eq!(run.code, Some(1), "{command}: {run:#?}");
        for word in words.iter().chain(&["error: ", "help: "]) {
            assert!(run.stderr.contains(word), "{command}: {word}: {run:#?}");
        }
    };
    refused(
        "export --model net --out given",
        &[
            "ONNX graph that others trained",
            "copy the folder",
            "--format onnx",
        ],
    );
    assert!(!place.path("given").exists());
    for command in ["report net", "doctor net"] {
        refused(command, &["net"]);
    }
}

#[test]
fn a_bundle_whose_graph_was_altered_or_lost_is_refused() {
    let place = place();
    let refused = |words: &[&str]| {
        let run = place.run("embed --model net corpus --out a.npy");
        assert_eq!(run.code, Some(1), "{run:#?}");
        for word in words.iter().chain(&["graph.onnx", "help: "]) {
            assert!(run.stderr.contains(word), "{word}: {run:#?}");
        }
    };
    let graph = place.path("net/graph.onnx");
    let bytes = fs::read(&graph).unwrap();
    let mut other = bytes.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    fs::write(&graph, &other).unwrap();
    refused(&["SHA-256", "copy the bundle again"]);
    fs::write(&graph, &bytes[..bytes.len() / 2]).unwrap();
    refused(&["SHA-256"]);
    fs::remove_file(&graph).unwrap();
    let run = place.run("embed --model net corpus --out a.npy");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("graph.onnx"), "{run:#?}");
    fs::write(&graph, &bytes).unwrap();
    // Another front end is another model: the self-test notices.
    let path = place.path("net/bundle.toml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("normalisation = \"utterance\"", "normalisation = \"none\"");
    assert_ne!(changed, text);
    fs::write(&path, changed).unwrap();
    let run = place.run("embed --model net corpus --out a.npy");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("self_test.json"), "{run:#?}");
    let narrow = text.replace("embedding_dim = 24", "embedding_dim = 25");
    fs::write(&path, narrow).unwrap();
    refused(&["embedding_dim", "25"]);
}

/// Networks with random weights in the families' own layouts, as `onnx-graph`'s `make_golden.py` exported them.
fn golden(name: &str) -> PathBuf {
    let folder = testing::repository().join("crates/onnx-graph/tests/golden");
    folder.join(format!("{name}.onnx"))
}

#[test]
fn embeddings_of_all_families_are_those_of_onnxruntime_for_30_to_3000_frames() {
    let Some(mut python) = testing::python("onnxruntime") else {
        return;
    };
    let place = Place::new();
    for (index, frames) in [30, 57, 100, 298, 512, 1000, 3000].into_iter().enumerate() {
        let samples = voice(2, index as u32).repeat(64);
        let length = 240 + 160 * frames;
        write_wav(
            &place.path(&format!("lengths/{frames}.wav")),
            &samples[..length],
            16_000,
            1,
        );
    }
    // Resemblyzer's features are powers: small numbers, of which a network with random weights makes nothing.
    let mut builder = Builder::new("network");
    let bins = Size::Fixed(40);
    let features = builder.input("mel", &[Size::Dynamic("B"), Size::Dynamic("T"), bins]);
    let scale = builder.float(300.0);
    let scaled = builder.node("Mul", &[&features, &scale], &[]);
    let embedding = tdnn(&mut builder, &scaled, 40);
    builder.output(
        "embedding",
        &embedding,
        &[Size::Dynamic("B"), Size::Fixed(GRAPH_WIDTH)],
    );
    fs::write(place.path("mel.onnx"), builder.finish().unwrap()).unwrap();
    let mut runs = Vec::new();
    for (name, family, arguments) in [
        ("wespeaker_ecapa", "wespeaker", ""),
        ("wespeaker_resnet", "wespeaker", ""),
        ("3dspeaker_campplus", "3d-speaker", ""),
        ("nemo_titanet", "nemo", ""),
        ("mel", "resemblyzer", "--family resemblyzer"),
        // A SpeechBrain network takes frames like WeSpeaker's ones, made otherwise.
        ("wespeaker_ecapa", "speechbrain", "--family speechbrain"),
    ] {
        let path = match name {
            "mel" => place.path("mel.onnx"),
            name => golden(name),
        };
        let bundle = format!("{family}-{name}");
        let run = place.run(&format!(
            "import {} {arguments} --out {bundle} --json",
            path.display()
        ));
        assert_eq!(run.code, Some(0), "{name}: {run:#?}");
        assert_eq!(
            (&run.json()["family"], &run.json()["run_as"]),
            (&family.into(), &"graph".into())
        );
        let front_end = FrontEnd::new(FeatureConfig::of_family(family).unwrap(), None).unwrap();
        for (recording, embedding) in embedded(&place, &bundle, "lengths") {
            let heard = read_recording(&place.path(&format!("lengths/{recording}")), 16_000);
            let features = front_end.features(&heard.unwrap().waveform.samples);
            let file = place.path(&format!("{bundle}-{recording}.f32"));
            let bytes: Vec<u8> = features
                .data()
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            fs::write(&file, bytes).unwrap();
            runs.push(json!({
                "graph": path, "family": family, "bins": features.num_bins(), "frames": file, "ours": embedding,
                "recording": recording,
            }));
        }
    }
    assert_eq!(runs.len(), 6 * 7);
    place.write("runs.json", &json!(runs).to_string());
    let output = python
        .arg(testing::repository().join("tests/onnxruntime_vectors.py"))
        .arg(place.path("runs.json"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("42 embeddings"), "{text}");
}
