//! What folders and tables hold and a command does not use: counted, named, in JSON as for people.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, voice, write_corpus, write_wav};
use serde_json::json;

#[cfg(unix)]
#[test]
fn a_folder_is_accounted_for_in_json_and_for_people() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    for name in [
        "a.opus",
        "b.OPUS",
        "c.wma",
        "n.txt",
        ".DS_Store",
        "s0/._0.wav",
    ] {
        place.write(&format!("corpus/{name}"), "x");
    }
    place.write("corpus/.trash/9.wav", "x");
    place.write("corpus/s1/.8.wav", "x");
    std::fs::write(place.path("corpus/odd"), b"RIFF\0\0\0\0WAVEfmt ").unwrap();
    symlink("absent", place.path("corpus/s1/z.wav")).unwrap();
    symlink("..", place.path("corpus/s1/again")).unwrap();
    let expected = json!({
        "sound": {".opus": 2, ".wma": 1, "without an ending that begins as RIFF WAVE": 1},
        "others": {".txt": 1},
        "left_out": {
            "are links that lead in a circle": 1,
            "are links that lead nowhere": 1,
        },
        "hidden_files": 3,
        "hidden_folders": 1,
    });
    for command in [
        "embed --model model corpus --out e.jsonl --json",
        "cluster --model model corpus --num-speakers 2 --json",
    ] {
        let run = place.run(command);
        assert_eq!(run.code, Some(3), "{run:#?}");
        let left_out = &run.json()["left_out"];
        assert_eq!(left_out["folders"], expected, "{command}");
        assert_eq!(left_out["faulty_rows"], 0);
        // Sound of other endings, and two kinds of links.
        assert_eq!(
            left_out["reasons"].as_array().unwrap().len(),
            3,
            "{left_out}"
        );
        assert!(
            run.stderr.contains(
                "2 folders or recordings are passed over, since they are hidden (`.trash`, …)"
            ),
            "{run:#?}"
        );
    }
    let run = place.run("check corpus --no-decode --json");
    assert_eq!(run.json()["passed_over"], expected, "{run:#?}");
    // Where there is nothing else, it is what the error tells of.
    place.write("nothing/a.opus", "x");
    place.write("nothing/.trash/1.wav", "x");
    let run = place.run("embed --model model nothing --out e.jsonl");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for part in ["1 .opus", "it is hidden (`.trash`)"] {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
    // What is given twice is one line.
    write_corpus(&place.path("twice"), 2, 3);
    let run = place.run("embed --model model twice twice/s0 --out e.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.stderr.matches("twice,").count(), 1, "{run:#?}");
    assert!(
        run.stderr
            .contains("and so were 2 others; each is used once"),
        "{run:#?}"
    );
    // What is hidden on purpose is told, and no failure.
    place.write("other/.trash/9.wav", "x");
    write_corpus(&place.path("other"), 1, 1);
    let run = place.run("embed --model model other --out e.jsonl --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["left_out"]["folders"]["hidden_folders"], 1);
    assert!(
        run.stderr.contains("1 folder or recording is passed over"),
        "{run:#?}"
    );
}

#[test]
fn what_cannot_be_used_is_summed_by_reason_and_named_a_few_of_each_kind() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    let mut list = String::new();
    for number in 0..30 {
        place.write(&format!("corpus/s0/bad{number}.wav"), "no sound at all");
        list += &format!("1 s0/0.wav s0/bad{number}.wav\n");
    }
    place.write("corpus/s1/empty.wav", "");
    list += "1 s0/0.wav s1/empty.wav\n1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/0.wav\n";
    place.write("t.txt", &list);
    for command in [
        "embed --model model corpus --out e.jsonl",
        "cluster --model model corpus --num-speakers 2",
        "eval --model model --root corpus --trials t.txt",
        "score --vad energy --model model --root corpus --trials t.txt --out s.txt",
    ] {
        let run = place.run(&format!("{command} --json"));
        assert_eq!(run.code, Some(3), "{run:#?}");
        let json = run.json();
        let sums = json["skipped_by_reason"].as_object().unwrap();
        let mut counts: Vec<u64> = sums.values().map(|count| count.as_u64().unwrap()).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 30], "{command}: {sums:?}");
        assert_eq!(json["skipped"].as_array().unwrap().len(), 31, "{command}");
        let named = run.stderr.matches("bad").count();
        assert!((5..12).contains(&named), "{command}: {}", run.stderr);
        assert!(run.stderr.contains("and 25 more of this kind"), "{run:#?}");
        assert!(run.stderr.contains("empty.wav"), "{run:#?}");
    }
}

#[test]
fn good_rows_are_worked_and_faulty_ones_named_where_a_table_is_not_learned_from() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 3, 3);
    place.write(
        "t.csv",
        "path,speaker,start_s,end_s\ncorpus/s0/0.wav,s0,0,0.4\ncorpus/s0/1.wav,s0,0.4,0.1\ncorpus/s1/0.wav,s1,0,0.4\n\
         corpus/s1/1.wav,s1\ncorpus/s2/0.wav,s2,x,1\ncorpus/s2/1.wav,s2,0,0.4\n",
    );
    place.write(
        "trials.txt",
        "0 corpus/s0/0.wav corpus/s1/0.wav\n1 corpus/s0/0.wav corpus/s0/1.wav\n0 corpus/s0/0.wav corpus/s2/1.wav\n",
    );
    let lines = [
        "t.csv:3: from 0.4 to 0.1 s",
        "t.csv:5: 2 fields",
        "t.csv:6: start_s `x`",
    ];
    let embed = place.run("embed --model model t.csv --out e.jsonl --json");
    assert_eq!(embed.code, Some(3), "{embed:#?}");
    assert_eq!(embed.json()["n_embedded"], 3);
    assert_eq!(embed.json()["left_out"]["faulty_rows"], 3);
    let score = place.run(
        "score --vad energy --model model --root . --split t.csv --trials trials.txt --out s.txt --json",
    );
    assert_eq!(score.code, Some(3), "{score:#?}");
    // The whole file is not what the faulty row of a part means.
    assert_eq!(score.json()["n_scored"], 2, "{score:#?}");
    // Rows that no trial asks for are told of all the same.
    place.write(
        "two.txt",
        "0 corpus/s0/0.wav corpus/s1/0.wav\n1 corpus/s0/0.wav corpus/s0/0.wav\n",
    );
    for command in ["score --vad energy --model model", "eval --model model"] {
        let run = place.run(&format!(
            "{command} --root . --split t.csv --trials two.txt"
        ));
        assert_eq!(run.code, Some(3), "{run:#?}");
    }
    // A store has what a table of other recordings does not list.
    place.run("prepare folder corpus --out store2");
    place.write("some.csv", "path,speaker\ns2/2.wav,s2\n");
    place.write("in_store.txt", "1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/0.wav\n");
    let run = place.run("eval --model model --root store2 --split some.csv --trials in_store.txt");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stderr.contains("not found"), "{run:#?}");
    let check = place.run("check t.csv");
    assert_eq!(check.code, Some(1), "{check:#?}");
    for command in [
        "train --data t.csv --max-steps 1 --out run",
        "prepare folder t.csv --out store",
    ] {
        let run = place.run(command);
        assert_eq!(run.code, Some(1), "{run:#?}");
        lines
            .iter()
            .for_each(|line| assert!(run.stderr.contains(line), "{line}: {run:#?}"));
    }
    for run in [embed, score, check] {
        let said = format!("{}{}", run.stderr, run.stdout);
        lines
            .iter()
            .for_each(|line| assert!(said.contains(line), "{line}: {said}"));
    }
}

#[test]
fn every_command_that_reads_tables_runs_commands_where_that_is_allowed() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 6, 3);
    let (mut scp, mut speakers, mut trials) = (String::new(), String::new(), String::new());
    for speaker in 0..6 {
        for take in 0..3 {
            scp += &format!("u{speaker}-{take} cat ../corpus/s{speaker}/{take}.wav |\n");
            speakers += &format!("u{speaker}-{take} s{speaker}\n");
        }
        trials += &format!(
            "u{speaker}-0 u{speaker}-1 target\nu{speaker}-0 u{}-1 nontarget\n",
            (speaker + 1) % 6
        );
    }
    place.write("kaldi/wav.scp", &scp);
    place.write("kaldi/utt2spk", &speakers);
    place.write("trials.txt", &trials);
    place.tiny_config("--data corpus", |_| ());
    for (command, code) in [
        ("embed --model model kaldi --out e.jsonl", 0),
        ("cluster --model model kaldi --num-speakers 6", 0),
        ("check kaldi --trials trials.txt", 0),
        (
            "score --vad energy --model model --root kaldi --trials trials.txt",
            0,
        ),
        ("eval --model model --root kaldi --trials trials.txt", 0),
        ("trials show trials.txt --manifest kaldi", 0),
        (
            "train --data kaldi --config tiny.toml --max-steps 1 --cache cache --no-report --out run",
            0,
        ),
        ("prepare kaldi kaldi --out store", 0),
    ] {
        // Commands run in the folder of their table.
        let run = place.run(&format!("{command} --allow-pipes"));
        assert_eq!(run.code, Some(code), "{command}: {run:#?}");
        let run = place.run(&command.replace("--out ", "--out other-"));
        assert_ne!(run.code, Some(0), "{command}: {run:#?}");
        assert!(
            run.stderr.contains("--allow-pipes") || command.starts_with("check"),
            "{command}: {run:#?}"
        );
    }
}

#[test]
fn what_was_noticed_in_a_table_is_said_by_every_command_that_reads_it() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 6, 3);
    let mut table = String::from("path,speaker,split,start,end\n");
    for speaker in 0..6 {
        for take in 0..3 {
            let split = if speaker < 3 { "train" } else { "dev" };
            table += &format!("corpus/s{speaker}/{take}.wav,s{speaker},{split},0,0.4\n");
        }
    }
    place.write("t.csv", &table);
    place.write(
        "trials.txt",
        "1 corpus/s3/0.wav corpus/s3/1.wav\n0 corpus/s3/0.wav corpus/s4/1.wav\n",
    );
    for command in [
        "embed --model model t.csv --out e.jsonl",
        "cluster --model model t.csv --num-speakers 6",
        "cluster-protocol --model model t.csv --splits dev --threshold-split train --num-speakers-drawn 2",
        "eval --model model --root t.csv --trials trials.txt",
        "score --vad energy --model model --root t.csv --trials trials.txt",
        "check t.csv --no-decode",
        "prepare folder t.csv --out store",
    ] {
        let run = place.run(command);
        assert_eq!(run.code, Some(0), "{command}: {run:#?}");
        let said = format!("{}{}", run.stderr, run.stdout);
        assert!(
            said.contains("`start` and `end` are read as seconds"),
            "{command}: {said}"
        );
    }
}

/// A recording at `name` below `place`.
fn sound(place: &Place, name: &str) {
    let path = place.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_wav(&path, &voice(1, 1), 16_000, 1);
}

/// The speakers of a folder are where `check` and `train` look for them, or nowhere.
#[test]
fn folders_above_the_speakers_are_no_speakers() {
    let place = Place::new();
    for name in ["top/corpus/ann/s1/1.wav", "top/corpus/bob/s1/1.wav"] {
        sound(&place, name);
    }
    let run = place.run("embed top -o e.jsonl --vad none");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.contains("2 recordings lie deeper below `top`"),
        "{}",
        run.stderr
    );
    let read = || std::fs::read_to_string(place.path("e.jsonl")).unwrap();
    for line in read().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["speaker"].is_null(), "{line}");
    }
    let run = place.run("embed top/corpus -o e.jsonl --vad none");
    assert!(!run.stderr.contains("deeper"), "{}", run.stderr);
    assert!(read().contains("\"speaker\":\"bob\""));
}

#[test]
fn recordings_that_the_table_of_their_folder_does_not_name_are_counted() {
    let place = Place::new();
    for name in ["c/ann/1.wav", "c/ann/2.wav", "c/bob/1.wav"] {
        sound(&place, name);
    }
    place.write(
        "c/split.tsv",
        "path\tspeaker\tsplit\nann/1.wav\tann\ttrain\n",
    );
    let run = place.run("embed c -o e.jsonl --vad none");
    let said = "2 of 3 recordings below `c` are in no row of its table, such as `ann/2.wav`";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    place.write(
        "c/split.tsv",
        "path\tspeaker\tsplit\nann/1.wav\tann\ttrain\nann/2.wav\tann\ttrain\nbob/1.wav\tbob\ttest\n",
    );
    // A filter leaves out what it is asked to.
    let run = place.run("embed c --filter split=test -o e.jsonl --vad none");
    assert!(!run.stderr.contains("in no row"), "{}", run.stderr);
}

#[test]
fn a_recording_that_is_read_in_part_ends_with_exit_code_3() {
    let place = Place::new();
    sound(&place, "whole.wav");
    let bytes = std::fs::read(place.path("whole.wav")).unwrap();
    std::fs::write(place.path("cut.wav"), &bytes[..bytes.len() * 2 / 3]).unwrap();
    let run = place.run("embed whole.wav -o e.npy --json --vad none");
    assert_eq!(
        (run.code, run.json()["n_partly_read"].as_u64()),
        (Some(0), Some(0))
    );
    let run = place.run("embed whole.wav cut.wav -o e.npy --json --vad none");
    assert_eq!(
        (run.code, run.json()["n_partly_read"].as_u64()),
        (Some(3), Some(1))
    );
}
