//! `siamang train`: killed at any moment, a run goes on to the same end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Place, write_corpus};
use serde_json::Value;

const TRAINING: &str = "train --data corpus --config tiny.toml --cache cache --json";

/// A corpus of six made voices and the configuration of a training of 40 small steps.
fn place() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 3);
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 40 --eval-every 5",
        |_| (),
    );
    place
}

/// The run's last checkpoint, if it has one.
fn last_checkpoint(run: &Path) -> Option<PathBuf> {
    let pointers = std::fs::read_to_string(run.join("checkpoints.json")).ok()?;
    let pointers: Value = serde_json::from_str(&pointers).unwrap();
    Some(
        run.join("checkpoints")
            .join(pointers["last"].as_str().unwrap()),
    )
}

/// Steps that the run's last checkpoint has; 0 without one.
fn saved_steps(run: &Path) -> u64 {
    last_checkpoint(run).map_or(0, |checkpoint| {
        let name = checkpoint.file_name().unwrap().to_string_lossy();
        name.trim_start_matches("step-").parse().unwrap()
    })
}

fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(last_checkpoint(run).unwrap().join("network.safetensors")).unwrap()
}

#[test]
fn a_killed_run_goes_on_to_the_end_of_an_undisturbed_one() {
    let place = place();
    let whole = place.run(&format!("{TRAINING} --out whole"));
    assert_eq!(whole.code, Some(0), "{whole:#?}");
    let program = assert_cmd::cargo::cargo_bin("siamang");
    let killed = place.path("killed");
    let mut mid_run = 0;
    // Kills wherever a delay falls, which depends on the machine (before the first checkpoint, while one is written,
    // between two), and kills as soon as the run has saved a step more than it began with.
    let delays = [Some(150), None, Some(400), None, Some(700)];
    for delay_ms in delays {
        let before = saved_steps(&killed);
        let mut command = Command::new(&program);
        command
            .args(TRAINING.split_whitespace())
            .args(["--out", "killed", "--resume"])
            .current_dir(place.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begin = Instant::now();
        let waits = || match delay_ms {
            Some(delay_ms) => begin.elapsed() < Duration::from_millis(delay_ms),
            None => saved_steps(&killed) == before,
        };
        while waits() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        // SIGKILL: nothing can be saved on the way out.
        let _ = child.kill();
        let status = child.wait().unwrap();
        let saved = saved_steps(&killed);
        if status.code().is_none() && (1..40).contains(&saved) {
            mid_run += 1;
        }
    }
    assert!(
        mid_run >= 1,
        "no kill fell between the first saved step and the last"
    );
    let rest = place.run(&format!("{TRAINING} --out killed --resume"));
    assert_eq!(rest.code, Some(0), "{rest:#?}");
    assert!(
        weights(&place.path("whole")) == weights(&place.path("killed")),
        "the weights of the killed run differ"
    );
    // Each step stands in the journal once, whatever was written before the kills.
    let journal = std::fs::read_to_string(place.path("killed/journal.jsonl")).unwrap();
    let evaluations: Vec<u64> = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["event"] == "evaluation")
        .map(|event| event["step"].as_u64().unwrap())
        .collect();
    assert_eq!(evaluations, (0..=40).step_by(5).collect::<Vec<_>>());
}

#[test]
fn a_run_can_be_used_as_a_model_and_is_not_written_over() {
    let place = place();
    let run = place.run(&format!("{TRAINING} --out run --max-steps 5"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let embedded = place.run("embed --model run corpus/s0 --out e.jsonl --json");
    assert_eq!(embedded.code, Some(0), "{embedded:#?}");
    assert_eq!(embedded.json()["n_embedded"], 3);
    let again = place.run(&format!("{TRAINING} --out run"));
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert!(again.stderr.contains("--resume"), "{again:#?}");
    let exported = place.run("export --model run --out small");
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let verified =
        place.run("verify --vad energy --model small corpus/s0/0.wav corpus/s0/1.wav --json");
    assert!(verified.json()["score"].is_number(), "{verified:#?}");
    // It knows whom it was trained on, wherever it goes.
    let known = place.run("cluster --model small corpus --json");
    assert!(
        known
            .stderr
            .contains("speakers of these recordings were in the training of this model"),
        "{known:#?}"
    );
}

/// Each speaker's last take is in no table: trials of it name no utterance that is trained on, but speakers who are.
#[test]
fn trials_of_trained_speakers_are_refused() {
    let place = place();
    let mut table = "path\tspeaker\tsplit\n".to_owned();
    for (speaker, take) in (0..12).flat_map(|speaker| [(speaker, 0), (speaker, 1)]) {
        table += &format!("s{speaker}/{take}.wav\tv{speaker}\ttrain\n");
    }
    place.write("split.tsv", &table);
    for (trials, recording) in [
        ("1 s0/2.wav s1/2.wav\n0 s0/2.wav s2/2.wav\n", "s0/2.wav"),
        ("1 s3/0.wav s3/1.wav\n0 s3/0.wav s4/0.wav\n", "s3/0.wav"),
    ] {
        place.write("trials.txt", trials);
        let run = place.run(&format!(
            "{TRAINING} --split split.tsv --trials trials.txt --out run"
        ));
        assert_eq!(run.code, Some(1), "{run:#?}");
        let speaker = format!("speaker `v{}`", &recording[1..2]);
        for part in [recording, speaker.as_str(), "--split"] {
            assert!(run.stderr.contains(part), "{part}: {run:#?}");
        }
    }
}

#[test]
fn a_run_is_not_resumed_on_other_data() {
    let place = place();
    let begun = place.run(&format!("{TRAINING} --out run --max-steps 5"));
    assert_eq!(begun.code, Some(0), "{begun:#?}");
    let goes_on = format!("{TRAINING} --out run --resume --max-steps 10");
    let other = place.run(&format!("{goes_on} --filter speaker!=s0"));
    assert_eq!(other.code, Some(1), "{other:#?}");
    for part in ["other data", "speakers then", "--out"] {
        assert!(other.stderr.contains(part), "{part}: {other:#?}");
    }
    let same = place.run(&goes_on);
    assert_eq!(same.code, Some(0), "{same:#?}");
}
