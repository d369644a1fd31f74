//! Trains with what CONTRIBUTING.md adds. `tests/tests/recipe.rs` puts this file among the tests of `trainer`, in a copy of the
//! workspace.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use pair_sampler::{MakeTrials, SamplerConfig, make_trials};
use speech_data::Manifest;
use trainer::{OnCollapse, RunDirectory, RunOptions, TrainConfig, TrainData, train};

/// Six speakers of three tones each.
fn write_corpus(root: &Path) {
    for speaker in 0..6u32 {
        for take in 0..3u32 {
            let path = root.join(format!("s{speaker}/{take}.wav"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 16_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(path, spec).unwrap();
            let mut noise = speaker * 31 + take + 1;
            for n in 0..8_000u32 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let pitch_hz = 100.0 + 40.0 * f64::from(speaker);
                let phase = std::f64::consts::TAU * pitch_hz * f64::from(n) / 16_000.0;
                let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
                let sample = 4_000.0 * (phase.sin() + (3.0 * phase).sin() / 3.0) + 800.0 * hiss;
                writer.write_sample(sample as i16).unwrap();
            }
            writer.finalize().unwrap();
        }
    }
}

/// The paper's training in small, with `choices` of TOML in the place of its own.
fn config(choices: &str) -> TrainConfig {
    let base = TrainConfig {
        max_steps: 6,
        eval_every: 3,
        crop_frames: 12.into(),
        sampler: SamplerConfig::Pk {
            speakers: 3,
            segments: 2,
        },
        ..TrainConfig::paper(4)
    };
    let mut table = toml::Table::try_from(base).unwrap();
    let choices: toml::Table = choices.parse().unwrap();
    let trunk = |table: &toml::Table| table.get("encoder")?.get("trunk").cloned();
    match trunk(&choices) {
        Some(trunk) => {
            let encoder = table["encoder"].as_table_mut().unwrap();
            encoder.insert("trunk".to_owned(), trunk);
        }
        None => table.extend(choices),
    }
    table.try_into().unwrap()
}

fn trains(choices: &str, parameter: &str) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    write_corpus(&root);
    let all = Manifest::read(&root, None).unwrap();
    let (learned, held_out): (Vec<_>, Vec<_>) = all
        .utterances
        .iter()
        .cloned()
        .partition(|utterance| utterance.speaker.as_str() < "s4");
    let options = MakeTrials {
        across_sessions: false,
        ..MakeTrials::default()
    };
    let trials = make_trials(&Manifest::new(&root, held_out), &options).unwrap();
    let data = TrainData {
        train: Manifest::new(&root, learned),
        dev: vec![trials],
        dev_manifest: None,
        dev_root: root,
        description: "tones".to_owned(),
        teacher: None,
        initial: None,
        unlabelled: None,
        yardstick: None,
        listener: None,
    };
    let out = folder.path().join("run");
    let interrupted = AtomicBool::new(false);
    let options = RunOptions {
        out: out.clone(),
        cache: folder.path().join("cache"),
        device: Device::flex(),
        num_workers: 1,
        resume: false,
        on_collapse: OnCollapse::Warn,
        interrupted: &interrupted,
        commit: "test".to_owned(),
        command: None,
    };
    train(&config(choices), &data, &options, &|_| {}).unwrap();
    let run = RunDirectory::new(&out);
    let weights = std::fs::read(run.last_checkpoint().unwrap().join("network.safetensors")).unwrap();
    // A parameter of what was added is among those that are optimised and checkpointed.
    let header = String::from_utf8_lossy(&weights).into_owned();
    assert!(header.contains(parameter), "{header:.2000}");
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(journal.contains("\"event\":\"end\""), "{journal}");
}

#[test]
fn a_loss_of_one_file_and_one_line_trains() {
    trains("loss = { kind = \"toy\", margin = 1.0 }", "scale");
}

#[test]
fn a_trunk_of_one_file_and_one_line_trains() {
    trains("encoder.trunk = { kind = \"toy\", width = 8 }", "trunk");
}
