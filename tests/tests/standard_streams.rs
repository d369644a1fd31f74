//! `-` for standard input and output, pipes named as files, `-o`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::io::Read as _;
use std::process::Stdio;

use end_to_end::{Place, write_corpus};

fn corpus() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write("t.txt", "1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/1.wav\n");
    place
}

#[test]
fn verify_reads_one_recording_from_standard_input() {
    let place = corpus();
    let plain = place.run("verify --model model corpus/s0/0.wav corpus/s1/0.wav --json");
    let bytes = std::fs::read(place.path("corpus/s0/0.wav")).unwrap();
    let run = place.run_with("verify --model model - corpus/s1/0.wav --json", &bytes);
    assert_eq!(run.code, plain.code, "{run:#?}");
    assert_eq!(run.json()["score"], plain.json()["score"]);
    assert_eq!(run.json()["a"]["path"], "standard input");
    let both = place.run_with("verify --model model - -", &bytes);
    assert_eq!(both.code, Some(2), "{both:#?}");
    assert!(both.stderr.contains("can be read once"), "{both:#?}");
}

#[test]
fn embeddings_go_through_a_pipe_as_json_lines() {
    let place = corpus();
    assert_eq!(
        place.run("embed corpus --model model -o e.jsonl").code,
        Some(0)
    );
    let file = std::fs::read_to_string(place.path("e.jsonl")).unwrap();
    for out in ["-o -", "--out -", "--out /dev/stdout"] {
        let run = place.run(&format!("embed corpus --model model {out}"));
        assert_eq!(
            (run.code, &run.stdout),
            (Some(0), &file),
            "{out}: {}",
            run.stderr
        );
    }
    let cluster = place.run_with(
        "cluster --embeddings - --threshold 0.5 --json",
        file.as_bytes(),
    );
    let plain = place.run("cluster --embeddings e.jsonl --threshold 0.5 --json");
    assert_eq!(cluster.code, Some(0), "{cluster:#?}");
    assert_eq!(cluster.json()["clusters"], plain.json()["clusters"]);
    let json = place.run("embed corpus --model model --out - --json");
    assert_eq!(
        (json.code, json.stdout.as_str()),
        (Some(2), ""),
        "{json:#?}"
    );
}

#[test]
fn trials_and_scores_go_through_pipes() {
    let place = corpus();
    assert_eq!(
        place.run("embed corpus --model model -o e.jsonl").code,
        Some(0)
    );
    let list = std::fs::read(place.path("t.txt")).unwrap();
    let plain = place.run("score --embeddings e.jsonl --trials t.txt");
    for arguments in [
        "--trials -",
        "--trials - --out -",
        "--trials - -o /dev/stdout",
    ] {
        let run = place.run_with(&format!("score --embeddings e.jsonl {arguments}"), &list);
        assert_eq!(
            (run.code, &run.stdout),
            (Some(0), &plain.stdout),
            "{run:#?}"
        );
    }
    let eval = place.run_with(
        "eval --embeddings e.jsonl --trials - --resamples 0 --json",
        &list,
    );
    assert_eq!(
        (eval.code, &eval.json()["list"]["name"]),
        (Some(0), &"standard input".into()),
        "{eval:#?}"
    );
    let show = place.run_with("trials show -", &list);
    assert!(show.stdout.contains("1 targets, 1 others"), "{show:#?}");
    let twice = place.run_with("eval --embeddings - --trials -", &list);
    assert_eq!(twice.code, Some(2), "{twice:#?}");
    if cfg!(unix) {
        let check = place.run_with("check corpus --trials - --no-decode --json", &list);
        assert_eq!(check.json()["n_trials"], 2, "{check:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_written_to_and_stays_a_pipe() {
    let place = corpus();
    let pipe = place.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        testing::skip("there are no named pipes here");
        return;
    }
    assert_eq!(
        place.run("embed corpus --model model -o e.jsonl").code,
        Some(0)
    );
    for (command, file) in [
        ("embed corpus --model model --out pipe", "e.jsonl"),
        (
            "score --embeddings e.jsonl --trials t.txt --out pipe",
            "s.txt",
        ),
    ] {
        let plain = place.run(&command.replace("pipe", file));
        assert_eq!(plain.code, Some(0), "{plain:#?}");
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || {
                let mut text = String::new();
                std::fs::File::open(pipe)
                    .unwrap()
                    .read_to_string(&mut text)
                    .unwrap();
                text
            })
        };
        let run = place.run(command);
        assert_eq!(run.code, Some(0), "{run:#?}");
        let text = reader.join().unwrap();
        assert_eq!(
            text,
            std::fs::read_to_string(place.path(file)).unwrap(),
            "{command}"
        );
        assert!(!std::fs::metadata(&pipe).unwrap().is_file(), "{command}");
    }
    std::fs::rename(&pipe, place.path("pipe.npy")).unwrap();
    let refused = place.run("embed corpus --model model --out pipe.npy");
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused
            .stderr
            .contains("a matrix and its names are two files"),
        "{refused:#?}"
    );
    std::fs::rename(place.path("pipe.npy"), &pipe).unwrap();
    // A pipe that is read as a file of embeddings.
    let writer = {
        let (pipe, bytes) = (pipe.clone(), std::fs::read(place.path("e.jsonl")).unwrap());
        std::thread::spawn(move || std::fs::write(pipe, bytes).unwrap())
    };
    let run = place.run("cluster --embeddings pipe --threshold 0.5");
    writer.join().unwrap();
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// Progress and notes are on standard error, so that a reader of lines is not disturbed; one that leaves early is no error.
#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = corpus();
    let program = assert_cmd::cargo::cargo_bin("siamang");
    let mut child = std::process::Command::new(program)
        .current_dir(place.path(""))
        .args(["embed", "corpus", "--model", "model", "--out", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn rows_that_are_no_voice_make_the_figures_incomplete() {
    let place = Place::new();
    place.write(
        "e.jsonl",
        "{\"id\":\"s0/0\",\"embedding\":[1,0]}\n{\"id\":\"s0/1\",\"embedding\":[1,0.1]}\n{\"id\":\"s1/0\",\"embedding\":[0,1]}\n{\"id\":\"s1/1\",\"embedding\":[0,0]}\n",
    );
    place.write("t.txt", "1 s0/0 s0/1\n0 s0/0 s1/0\n0 s0/0 s1/1\n");
    let run = place.run("eval --embeddings e.jsonl --trials t.txt --resamples 0");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(
        run.stdout
            .starts_with("INCOMPLETE: figures of list `t` are of 2 of its 3 trials, 1 is missing"),
        "{run:#?}"
    );
    assert!(
        run.stderr
            .contains("skipped: `s1/1`: its embedding is nothing but zeros"),
        "{run:#?}"
    );
    let score = place.run("score --embeddings e.jsonl --trials t.txt");
    assert_eq!(
        (score.code, score.stdout.lines().count()),
        (Some(3), 2),
        "{score:#?}"
    );
    let cluster = place.run("cluster --embeddings e.jsonl --threshold 0.5 --json");
    assert_eq!(
        (cluster.code, &cluster.json()["n_points"]),
        (Some(3), &3.into()),
        "{cluster:#?}"
    );
    assert_eq!(cluster.json()["skipped"][0]["id"], "s1/1");
}

/// Every flag and place where a table, a list or another file to read may stand, with what goes in there.
#[test]
fn a_dash_is_standard_input_wherever_a_file_to_read_may_stand() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 6, 3);
    let (mut table, mut trials) = (String::from("path,speaker,split\n"), String::new());
    for speaker in 0..6 {
        for take in 0..3 {
            let split = if speaker < 3 { "train" } else { "dev" };
            table += &format!("s{speaker}/{take}.wav,s{speaker},{split}\n");
        }
        if speaker >= 3 {
            trials += &format!("1 s{speaker}/0.wav s{speaker}/1.wav\n");
            trials += &format!("0 s{speaker}/0.wav s{}/1.wav\n", 3 + (speaker + 1) % 3);
        }
    }
    let here = table.replace("\ns", "\ncorpus/s");
    place.write("t.csv", &table);
    place.write("here.csv", &here);
    place.write("trials.txt", &trials);
    place.write(
        "meta.csv",
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA\tm\tUK\tdev\n",
    );
    place.tiny_config("--data corpus --split t.csv", |_| ());
    let config = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    assert_eq!(
        place.run("embed corpus --model model --out e.jsonl").code,
        Some(0)
    );
    let embeddings = std::fs::read_to_string(place.path("e.jsonl")).unwrap();
    let scores = place
        .run("score --vad energy --model model --root corpus --trials trials.txt")
        .stdout;
    let labels: String = (0..6)
        .flat_map(|speaker| (0..3).map(move |take| format!("s{speaker}/{take}.wav\ts{speaker}\n")))
        .collect();
    let train = "train --config tiny.toml --max-steps 1 --cache cache --no-report";
    for (command, input, code) in [
        ("embed --model model - --out o.jsonl", &here, 0),
        (
            "embed --model model - --filter split=dev --out o.jsonl",
            &here,
            0,
        ),
        (
            "embed --model model - --root corpus --out o.jsonl",
            &table,
            0,
        ),
        ("cluster --model model - --num-speakers 6", &here, 0),
        ("cluster --embeddings - --num-speakers 6", &embeddings, 0),
        (
            "cluster --embeddings e.jsonl --labels - --num-speakers 6",
            &labels,
            0,
        ),
        (
            "cluster-protocol --model model - --splits dev --threshold-split train --num-speakers-drawn 2",
            &here,
            0,
        ),
        (
            "cluster-protocol --model model corpus --split - --splits dev --threshold-split train --num-speakers-drawn 2",
            &table,
            0,
        ),
        ("check - --no-decode", &here, 0),
        ("check corpus --split - --no-decode", &table, 0),
        (
            "check corpus --split t.csv --trials - --no-decode",
            &trials,
            0,
        ),
        (
            "check corpus --meta - --no-decode",
            &"VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA\tm\tUK\tdev\n"
                .to_owned(),
            0,
        ),
        ("trials show -", &trials, 0),
        ("trials show trials.txt --manifest -", &here, 0),
        ("eval --model model --root corpus --trials -", &trials, 0),
        (
            "eval --model model --root corpus --split - --trials trials.txt",
            &table,
            0,
        ),
        ("eval --embeddings - --trials trials.txt", &embeddings, 0),
        ("eval --scores - --trials trials.txt", &scores, 0),
        (
            "score --vad energy --model model --root corpus --trials -",
            &trials,
            0,
        ),
        (
            "score --vad energy --model model --root corpus --manifest - --trials trials.txt",
            &table,
            0,
        ),
        ("score --embeddings - --trials trials.txt", &embeddings, 0),
        (
            &format!("{train} --data corpus --split - --trials trials.txt --out r1"),
            &table,
            0,
        ),
        (&format!("{train} --data - --out r2"), &here, 0),
        (
            &format!("{train} --data corpus --split t.csv --trials - --out r3"),
            &trials,
            0,
        ),
        (
            "train --data corpus --split t.csv --config - --max-steps 1 --cache cache --no-report --out r4",
            &config,
            0,
        ),
        ("prepare folder - --out store", &here, 0),
    ] {
        let run = place.run_with(command, input.as_bytes());
        assert_eq!(run.code, Some(code), "{command}: {run:#?}");
    }
    for (command, input) in [
        ("check - --split -", &here),
        ("check corpus --split - --trials -", &table),
        (
            "eval --model model --root corpus --split - --trials -",
            &trials,
        ),
        ("train --data - --trials - --out x", &here),
        ("train --data corpus --split - --config - --out x", &table),
        ("cluster --embeddings - --labels -", &embeddings),
    ] {
        let run = place.run_with(command, input.as_bytes());
        assert_eq!(run.code, Some(2), "{command}: {run:#?}");
        assert!(run.stderr.contains("`-`"), "{command}: {run:#?}");
    }
    // Lists of paths have no columns.
    let run = place.run_with(
        "embed --model model - --filter split=dev --out o.jsonl",
        b"corpus/s0/0.wav\n",
    );
    assert_eq!(run.code, Some(2), "{run:#?}");
    // As `find -print0` writes them.
    let run = place.run_with(
        "embed --model model - --out o.jsonl",
        b"corpus/s0/0.wav\0corpus/s0/1.wav\0",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("2 recordings"), "{run:#?}");
    // A report reads again what came by standard input.
    let run = place.run("report r1 --audio-mb 0 --out -");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("</html>"), "{}", run.stderr);
    assert!(!run.stdout.contains("could not be examined"));
    let run = place.run("report r1 --audio-mb 0 --out - --json");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}
