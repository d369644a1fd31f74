//! `siamang calibrate`, and what `verify`, `eval` and `identify` make of a calibration.

use end_to_end::{Place, Run};
use serde_json::Value;

/// The dev trials of the built-in voices.
fn voices() -> String {
    testing::repository()
        .join("data/voices")
        .display()
        .to_string()
}

fn calibrated(place: &Place, more: &str) -> Run {
    let voices = voices();
    place.run(&format!(
        "calibrate --trials {voices}/trials/dev.txt --root {voices} --out calibrated --json {more}"
    ))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn a_calibrated_model_gives_ratios_that_mean_something() {
    let place = Place::new();
    let run = calibrated(&place, "");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    let groups = report["groups"].as_array().unwrap();
    // The recordings, and cuts of them.
    assert_eq!(groups.len(), 2);
    for group in groups {
        let (cost, least) = (number(&group["cllr"]), number(&group["min_cllr"]));
        assert!(least <= cost && cost < 1.0, "{group}");
        // One list has no others to be judged by.
        assert_eq!(group["cllr_left_out"], Value::Null);
    }
    let voices = voices();
    let verify = |pair: &str, flags: &str| {
        let run = place.run(&format!("verify --model calibrated {pair} --json {flags}"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.json()
    };
    let same = format!("{voices}/v33/s1/u1.ogg {voices}/v33/s2/u1.ogg");
    let other = format!("{voices}/v31/s1/u1.ogg {voices}/v35/s1/u1.ogg");
    let (yes, no) = (verify(&same, ""), verify(&other, ""));
    assert_eq!(
        (&yes["same_speaker"], &no["same_speaker"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&yes["threshold"], &yes["threshold_from"]),
        (&Value::Null, &"the model's calibration".into())
    );
    let llr = number(&yes["evidence"]["llr"]);
    assert!(llr > 0.0 && number(&no["evidence"]["llr"]) < 0.0);
    // At even odds the posterior is that of the ratio; with strangers a hundred times as likely it is less.
    let posterior = |answer: &Value| number(&answer["evidence"]["odds"]["posterior"]);
    assert!((posterior(&yes) - 1.0 / (1.0 + (-llr).exp())).abs() < 1e-12);
    let rare = verify(&same, "--p-target 0.01");
    assert_eq!(number(&rare["evidence"]["llr"]), llr);
    assert!((number(&rare["evidence"]["llr_threshold"]) - 99.0_f64.ln()).abs() < 1e-12);
    assert!(posterior(&rare) < posterior(&yes));
    // So dear a mistake is one that no list of so few trials can answer for, which is said.
    let dear = verify(&same, "--p-target 0.0001 --c-fa 1000");
    assert_eq!(dear["same_speaker"], false);
    assert!(
        dear["evidence"]["doubts"]
            .to_string()
            .contains("cannot be one speaker"),
        "{dear}"
    );
    // A threshold is one of cosines, as before.
    let cosine = verify(&same, "--threshold 0.99");
    assert_eq!(
        (&cosine["same_speaker"], &cosine["evidence"]),
        (&false.into(), &Value::Null)
    );
}

#[test]
fn several_recordings_of_a_side_are_one_speakers() {
    let place = Place::new();
    let voices = voices();
    let of = |names: &str| -> String {
        let paths = names.split(' ').map(|name| format!("{voices}/{name}.ogg"));
        paths.collect::<Vec<_>>().join(" ")
    };
    let run = place.run(&format!(
        "verify {} --against {} --json",
        of("v33/s1/u1"),
        of("v33/s2/u1 v33/s2/u2 v33/s2/u3")
    ));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let answer = run.json();
    assert_eq!(answer["same_speaker"], true);
    assert_eq!(answer["a"]["others"], Value::Null);
    assert_eq!(answer["b"]["others"].as_array().unwrap().len(), 2);
    let text = place.run(&format!(
        "verify {} --against {}",
        of("v33/s1/u1"),
        of("v33/s2/u1 v33/s2/u2")
    ));
    for part in [
        "LLR +",
        "odds ",
        "decision one speaker from LLR +0.0 on",
        "v33/s2/u2.ogg",
    ] {
        assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
    }
    let three = place.run(&format!("verify {}", of("v33/s1/u1 v33/s1/u2 v33/s1/u3")));
    assert_eq!(three.code, Some(2));
    assert!(three.stderr.contains("--against"), "{}", three.stderr);
}

#[test]
fn eval_says_what_the_ratios_are_worth() {
    let place = Place::new();
    let voices = voices();
    let eval = format!("eval --root {voices} --trials {voices}/trials/test.txt --p-target 0.5");
    let report = place.run(&format!("{eval} --json")).json();
    let llr = &report["llr"];
    let (cost, least) = (number(&llr["cllr"]), number(&llr["min_cllr"]));
    assert!(least <= cost && cost < 0.6, "{llr}");
    assert!(number(&llr["interval"]["cllr"]["low"]) < cost);
    assert!(number(&llr["min_dcf"]) <= number(&llr["act_dcf"]));
    assert_eq!(number(&llr["threshold"]), 0.0);
    let text = place.run(&eval);
    assert!(text.stdout.contains("false alarms") && text.stdout.contains("Cllr in bits"));
    // Other centres have other scores: their ratios are not known.
    let none = place.run(&format!("{eval} --centre these --json")).json();
    assert_eq!(none["llr"], Value::Null);
}

#[test]
fn strangers_may_be_named_and_done_without() {
    let place = Place::new();
    let voices = voices();
    let with = calibrated(
        &place,
        &format!(
            "--cohort {voices}/split.tsv --cohort-filter split=train --cohort-top 10 --no-cuts"
        ),
    );
    assert_eq!(with.code, Some(0), "{with:#?}");
    let strangers = with.json()["cohort"].clone();
    assert_eq!(strangers[1], 10);
    assert!(strangers[0].as_u64().unwrap() >= 20, "{strangers}");
    let without = calibrated(&place, "--no-cohort --no-cuts").json();
    assert_eq!(without["cohort"], Value::Null);
    assert_eq!(without["calibrator"]["terms"][0]["term"], "score");
    assert!(!place.path("calibrated/cohort.safetensors").exists());
    // Who is judged is no stranger.
    let known = calibrated(&place, &format!("--cohort {voices}/split.tsv --no-cuts"));
    assert!(
        known.stderr.contains("in the trials, too"),
        "{}",
        known.stderr
    );
}

#[test]
fn lists_that_say_nothing_are_refused() {
    let place = Place::new();
    let voices = voices();
    let dev = std::fs::read_to_string(format!("{voices}/trials/dev.txt")).unwrap();
    let flip = |line: &str| match line.split_at(1) {
        ("1", rest) => format!("0{rest}\n"),
        (_, rest) => format!("1{rest}\n"),
    };
    place.write("inverted.txt", &dev.lines().map(flip).collect::<String>());
    let targets: Vec<&str> = dev.lines().filter(|line| line.starts_with('1')).collect();
    place.write("targets.txt", &(targets.join("\n") + "\n"));
    for (list, reason) in [
        ("inverted.txt", "speaks against one speaker"),
        ("targets.txt", "all trials are of one speaker"),
    ] {
        let run = place.run(&format!(
            "calibrate --trials {list} --root {voices} --out calibrated --no-cuts"
        ));
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
        assert!(!place.path("calibrated").exists());
    }
    for flags in ["--prior 1", "--prior 0", "--ridge -1", "--cohort-top 1"] {
        let run = calibrated(&place, flags);
        assert_eq!(run.code, Some(2), "{flags}: {run:#?}");
    }
    for flags in ["--p-target 0", "--p-target 1", "--c-miss 0", "--c-fa -1"] {
        let run = place.run(&format!(
            "verify {voices}/v33/s1/u1.ogg {voices}/v33/s1/u2.ogg {flags}"
        ));
        assert_eq!(run.code, Some(2), "{flags}: {run:#?}");
    }
}

#[test]
fn a_calibration_belongs_to_its_model_and_a_spoiled_one_is_refused() {
    let place = Place::new();
    assert_eq!(calibrated(&place, "--no-cuts").code, Some(0));
    let path = place.path("calibrated/calibration.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    let voices = voices();
    let verify = || {
        place.run(&format!(
            "verify --model calibrated {voices}/v33/s1/u1.ogg {voices}/v33/s2/u1.ogg"
        ))
    };
    let model = sound
        .split("\"model\": \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let spoiled = [
        (
            sound.replace(model, &"0".repeat(64)),
            "scores mean something for one model alone",
        ),
        (
            sound.replace("\"format_version\": 1", "\"format_version\": 9"),
            "format_version",
        ),
        (sound.replace("\"offset\"", "\"ofset\""), "ofset"),
        (
            sound.replace("\"cohort_top\"", "\"cohort_topp\""),
            "cohort_topp",
        ),
        (sound[..sound.len() / 2].to_owned(), "format_version"),
    ];
    for (text, reason) in spoiled {
        std::fs::write(&path, text).unwrap();
        let run = verify();
        assert_eq!(run.code, Some(1), "{reason}: {run:#?}");
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
    }
    std::fs::write(&path, &sound).unwrap();
    std::fs::remove_file(place.path("calibrated/cohort.safetensors")).unwrap();
    assert!(verify().stderr.contains("cohort.safetensors"));
    // Without both files the card's threshold decides, as before.
    std::fs::remove_file(&path).unwrap();
    let run = verify();
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout.contains("from the model's card"),
        "{}",
        run.stdout
    );
}
