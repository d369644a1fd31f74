//! `siamang adapt`: what it says, what it writes, and that every command takes what it wrote.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;

use end_to_end::{GRAPH_WIDTH, Place, write_graph};

/// Twelve of the built-in voices, two sessions each, with trials of others.
fn place() -> Place {
    let place = Place::new();
    let voices = testing::repository().join("data/voices");
    let copy = |name: &str, folder: &str| {
        for session in ["s1", "s2"] {
            for take in ["u1", "u2"] {
                let file = format!("{name}/{session}/{take}.ogg");
                let to = place.path(&format!("{folder}/{file}"));
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(voices.join(&file), to).unwrap();
            }
        }
    };
    (1..=12).for_each(|voice| copy(&format!("v{voice:02}"), "mine"));
    let mut trials = String::new();
    let others: Vec<String> = (13..=18).map(|voice| format!("v{voice:02}")).collect();
    for (index, name) in others.iter().enumerate() {
        copy(name, "others");
        let next = &others[(index + 1) % others.len()];
        trials += &format!("1 {name}/s1/u1.ogg {name}/s2/u1.ogg\n");
        trials += &format!("0 {name}/s1/u1.ogg {next}/s2/u1.ogg\n");
    }
    place.write("others.txt", &trials);
    place
}

/// Embeddings of length 1 that `model` gives, a row a recording.
fn embeddings(place: &Place, model: &str) -> Vec<Vec<f32>> {
    let run = place.run(&format!("embed --model {model} others --out all.jsonl"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let text = fs::read_to_string(place.path("all.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let values = line["embedding"].as_array().unwrap().iter();
            let values: Vec<f32> = values.map(|v| v.as_f64().unwrap() as f32).collect();
            let square: f32 = values.iter().map(|v| v * v).sum();
            assert!((square - 1.0).abs() < 1e-4);
            values
        })
        .collect()
}

#[test]
fn an_adapted_model_says_what_it_comes_from_and_goes_through_every_command() {
    let place = place();
    let run = place.run(
        "adapt model --data mine --out adapted --also others.txt --root others --keep-anyway --json",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(report["out"], "adapted");
    assert_eq!(report["n_speakers"], 12);
    assert_eq!(report["n_recordings"], 48);
    assert_eq!(report["across_sessions"], true);
    assert_eq!(report["n_copies"], 2);
    let eer = |what: &str| report[what]["eer"].as_f64().unwrap();
    assert_eq!(
        eer("before"),
        report["change"]["eer"]["before"].as_f64().unwrap()
    );
    assert_eq!(
        eer("after"),
        report["change"]["eer"]["after"].as_f64().unwrap()
    );
    let also = &report["also"][0];
    assert_eq!(
        (&also["list"], &also["num_trials"]),
        (&"others".into(), &12.into())
    );

    // What is shown of other lists is what `eval` measures.
    for (model, figure) in [("model", "before"), ("adapted", "after")] {
        let run = place.run(&format!(
            "eval --model {model} --root others --trials others.txt --json"
        ));
        let measured = run.json()["eer"].as_f64().unwrap();
        let said = also[figure].as_f64().unwrap();
        assert!((measured - said).abs() < 1e-9, "{model}: {measured} {said}");
    }

    let card = fs::read_to_string(place.path("adapted/card.toml")).unwrap();
    assert!(card.contains("verify = "), "{card}");
    let config = fs::read_to_string(place.path("adapted/bundle.toml")).unwrap();
    for part in [
        "format_version = 4",
        "data = \"mine\"",
        "num_speakers = 12",
        "num_recordings = 48",
        "num_sessions_beyond = 12",
        "num_copies = 2",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    assert_ne!(embeddings(&place, "model"), embeddings(&place, "adapted"));

    let verdict =
        place.run("verify --model adapted others/v13/s1/u1.ogg others/v13/s1/u1.ogg --json");
    assert!((verdict.json()["score"].as_f64().unwrap() - 1.0).abs() < 1e-5);
    assert_eq!(verdict.json()["threshold_from"], "the model's card");
    // Whom it was adapted to, it knows.
    place.write(
        "known.txt",
        "1 v01/s1/u1.ogg v01/s2/u1.ogg\n0 v01/s1/u1.ogg v02/s2/u1.ogg\n",
    );
    let known = place.run("eval --model adapted --root mine --trials known.txt");
    assert!(
        known
            .stderr
            .contains("2 of 2 speakers of list `known` were in the training of this model"),
        "{known:#?}"
    );
    // Half of the numbers, and the graph.
    for (out, format) in [("half", "bundle"), ("adapted.onnx", "onnx")] {
        let run = place.run(&format!("export --model adapted --out {out} --json"));
        assert_eq!(
            (run.code, &run.json()["format"]),
            (Some(0), &format.into()),
            "{run:#?}"
        );
    }
    embeddings(&place, "half");

    // An adapted model can be adapted again.
    let again = place.run("adapt adapted --data mine --out twice --keep-anyway --seed 3 --json");
    assert_eq!(again.code, Some(0), "{again:#?}");
    let config = fs::read_to_string(place.path("twice/bundle.toml")).unwrap();
    assert_eq!(config.matches("[[adapted]]").count(), 2);
    embeddings(&place, "twice");
}

#[test]
fn the_graph_of_another_is_adapted_too() {
    let place = place();
    write_graph(&place.path("net.onnx"));
    let run = place.run("import net.onnx --out net --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let run = place.run("adapt net --data mine --equalised 0 --out adapted --keep-anyway --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let adapted = embeddings(&place, "adapted");
    assert_eq!(adapted[0].len(), GRAPH_WIDTH);
    assert_ne!(adapted, embeddings(&place, "net"));
    assert!(place.path("adapted/graph.onnx").exists());
}

/// Recordings whose speakers are drawn: no map helps, nothing is written, and the exit code says so.
#[test]
fn labels_without_meaning_do_not_help_and_nothing_is_written() {
    let place = place();
    let mut table = "path\tspeaker\n".to_owned();
    for voice in 1..=12 {
        for (at, file) in ["s1/u1", "s1/u2", "s2/u1", "s2/u2"].iter().enumerate() {
            let speaker = (voice * 5 + at * 7 + voice / 3) % 12;
            table += &format!("v{voice:02}/{file}.ogg\tx{speaker:02}\n");
        }
    }
    place.write("mine/drawn.tsv", &table);
    let run = place.run("adapt model --data mine/drawn.tsv --out adapted");
    assert_eq!(run.code, Some(5), "{run:#?}");
    assert!(
        run.stdout.contains("it did not help, nothing was written"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("no sessions are known"), "{run:#?}");
    assert!(!place.path("adapted").exists());
    let json = place.run("adapt model --data mine/drawn.tsv --out adapted --json");
    let report = json.json();
    assert_eq!((json.code, &report["helped"]), (Some(5), &false.into()));
    assert!(report["out"].is_null());
}

#[test]
fn too_little_is_refused_in_plain_words() {
    let place = place();
    let run = place.run("adapt model --data others --out adapted");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr
            .contains("24 recordings of 6 speakers, 6 of them with two recordings or more")
            && run.stderr.contains("at least 8 such speakers"),
        "{run:#?}"
    );
    let own = place.run("adapt model --data mine --out model");
    assert_eq!(own.code, Some(2), "{own:#?}");
    assert!(
        own.stderr.contains("is the model that is adapted"),
        "{own:#?}"
    );
    // Copies are no second recordings.
    for voice in 1..=12 {
        let folder = place.path(&format!("mine/v{voice:02}"));
        let first = fs::read(folder.join("s1/u1.ogg")).unwrap();
        for file in ["s1/u2.ogg", "s2/u1.ogg", "s2/u2.ogg"] {
            fs::write(folder.join(file), &first).unwrap();
        }
    }
    let run = place.run("adapt model --data mine --out adapted");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("is a copy of"), "{run:#?}");
    assert!(
        run.stderr
            .contains("12 recordings of 12 speakers, 0 of them"),
        "{run:#?}"
    );
    assert!(!place.path("adapted").exists());
}
