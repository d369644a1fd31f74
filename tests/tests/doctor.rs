//! `siamang doctor`: trainings that are wrong in known ways, and one that is not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fmt::Write;

use end_to_end::{Place, Run, voice, write_wav};
use serde_json::Value;

const SMALL: &str = "--config tiny.toml --cache cache";

/// Twelve of the voices in `data` with six recordings each, nine of them to train on, and a small training of `steps` steps.
fn place(steps: u64, change: impl Fn(&mut toml::Table)) -> Place {
    let place = Place::new();
    for speaker in 0..12 {
        let folder = place.path(&format!("corpus/s{speaker}"));
        std::fs::create_dir_all(&folder).unwrap();
        for take in 0..6 {
            // Two sessions, three utterances each.
            let of = format!(
                "data/voices/v{:02}/s{}/u{}.ogg",
                speaker + 1,
                take / 3 + 1,
                take % 3 + 1
            );
            let to = folder.join(format!("{take}.ogg"));
            std::fs::copy(testing::repository().join(of), to).unwrap();
        }
    }
    write_split(&place, |speaker, _| speaker);
    configure(&place, steps, change);
    place
}

/// `split.tsv`, with the label that `label` gives each take of the training speakers.
fn write_split(place: &Place, label: impl Fn(u32, u32) -> u32) {
    let mut split = "path\tspeaker\tsplit\n".to_owned();
    for (speaker, take) in (0..12).flat_map(|s| (0..6).map(move |t| (s, t))) {
        let (label, part) = match speaker {
            9.. => (speaker, "dev"),
            _ => (label(speaker, take), "train"),
        };
        writeln!(split, "s{speaker}/{take}.ogg\tv{label}\t{part}").unwrap();
    }
    place.write("split.tsv", &split);
}

fn configure(place: &Place, steps: u64, change: impl Fn(&mut toml::Table)) {
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 5 --batch-segments 3",
        |config| {
            config["max_steps"] = i64::try_from(steps).unwrap().into();
            config["eval_every"] = i64::try_from((steps / 4).max(1)).unwrap().into();
            change(config);
        },
    );
}

fn data() -> String {
    format!("--data corpus --split split.tsv {SMALL}")
}

fn train(place: &Place) -> Run {
    let run = place.run(&format!("train {} --out run", data()));
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

/// Name and severity of every finding.
fn findings(run: &Run) -> Vec<(String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let json = run.json();
    let findings = json["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| (text(finding, "name"), text(finding, "severity")))
        .collect()
}

fn has(run: &Run, name: &str, severity: &str) -> bool {
    findings(run).contains(&(name.to_owned(), severity.to_owned()))
}

#[test]
fn a_healthy_run_is_called_healthy_in_exactly_the_promised_form() {
    // So small a network saturates at the usual rate.
    let place = place(120, |config| {
        config["optimiser"]["learning_rate"] = 0.0003.into();
    });
    let trained = train(&place);
    for word in ["suspect:", "broken:"] {
        assert!(!trained.stderr.contains(word), "{trained:#?}");
    }
    let doctor = place.run("doctor run --json");
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
    let json = doctor.json();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&json), ["findings", "verdict"]);
    assert_eq!(json["verdict"], "healthy", "{doctor:#?}");
    let wanted = [
        "expected", "measured", "name", "reason", "remedy", "severity", "step",
    ];
    for finding in json["findings"].as_array().unwrap() {
        assert_eq!(keys(finding), wanted);
        assert_eq!(finding["severity"], "note");
    }
    let told = place.run("doctor run");
    assert!(told.stdout.starts_with("verdict: healthy\n"), "{told:#?}");
    assert!(
        told.stdout.lines().count() <= 40,
        "more than a screen: {told:#?}"
    );
    // Before a training the same recipe passes every check, and nothing is written.
    let before = place.run(&format!("doctor {}", data()));
    assert_eq!(before.code, Some(0), "{before:#?}");
    assert!(
        before
            .stdout
            .contains("passed   the labels matter to the loss"),
        "{before:#?}"
    );
    assert!(!before.stdout.contains("broken  "), "{before:#?}");
}

#[test]
fn a_run_of_an_older_version_that_goes_on_is_judged_by_its_journal() {
    let place = place(40, |_| {});
    train(&place);
    let path = place.path("run/journal.jsonl");
    let journal = std::fs::read_to_string(&path).unwrap();
    let known = ["start", "steps", "evaluation", "checkpoint"];
    let mut old: String = journal
        .lines()
        .filter(|line| {
            known
                .iter()
                .any(|kind| line.starts_with(&format!("{{\"event\":\"{kind}\"")))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    old.push_str("{\"event\":\"steps\",\"st");
    std::fs::write(path, old).unwrap();
    let doctor = place.run("doctor run");
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
    assert!(
        doctor.stdout.contains("step 40 of 40, goes on"),
        "{doctor:#?}"
    );
    let both = place.run("doctor run --preset paper");
    assert_eq!(both.code, Some(2), "{both:#?}");
}

#[test]
fn labels_dealt_out_by_chance_are_named() {
    let place = place(40, |_| {});
    write_split(&place, |speaker, take| (speaker + 2 * take) % 9);
    let before = place.run(&format!("doctor {} --json", data()));
    assert_eq!(before.code, Some(1), "{before:#?}");
    assert!(has(&before, "labels_wrong", "broken"), "{before:#?}");
    let trained = train(&place);
    assert!(
        trained.stderr.contains("broken: labels_wrong"),
        "{trained:#?}"
    );
    assert!(
        trained.stdout.contains("siamang doctor run"),
        "{trained:#?}"
    );
    let doctor = place.run("doctor run --json");
    assert_eq!(
        (doctor.code, doctor.json()["findings"][0]["name"].as_str()),
        (Some(1), Some("labels_wrong"))
    );
}

#[test]
fn a_learning_rate_that_saturates_the_network_is_named() {
    let place = place(60, |config| {
        config["optimiser"]["learning_rate"] = 0.3.into();
    });
    let trained = train(&place);
    assert!(
        trained.stderr.contains("suspect: learning_rate"),
        "{trained:#?}"
    );
    let doctor = place.run("doctor run --json");
    assert!(has(&doctor, "learning_rate", "suspect"), "{doctor:#?}");
    let names = findings(&doctor);
    assert!(
        names.iter().any(|(name, _)| name == "saturation"),
        "{doctor:#?}"
    );
}

#[test]
fn features_that_are_constant_are_named() {
    let place = place(8, |_| {});
    for speaker in 0..12 {
        for take in 0..6_u32 {
            // A file of its own length each, so that they are not one recording.
            let silence = vec![0.0; 8_000 + 100 * (speaker * 6 + take) as usize];
            write_wav(
                &place.path(&format!("corpus/s{speaker}/{take}.ogg")),
                &silence,
                16_000,
                1,
            );
        }
    }
    let doctor = place.run(&format!("doctor {} --json", data()));
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    assert!(has(&doctor, "dead_features", "broken"), "{doctor:#?}");
}

#[test]
fn uniform_batches_of_many_speakers_are_named_with_the_batches_that_mend_them() {
    let place = Place::new();
    let sample = voice(3, 1);
    for speaker in 0..130_usize {
        for take in 0..2_usize {
            let from = 10 * speaker + take;
            write_wav(
                &place.path(&format!("corpus/s{speaker}/{take}.wav")),
                &sample[from..from + 4_000],
                16_000,
                1,
            );
        }
    }
    configure(&place, 4, |config| {
        config["sampler"] = toml::Value::Table("kind = 'uniform'\nsegments = 100".parse().unwrap());
    });
    let doctor = place.run(&format!("doctor --data corpus {SMALL} --json"));
    assert!(has(&doctor, "few_same_pairs", "suspect"), "{doctor:#?}");
    assert!(
        doctor.stdout.contains("25 speakers with 4 segments each"),
        "{doctor:#?}"
    );
}

#[test]
fn a_run_that_stops_while_everything_is_apart_is_told_to_go_on() {
    // A margin below what the network does at once stands for the paper's margin and its first hundreds of steps.
    let place = place(40, |config| {
        config["loss"]["margin"] = 0.01.into();
        config["encoder"]["input"]["scale"] = 3.0.into();
    });
    train(&place);
    let doctor = place.run("doctor run --json");
    assert!(has(&doctor, "everything_apart", "note"), "{doctor:#?}");
    assert!(has(&doctor, "stopped_too_early", "suspect"), "{doctor:#?}");
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
}

#[test]
fn a_collapse_is_told_and_stops_the_run_that_is_to_stop() {
    let place = place(200, |config| {
        config["optimiser"]["learning_rate"] = 30.0.into();
        config["encoder"]["trunk"]["dropout"] = 0.0.into();
        config["loss"]["head"]["dropout"] = 0.0.into();
    });
    let stopped = place.run(&format!("train {} --out run --on-collapse stop", data()));
    assert_eq!(stopped.code, Some(4), "{stopped:#?}");
    assert!(stopped.stderr.contains("broken: collapse"), "{stopped:#?}");
    let doctor = place.run("doctor run --json");
    assert!(has(&doctor, "collapse", "broken"), "{doctor:#?}");
}
