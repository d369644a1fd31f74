//! Trial lists with odd pairs, other spellings and no labels; scores of other programs; models that know a list's speakers.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, Run, write_corpus};

/// A folder with the shared case of this name copied into it.
fn case(name: &str) -> Option<Place> {
    let folder = testing::shared(&format!("cases/{name}"))?;
    let place = Place::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let copy = place.path(entry.file_name().to_str().unwrap());
        std::fs::write(copy, std::fs::read(entry.path()).unwrap()).unwrap();
    }
    Some(place)
}

fn rounded(run: &Run) -> f64 {
    (run.json()["eer"].as_f64().unwrap() * 10_000.0).round() / 100.0
}

/// Twelve embeddings of three speakers, on a circle: cosines are known.
fn circle() -> Place {
    let place = Place::new();
    let mut lines = String::new();
    for speaker in 0..3 {
        for take in 0..4 {
            let angle = 2.0 * f64::from(speaker) + 0.1 * f64::from(take);
            lines += &format!(
                "{{\"id\":\"s{speaker}/{take}.wav\",\"embedding\":[{},{}]}}\n",
                angle.cos(),
                angle.sin()
            );
        }
    }
    place.write("e.jsonl", &lines);
    place.write(
        "t.txt",
        "1 s0/0.wav s0/1.wav\n1 s1/0.wav s1/3.wav\n0 s0/0.wav s1/0.wav\n0 s1/1.wav s2/2.wav\n",
    );
    place
}

#[test]
fn a_pair_that_is_target_and_nontarget_is_an_error_with_its_lines() {
    let place = circle();
    place.write(
        "t.txt",
        "1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/0.wav\n0 s0/1.wav s0/0.wav\n",
    );
    let run = place.run("eval --embeddings e.jsonl --trials t.txt");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:#?}");
    for expected in [
        "1 pair of recordings is target and nontarget",
        "line 3: `s0/0.wav` and `s0/1.wav` are nontarget here, target in line 1",
    ] {
        assert!(run.stderr.contains(expected), "{run:#?}");
    }
    let show = place.run("trials show t.txt --json");
    assert_eq!(show.code, Some(1));
    let list = &show.json()["lists"][0];
    assert_eq!(
        (&list["n_contradictions"], &list["n_repeats"]),
        (&1.into(), &0.into())
    );
    let score = place.run("score --embeddings e.jsonl --trials t.txt");
    assert_eq!((score.code, score.stdout.lines().count()), (Some(0), 3));
    assert!(
        score.stderr.contains("1 pair is target and nontarget"),
        "{score:#?}"
    );
}

#[test]
fn the_shared_lists_with_odd_pairs_are_refused_counted_and_matched() {
    let Some(place) = case("trials-contradictions") else {
        return;
    };
    let run = place.run("eval --embeddings e.npy --trials conflict.txt --resamples 0");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr
            .contains("50 pairs of recordings are target and nontarget")
    );
    assert!(run.stderr.lines().count() < 12, "{run:#?}");
    let whole = place.run("trials show conflict.txt");
    assert!(
        whole
            .stdout
            .contains("50 pairs that are target and nontarget"),
        "{whole:#?}"
    );

    let selves = place.run("eval --embeddings e.npy --trials self.txt --resamples 0 --json");
    let report = selves.json();
    assert_eq!(
        (selves.code, rounded(&selves)),
        (Some(0), 8.83),
        "{selves:#?}"
    );
    assert_eq!(report["n_self_trials"], 48);
    let without = report["without_self_trials"]["eer"].as_f64().unwrap();
    assert!((100.0 * without - 9.33).abs() < 0.01, "{without}");
    assert!(
        selves
            .stderr
            .contains("48 of 1176 trials are of a recording with itself"),
        "{selves:#?}"
    );
    assert!(
        place
            .run("trials show self.txt")
            .stdout
            .contains("48 trials of a recording with itself")
    );

    let run = place.run("eval --embeddings e.npy --trials backslash.txt --resamples 0 --json");
    assert_eq!((run.code, rounded(&run)), (Some(0), 9.33), "{run:#?}");
    assert!(
        run.stderr.contains(r"48 names are matched with `e.npy`: 48 with other separators of folders (`s0\u0.wav` is `s0/u0.wav`)"),
        "{run:#?}"
    );

    let run = place.run("score --embeddings e.npy --trials unlabelled.txt");
    assert_eq!(
        (run.code, run.stdout.lines().count()),
        (Some(0), 1128),
        "{run:#?}"
    );
    let run = place.run("eval --embeddings e.npy --trials unlabelled.txt");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("have no labels") && run.stderr.contains("`siamang score`"));

    place.write(
        "names.jsonl",
        "{\"id\":\"a b/x y.wav\",\"embedding\":[1,0]}\n{\"id\":\"base.wav\",\"embedding\":[1,0.1]}\n{\"id\":\"other.wav\",\"embedding\":[0,1]}\n",
    );
    let run =
        place.run("eval --embeddings names.jsonl --trials tab_blanks.txt --resamples 0 --json");
    assert_eq!((run.code, rounded(&run)), (Some(0), 0.0), "{run:#?}");
    let run = place.run("score --embeddings names.jsonl --trials tab_blanks.txt");
    assert!(
        run.stdout.starts_with("a b/x y.wav\tbase.wav\t0.995037\n"),
        "{run:#?}"
    );
}

#[test]
fn names_are_matched_where_one_recording_fits_and_explained_where_none_does() {
    let place = circle();
    let plain = place
        .run("eval --embeddings e.jsonl --trials t.txt --resamples 0 --json")
        .json();
    let list = std::fs::read_to_string(place.path("t.txt")).unwrap();
    for (name, from, to) in [
        ("dot", "s", "./s"),
        ("prefix", "s", "wav/s"),
        ("absolute", "s", "/data/vox/s"),
        ("ending", ".wav", ".m4a"),
        ("none", ".wav", ""),
    ] {
        place.write("other.txt", &list.replace(from, to));
        let run = place.run("eval --embeddings e.jsonl --trials other.txt --resamples 0 --json");
        assert_eq!(run.code, Some(0), "{name}: {run:#?}");
        for key in ["eer", "mean_same", "mean_different", "n_trials"] {
            assert_eq!(run.json()[key], plain[key], "{name}: {key}");
        }
        assert_eq!(
            run.stderr.matches("note: 6 names are matched").count(),
            1,
            "{name}: {run:#?}"
        );
    }
    place.write(
        "other.txt",
        &(list + "0 s0/0.wav s2/9.wav\n0 s0/0.wav 3.wav\n"),
    );
    let run = place.run("eval --embeddings e.jsonl --trials other.txt --resamples 0");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(
        run.stdout.starts_with(
            "INCOMPLETE: figures of list `other` are of 4 of its 6 trials, 2 are missing\n"
        ),
        "{run:#?}"
    );
    assert!(
        run.stderr.contains("2 of 8 names are not found in `e.jsonl`: `3.wav` may be `s0/3.wav` or `s1/3.wav`, `s2/9.wav` (the nearest name there is `s2/0.wav`)"),
        "{run:#?}"
    );
}

#[test]
fn recordings_below_a_root_are_matched_as_well() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    let list = "1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/1.wav\n";
    place.write("t.txt", list);
    let plain = place
        .run("eval --model model --root corpus --trials t.txt --resamples 0 --json")
        .json();
    place.write("w.txt", &list.replace('/', "\\").replace(".wav", ".m4a"));
    let run = place.run("eval --model model --root corpus --trials w.txt --resamples 0 --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["mean_same"], plain["mean_same"]);
    assert!(run.stderr.contains("without their endings"), "{run:#?}");
}

#[test]
fn an_incomplete_evaluation_says_so_first_and_names_few() {
    let place = circle();
    let mut list = std::fs::read_to_string(place.path("t.txt")).unwrap();
    for number in 0..3000 {
        list += &format!("0 s0/0.wav gone/{number}.wav\n");
    }
    place.write("t.txt", &list);
    let run = place.run("eval --embeddings e.jsonl --trials t.txt --resamples 0");
    assert_eq!(run.code, Some(3));
    assert!(
        run.stdout.starts_with(
            "INCOMPLETE: figures of list `t` are of 4 of its 3,004 trials, 3,000 are missing\n"
        ),
        "{}",
        run.stdout
    );
    assert!(run.stderr.lines().count() < 8, "{}", run.stderr);
    let json = place
        .run("eval --embeddings e.jsonl --trials t.txt --resamples 0 --json")
        .json();
    assert_eq!(
        (
            &json["is_complete"],
            &json["n_trials"],
            &json["n_skipped_trials"]
        ),
        (&false.into(), &3004.into(), &3000.into())
    );
    assert_eq!(json["skipped"].as_array().unwrap().len(), 3000);
}

#[test]
fn scores_of_any_program_are_measured_without_a_model() {
    let place = circle();
    let whole = place
        .run("eval --embeddings e.jsonl --trials t.txt --json")
        .json();
    let ours = place.run("score --embeddings e.jsonl --trials t.txt --out ours.txt");
    assert_eq!(ours.code, Some(0), "{ours:#?}");
    let run = place.run("eval --scores ours.txt --trials t.txt --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    for key in ["eer", "min_dcf", "n_target", "n_nontarget", "list"] {
        assert_eq!(run.json()[key], whole[key], "{key}");
    }
    assert_eq!(run.json()["interval"]["n_speakers"], 3);
    // WeSpeaker's, with a label behind; the pair the other way round; and labels with scores alone.
    let lines = std::fs::read_to_string(place.path("ours.txt")).unwrap();
    let labels = ["target", "target", "nontarget", "nontarget"];
    let (mut wespeaker, mut bare) = (String::new(), String::new());
    for (line, label) in lines.lines().zip(labels) {
        wespeaker += &format!("{line} {label}\n");
        bare += &format!("{label} {}\n", line.split(' ').next_back().unwrap());
    }
    for (name, text) in [("wespeaker.score", &wespeaker), ("bare.txt", &bare)] {
        place.write(name, text);
        let run = place.run(&format!("eval --scores {name} --resamples 0 --json"));
        assert_eq!(
            (run.code, &run.json()["eer"]),
            (Some(0), &whole["eer"]),
            "{run:#?}"
        );
    }
    let run = place.run_with(
        "eval --scores - --trials t.txt --resamples 0 --json",
        wespeaker.as_bytes(),
    );
    assert_eq!(
        (run.code, &run.json()["eer"]),
        (Some(0), &whole["eer"]),
        "{run:#?}"
    );
    let both = place.run_with("eval --scores - --trials - --json", wespeaker.as_bytes());
    assert_eq!(both.code, Some(2));
    let none = place.run("eval --scores ours.txt");
    assert_eq!(none.code, Some(2), "{none:#?}");
}

#[test]
fn scores_that_are_missing_or_no_numbers_make_the_figures_incomplete() {
    let place = circle();
    place.write(
        "s.txt",
        "s0/1.wav s0/0.wav 0.9\ns1/0.wav s1/3.wav nan\ns0/0.wav s1/0.wav 0.1\nx y 1\n",
    );
    let run = place.run("eval --scores s.txt --trials t.txt --resamples 0 --json");
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (&report["n_skipped_trials"], &report["eer"]),
        (&2.into(), &0.0.into())
    );
    for expected in [
        "the scores of 1 trial are NaN or infinite",
        "`s.txt` has no score for 1 trial, such as `s1/1.wav` and `s2/2.wav`",
        "1 trial stands in `s.txt` with the sides swapped",
        "1 score of `s.txt` is of a pair that list `t` does not have",
    ] {
        assert!(run.stderr.contains(expected), "{expected}: {run:#?}");
    }
}

#[test]
fn distances_in_the_place_of_scores_are_noticed() {
    let place = circle();
    place.write(
        "s.txt",
        "target 0.1\ntarget 0.2\nnontarget 0.9\nnontarget 0.8\n",
    );
    let run = place.run("eval --scores s.txt --resamples 0 --json");
    assert_eq!(
        (run.code, &run.json()["looks_inverted"]),
        (Some(0), &true.into()),
        "{run:#?}"
    );
    assert!(run.stderr.contains("the scores look inverted"), "{run:#?}");
}

#[test]
fn a_model_that_was_trained_on_a_lists_speakers_is_named() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 3);
    let mut hashes = "# made\n".to_owned();
    for name in ["s0", "s2", "elsewhere"] {
        let hash = blake3::derive_key(
            "siamang 2026-11-30 names of training speakers",
            name.as_bytes(),
        );
        let digits: Vec<String> = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        hashes += &(digits.concat() + "\n");
    }
    place.write(
        "t.txt",
        "1 s0/0.wav s0/1.wav\n1 s1/0.wav s1/1.wav\n0 s0/0.wav s1/1.wav\n0 s2/1.wav s3/1.wav\n",
    );
    let command = "eval --model model --root corpus --trials t.txt --resamples 0 --json";
    let silent = place.run(command);
    assert!(!silent.stderr.contains("training"), "{silent:#?}");
    place.write("model/speakers.txt", &hashes);
    let run = place.run(command);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["training_speakers"]["n_trained"], 2);
    assert!(
        run.stderr
            .contains("2 of 4 speakers of list `t` were in the training of this model"),
        "{run:#?}"
    );
    assert_eq!(run.json()["eer"], silent.json()["eer"]);
    let cluster = place.run("cluster --model model corpus --json");
    assert!(
        cluster
            .stderr
            .contains("2 of 4 speakers of these recordings were"),
        "{cluster:#?}"
    );
    // Embeddings in a file say which model made them.
    assert_eq!(
        place.run("embed corpus --model model --out e.parquet").code,
        Some(0)
    );
    let filed = place.run("eval --embeddings e.parquet --trials t.txt --resamples 0 --json");
    assert_eq!(
        filed.json()["training_speakers"]["n_trained"],
        2,
        "{filed:#?}"
    );
    // The names go where the bundle goes.
    assert_eq!(place.run("export --model model --out copy").code, Some(0));
    let copy = std::fs::read_to_string(place.path("copy/speakers.txt")).unwrap();
    assert_eq!(
        copy.lines().filter(|line| !line.starts_with('#')).count(),
        3
    );
}

#[test]
fn development_lists_of_a_training_are_matched_as_those_of_an_evaluation_are() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 6, 3);
    let mut table = String::from("path,speaker,split\n");
    for speaker in 0..6 {
        for take in 0..3 {
            let split = if speaker < 3 { "train" } else { "dev" };
            table += &format!("s{speaker}/{take}.wav,s{speaker},{split}\n");
        }
    }
    place.write("corpus/split.csv", &table);
    place.tiny_config("--data corpus --split split.csv", |_| ());
    let list = |write: &dyn Fn(u32, u32) -> String| {
        let mut text = String::new();
        for speaker in 3..6 {
            text += &format!("1 {} {}\n", write(speaker, 0), write(speaker, 1));
            text += &format!(
                "0 {} {}\n",
                write(speaker, 0),
                write(3 + (speaker + 1) % 3, 1)
            );
        }
        text
    };
    let train = |name: &str, text: &str| {
        place.write("dev.txt", text);
        let run = place.run(&format!(
            "train --data corpus --split split.csv --trials dev.txt --config tiny.toml --max-steps 1 --cache cache --no-report --out {name}"
        ));
        let journal = std::fs::read_to_string(place.path(name).join("journal.jsonl"));
        let eers: Vec<String> = journal
            .unwrap_or_default()
            .split("\"eer\":")
            .skip(1)
            .map(|rest| rest.split([',', '}']).next().unwrap().to_owned())
            .collect();
        (run, eers)
    };
    let (run, plain) = train(
        "plain",
        &list(&|speaker, take| format!("s{speaker}/{take}.wav")),
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!plain.is_empty());
    type Spelling = dyn Fn(u32, u32) -> String;
    let spellings: [(&str, &Spelling, &str); 5] = [
        (
            "windows",
            &|s, t| format!("s{s}\\{t}.wav"),
            "with other separators of folders",
        ),
        (
            "dot",
            &|s, t| format!("./s{s}/{t}.wav"),
            "with other separators of folders",
        ),
        (
            "prefix",
            &|s, t| format!("wav/s{s}/{t}.wav"),
            "without the folders that they begin with",
        ),
        (
            "ending",
            &|s, t| format!("s{s}/{t}.m4a"),
            "without their endings",
        ),
        (
            "case",
            &|s, t| format!("S{s}/{t}.WAV"),
            "without regard to capital letters",
        ),
    ];
    for (name, write, expected) in spellings {
        let text = list(write);
        let (run, eers) = train(name, &text);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert_eq!(eers, plain, "{name}");
        assert!(run.stderr.contains(expected), "{name}: {run:#?}");
        // So are those of an evaluation.
        let run = place.run("eval --model model --root corpus --split split.csv --trials dev.txt");
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains(expected), "{name}: {run:#?}");
    }
    let (run, _) = train("absent", "1 s3/0.wav s3/9.wav\n0 s3/0.wav s4/1.wav\n");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("1 of 3 names is not found")
            && run.stderr.contains("the nearest name there is"),
        "{run:#?}"
    );
}

#[test]
fn labels_that_the_speakers_of_the_table_contradict_are_counted() {
    let place = Place::new();
    let voices = testing::repository().join("data/voices");
    let list = std::fs::read_to_string(voices.join("trials/test.txt")).unwrap();
    let flipped: Vec<String> = list
        .lines()
        .enumerate()
        .map(|(index, line)| match (index % 100, line.split_at(1)) {
            (0, ("1", rest)) => format!("0{rest}"),
            (0, (_, rest)) => format!("1{rest}"),
            _ => line.to_owned(),
        })
        .collect();
    place.write("flipped.txt", &(flipped.join("\n") + "\n"));
    let of = |list: &str| {
        place
            .run(&format!(
                "eval --root {} --trials {list} --resamples 0",
                voices.display()
            ))
            .stderr
    };
    let count = flipped.len().div_ceil(100);
    let said = format!("the labels of {count} of {} trials are not", flipped.len());
    let found = of("flipped.txt");
    assert!(found.contains(&said), "{found}");
    let whole = of(&voices.join("trials/test.txt").display().to_string());
    assert!(!whole.contains("the labels of"), "{whole}");
}
