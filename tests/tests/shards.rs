//! `--shard I/N` of `embed` and `eval`, and `siamang merge` of what they write.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;

use end_to_end::{Place, Run, voice, write_corpus, write_wav};
use serde_json::Value;

/// Voices of many lengths, so that parts make other batches than the whole, and a file that is not a recording.
fn corpus() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 5);
    for take in 5..9 {
        for speaker in 0..4 {
            let long = voice(speaker, take).repeat(take as usize - 4);
            let length = long.len() - 700 * speaker as usize;
            let path = place.path(&format!("corpus/s{speaker}/{take}.wav"));
            write_wav(&path, &long[..length], 16_000, 1);
        }
    }
    place.write("corpus/s1/broken.wav", "no recording");
    let mut trials = String::new();
    for speaker in 0..4 {
        let next = (speaker + 1) % 4;
        for take in 0..8 {
            trials += &format!("1 s{speaker}/{take}.wav s{speaker}/8.wav\n");
            trials += &format!("0 s{speaker}/{take}.wav s{next}/8.wav\n");
        }
    }
    trials += "1 s1/broken.wav s1/8.wav\n";
    place.write("trials.txt", &trials);
    place
}

/// Three parts of a command, as `1.parquet` to `3.parquet` in a folder.
fn shards(place: &Place, command: &str, folder: &str) {
    fs::create_dir_all(place.path(folder)).unwrap();
    for part in 1..=3 {
        let run = place.run(&format!(
            "{command} --shard {part}/3 --out {folder}/{part}.parquet --quiet"
        ));
        assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
    }
}

fn merge(place: &Place, folder: &str) -> Run {
    place.run(&format!(
        "merge {folder}/3.parquet {folder}/1.parquet {folder}/2.parquet --out {folder}.parquet --json"
    ))
}

#[test]
fn three_shards_of_embeddings_are_the_bytes_of_one_run() {
    let place = corpus();
    let whole = place.run("embed --model model corpus --out whole.parquet --json");
    shards(&place, "embed --model model corpus", "parts");
    let merged = merge(&place, "parts");
    assert_eq!(merged.code, Some(3), "{merged:#?}");
    assert_eq!(
        fs::read(place.path("parts.parquet")).unwrap(),
        fs::read(place.path("whole.parquet")).unwrap()
    );
    let (merged, whole) = (merged.json(), whole.json());
    for field in ["n_embedded", "dim", "skipped"] {
        assert_eq!(merged[field], whole[field], "{field}");
    }
    assert_eq!(merged["n_embedded"], 36);
}

/// The report without its time.
fn report(place: &Place, arguments: &str) -> Value {
    let run = place.run(&format!("{arguments} --json --quiet"));
    assert_eq!(run.code, Some(3), "{run:#?}");
    let mut report = run.json();
    assert!(report.as_object_mut().unwrap().remove("seconds").is_some());
    report
}

#[test]
fn three_shards_of_an_evaluation_give_the_report_of_one() {
    let place = corpus();
    let mut table = "path\tspeaker\tsession\n".to_owned();
    for speaker in 0..4 {
        for take in 0..9 {
            let session = if take < 4 || take == 8 { "a" } else { "b" };
            table += &format!("s{speaker}/{take}.wav\ts{speaker}\ts{speaker}-{session}\n");
        }
    }
    place.write("corpus/split.tsv", &table);
    let store = place.run("prepare folder corpus --out c.store --json --quiet");
    assert_eq!(store.code, Some(0), "{store:#?}");
    for (root, centre) in [
        ("corpus", "model"),
        ("c.store", "these"),
        ("corpus", "none"),
    ] {
        let lists = format!("--trials trials.txt --root {root} --centre {centre}");
        let whole = report(&place, &format!("eval --model model {lists}"));
        let folder = format!("{root}-{centre}");
        shards(&place, &format!("eval --model model {lists}"), &folder);
        assert_eq!(merge(&place, &folder).code, Some(3));
        let merged = report(
            &place,
            &format!("eval --embeddings {folder}.parquet {lists}"),
        );
        // As text, so that every digit counts.
        assert_eq!(merged.to_string(), whole.to_string(), "{root}");
        assert_eq!(merged["n_same_session_targets"], 16);
        assert!(merged["without_same_session"].is_object());
        assert_eq!(merged["skipped"][0]["id"], "s1/broken.wav");
    }
}

#[test]
fn wrong_sets_of_parts_are_refused_by_name() {
    let place = corpus();
    shards(&place, "embed --model model corpus", "parts");
    let refused = |parts: &str, words: &[&str]| {
        let run = place.run(&format!("merge {parts} --out merged.parquet"));
        assert_eq!(run.code, Some(1), "{run:#?}");
        for word in words.iter().chain(&["cannot merge: ", "help: "]) {
            assert!(run.stderr.contains(word), "{word}: {run:#?}");
        }
        assert!(!place.path("merged.parquet").exists());
    };
    let one = |arguments: &str, name: &str| {
        let run = place.run(&format!("embed {arguments} --out {name} --quiet"));
        assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
    };
    let [a, b, c] = ["parts/1.parquet", "parts/2.parquet", "parts/3.parquet"];
    refused(
        &format!("{a} {c}"),
        &["missing: part 2/3", "give all parts"],
    );
    refused(&format!("{a} {b} {c} {b}"), &["part 2/3 is there twice", b]);
    one("--model model corpus --shard 2/4", "four.parquet");
    refused(
        &format!("{a} four.parquet {c}"),
        &["`four.parquet` is part 2/4, but `parts/1.parquet` is part 1/3"],
    );
    one(
        "--model model corpus --precision bf16 --shard 2/3",
        "bf16.parquet",
    );
    refused(
        &format!("{a} bf16.parquet {c}"),
        &["`bf16.parquet`", "differ in the precision: bf16 and f32"],
    );
    one("--model model corpus", "whole.parquet");
    refused(
        &format!("{a} whole.parquet {c}"),
        &["`whole.parquet` is not a part"],
    );
    fs::create_dir(place.path("a-folder")).unwrap();
    refused(&format!("{a} a-folder"), &["`a-folder` is a folder"]);
    refused("trials.txt", &["`trials.txt` is not a Parquet file"]);

    let config = fs::read_to_string(place.path("model/bundle.toml")).unwrap();
    fs::create_dir(place.path("other")).unwrap();
    for name in ["weights.safetensors", "self_test.json"] {
        fs::copy(
            place.path("model").join(name),
            place.path("other").join(name),
        )
        .unwrap();
    }
    let changed = config.replace("seed = 0", "seed = 7");
    assert_ne!(changed, config);
    place.write("other/bundle.toml", &changed);
    one("--model other corpus --shard 2/3", "other.parquet");
    refused(
        &format!("{a} other.parquet {c}"),
        &["`other.parquet`", "differ in the model", "with one model"],
    );
    // The same names, another recording.
    write_wav(
        &place.path("corpus/s0/0.wav"),
        &voice(0, 0)[..7_000],
        16_000,
        1,
    );
    one("--model model corpus --shard 2/3", "changed.parquet");
    refused(
        &format!("{a} changed.parquet {c}"),
        &["`changed.parquet`", "differ in the list of recordings"],
    );
}

#[test]
fn a_part_of_which_nothing_can_be_read_is_joined_too() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    // More than any other name, so that some part has nothing else.
    for number in 0..20 {
        place.write(&format!("corpus/s0/broken-{number}.wav"), "no recording");
    }
    let whole = place.run("embed --model model corpus --out whole.parquet --json --quiet");
    assert_eq!(whole.code, Some(3), "{whole:#?}");
    let (mut parts, mut without) = (String::new(), 0);
    for part in 1..=8 {
        let run = place.run(&format!(
            "embed --model model corpus --shard {part}/8 --out {part}.parquet --json --quiet"
        ));
        assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
        let report = run.json();
        without +=
            u32::from(report["n_embedded"] == 0 && report["skipped"] != serde_json::json!([]));
        parts += &format!("{part}.parquet ");
    }
    assert!(without > 0, "every part has a recording that can be read");
    let merged = place.run(&format!("merge {parts} --out merged.parquet --json"));
    assert_eq!(merged.code, Some(3), "{merged:#?}");
    assert_eq!(
        fs::read(place.path("merged.parquet")).unwrap(),
        fs::read(place.path("whole.parquet")).unwrap()
    );
    let absent = place.run("merge 1.parquet nowhere --out x.parquet");
    assert_eq!(absent.code, Some(1));
    assert!(
        absent.stderr.contains("`nowhere` does not exist"),
        "{absent:#?}"
    );
}
