//! What `siamang train` does with its flags, and with an output that nobody reads.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, write_corpus};

const SMALL: &str = "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 4 --eval-every 2";

fn place() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 3);
    place.tiny_config(SMALL, |_| ());
    place
}

fn sampler(place: &Place, arguments: &str) -> toml::Value {
    let run = place.run(&format!("train --data corpus {arguments} --print-config"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let config: toml::Table = run.stdout.parse().unwrap();
    config["sampler"].clone()
}

#[test]
fn the_batch_size_is_taken_without_naming_the_sampler() {
    let place = place();
    let chosen = sampler(&place, "--batch-speakers 3");
    assert_eq!(chosen["speakers"], 3.into(), "{chosen}");
    let usual = sampler(&place, "");
    assert_eq!(chosen["segments"], usual["segments"]);
    let chosen = sampler(&place, "--config tiny.toml --batch-segments 3");
    assert_eq!(
        (&chosen["speakers"], &chosen["segments"]),
        (&4.into(), &3.into())
    );
    let refused = place.run(
        "train --data corpus --preset paper --sampler uniform --batch-speakers 3 --print-config",
    );
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(
        refused
            .stderr
            .contains("`--batch-speakers` is for the `pk` sampler"),
        "{refused:#?}"
    );
}

#[test]
fn quiet_is_quiet() {
    let place = place();
    let training = "train --data corpus --config tiny.toml --cache cache --no-report";
    let loud = place.run(&format!("{training} --out loud"));
    assert_eq!(loud.code, Some(0), "{loud:#?}");
    assert!(loud.stderr.contains("dev EER"), "{loud:#?}");
    let quiet = place.run(&format!("{training} --out quiet --quiet"));
    assert_eq!(quiet.code, Some(0), "{quiet:#?}");
    // The made voices of this test are no speech and much alike, and that nothing can come of them is said to the quiet, too.
    let broken = |line: &str| line.starts_with("broken: ") || line.starts_with("  ");
    assert!(quiet.stderr.contains("broken: no_speech"), "{quiet:#?}");
    assert!(quiet.stderr.lines().all(broken), "{quiet:#?}");
    assert_eq!(
        quiet.stdout.replace("quiet", "loud"),
        loud.stdout,
        "the outcome is still told"
    );
    // What is left out is named all the same.
    place.write("corpus/s0/broken.wav", "RIFF, or so it says");
    let skipping = place.run(&format!("{training} --out skipping --quiet"));
    assert!(
        skipping
            .stderr
            .lines()
            .all(|line| line.starts_with("skipped") || broken(line)),
        "{skipping:#?}"
    );
    assert!(skipping.stderr.contains("broken.wav"), "{skipping:#?}");
}

/// `siamang train … | head -1`.
#[cfg(unix)]
#[test]
fn a_reader_that_leaves_a_training_is_no_failure() {
    use std::process::{Command, Stdio};

    let place = place();
    for arguments in [
        "train --data corpus --config tiny.toml --print-config",
        "train --data corpus --config tiny.toml --cache cache --no-report --out run",
        "train --data corpus --config tiny.toml --cache cache --no-report --json --out run-json",
    ] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("siamang"))
            .args(arguments.split(' '))
            .current_dir(place.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {stderr}");
        assert!(!stderr.contains("error"), "{arguments}: {stderr}");
    }
    assert!(place.path("run/config.toml").is_file());
}

/// Every recipe of the source tree is in the program, under its name; a file of that name comes before it.
#[test]
fn a_configuration_that_is_built_in_is_named() {
    let place = place();
    for file in std::fs::read_dir(testing::repository().join("configs")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let config = |config: &str| {
            let run = place.run(&format!(
                "train --data corpus --config {config} --print-config"
            ));
            assert_eq!(run.code, Some(0), "{config}: {run:#?}");
            run.stdout
        };
        assert_eq!(config(&name), config(path.to_str().unwrap()));
    }
    let run = place.run("train --data corpus --config thined --print-config");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for part in ["no configuration `thined` is built in", "thinned"] {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
    place.write("thinned", "seed = \"one\"\n");
    let run = place.run("train --data corpus --config thinned --print-config");
    assert_eq!(run.code, Some(1), "{run:#?}");
}
