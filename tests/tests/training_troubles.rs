//! `siamang train` where something is in short supply or damaged: speakers, pairs, memory, the cache's disk, a checkpoint, the
//! run's directory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Place, Run, write_corpus, write_wav};
use serde_json::Value;

const TRAINING: &str = "train --data corpus --config tiny.toml --cache cache --no-report";

/// Twelve made voices of three takes, and a training of 20 small steps.
fn place() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 3);
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 20 --eval-every 5",
        |_| (),
    );
    place
}

fn sampler(place: &Place, arguments: &str) -> toml::Value {
    let run = place.run(&format!("train --data corpus {arguments} --print-config"));
    assert_eq!(run.code, Some(0), "{arguments}: {run:#?}");
    let config: toml::Table = run.stdout.parse().unwrap();
    config["sampler"].clone()
}

#[test]
fn batch_flags_reach_the_sampler_in_force_or_are_refused() {
    let place = place();
    let size = |sampler: &toml::Value| {
        let number = |field: &str| sampler[field].as_integer().unwrap();
        (number("speakers"), number("segments"))
    };
    // The default sampler, that of a file, and one chosen on the command line.
    assert_eq!(
        size(&sampler(&place, "--batch-speakers 5 --batch-segments 2")),
        (5, 2)
    );
    assert_eq!(
        size(&sampler(&place, "--config tiny.toml --batch-speakers 5")),
        (5, 2)
    );
    let chosen = "--preset paper --sampler pk --batch-speakers 3 --batch-segments 6";
    assert_eq!(size(&sampler(&place, chosen)), (3, 6));
    // The sampler that is in force already keeps its settings, and another has no more speakers than there are.
    assert_eq!(
        size(&sampler(&place, "--config tiny.toml --sampler pk")),
        (4, 2)
    );
    assert_eq!(
        size(&sampler(&place, "--preset paper --sampler pk")),
        (8, 4)
    );
    for refused in [
        "--sampler pairs --batch-speakers 9",
        "--preset paper --batch-segments 3",
        "--batch-speakers 0",
        "--batch-segments 0",
        "--batch-segments 1",
        "--workers 0",
    ] {
        let run = place.run(&format!("train --data corpus {refused} --print-config"));
        assert_eq!(run.code, Some(2), "{refused}: {run:#?}");
    }
    let doctor = place.run("doctor --data corpus --batch-speakers 0");
    assert_eq!(doctor.code, Some(2), "{doctor:#?}");
    // More speakers than there are to train on: said in flags.
    let many = place.run("train --data corpus --batch-speakers 9 --max-steps 1 --out many");
    assert_eq!(many.code, Some(1), "{many:#?}");
    assert!(
        many.stderr.contains("8 speakers, but a batch needs 9"),
        "{many:#?}"
    );
    assert!(many.stderr.contains("`--batch-speakers`"), "{many:#?}");
}

#[test]
fn a_configuration_with_an_empty_batch_is_refused_before_anything_is_read() {
    let place = place();
    let text = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    place.write("none.toml", &text.replace("segments = 2", "segments = 0"));
    let run = place.run("train --data corpus --config none.toml --print-config");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("sampler.segments = 0"), "{run:#?}");
}

/// A training that cannot begin for want of speakers.
fn too_few(place: &Place, data: &str) -> Run {
    let run = place.run(&format!("train --data {data} --out run-few --max-steps 2"));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(!run.stderr.contains("gender"), "{run:#?}");
    assert!(run.stderr.contains("needs 2 speakers"), "{run:#?}");
    for way_out in ["`--trials LIST`", "`--split`"] {
        assert!(run.stderr.contains(way_out), "{run:#?}");
    }
    run
}

#[test]
fn too_few_speakers_are_counted_and_the_way_out_is_named() {
    let place = Place::new();
    write_corpus(&place.path("two"), 2, 5);
    write_corpus(&place.path("three"), 3, 5);
    write_corpus(&place.path("single"), 10, 1);
    let two = too_few(&place, "two");
    assert!(
        two.stderr
            .contains("2 speakers, 2 of them with two recordings"),
        "{two:#?}"
    );
    assert!(two.stderr.contains("1 held out"), "{two:#?}");
    let three = too_few(&place, "three");
    assert!(three.stderr.contains("3 speakers, 3 of them"), "{three:#?}");
    let single = too_few(&place, "single");
    assert!(
        single.stderr.contains("10 speakers, 0 of them"),
        "{single:#?}"
    );
    // The way out leads out.
    write_corpus(&place.path("three"), 5, 5);
    let trials =
        "1 s3/0.wav s3/1.wav\n0 s3/0.wav s4/1.wav\n1 s4/0.wav s4/1.wav\n0 s3/1.wav s4/0.wav\n";
    place.write("trials.txt", trials);
    let table: String = (0..3)
        .flat_map(|speaker| (0..5).map(move |take| format!("s{speaker}/{take}.wav\ts{speaker}\n")))
        .collect();
    place.write("table.tsv", &format!("path\tspeaker\n{table}"));
    let run = place.run(
        "train --data three --split table.tsv --trials trials.txt --max-steps 2 --cache cache --no-report --out out",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn shared_corpora_that_are_too_small_are_counted() {
    let Some(cases) = testing::shared("cases/train-too-few-messages") else {
        return;
    };
    let place = Place::new();
    for (name, words) in [
        ("two_speakers", "2 speakers, 2 of them"),
        ("three_speakers", "3 speakers, 3 of them"),
        ("ten_by_one", "10 speakers, 0 of them"),
    ] {
        let run = too_few(&place, &cases.join(name).display().to_string());
        assert!(run.stderr.contains(words), "{name}: {run:#?}");
    }
}

#[test]
fn a_step_that_no_memory_holds_is_refused_before_the_first() {
    let place = place();
    let text = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    let huge = text.replace("crop_frames = 20", "crop_frames = 2000000000");
    place.write("huge.toml", &huge);
    let run = place.run("train --data corpus --config huge.toml --cache cache --out huge");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for words in [
        "8 crops of 2000000000 frames",
        "GiB of memory",
        "are free",
        "`crop_frames`",
    ] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
}

#[test]
fn crops_longer_than_the_recordings_are_warned_of() {
    let place = place();
    let text = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    place.write(
        "long.toml",
        &text.replace("crop_frames = 20", "crop_frames = 300"),
    );
    let run = place.run("doctor --data corpus --config long.toml --cache cache");
    assert!(run.stdout.contains("long_crops"), "{run:#?}");
    assert!(
        run.stdout.contains("100 % are shorter than a crop"),
        "{run:#?}"
    );
    // Before anything is computed of them.
    let run = place.run(
        "train --data corpus --config long.toml --cache cache --no-report --max-steps 1 --out long",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let words = "a crop has 300 frames (3.0 s), and the longest of 24 recordings";
    let [said, checked] = [words, "checked in"].map(|words| run.stderr.find(words));
    assert!(said.is_some() && said < checked, "{run:#?}");
}

/// Shared recordings of 2 s: crops of 1,000 s and more are refused where they do not fit, crops of 4 s warned of. The shared file is
/// of siamang 0.1, so that today's configuration takes its crops.
#[test]
fn the_shared_case_of_huge_crops_is_refused() {
    let Some(case) = testing::shared("cases/crop-frames-memory") else {
        return;
    };
    let corpus = case.join("../labels-wrong-false-alarm/corpus12");
    let place = Place::new();
    let data = corpus.display();
    let usual = place.run(&format!("train --data {data} --print-config"));
    assert_eq!(usual.code, Some(0), "{usual:#?}");
    let with = |crop_frames: &str| usual.stdout.replace("crop_frames = 96", crop_frames);
    // A thousand times the case's, which no machine has the memory for.
    place.write("huge.toml", &with("crop_frames = 100000000"));
    let run = place.run(&format!(
        "train --data {data} --config huge.toml --cache cache --out run"
    ));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("crops of 100000000 frames"), "{run:#?}");
    assert!(run.stderr.contains("GiB of memory"), "{run:#?}");
    place.write("long.toml", &with("crop_frames = 400"));
    let run = place.run(&format!(
        "doctor --data {data} --config long.toml --cache cache"
    ));
    assert!(run.stdout.contains("long_crops"), "{run:#?}");
}

/// Every recording stays in the training where the cache cannot be written, and one warning says why.
#[test]
fn a_cache_that_cannot_be_written_costs_no_recording() {
    let place = place();
    place.write("file", "no folder can be made here");
    let training = TRAINING.replace("--cache cache", "--cache file/cache");
    let run = place.run(&format!("{training} --out run --max-steps 5"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stderr.contains("skipped"), "{run:#?}");
    assert!(
        run.stderr.contains("24 utterances of 8 speakers"),
        "{run:#?}"
    );
    assert_eq!(run.stderr.matches("feature cache").count(), 1, "{run:#?}");
    assert!(run.stderr.contains("goes on without it"), "{run:#?}");
    let cached = place.run(&format!("{TRAINING} --out cached --max-steps 5"));
    assert_eq!(cached.code, Some(0), "{cached:#?}");
    assert!(weights(&place.path("run")) == weights(&place.path("cached")));
}

/// As above, on a disk that fills up between two entries.
#[cfg(target_os = "linux")]
#[test]
fn a_cache_on_a_full_disk_costs_no_recording() {
    let place = place();
    let disk = place.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=100k", "tmpfs"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("not tried: only root can mount a small disk");
        return;
    }
    let training = TRAINING.replace("--cache cache", "--cache disk/cache");
    let run = place.run(&format!("{training} --out run --max-steps 5"));
    let unmounted = Command::new("umount").arg(&disk).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("24 utterances of 8 speakers"),
        "{run:#?}"
    );
    assert_eq!(run.stderr.matches("No space left").count(), 1, "{run:#?}");
}

/// Samples, and a teacher's vectors, where the cache cannot be written either.
#[test]
fn caches_of_samples_and_of_a_teacher_that_cannot_be_written_cost_no_recording() {
    let place = place();
    place.write("file", "no folder can be made here");
    write_corpus(&place.path("noise"), 1, 2);
    let training = TRAINING.replace("--cache cache", "--cache file/cache");
    let run = place.run(&format!("{training} --noise noise --out run --max-steps 2"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("24 utterances of 8 speakers"),
        "{run:#?}"
    );
    assert!(
        run.stderr.contains("sample cache: cannot write"),
        "{run:#?}"
    );
    assert!(!run.stderr.contains("skipped"), "{run:#?}");
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --eval-every 5",
        |config| {
            let loss = "kind = \"teacher_cosine\"\n".parse::<toml::Table>().unwrap();
            config["loss"] = toml::Value::Table(loss);
        },
    );
    let taught = place.run(&format!(
        "{training} --teacher model --out taught --max-steps 2"
    ));
    assert_eq!(taught.code, Some(0), "{taught:#?}");
    assert!(
        taught.stderr.contains("24 utterances of 8 speakers"),
        "{taught:#?}"
    );
    assert!(
        taught.stderr.contains("teacher cache: cannot write"),
        "{taught:#?}"
    );
}

/// One line for all recordings, by kind, and the same when nothing has to be decoded.
#[test]
fn what_decoders_say_of_recordings_is_one_line() {
    let place = place();
    for speaker in 0..3 {
        let loud: Vec<f32> = (0..8_000).map(|i| (i as f32 * 0.05).sin() * 4.0).collect();
        let clipped: Vec<f32> = loud.iter().map(|s| s.clamp(-1.0, 1.0)).collect();
        let path = place.path(&format!("corpus/s{speaker}/loud.wav"));
        write_wav(&path, &clipped, 16_000, 1);
    }
    let path = place.path("corpus/s1/silent.wav");
    write_wav(&path, &[0.0; 8_000], 16_000, 1);
    for out in ["first", "second"] {
        let run = place.run(&format!("{TRAINING} --out {out} --max-steps 1"));
        let lines = run.stderr.lines();
        let said: Vec<&str> = lines
            .filter(|line| line.contains("decoding says"))
            .collect();
        assert_eq!(said.len(), 1, "{out}: {run:#?}");
        assert!(
            said[0].starts_with("warning: decoding says of 3 recordings, such as `"),
            "{said:?}"
        );
        assert!(said[0].contains("loud.wav`: clipping"), "{said:?}");
        assert!(said[0].contains("silent.wav`: digital silence"), "{said:?}");
    }
}

#[test]
fn a_run_that_is_not_there_is_begun_and_one_that_is_a_file_is_refused_in_words() {
    let place = place();
    let new = place.run(&format!("{TRAINING} --out new --resume --max-steps 1"));
    assert_eq!(new.code, Some(0), "{new:#?}");
    let words = "`new` holds no checkpoint to go on from: the training begins with its first step";
    assert!(new.stderr.contains(words), "{new:#?}");
    let again = place.run(&format!("{TRAINING} --out new --resume --max-steps 2"));
    assert!(!again.stderr.contains(words), "{again:#?}");
    place.write("file", "");
    for flag in ["", "--resume"] {
        let file = place.run(&format!("{TRAINING} --out file {flag}"));
        assert_eq!(file.code, Some(1), "{file:#?}");
        assert!(
            file.stderr
                .contains("file is a file, expected the directory of a run"),
            "{file:#?}"
        );
        assert!(file.stderr.contains("`--out`"), "{file:#?}");
    }
}

#[test]
fn flags_that_a_training_takes_no_notice_of_are_told() {
    let place = place();
    let note = |arguments: &str| {
        let run = place.run(&format!("train --data corpus {arguments} --print-config"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stderr
    };
    let recurrent = "`--precision` is about recurrent layers";
    assert!(note("--config ecapa-small --precision bf16").contains(recurrent));
    assert!(!note("--preset paper --precision bf16").contains(recurrent));
    assert!(note("--preset paper --init model").contains("those of `--init`"));
    let text = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    place.write(
        "when.toml",
        &text.replace("augment_from_step = 0", "augment_from_step = 5"),
    );
    assert!(note("--config when.toml").contains("neither `[augment]`"));
    assert!(!note("--config tiny.toml").contains("neither `[augment]`"));
    place.write("noise/a.wav", "");
    assert!(!note("--config when.toml --noise noise").contains("neither `[augment]`"));
    for flag in ["--noise corpus", "--rooms corpus", "--teacher model"] {
        let doctor = place.run(&format!("doctor model {flag}"));
        assert_eq!(doctor.code, Some(2), "{flag}: {doctor:#?}");
    }
}

fn checkpoints(run: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(run.join("checkpoints")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn last_checkpoint(run: &Path) -> PathBuf {
    let pointers = std::fs::read_to_string(run.join("checkpoints.json")).unwrap();
    let pointers: Value = serde_json::from_str(&pointers).unwrap();
    run.join("checkpoints")
        .join(pointers["last"].as_str().unwrap())
}

fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(last_checkpoint(run).join("network.safetensors")).unwrap()
}

fn evaluated(run: &Path) -> Vec<u64> {
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let events = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let evaluations = events.filter(|event| event["event"] == "evaluation");
    evaluations
        .map(|event| event["step"].as_u64().unwrap())
        .collect()
}

/// Cuts a file off, changes a byte of one, or removes the whole checkpoint.
#[test]
fn a_damaged_last_checkpoint_is_passed_over_and_the_run_ends_as_an_undisturbed_one() {
    let place = place();
    let whole = place.run(&format!("{TRAINING} --out whole"));
    assert_eq!(whole.code, Some(0), "{whole:#?}");
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 4] = [
        ("cut", |checkpoint| {
            let file = std::fs::File::options()
                .write(true)
                .open(checkpoint.join("optimiser.bpk"));
            file.unwrap().set_len(1_000).unwrap();
        }),
        ("changed", |checkpoint| {
            let path = checkpoint.join("network.safetensors");
            let mut bytes = std::fs::read(&path).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }),
        ("removed", |checkpoint| {
            std::fs::remove_dir_all(checkpoint).unwrap()
        }),
        ("pointerless", |checkpoint| {
            std::fs::remove_file(checkpoint.join("progress.json")).unwrap();
            std::fs::write(checkpoint.join("../../checkpoints.json"), "{").unwrap();
        }),
    ];
    for (name, damage) in damages {
        let run = place.run(&format!("{TRAINING} --out {name} --max-steps 15"));
        assert_eq!(run.code, Some(0), "{name}: {run:#?}");
        let folder = place.path(name);
        assert!(
            checkpoints(&folder).contains(&"step-0000010".to_owned()),
            "{name}"
        );
        damage(&folder.join("checkpoints/step-0000015"));
        let resumed = place.run(&format!("{TRAINING} --out {name} --resume"));
        assert_eq!(resumed.code, Some(0), "{name}: {resumed:#?}");
        assert!(
            resumed.stderr.contains("`step-0000015`"),
            "{name}: {resumed:#?}"
        );
        assert!(
            resumed.stderr.contains("goes on from step 10"),
            "{name}: {resumed:#?}"
        );
        assert!(
            weights(&folder) == weights(&place.path("whole")),
            "{name}: other weights"
        );
        assert_eq!(evaluated(&folder), [0, 5, 10, 15, 20], "{name}");
        let embedded = place.run(&format!("embed --model {name} corpus/s0 --out e.jsonl"));
        assert_eq!(embedded.code, Some(0), "{name}: {embedded:#?}");
    }
    // Where nothing is whole, every checkpoint is named.
    for checkpoint in checkpoints(&place.path("cut")) {
        std::fs::write(
            place
                .path("cut/checkpoints")
                .join(checkpoint)
                .join("optimiser.bpk"),
            "",
        )
        .unwrap();
    }
    let none = place.run(&format!("{TRAINING} --out cut --resume"));
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert!(none.stderr.contains("no checkpoint is whole"), "{none:#?}");
}

/// A training of many steps in the folder of `place`.
fn begin(place: &Place) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("siamang"))
        .args(TRAINING.split_whitespace())
        .args(["--out", "run", "--max-steps", "100000", "--resume"])
        .current_dir(place.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_run_is_of_one_process_at_a_time_and_free_when_that_was_killed() {
    let place = place();
    let mut first = begin(&place);
    let begun = Instant::now();
    while !place.path("run/checkpoints.json").exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint");
        assert!(first.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    for flag in ["--resume", ""] {
        let second = place.run(&format!("{TRAINING} --out run {flag}"));
        assert_eq!(second.code, Some(1), "{second:#?}");
        let words = format!("another process (process {}) is training there", first.id());
        assert!(second.stderr.contains(&words), "{second:#?}");
        assert!(second.stderr.contains("`--out`"), "{second:#?}");
    }
    assert!(
        first.try_wait().unwrap().is_none(),
        "the first was disturbed"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    let third = place.run(&format!("{TRAINING} --out run --resume"));
    assert_eq!(third.code, Some(0), "{third:#?}");
}

/// Correct labels, few recordings.
#[test]
fn labels_of_a_small_corpus_are_not_called_wrong() {
    let Some(case) = testing::shared("cases/labels-wrong-false-alarm") else {
        return;
    };
    let place = Place::new();
    for corpus in ["corpus", "corpus12"] {
        let data = case.join(corpus);
        let run = place.run(&format!(
            "train --data {} --out {corpus} --cache cache --max-steps 20 --eval-every 10 --no-report",
            data.display()
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(!run.stderr.contains("labels_wrong"), "{run:#?}");
        let doctor = place.run(&format!("doctor {corpus} --json"));
        assert!(!doctor.stdout.contains("labels_wrong"), "{doctor:#?}");
    }
    let before = place.run(&format!(
        "doctor --data {} --cache cache",
        case.join("corpus").display()
    ));
    assert!(
        before.stdout.contains("too few to judge their labels"),
        "{before:#?}"
    );
}
