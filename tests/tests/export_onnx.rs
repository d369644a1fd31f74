//! `siamang export` of ONNX files: in onnxruntime and in sherpa-onnx they give the embeddings of `siamang embed`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::{FeatureConfig, FrontEnd, Normalisation, read_recording};
use end_to_end::{Place, voice, write_corpus, write_wav};
use serde_json::Value;
use speaker_model::{
    Bundle, EcapaConfig, Embedder, EmbeddingModel, Encoder, EncoderConfig, FramePadding,
    Initialiser, InputConfig, KeptGroup, LinearConfig, MeanDeviationConfig, Origin, Segmentation,
    WeightType,
};

/// Recordings of four built-in voices, two sessions each.
fn voices() -> Vec<PathBuf> {
    let of = |voice: usize| {
        [(1, 1), (2, 3)].map(|(session, take)| {
            let name = format!("data/voices/v{voice:02}/s{session}/u{take}.ogg");
            testing::repository().join(name)
        })
    };
    [1, 2, 17, 33].into_iter().flat_map(of).collect()
}

/// What `siamang embed` makes of recordings, in their order.
fn embedded(place: &Place, model: &str, paths: &[PathBuf]) -> Vec<Vec<f32>> {
    let list: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let run = place.run(&format!("embed {} {model} --out e.jsonl", list.join(" ")));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let text = std::fs::read_to_string(place.path("e.jsonl")).unwrap();
    let mut rows: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let embedding = serde_json::from_value(row["embedding"].clone()).unwrap();
        rows.insert(row["path"].as_str().unwrap().to_owned(), embedding);
    }
    list.iter().map(|path| rows[path].clone()).collect()
}

fn write_floats(path: &Path, values: &[f32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, bytes).unwrap();
}

/// Beside `folder/NAME.onnx`: the features of recordings before the graph, and their embeddings by `siamang embed`, for
/// `onnx_files.py`.
fn write_expected(
    folder: &Path,
    name: &str,
    front_end: &FrontEnd,
    paths: &[PathBuf],
    embeddings: &[Vec<f32>],
) {
    for (index, (path, embedding)) in paths.iter().zip(embeddings).enumerate() {
        let rate = front_end.config().sample_rate_hz;
        let recording = read_recording(path, rate).unwrap();
        let mut features = front_end.log_mel(&recording.waveform.samples);
        front_end.shape(&mut features);
        let beginning = format!("{name}.{index}.{}", features.num_frames());
        let at = |ending: &str| folder.join(format!("{beginning}.{ending}.f32"));
        write_floats(&at("in"), features.data());
        write_floats(&at("out"), embedding);
    }
}

/// The lines of `onnx_files.py` on a folder; none where there is no such Python.
fn checked(folder: &Path) -> Option<Vec<String>> {
    let mut python = testing::python("onnx, onnxruntime, numpy")?;
    let script = testing::repository().join("tests/onnx_files.py");
    let output = python.arg(script).arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:#?}");
    Some(said.lines().map(str::to_owned).collect())
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Embeddings that are all alike would prove nothing.
fn assert_unlike(embeddings: &[Vec<f32>]) {
    let pairs = embeddings[1..]
        .iter()
        .map(|other| cosine(&embeddings[0], other));
    let least = pairs.fold(1.0, f64::min);
    assert!(least < 0.9, "{least}");
}

/// Imported again, a file gives the same embeddings behind the front end that it carries; its bundle is a graph, and says so.
fn assert_comes_back(place: &Place, file: &str, paths: &[PathBuf], expected: &[Vec<f32>]) {
    let run = place.run(&format!("import {file} --out again --json"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (&report["family"], &report["run_as"]),
        (&"siamang".into(), &"graph".into())
    );
    for (found, expected) in embedded(place, "--model again", paths).iter().zip(expected) {
        let cosine = cosine(found, expected);
        assert!(cosine > 0.999_999, "{file}: {cosine}");
    }
    // A graph is given out as the file that it came as, which gives the same once more.
    let run = place.run("export --model again --out again.onnx");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let run = place.run("import again.onnx --out twice");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        embedded(place, "--model twice", paths),
        embedded(place, "--model again", paths)
    );
}

#[test]
fn the_default_model_gives_its_embeddings_in_onnxruntime() {
    let place = Place::new();
    let run = place.run("export --out files/default.onnx");
    // The folder is not there, and neither is part of a file.
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("check that the folder `files` exists"),
        "{run:#?}"
    );
    std::fs::create_dir(place.path("files")).unwrap();
    let run = place.run("export --out files/default.onnx");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:#?}");
    let names: Vec<_> = std::fs::read_dir(place.path("files"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["default.onnx"]);
    for said in [
        "`feats` [items, frames, 80] takes log-mel frames after speech_activity and relative_level, not normalised yet, `embs` [items, 192] gives",
        "in the graph: normalisation by the recording's mean, encoder, centre, unit_length",
        "up to 1000 frames (10 s) its vector is Siamang's embedding",
        "sherpa-onnx would feed this model wrongly (bands from 20 to 8000 Hz, there 20 to 7600; other frames at the edges",
        "its keys are left out",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    let device = speaker_model::device("flex").unwrap();
    let model = testing::repository().join("data/models/default");
    let bundle = Bundle::load(&model, &device).unwrap();
    let embeddings = embedded(&place, "", &voices());
    assert_unlike(&embeddings);
    assert_comes_back(&place, "files/default.onnx", &voices(), &embeddings);
    let front_end = bundle.embedder().front_end();
    let folder = place.path("files");
    write_expected(&folder, "default", front_end, &voices(), &embeddings);
    let Some(lines) = checked(&folder) else {
        return;
    };
    println!("{lines:?}");
    assert!(lines[0].starts_with("default: 8 lengths"), "{lines:?}");
    let Some(mut python) = testing::python("sherpa_onnx, numpy") else {
        return;
    };
    // Without its keys sherpa-onnx does not take the file for one of its own.
    write_wav(&place.path("sounds/a.wav"), &voice(0, 0), 16_000, 1);
    let script = testing::repository().join("tests/sherpa_onnx_embeds.py");
    let output = python
        .arg(script)
        .arg(place.path("files/default.onnx"))
        .arg(place.path("sounds"))
        .output()
        .unwrap();
    assert!(!output.status.success(), "{output:#?}");
}

#[test]
fn the_papers_network_from_a_run_gives_its_embeddings_in_onnxruntime() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 3);
    let run = place.run(
        "train --data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 1 --eval-every 1 --out run",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    std::fs::create_dir(place.path("files")).unwrap();
    let run = place.run("export --model run --format onnx --out files/paper.onnx --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(report["onnx"]["longest_in_one_piece"], 40, "{report}");
    assert_eq!(report["onnx"]["output"]["axes"][1], "512", "{report}");
    assert_eq!(
        (&report["format"], &report["step"]),
        (&"onnx".into(), &1.into())
    );
    let best = place.run("export --model run --out best");
    assert_eq!(best.code, Some(0), "{best:#?}");
    let device = speaker_model::device("flex").unwrap();
    // As the network was trained: 40 frames are one segment.
    let paths: Vec<PathBuf> = (0..6)
        .map(|speaker| {
            let path = place.path(&format!("short/{speaker}.wav"));
            let samples = 3000 + 600 * speaker as usize;
            write_wav(&path, &voice(speaker, 1)[..samples], 16_000, 1);
            path
        })
        .collect();
    let embeddings = embedded(&place, "--model run", &paths);
    let bundle = Bundle::load(&place.path("best"), &device).unwrap();
    let front_end = bundle.embedder().front_end();
    let folder = place.path("files");
    write_expected(&folder, "paper", front_end, &paths, &embeddings);
    if let Some(lines) = checked(&folder) {
        println!("{lines:?}");
        assert!(lines[0].starts_with("paper: 6 lengths"), "{lines:?}");
    }
}

/// A model behind sherpa-onnx's front end: an ECAPA-TDNN with random weights, centred on `recordings`.
fn write_sherpas_model(directory: &Path, recordings: &[PathBuf]) {
    let features = FeatureConfig {
        normalisation: Normalisation::Utterance,
        ..FeatureConfig::sherpa()
    };
    let ecapa = EcapaConfig {
        channels: 32,
        output: 48,
        entry_kernel: 5,
        kernel: 3,
        dilations: vec![2, 3],
        scale: 4,
        squeezed: 8,
        kept: KeptGroup::Last,
        padding: FramePadding::Zeros,
        output_norm: true,
    };
    let config = EncoderConfig {
        input: InputConfig::default(),
        trunk: ecapa.into(),
        pooling: MeanDeviationConfig::default().into(),
        projection: LinearConfig {
            width: 24,
            standardise: false,
        }
        .into(),
    };
    let device = speaker_model::device("flex").unwrap();
    let mut initialiser = Initialiser::seeded(4, &device);
    let encoder = Encoder::new(features.num_bins, &config, &mut initialiser).unwrap();
    let front_end = FrontEnd::new(features, None).unwrap();
    let finished: Vec<_> = recordings
        .iter()
        .map(|path| {
            let recording = read_recording(path, 16_000).unwrap();
            front_end.features(&recording.waveform.samples)
        })
        .collect();
    let whole = Segmentation::Whole;
    let embedder = Embedder::of_training(front_end, encoder, whole, true, &finished, &device);
    let bundle = Bundle::new(embedder.unwrap(), Origin::default());
    bundle.save(directory, WeightType::F32).unwrap();
}

#[test]
fn sherpa_onnx_gives_the_embeddings_of_a_model_that_has_its_front_end() {
    let place = Place::new();
    let sounds = place.path("sounds");
    let paths: Vec<PathBuf> = voices()
        .iter()
        .enumerate()
        .map(|(index, path)| {
            let samples = read_recording(path, 16_000).unwrap().waveform.samples;
            let path = sounds.join(format!("{index}.wav"));
            // Lengths that are no whole number of frames, too.
            write_wav(&path, &samples[..samples.len() - 37 * index], 16_000, 1);
            path
        })
        .collect();
    write_sherpas_model(&place.path("mirrored"), &paths);
    let run = place.run("export --model mirrored --out mirrored.onnx");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("its keys are in the file"), "{run:#?}");
    let expected = embedded(&place, "--model mirrored", &paths);
    assert_unlike(&expected);
    // Not WeSpeaker's front end, whose keys sherpa-onnx wants it to have.
    assert_comes_back(&place, "mirrored.onnx", &paths, &expected);
    let Some(mut python) = testing::python("sherpa_onnx, numpy") else {
        return;
    };
    let script = testing::repository().join("tests/sherpa_onnx_embeds.py");
    let output = python
        .arg(script)
        .arg(place.path("mirrored.onnx"))
        .arg(&sounds)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    let found: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&output.stdout).unwrap();
    let mut smallest = 1.0_f64;
    for (index, expected) in expected.iter().enumerate() {
        let cosine = cosine(&found[&format!("{index}.wav")], expected);
        assert!(cosine > 0.9999, "{index}: {cosine}");
        smallest = smallest.min(cosine);
    }
    println!("sherpa-onnx: 1 - cosine {:.1e}", 1.0 - smallest);
}

#[test]
fn a_folder_in_the_files_place_and_weights_that_are_asked_for_are_refused() {
    let place = Place::new();
    std::fs::create_dir(place.path("model.onnx")).unwrap();
    let run = place.run("export --model model --out model.onnx");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("`model.onnx` is a folder"), "{run:#?}");
    let run = place.run("export --model model --out other.onnx --weights f16");
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(!place.path("other.onnx").exists());
    // The file's name decides where nothing else does.
    let run = place.run("export --model model --out bundle.onnx --format bundle");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(place.path("bundle.onnx/bundle.toml").exists());
}
