//! Tables and folders as people have them: parts of files, rows without speakers, odd names and what lies about.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use end_to_end::{Place, voice, write_corpus, write_wav};
use serde_json::Value;

/// The lines of a file of embeddings.
fn rows(place: &Place, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Names, speakers and lengths of what was embedded.
fn named(rows: &[Value]) -> Vec<(String, Option<String>, f64)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    rows.iter()
        .map(|row| {
            let seconds = row["seconds"].as_f64().unwrap();
            (
                text(&row["id"]).unwrap(),
                text(&row["speaker"]),
                (seconds * 1e3).round() / 1e3,
            )
        })
        .collect()
}

fn row(id: &str, speaker: Option<&str>, seconds: f64) -> (String, Option<String>, f64) {
    (id.to_owned(), speaker.map(str::to_owned), seconds)
}

/// A copy of a folder of the shared cases, which are read-only; skips where they are absent.
fn case(place: &Place, name: &str) -> Option<()> {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &to),
                false => std::fs::write(to, std::fs::read(entry.path()).unwrap()).unwrap(),
            }
        }
    }
    copy(&testing::shared("cases")?.join(name), &place.path("case"));
    Some(())
}

#[test]
fn a_duration_shorter_than_the_file_is_a_part_and_samples_are_told_from_seconds() {
    let place = Place::new();
    if case(&place, "manifest-part-ignored").is_none() {
        return;
    }
    let run = place.run("embed --model model case/nemo.jsonl --out e.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = [
        row("long.wav", Some("A"), 5.5),
        row("other.wav", Some("B"), 5.5),
    ];
    assert_eq!(named(&rows(&place, "e.jsonl")), expected);
    let run = place.run("embed --model model case/speechbrain.csv --out e.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr
            .contains("`start` and `stop` are read as samples of the file's rate"),
        "{run:#?}"
    );
    let found = rows(&place, "e.jsonl");
    let expected = [
        row("long.wav#t=1,3", Some("A"), 2.0),
        row("long.wav#t=6,8", Some("B"), 2.0),
    ];
    assert_eq!(named(&found), expected);
    // The parts are what another program cuts out.
    let Some(mut sox) = testing::program("sox", "--version") else {
        return;
    };
    let (long, cut) = (place.path("case/long.wav"), place.path("cut.wav"));
    let status = sox
        .args(["-D"])
        .args([&long, &cut])
        .args(["trim", "6", "2"])
        .status()
        .unwrap();
    assert!(status.success());
    let run = place.run("embed --model model cut.wav --out cut.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        rows(&place, "cut.jsonl")[0]["embedding"],
        found[1]["embedding"]
    );
}

#[test]
fn one_recording_of_two_speakers_is_refused_with_both_lines() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write(
        "t.csv",
        "path,speaker\ncorpus/s0/0.wav,ann\ncorpus/s1/0.wav,bob\ncorpus/s0/0.wav,bob\n",
    );
    place.write(
        "parts.csv",
        "path,speaker,start_s,end_s\ncorpus/s0/0.wav,ann,0,0.2\ncorpus/s0/0.wav,bob,0,0.2\n",
    );
    for (name, expected) in [
        (
            "t.csv",
            "corpus/s0/0.wav` is of speaker `bob` here and of `ann` in line 2",
        ),
        (
            "parts.csv",
            "corpus/s0/0.wav from 0 to 0.2 s` is of speaker `bob` here and of `ann` in line 2",
        ),
    ] {
        for command in ["embed --model model", "train --max-steps 1 --data"] {
            let run = place.run(&format!("{command} {name} --out out.jsonl"));
            assert_eq!(run.code, Some(1), "{run:#?}");
            assert!(run.stderr.contains(expected), "{run:#?}");
            let line = if name == "t.csv" {
                "t.csv:4: "
            } else {
                "parts.csv:3: "
            };
            assert!(run.stderr.contains(line), "{run:#?}");
        }
    }
}

#[test]
fn recordings_without_speakers_are_embedded_and_what_needs_speakers_says_so() {
    let place = Place::new();
    if case(&place, "embed-needs-speakers").is_none() {
        return;
    }
    for (table, name) in [
        ("wav.scp", "A-1"),
        ("nospk.csv", "base.wav"),
        ("infer.jsonl", "base.wav"),
    ] {
        let run = place.run(&format!(
            "embed --model model case/dir/{table} --out e.jsonl"
        ));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
        assert_eq!(named(&rows(&place, "e.jsonl")), [row(name, None, 5.5)]);
    }
    for (table, expected) in [
        ("case/dir/wav.scp", "utt2spk"),
        ("case/dir/nospk.csv", "no column for the speaker"),
        ("case/dir/infer.jsonl", "infer.jsonl:1: no speaker"),
    ] {
        let run = place.run(&format!("check {table}"));
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!((run.stderr + &run.stdout).contains(expected), "{table}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_stay_apart_everywhere() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    for (speaker, name) in [(0, b"M\xfcller"), (1, b"M\xf6ller")] {
        for take in 0..3 {
            let folder = place.path("corpus").join(OsStr::from_bytes(name));
            if std::fs::create_dir_all(&folder).is_err() {
                return testing::skip("the file system knows no names that are not UTF-8");
            }
            write_wav(
                &folder.join(format!("{take}.wav")),
                &voice(speaker, take),
                16_000,
                1,
            );
        }
    }
    let run = place.run("embed --model model corpus --out e.jsonl");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
    let found = rows(&place, "e.jsonl");
    let expected = ["M\\xf6ller", "M\\xfcller"].map(|speaker| {
        (0..3).map(move |take| row(&format!("{speaker}/{take}.wav"), Some(speaker), 0.5))
    });
    assert_eq!(
        named(&found),
        expected.into_iter().flatten().collect::<Vec<_>>()
    );
    let paths: std::collections::BTreeSet<_> =
        found.iter().map(|row| row["path"].as_str()).collect();
    assert_eq!(paths.len(), 6);
    let run = place.run("prepare folder corpus --out store");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("2 speakers, 6 utterances"), "{run:#?}");
    let run = place.run("embed --model model store --out s.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(named(&rows(&place, "s.jsonl")), named(&found));
    let run = place.run("check corpus --json");
    assert_eq!(
        run.json()["errors"].as_array().unwrap().len(),
        0,
        "{run:#?}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_sockets_and_dangling_links_are_named_and_never_waited_for() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 3);
    let Some(mut mkfifo) = testing::program("mkfifo", "--version") else {
        return;
    };
    assert!(
        mkfifo
            .arg(place.path("corpus/s1/x.wav"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = std::os::unix::net::UnixListener::bind(place.path("corpus/s1/y.wav")).unwrap();
    symlink("absent", place.path("corpus/s0/z.wav")).unwrap();
    symlink("..", place.path("corpus/s0/again")).unwrap();
    let expected = [
        "corpus/s1/x.wav: left out, with 1 more that are pipes, sockets or devices",
        "corpus/s0/z.wav: left out: of those that are links that lead nowhere",
        "corpus/s0/again: left out: of those that are links that lead in a circle",
    ];
    for (command, code) in [
        ("embed --model model corpus --out e.jsonl", 3),
        ("cluster --model model corpus --num-speakers 2", 3),
        ("prepare folder corpus --out store", 3),
        ("check corpus", 0),
    ] {
        let run = place.run(command);
        assert_eq!(run.code, Some(code), "{run:#?}");
        let said = run.stderr + &run.stdout;
        for expected in expected {
            assert!(said.contains(expected), "{command}: {expected}\n{said}");
        }
    }
    let run = place.run("embed --model model corpus/s1/x.wav --out e.jsonl");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr
            .contains("corpus/s1/x.wav` is a pipe, a socket or a device"),
        "{run:#?}"
    );
    place.write(
        "t.csv",
        "path,speaker\ncorpus/s0/0.wav,a\ncorpus/s1/x.wav,b\n",
    );
    let run = place.run("embed --model model t.csv --out e.jsonl");
    assert_eq!(run.code, Some(3), "{run:#?}");
}

#[test]
fn sound_that_a_folder_was_not_looked_through_for_is_counted() {
    let place = Place::new();
    if case(&place, "folder-skips-endings").is_none() {
        return;
    }
    let expected = "passed over: 1 .mov, 1 .opus, 1 .webm, 1 .wma, 1 without an ending that begins as RIFF WAVE; folders are looked";
    let run = place.run("embed --model model case/folder --out e.jsonl");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stderr.contains(expected), "{run:#?}");
    assert_eq!(
        named(&rows(&place, "e.jsonl")),
        [row("base.wav", None, 5.5)]
    );
    std::fs::create_dir(place.path("corpus")).unwrap();
    std::fs::rename(place.path("case/folder"), place.path("corpus/ann")).unwrap();
    let run = place.run("prepare folder corpus --out store");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stderr.contains(expected), "{run:#?}");
    let run = place.run("check corpus");
    assert!((run.stderr + &run.stdout).contains(expected));
    let run = place.run("-v embed --model model corpus --out e.jsonl");
    assert!(
        run.stderr.contains("`corpus` also holds 1 .txt"),
        "{run:#?}"
    );
}

/// The fixtures that other libraries wrote.
fn golden(name: &str) -> String {
    let folder = testing::repository().join("crates/speech-data/tests/golden/tables");
    folder.join(name).display().to_string()
}

#[test]
fn archives_of_other_toolkits_are_embedded_trained_on_and_prepared_as_they_are() {
    let place = Place::new();
    let embed = |what: &str| {
        let run = place.run(&format!("embed --model model {what} --out e.jsonl"));
        assert_eq!(run.code, Some(0), "{what} {run:#?}");
        let rows = rows(&place, "e.jsonl");
        rows.iter()
            .map(|row| row["embedding"].clone())
            .collect::<Vec<_>>()
    };
    let files: Vec<String> = ["v01-0", "v01-1", "v02-2", "v02-3"]
        .map(|name| golden(&format!("audio/{name}.flac")))
        .into();
    let expected = embed(&files.join(" "));
    for name in [
        "raw.list",
        "shard.list",
        "shards",
        "webdataset_json.tar",
        "datasets_speaker_id.parquet",
        "kaldi",
        "train_list.txt",
        "lhotse_cuts.jsonl.gz",
    ] {
        let root = match name {
            "lhotse_cuts.jsonl.gz" => format!("--root {}", golden("")),
            _ => String::new(),
        };
        assert_eq!(
            embed(&format!("{} {root}", golden(name))),
            expected,
            "{name}"
        );
    }
    for (command, name) in [
        ("folder", "shards"),
        ("folder", "datasets_speaker_id.parquet"),
        ("folder", "webdataset_json.tar"),
        ("kaldi", "kaldi"),
    ] {
        let run = place.run(&format!(
            "prepare {command} {} --out {name}.store",
            golden(name)
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains("2 speakers, 4 utterances"), "{run:#?}");
        assert_eq!(embed(&format!("{name}.store")), expected, "{name}");
        let run = place.run(&format!("check {}", golden(name)));
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
}

#[test]
fn the_root_of_a_table_is_given_with_a_flag_and_commands_are_run_only_when_allowed() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 1, 2);
    place.write(
        "lists/t.csv",
        "ID,wav,spk_id\na,$data_root/s0/0.wav,ann\nb,s0/1.wav,ann\n",
    );
    let run = place.run("embed --model model lists/t.csv --root corpus --out e.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = [
        row("s0/0.wav", Some("ann"), 0.5),
        row("s0/1.wav", Some("ann"), 0.5),
    ];
    assert_eq!(named(&rows(&place, "e.jsonl")), expected);
    place.write("corpus/wav.scp", "a cat s0/0.wav |\nb s0/1.wav\n");
    let run = place.run("embed --model model corpus/wav.scp --out f.jsonl");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(
        run.stderr.contains("--allow-pipes")
            && run.stderr.contains("which can be named in its place"),
        "{run:#?}"
    );
    let run = place.run("embed --model model corpus/wav.scp --allow-pipes --out f.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let vector = |name: &str| rows(&place, name)[0]["embedding"].clone();
    assert_eq!(vector("e.jsonl"), vector("f.jsonl"));
    place.write("corpus/wav.scp", "a cat s0/0.wav |\n");
    let run = place.run("embed --model model corpus/wav.scp --out f.jsonl");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("--allow-pipes"), "{run:#?}");
    place.write("corpus/wav.scp", "a cat absent |\nb s0/1.wav\n");
    let run = place.run("embed --model model corpus --allow-pipes --out f.jsonl");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stderr.contains("`cat` failed"), "{run:#?}");
}

#[test]
fn a_list_that_is_none_does_not_end_what_others_are_given_for() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 1, 2);
    place.write("notes.txt", "what this is about\n");
    let run =
        place.run("embed --model model notes.txt corpus/s0/0.wav corpus/s0/1.wav --out e.jsonl");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stderr.contains("skipped: notes.txt"), "{run:#?}");
    assert_eq!(rows(&place, "e.jsonl").len(), 2);
}

#[test]
fn recordings_of_one_name_in_two_tables_are_called_by_their_paths() {
    let place = Place::new();
    for speaker in 0..2 {
        let folder = format!("c{speaker}");
        write_wav(
            &place.path(&folder).join("1.wav"),
            &voice(speaker, 0),
            16_000,
            1,
        );
        place.write(
            &format!("{folder}/split.tsv"),
            &format!("path\tspeaker\n1.wav\ts{speaker}\n"),
        );
    }
    let run = place.run("embed --model model c0 c1/split.tsv --out e.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr
            .contains("1 name stands for more than one recording, such as `1.wav`"),
        "{run:#?}"
    );
    let expected = [
        row("c0/1.wav", Some("s0"), 0.5),
        row("c1/1.wav", Some("s1"), 0.5),
    ];
    assert_eq!(named(&rows(&place, "e.jsonl")), expected);
}

#[test]
fn a_table_in_the_place_of_the_folder_is_the_folder_with_that_table() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 8, 3);
    let mut table = String::from("path,speaker,split\n");
    for speaker in 0..8 {
        for take in 0..3 {
            let split = if speaker < 4 { "train" } else { "dev" };
            table += &format!("s{speaker}/{take}.wav,s{speaker},{split}\n");
        }
    }
    place.write("corpus/list.csv", &table);
    place.write(
        "trials.txt",
        "1 s4/0.wav s4/1.wav\n0 s4/0.wav s5/0.wav\n1 s5/0.wav s5/1.wav\n0 s4/1.wav s6/0.wav\n",
    );
    place.tiny_config("--data corpus --split list.csv", |_| ());
    let lists = |out: &str, data: &str| {
        let run = place.run(&format!("train {data} --trials trials.txt --config tiny.toml --max-steps 2 --eval-every 1 --cache cache --no-report --out {out}"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let journal = std::fs::read_to_string(place.path(out).join("journal.jsonl")).unwrap();
        journal
            .lines()
            .filter(|line| line.contains("\"eer\""))
            .map(|line| {
                let value: Value = serde_json::from_str(line).unwrap();
                let told = value.to_string();
                let rate = told.split("\"eer\":").nth(1).unwrap().split(',').next();
                rate.unwrap().to_owned()
            })
            .collect::<Vec<_>>()
    };
    let both = lists("a", "--data corpus --split list.csv");
    assert!(!both.is_empty());
    assert_eq!(lists("b", "--data corpus/list.csv"), both);
    let run = place.run("check corpus/list.csv --trials trials.txt --json");
    let with = place.run("check corpus --split list.csv --trials trials.txt --json");
    assert_eq!(run.json()["errors"], with.json()["errors"], "{run:#?}");
    for command in [
        "eval --model model --trials trials.txt --json",
        "score --vad energy --model model --trials trials.txt --out s.txt --json",
    ] {
        let one = place.run(&format!("{command} --root corpus/list.csv"));
        let two = place.run(&format!("{command} --root corpus --split list.csv"));
        assert_eq!(
            (one.code, two.code),
            (Some(0), Some(0)),
            "{one:#?} {two:#?}"
        );
    }
    let run = place.run("train --data corpus/list.csv --split list.csv --out c");
    assert_eq!(run.code, Some(2), "{run:#?}");
}
