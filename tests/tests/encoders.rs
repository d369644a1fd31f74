//! Every encoder of docs/encoders.md trains on the built-in voices as it is written there, with fewer channels: its loss falls, its batch
//! norms keep running statistics, and a run that is resumed, or has one thread, ends with the same bits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use end_to_end::{Place, siamang};
use safetensors::SafeTensors;
use serde_json::Value;
use speaker_model::{PoolingConfig, TrunkConfig};
use toml::{Table, Value as Toml};

const STEPS: i64 = 20;

/// The encoders of the page: trunk and pooling.
fn examples() -> Vec<Table> {
    let page = std::fs::read_to_string(testing::repository().join("docs/encoders.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1);
    let tables = blocks.map(|block| -> Table {
        let (text, _) = block.split_once("```").unwrap();
        text.parse().unwrap()
    });
    tables
        .map(|mut table| take(&mut table, "encoder"))
        .collect()
}

fn take(table: &mut Table, key: &str) -> Table {
    match table.remove(key) {
        Some(Toml::Table(table)) => table,
        other => panic!("{key}: {other:?}"),
    }
}

fn kind(part: &Toml) -> &str {
    part["kind"].as_str().unwrap()
}

/// The same with few channels and layers, so that a test has time for it.
fn small(part: &Toml) -> Toml {
    let sizes = [
        "channels",
        "output",
        "squeezed",
        "image_channels",
        "growth",
        "bottleneck",
        "hidden",
        "width",
    ];
    match part {
        Toml::Table(table) => {
            let small = table.iter().map(|(key, value)| {
                let value = match value {
                    Toml::Integer(size) if sizes.contains(&key.as_str()) => {
                        Toml::Integer((*size).min(16))
                    }
                    Toml::Integer(_) if key == "layers" => Toml::Integer(1),
                    Toml::Array(stages) if key == "blocks" => {
                        Toml::Array(stages.iter().take(2).map(small).collect())
                    }
                    Toml::Integer(count) => Toml::Integer((*count).min(8)),
                    other => small(other),
                };
                (key.clone(), value)
            });
            Toml::Table(small.collect())
        }
        Toml::Array(all) => Toml::Array(all.iter().map(small).collect()),
        Toml::Integer(count) => Toml::Integer((*count).min(2)),
        other => other.clone(),
    }
}

#[test]
fn the_page_of_encoders_names_every_trunk_and_pooling() {
    let page = std::fs::read_to_string(testing::repository().join("docs/encoders.md")).unwrap();
    let trunks = TrunkConfig::examples().into_iter();
    let trunks: BTreeSet<String> = trunks
        .map(|trunk| kind(&Toml::try_from(trunk).unwrap()).to_owned())
        .collect();
    let poolings = PoolingConfig::examples().into_iter();
    let poolings = poolings.map(|pooling| kind(&Toml::try_from(pooling).unwrap()).to_owned());
    for kind in trunks.iter().cloned().chain(poolings) {
        assert!(page.contains(&format!("| `{kind}` |")), "{kind}");
    }
    let shown = examples().into_iter();
    let shown: BTreeSet<String> = shown
        .map(|parts| kind(&parts["trunk"]).to_owned())
        .collect();
    assert_eq!(shown, trunks);
}

/// A training of the softmax over speakers, with that encoder.
fn configure(place: &Place, encoder: &Table) {
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        let table = config["encoder"].as_table_mut().unwrap();
        for part in ["trunk", "pooling"] {
            table.insert(part.to_owned(), small(&encoder[part]));
        }
        let projection = "kind = \"linear\"\nwidth = 12\nstandardise = false";
        table.insert(
            "projection".to_owned(),
            projection.parse::<Table>().unwrap().into(),
        );
        let loss = "kind = \"softmax\"".parse::<Table>().unwrap();
        config.insert("loss".to_owned(), loss.into());
        config["sampler"]["speakers"] = 6.into();
        config["sampler"]["segments"] = 3.into();
        config["optimiser"]["learning_rate"] = 0.005.into();
        let optimiser = config["optimiser"].as_table_mut().unwrap();
        optimiser.remove("schedule");
        config["max_steps"] = STEPS.into();
        config["eval_every"] = (STEPS / 2).into();
    });
}

/// The weights that a run ended with.
fn last(run: &Path) -> PathBuf {
    run.join(format!("checkpoints/step-{STEPS:07}/network.safetensors"))
}

/// How many running statistics there are; all have moved from where they began.
fn num_statistics(name: &str, weights: &[u8]) -> usize {
    let tensors = SafeTensors::deserialize(weights).unwrap();
    let mut count = 0;
    for (of, tensor) in tensors.tensors() {
        let start = match of.rsplit('.').next().unwrap() {
            "mean" => 0.0,
            "variance" => 1.0,
            _ => continue,
        };
        let values: Vec<f32> = tensor
            .data()
            .chunks_exact(4)
            .map(|x| f32::from_le_bytes(x.try_into().unwrap()))
            .collect();
        let has_moved = values.iter().any(|&x| x != start);
        assert!(has_moved, "{name}: {of} has not moved");
        assert!(values.iter().all(|x| x.is_finite()), "{name}: {of}");
        count += 1;
    }
    count
}

#[test]
fn every_encoder_trains_and_resumes_to_the_same_bits_with_any_number_of_threads() {
    for encoder in examples() {
        let name = kind(&encoder["trunk"]);
        let place = Place::new();
        configure(&place, &encoder);
        let command = "train --config tiny.toml --cache cache --no-report --out run";
        let trained = place.run(command);
        assert_eq!(trained.code, Some(0), "{name}: {trained:#?}");
        let run = place.path("run");
        let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let losses: Vec<f64> = journal
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["event"] == "steps")
            .map(|event| event["loss"].as_f64().unwrap())
            .collect();
        assert!(losses.last() < losses.first(), "{name}: {losses:?}");

        let weights = std::fs::read(last(&run)).unwrap();
        let norms = num_statistics(name, &weights);
        assert_eq!(norms > 0, name != "lstm", "{name}: {norms} statistics");

        // What a process that dies before its last checkpoint leaves behind.
        std::fs::remove_dir_all(last(&run).parent().unwrap()).unwrap();
        let resumed = place.run(&format!("{command} --resume"));
        assert_eq!(resumed.code, Some(0), "{name}: {resumed:#?}");
        let again = std::fs::read(last(&run)).unwrap();
        assert!(again == weights, "{name}: weights differ");

        // One thread computes the same.
        let mut alone = siamang(&place.path("."));
        alone.env("RAYON_NUM_THREADS", "1");
        let command = command.replace("--out run", "--out alone");
        alone.args(command.split(' '));
        assert!(alone.output().unwrap().status.success(), "{name}");
        let alone = std::fs::read(last(&place.path("alone"))).unwrap();
        assert!(alone == weights, "{name}: weights differ with one thread");
    }
}
