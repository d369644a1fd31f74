//! `siamang report`: what a training leaves to look at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use end_to_end::{Place, write_corpus};
use serde_json::Value;

/// A small training on made voices, in `run`.
fn trained() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 4);
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 20 --eval-every 10",
        |_| (),
    );
    let run =
        place.run("train --data corpus --config tiny.toml --cache cache --tensorboard --out run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    place
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

#[test]
fn a_training_ends_with_a_page_that_shows_it() {
    let place = trained();
    let page = read(&place, "run/report.html");
    assert!(page.contains("id=\"loss\""));
    // A recording of the development list, which is made of speakers held out.
    let mut data: Value = serde_json::from_str(&read(&place, "run/data.json")).unwrap();
    let trials = data["lists"][0]["trials"].as_array_mut().unwrap();
    let name = trials[0][1].as_str().unwrap();
    assert!(page.contains(name), "no {name}");
    // These voices are all told apart; with the labels exchanged every trial is a bad one.
    for trial in trials {
        trial[0] = (!trial[0].as_bool().unwrap()).into();
    }
    place.write("run/data.json", &data.to_string());
    let run = place.run("report run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let page = read(&place, "run/report.html");
    for part in ["<audio", "data:image/gif", "data:audio/wav"] {
        assert!(page.contains(part), "no {part}");
    }
    let scalars = std::fs::read_dir(place.path("run/tensorboard")).unwrap();
    assert_eq!(scalars.count(), 1);
    check_scalars(&place);

    let run = place.run("report run --audio-mb 0 --out quiet.html --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let quiet = read(&place, "quiet.html");
    assert_eq!(run.json()["bytes"], quiet.len());
    assert!(!quiet.contains("data:audio/wav"));

    let run = place.run("report run run --out both.html");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(read(&place, "both.html").contains("Runs compared"));

    // Recordings that are gone cost their figures, not the page.
    std::fs::remove_dir_all(place.path("corpus")).unwrap();
    let run = place.run("report run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let page = read(&place, "run/report.html");
    assert!(page.contains("could not be examined") && page.contains("id=\"loss\""));
}

/// What TensorBoard itself reads is what the journal says.
fn check_scalars(place: &Place) {
    let Some(mut python) = testing::python("tensorboard") else {
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/run-report/tests/check_tensorboard.py");
    let output = python
        .arg(script)
        .arg(place.path("run/tensorboard"))
        .output()
        .unwrap();
    let scalars: Value = serde_json::from_slice(&output.stdout).unwrap();
    let journal = read(place, "run/journal.jsonl");
    let journal: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (event, tag, key) in [
        ("steps", "loss", "loss"),
        ("evaluation", "dev_eer/mean", "mean_eer"),
    ] {
        let lines = journal.iter().filter(|line| line["event"] == event);
        let expected: Vec<(u64, f64)> = lines
            .map(|line| (line["step"].as_u64().unwrap(), line[key].as_f64().unwrap()))
            .collect();
        let found = scalars[tag].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{tag}");
        for (found, (step, value)) in found.iter().zip(expected) {
            assert_eq!(found[0], step, "{tag}");
            let found = found[1].as_f64().unwrap();
            assert!(
                (found - value).abs() <= 1e-6 * value.abs().max(1.0),
                "{tag}"
            );
        }
    }
}

#[test]
fn names_with_blanks_do_not_cost_a_training_its_end() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 4);
    for speaker in 0..12 {
        let (from, to) = (
            format!("corpus/s{speaker}"),
            format!("corpus/Ann {speaker}"),
        );
        std::fs::rename(place.path(&from), place.path(&to)).unwrap();
    }
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 4 --eval-every 4",
        |_| (),
    );
    let run = place.run("train --data corpus --config tiny.toml --cache cache --out run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(read(&place, "run/report.html").contains("Ann "));
}

/// The bands that come with the program are found by the configurations that it writes.
#[test]
fn healthy_runs_of_a_preset_are_drawn_behind_its_curves() {
    let place = Place::new();
    // Enough speakers for the batches of the presets: of fewer, batches are smaller, which is another training.
    write_corpus(&place.path("corpus"), 40, 2);
    let lines = concat!(
        r#"{"event":"start","step":0,"max_steps":500}"#,
        "\n",
        r#"{"event":"steps","step":10,"loss":3.1,"when_alike":4.8,"terms":[{"name":"same_divergence","unit":"nats","value":1.0}]}"#,
        "\n",
    );
    place.write("run/journal.jsonl", lines);
    let configs = testing::repository().join("configs");
    let of_file = |name: &str| format!("--config {}", configs.join(name).display());
    for (preset, arguments) in [
        ("voices", String::new()),
        ("best", of_file("best.toml")),
        ("wide-band", of_file("wide-band.toml")),
        (
            "question-pk",
            "--data corpus --preset question --sampler pk".to_owned(),
        ),
    ] {
        let printed = place.run(&format!("train {arguments} --print-config"));
        assert_eq!(printed.code, Some(0), "{printed:#?}");
        place.write("run/config.toml", &printed.stdout);
        let run = place.run("report run");
        assert_eq!(run.code, Some(0), "{run:#?}");
        let page = read(&place, "run/report.html");
        let label = format!("healthy runs of `{preset}`");
        assert!(page.contains(&label), "no band of {preset}");
        assert!(page.contains("id=\"terms\"") && page.contains("same divergence"));
    }
}

/// Neither a question for a file that nobody knows of, nor praise for a run that never was.
#[test]
fn a_folder_that_is_no_run_is_told_what_a_run_is() {
    let place = Place::new();
    std::fs::create_dir(place.path("nothing")).unwrap();
    place.write("model/bundle.toml", "format_version = 2");
    place.write("empty/journal.jsonl", "");
    for command in ["report", "doctor"] {
        for (folder, expected) in [
            ("nothing", "`nothing` holds no journal"),
            ("nowhere", "`nowhere` does not exist"),
            ("model", "`model` is a model"),
            ("model/bundle.toml", "is a file"),
            ("empty", "holds no line of a training"),
        ] {
            let run = place.run(&format!("{command} {folder}"));
            assert_eq!(run.code, Some(1), "{run:#?}");
            assert!(run.stderr.contains(expected), "{command}: {run:#?}");
            assert!(run.stderr.contains("siamang train --out"), "{run:#?}");
            assert!(!run.stderr.contains("No such file"), "{run:#?}");
            assert_eq!(run.stdout, "", "{run:#?}");
        }
    }
}

/// A run says what was typed, what it was trained on and how long it took; runs of one name are told apart.
#[test]
fn a_run_tells_how_it_was_made_and_is_compared_by_a_name_of_its_own() {
    let place = trained();
    let journal = read(&place, "run/journal.jsonl");
    let lines: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    let command =
        "siamang train --data corpus --config tiny.toml --cache cache --tensorboard --out run";
    let start = of("start");
    assert_eq!(start["command"], command);
    assert_eq!(start["data"]["description"], "corpus");
    let hash = start["data"]["hash"].as_str().unwrap();
    assert_eq!(hash.len(), 64);
    let end = of("end");
    let seconds = |key: &str| end[key].as_f64().unwrap();
    assert!(seconds("seconds") > seconds("training_seconds") && seconds("training_seconds") > 0.0);
    // Whom the trials hold out is drawn from, whatever the result.
    for evaluation in lines.iter().filter(|line| line["event"] == "evaluation") {
        for list in evaluation["lists"].as_array().unwrap() {
            let (eer, interval) = (list["eer"].as_f64().unwrap(), &list["eer_interval"]);
            if let (Some(low), Some(high)) = (interval["low"].as_f64(), interval["high"].as_f64()) {
                assert!(low <= eer + 1e-9 && eer <= high + 1e-9, "{list}");
            }
        }
    }
    let page = read(&place, "run/report.html");
    for part in [
        command,
        hash,
        "<dt>duration</dt>",
        "The model decides at a cosine of",
    ] {
        assert!(page.contains(part), "no {part}");
    }

    std::fs::create_dir(place.path("other")).unwrap();
    std::fs::rename(place.path("run"), place.path("other/run")).unwrap();
    place.write("run/journal.jsonl", &journal);
    let run = place.run("report run other/run --out both.html");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let page = read(&place, "both.html");
    assert!(
        page.contains("<h3>other/run "),
        "the run has no name of its own"
    );
    assert!(page.contains("<th scope=\"row\">verdict</th>"));
    let run = place.run("report run other/run --label first --label second --out both.html");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(read(&place, "both.html").contains("first · second"));
    let run = place.run("report run other/run --label first --out both.html");
    assert_eq!(run.code, Some(2), "{run:#?}");
}
