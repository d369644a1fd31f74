//! What a training says of itself at its end: which model to use, and where the answers of its own change.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fmt::Write;

use end_to_end::{Place, Run, write_corpus};
use serde_json::Value;

const SMALL: &str = "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 40 --eval-every 10";

/// Made voices of so many takes, of which four are developed on by all of their pairs.
fn place(speakers: u32, takes: u32) -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), speakers, takes);
    let mut table = "path\tspeaker\tsplit\n".to_owned();
    for speaker in 0..speakers {
        let split = if speaker < 4 { "dev" } else { "train" };
        for take in 0..takes {
            writeln!(table, "s{speaker}/{take}.wav\ts{speaker}\t{split}").unwrap();
        }
    }
    place.write("table.tsv", &table);
    let dev: Vec<(u32, u32)> = (0..4)
        .flat_map(|speaker| (0..takes).map(move |take| (speaker, take)))
        .collect();
    let mut trials = String::new();
    for (index, (a, take_a)) in dev.iter().enumerate() {
        for (b, take_b) in &dev[..index] {
            let label = u8::from(a == b);
            writeln!(trials, "{label} s{a}/{take_a}.wav s{b}/{take_b}.wav").unwrap();
        }
    }
    place.write("dev.txt", &trials);
    place.tiny_config(SMALL, |_| ());
    place
}

const TRAINING: &str =
    "train --data corpus --split table.tsv --trials dev.txt --cache cache --no-report";

fn trained(place: &Place, arguments: &str) -> Run {
    let run = place.run(&format!("{TRAINING} {arguments}"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

fn events(place: &Place, run: &str, kind: &str) -> Vec<Value> {
    let journal = std::fs::read_to_string(place.path(run).join("journal.jsonl")).unwrap();
    let lines = journal.lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == kind).collect()
}

fn json(place: &Place, arguments: &str) -> Value {
    let run = place.run(arguments);
    // Where no speech is heard in a made voice there is an answer in numbers all the same.
    assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
    serde_json::from_str(&run.stdout).unwrap()
}

/// The thresholds of a run's card are those that `siamang eval` finds on the same list, and `verify` and `cluster` go by them.
#[test]
fn a_run_is_calibrated_by_its_development_trials() {
    let place = place(12, 6);
    let run = trained(&place, "--config tiny.toml --out run");
    let pointers = std::fs::read_to_string(place.path("run/checkpoints.json")).unwrap();
    let pointers: Value = serde_json::from_str(&pointers).unwrap();
    let best = pointers["best"].as_str().unwrap();
    let card = place.path("run/checkpoints").join(best).join("card.toml");
    let card: toml::Table = std::fs::read_to_string(card).unwrap().parse().unwrap();
    let number = |table: &str, field: &str| card[table][field].as_float().unwrap();
    let verify = number("thresholds", "verify");
    let eval = json(
        &place,
        "eval --model run --root corpus --trials dev.txt --json",
    );
    let report = &eval;
    let expected = report["eer_threshold"].as_f64().unwrap();
    assert!((verify - expected).abs() < 1e-3, "{card} {report}");
    let rate = report["eer"].as_f64().unwrap();
    assert!(
        (number("fitted_on", "eer") - rate).abs() < 1e-6,
        "{card} {report}"
    );
    let count = |field: &str| card["fitted_on"][field].as_integer().unwrap();
    assert_eq!(
        (count("num_target"), count("num_nontarget")),
        (4 * 15, 6 * 36)
    );
    assert_eq!((count("num_recordings"), count("num_speakers")), (24, 4));
    assert!(best.ends_with(&format!("{:07}", count("step"))), "{card}");
    let answer = json(
        &place,
        "verify --model run corpus/s0/0.wav corpus/s1/0.wav --json",
    );
    assert_eq!(answer["threshold"].as_f64(), Some(verify));
    assert_eq!(answer["threshold_from"], "the model's card");
    let cluster = number("thresholds", "cluster");
    let clusters = place.run("cluster --model run corpus/s0 corpus/s1 --json");
    assert_eq!(clusters.code, Some(0), "{clusters:#?}");
    assert!(
        clusters.stdout.contains(&cluster.to_string()),
        "{cluster} {clusters:#?}"
    );
    // It goes where the bundle goes.
    let exported = place.run("export --model run --out model2");
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let copied = std::fs::read_to_string(place.path("model2/card.toml")).unwrap();
    assert!(copied.contains("[fitted_on]"), "{copied}");
    let choice = &events(&place, "run", "choice")[0];
    let says = run.stdout.contains("on its card: one speaker from cosine");
    assert_eq!(says, choice["model"] == "run", "{run:#?}");
}

#[test]
fn trials_that_are_too_few_for_thresholds_give_none_and_it_is_said() {
    let place = place(12, 2);
    let run = trained(&place, "--config tiny.toml --out run");
    let card = place.run("verify --model run corpus/s0/0.wav corpus/s1/0.wav");
    assert!(card.stderr.contains("not calibrated"), "{card:#?}");
    let evaluation = &events(&place, "run", "evaluation")[1];
    let why = evaluation["no_thresholds"].as_str().unwrap();
    assert!(why.contains("4 of one speaker, 24 of two"), "{why}");
    let choice = &events(&place, "run", "choice")[0];
    let says = run.stdout.contains("no threshold is on its card");
    assert_eq!(says, choice["model"] == "run", "{run:#?}");
}

/// The built-in model on the same trials, as `siamang eval` has it; at the end the better of the two, in words and in the journal.
#[test]
fn a_training_on_few_speakers_is_compared_with_the_built_in_model() {
    let place = place(12, 6);
    let run = trained(&place, "--config tiny.toml --out run");
    let yardstick = events(&place, "run", "start")[0]["yardstick"].clone();
    let measured = yardstick["dev_eer"].as_f64().unwrap();
    let eval = json(&place, "eval --root corpus --trials dev.txt --json");
    let expected = eval["eer"].as_f64().unwrap();
    assert!((measured - expected).abs() < 1e-6, "{yardstick} {eval}");
    let words = format!(
        "8 speakers are few to learn from: the built-in model, without any training, has dev EER {:.1} % on the same trials",
        100.0 * measured
    );
    assert!(run.stderr.contains(&words), "{words}: {run:#?}");
    let before = run.stderr.find(&words).unwrap() < run.stderr.find("step 0:").unwrap();
    assert!(before, "{run:#?}");
    let choice = &events(&place, "run", "choice")[0];
    let [own, ready] = [0, 1].map(|side| choice["beside_yardstick"][side].as_f64().unwrap());
    assert_eq!(ready, measured);
    let has_improved = choice["run_eer"].as_f64() < choice["before_eer"].as_f64();
    let is_own = has_improved && own < ready;
    assert_eq!(choice["model"] == "run", is_own, "{choice}");
    assert_eq!(
        run.stdout.contains("use it: siamang embed --model run"),
        is_own,
        "{run:#?}"
    );
    // With `--json` the same in the lines of the journal.
    let lines = trained(&place, "--config tiny.toml --out json --json");
    let kinds = [
        "\"yardstick\"",
        "\"event\":\"choice\"",
        "\"beside_yardstick\"",
    ];
    assert!(
        kinds.iter().all(|kind| lines.stdout.contains(kind)),
        "{lines:#?}"
    );
}

#[test]
fn thirty_speakers_are_compared_with_no_ready_model() {
    let place = place(34, 2);
    let run = trained(&place, "--config tiny.toml --max-steps 2 --out run");
    assert!(!run.stderr.contains("few to learn from"), "{run:#?}");
    assert!(!run.stdout.contains("built-in"), "{run:#?}");
    assert_eq!(events(&place, "run", "start")[0]["yardstick"], Value::Null);
    let fewer = trained(
        &place,
        "--config tiny.toml --max-steps 0 --filter speaker=s4,s5,s6,s7,s8 --out fewer",
    );
    assert!(fewer.stderr.contains("5 speakers are few"), "{fewer:#?}");
}

/// A training that moves nothing: its best is no better than the untrained network, and nobody is sent to it.
#[test]
fn a_training_that_is_no_better_than_none_is_not_to_be_used() {
    let place = place(12, 6);
    place.tiny_config(SMALL, |config| {
        config["optimiser"]["learning_rate"] = 1e-30.into();
    });
    let run = trained(&place, "--config tiny.toml --out run");
    let choice = &events(&place, "run", "choice")[0];
    assert_eq!(choice["run_eer"], choice["before_eer"]);
    assert!(!run.stderr.contains("best so far"), "{run:#?}");
    assert!(!run.stdout.contains("use it"), "{run:#?}");
    for words in [
        "nothing better than the untrained network",
        "`siamang doctor run` says why",
        "the built-in model has dev EER",
    ] {
        assert!(run.stdout.contains(words), "{words}: {run:#?}");
    }
    // Going on from a model to no avail keeps the model.
    let onward = trained(&place, "--config tiny.toml --init run --out onward");
    assert!(!onward.stdout.contains("use it"), "{onward:#?}");
    assert!(
        onward.stdout.contains("nothing better than run"),
        "{onward:#?}"
    );
    // Another model on the command line is not dropped in silence.
    for (init, code) in [("run", 0), ("model", 1), ("gone", 0)] {
        let resumed = place.run(&format!(
            "{TRAINING} --config tiny.toml --init {init} --out onward --resume --max-steps 50"
        ));
        assert_eq!(resumed.code, Some(code), "{init}: {resumed:#?}");
        let words = match init {
            "model" => "`--init` names another model, model",
            "gone" => "there is no model at `gone`",
            _ => "",
        };
        assert!(resumed.stderr.contains(words), "{init}: {resumed:#?}");
    }
    let new = place.run(&format!(
        "{TRAINING} --config tiny.toml --init model --out run --resume"
    ));
    assert_eq!(new.code, Some(1), "{new:#?}");
    assert!(
        new.stderr.contains("the run began with new weights"),
        "{new:#?}"
    );
}
