//! Every loss of docs/losses.md trains on the built-in voices as it is written there: its loss falls, and a run that is resumed ends
//! with the same bits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeSet;
use std::path::Path;

use end_to_end::Place;
use serde_json::Value;
use speaker_model::LossConfig;

/// The blocks of TOML of the page, by the kind of their loss.
fn examples() -> Vec<(String, toml::Table)> {
    let page = std::fs::read_to_string(testing::repository().join("docs/losses.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1);
    let tables = blocks.map(|block| -> toml::Table {
        let (text, _) = block.split_once("```").unwrap();
        text.parse().unwrap()
    });
    tables
        .map(|table| (table["loss"]["kind"].as_str().unwrap().to_owned(), table))
        .collect()
}

#[test]
fn the_page_of_losses_has_an_example_of_every_loss() {
    let shown: BTreeSet<String> = examples().into_iter().map(|(kind, _)| kind).collect();
    let known = LossConfig::examples();
    let known: BTreeSet<String> = known.iter().map(|loss| loss.kind().to_owned()).collect();
    assert_eq!(shown, known);
}

/// Lines of a run's journal of one kind of event.
fn events(run: &Path, kind: &str) -> Vec<Value> {
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let lines = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|event: &Value| event["event"] == kind)
        .collect()
}

const STEPS: i64 = 40;

#[test]
fn every_loss_trains_on_the_voices_and_resumes_to_the_same_bits() {
    let place = Place::new();
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        config["encoder"]["trunk"]["num_layers"] = 1.into();
        config["encoder"]["trunk"]["hidden"] = 6.into();
        config["encoder"]["projection"]["width"] = 12.into();
        config["sampler"]["speakers"] = 6.into();
        config["sampler"]["segments"] = 3.into();
        config["optimiser"]["learning_rate"] = 0.01.into();
        config["optimiser"]
            .as_table_mut()
            .unwrap()
            .remove("schedule");
        config["max_steps"] = STEPS.into();
        config["eval_every"] = (STEPS / 2).into();
    });
    let base: toml::Table = std::fs::read_to_string(place.path("tiny.toml"))
        .unwrap()
        .parse()
        .unwrap();
    for (kind, example) in examples() {
        let mut config = base.clone();
        config.extend(example);
        // A margin that grows while this training goes on, and through the step at which it is resumed.
        let schedule = config["loss"].get_mut("margin_schedule");
        let grows = schedule.is_some();
        if let Some(schedule) = schedule {
            schedule["from_step"] = 5.into();
            schedule["to_step"] = 35.into();
        }
        place.write("loss.toml", &toml::to_string(&config).unwrap());
        let mut command =
            format!("train --config loss.toml --cache cache --no-report --json --out {kind}");
        if kind.starts_with("teacher") {
            let teacher = testing::repository().join("data/models/default");
            command += &format!(" --teacher {}", teacher.display());
        }
        let trained = place.run(&command);
        assert_eq!(trained.code, Some(0), "{kind}: {trained:#?}");

        let run = place.path(&kind);
        // Under a margin that grows the loss need not fall, but what it would be without one.
        let value = |line: &Value| match grows {
            true => line["terms"][0]["value"].as_f64(),
            false => line["loss"].as_f64(),
        };
        let losses: Vec<f64> = events(&run, "steps")
            .iter()
            .map(|line| value(line).unwrap())
            .collect();
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < first, "{kind}: {losses:?}");
        let terms = events(&run, "steps").pop().unwrap()["terms"].clone();
        let finite = |term: &Value| term["value"].as_f64().is_some_and(f64::is_finite);
        assert!(
            terms.as_array().unwrap().iter().all(finite),
            "{kind}: {terms}"
        );

        // A diagnosis speaks of pairs where pairs are compared, and only there.
        let pairwise = ["kl_hinge", "triplet", "contrastive"].contains(&kind.as_str());
        let line = events(&run, "steps").pop().unwrap();
        assert_eq!(line.get("pairs").is_some(), pairwise, "{kind}: {line}");
        if !pairwise {
            let journal = events(&run, "diagnosis");
            let findings = journal
                .iter()
                .flat_map(|line| line["findings"].as_array().unwrap());
            let texts: String = findings.map(ToString::to_string).collect();
            for word in ["divergence", "everything_apart", "few_same_pairs"] {
                assert!(!texts.contains(word), "{kind}: {texts}");
            }
        }

        // What a process that dies before its last checkpoint leaves behind.
        let weights = || {
            let last = format!("checkpoints/step-{STEPS:07}/network.safetensors");
            std::fs::read(run.join(last)).unwrap()
        };
        let expected = weights();
        std::fs::remove_dir_all(run.join(format!("checkpoints/step-{STEPS:07}"))).unwrap();
        let resumed = place.run(&format!("{command} --resume"));
        assert_eq!(resumed.code, Some(0), "{kind}: {resumed:#?}");
        assert!(weights() == expected, "{kind}: weights differ");
    }
}

#[test]
fn batches_that_a_loss_cannot_learn_from_are_refused_with_what_to_set() {
    let place = Place::new();
    place.tiny_config("--sampler pk", |config| {
        let table = "kind = \"softmax\"".parse::<toml::Table>().unwrap();
        config.insert("loss".to_owned(), table.into());
    });
    let weighed = place.run("train --config tiny.toml --weighting balanced --out run");
    assert_eq!(weighed.code, Some(2), "{weighed:#?}");
    assert!(weighed.stderr.contains("`contrastive`"), "{weighed:#?}");
    for (sampler, loss, says) in [
        ("uniform", "ge2e", "set `sampler.kind` to `pk`"),
        (
            "pairs",
            "supervised_contrastive",
            "set `sampler.kind` to `pk`",
        ),
    ] {
        place.tiny_config(&format!("--sampler {sampler}"), |config| {
            let table = format!("kind = \"{loss}\"").parse::<toml::Table>().unwrap();
            config.insert("loss".to_owned(), table.into());
        });
        let refused = place.run("train --config tiny.toml --out run");
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        assert!(refused.stderr.contains(says), "{refused:#?}");
    }
}
