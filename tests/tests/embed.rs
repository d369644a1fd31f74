//! `siamang embed`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use end_to_end::{Place, voice, write_corpus, write_wav};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn vector(line: &Value) -> Vec<f64> {
    line["embedding"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect()
}

/// A megabyte holds a minute of features at most here, so that the corpus is embedded in several pieces.
#[test]
fn any_memory_gives_the_same_embeddings_and_the_speed_is_told() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 3, 14);
    let embed = |arguments: &str, name: &str| {
        let run = place.run(&format!(
            "embed --model model corpus --out {name} --json {arguments}"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let report = run.json();
        let [audio, seconds, speed] = ["audio_seconds", "seconds", "times_real_time"]
            .map(|field| report[field].as_f64().unwrap());
        assert!(audio > 0.0 && (speed * seconds / audio - 1.0).abs() < 1e-9);
        fs::read(place.path(name)).unwrap()
    };
    let small = embed("--memory 1", "small.npy");
    assert_eq!(small, embed("", "usual.npy"));
    assert_eq!(small, embed("--memory 4096 --threads 3", "large.npy"));
    let refused = place.run("embed --model model corpus --out no.npy --memory 0");
    assert_eq!(refused.code, Some(2), "{refused:#?}");
}

/// One corrupt, one empty and one 8 kHz stereo file among good ones.
fn mixed() -> Place {
    let place = Place::new();
    write_corpus(&place.path("mixed"), 2, 2);
    place.write("mixed/empty.wav", "");
    place.write("mixed/corrupt.flac", "this is no recording at all");
    place.write("mixed/notes.txt", "passed over");
    let stereo: Vec<f32> = voice(3, 0)
        .iter()
        .step_by(2)
        .flat_map(|&sample| [sample, sample])
        .collect();
    write_wav(&place.path("mixed/stereo.wav"), &stereo, 8000, 2);
    place
}

#[test]
fn bad_files_are_named_and_the_good_ones_embedded() {
    let place = mixed();
    let run = place.run("embed --model model mixed --out e.jsonl --json");
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (report["n_embedded"].as_u64(), report["dim"].as_u64()),
        (Some(5), Some(32))
    );
    for (index, name) in ["corrupt.flac", "empty.wav"].iter().enumerate() {
        assert_eq!(report["skipped"][index]["id"], *name);
        let named = run
            .stderr
            .lines()
            .any(|line| line.starts_with("skipped: ") && line.contains(name));
        assert!(named, "{run:#?}");
    }
    let lines = lines(&fs::read_to_string(place.path("e.jsonl")).unwrap());
    let ids: Vec<&str> = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["s0/0.wav", "s0/1.wav", "s1/0.wav", "s1/1.wav", "stereo.wav"]
    );
    assert_eq!(
        (&lines[0]["speaker"], &lines[0]["path"]),
        (&"s0".into(), &"mixed/s0/0.wav".into())
    );
    assert_eq!(
        (&lines[4]["seconds"], lines[4].get("speaker")),
        (&0.5.into(), None)
    );
    for line in &lines {
        let norm: f64 = vector(line).iter().map(|value| value * value).sum();
        assert!((norm - 1.0).abs() < 1e-5);
    }
}

#[test]
fn other_readers_understand_npy_and_parquet() {
    let place = mixed();
    for name in ["e.jsonl", "e.npy", "e.parquet"] {
        assert_eq!(
            place
                .run(&format!("embed --model model mixed --out {name}"))
                .code,
            Some(3)
        );
    }
    let lines = lines(&fs::read_to_string(place.path("e.jsonl")).unwrap());
    let expected: Vec<f32> = lines
        .iter()
        .flat_map(vector)
        .map(|value| value as f32)
        .collect();

    let bytes = fs::read(place.path("e.npy")).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(npy.shape(), [5, 32]);
    assert_eq!(npy.into_vec::<f32>().unwrap(), expected);
    let ids = fs::read_to_string(place.path("e.npy.ids.txt")).unwrap();
    assert_eq!(ids, "s0/0.wav\ns0/1.wav\ns1/0.wav\ns1/1.wav\nstereo.wav\n");

    let file = fs::File::open(place.path("e.parquet")).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batch = reader.next().unwrap().unwrap();
    let id = batch
        .column_by_name("id")
        .unwrap()
        .as_string::<i32>()
        .value(3)
        .to_owned();
    let list = batch
        .column_by_name("embedding")
        .unwrap()
        .as_fixed_size_list();
    assert_eq!((id.as_str(), list.value_length()), ("s1/1.wav", 32));
    assert_eq!(
        list.values()
            .as_primitive::<Float32Type>()
            .values()
            .to_vec(),
        expected
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let place = mixed();
    for threads in [1, 3] {
        let run = place.run(&format!(
            "embed --model model mixed --out {threads}.jsonl --threads {threads}"
        ));
        assert_eq!(run.code, Some(3));
    }
    assert_eq!(
        fs::read(place.path("1.jsonl")).unwrap(),
        fs::read(place.path("3.jsonl")).unwrap()
    );
}

#[test]
fn standard_input_is_a_list_or_a_recording() {
    let place = mixed();
    let list = place.run_with(
        "embed --model model - --out l.jsonl",
        b"mixed/s1/0.wav\n\nmixed/s0/1.wav\r\n",
    );
    assert_eq!(list.code, Some(0), "{list:#?}");
    let listed = lines(&fs::read_to_string(place.path("l.jsonl")).unwrap());
    assert_eq!(listed[0]["id"], "mixed/s1/0.wav");
    let recording = fs::read(place.path("mixed/s1/0.wav")).unwrap();
    let one = place.run_with("embed --model model - --out r.jsonl", &recording);
    assert_eq!(one.code, Some(0), "{one:#?}");
    let piped = lines(&fs::read_to_string(place.path("r.jsonl")).unwrap());
    assert_eq!(piped[0]["id"], "standard input");
    for (a, b) in vector(&piped[0]).iter().zip(vector(&listed[0])) {
        assert!(
            (a - b).abs() < 1e-5,
            "alone or in a batch, but for rounding"
        );
    }
    assert_eq!(
        place
            .run_with("embed --model model - --out n.jsonl", b"\n")
            .code,
        Some(1)
    );
}

#[test]
fn a_manifest_is_filtered_by_its_columns() {
    let place = mixed();
    place.write(
        "table.tsv",
        "path\tspeaker\tsplit\nmixed/s0/0.wav\tann\ttrain\nmixed/s1/0.wav\tbob\ttest\n",
    );
    let run = place.run("embed --model model table.tsv --filter split=test --out m.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let lines = lines(&fs::read_to_string(place.path("m.jsonl")).unwrap());
    assert_eq!(
        (lines.len(), &lines[0]["id"], &lines[0]["speaker"]),
        (1, &"mixed/s1/0.wav".into(), &"bob".into())
    );
    let none = place.run("embed --model model mixed --filter split=test --out n.jsonl");
    assert_eq!(none.code, Some(2), "{none:#?}");
}

#[test]
fn nothing_is_written_where_nothing_can_be_used() {
    let place = Place::new();
    place.write("old.jsonl", "the file of another day\n");
    place.write("bad.wav", "");
    let run = place.run("embed --model model bad.wav missing.wav --out old.jsonl");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(
        fs::read_to_string(place.path("old.jsonl")).unwrap(),
        "the file of another day\n"
    );
    let left: Vec<_> = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn recordings_of_one_name_in_two_tables_are_two() {
    let place = Place::new();
    for (folder, take) in [("A", 0), ("B", 1)] {
        write_wav(
            &place.path(&format!("{folder}/s/1.wav")),
            &voice(0, take),
            16_000,
            1,
        );
        place.write(
            &format!("{folder}/split.tsv"),
            "path\tspeaker\ns/1.wav\tann\n",
        );
    }
    let run = place.run("embed --model model A B --out e.jsonl --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.json()["n_embedded"], 2);
    let text = fs::read_to_string(place.path("e.jsonl")).unwrap();
    let lines = lines(&text);
    let ids: Vec<&str> = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["A/s/1.wav", "B/s/1.wav"]);
    assert_ne!(vector(&lines[0]), vector(&lines[1]));
    assert!(run.stderr.contains("called by their paths"), "{run:#?}");
    // One file is one recording, however it is written.
    let twice = place.run("embed --model model A ./A --out e.jsonl --json");
    assert_eq!(twice.json()["n_embedded"], 1, "{twice:#?}");
    assert!(twice.stderr.contains("was given twice"), "{twice:#?}");
}
