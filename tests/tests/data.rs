//! Recordings in folders, tables and Kaldi directories, by whichever command.

use end_to_end::{Place, voice, write_bundle, write_corpus, write_wav};

#[test]
fn train_says_what_it_leaves_out() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 8, 3);
    place.tiny_config(
        "--data corpus --preset paper --sampler pk --batch-speakers 3 --batch-segments 2 --max-steps 2 --eval-every 2",
        |_| (),
    );
    let train = "train --data corpus --config tiny.toml --cache cache --no-report";
    let sound = place.run(&format!("{train} --out sound"));
    assert_eq!(sound.code, Some(0), "{sound:#?}");
    assert!(!sound.stderr.contains("left out"), "{sound:#?}");
    write_wav(
        &place.path("corpus/s0/monday/morning/1.wav"),
        &voice(0, 9),
        16_000,
        1,
    );
    let run = place.run(&format!("{train} --out run"));
    assert_eq!(run.code, Some(3), "{run:#?}");
    for words in ["monday", "3 folders deep", "left out"] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
}

#[test]
fn check_and_train_see_every_file_that_embed_uses() {
    let place = Place::new();
    write_bundle(&place.path("model"));
    for (take, ending) in ["wav", "m4b", "rf64", "adts", "alac", "MP4"]
        .iter()
        .enumerate()
    {
        // Formats are told by the content, folders by the ending.
        let path = place.path(&format!("corpus/ann/{take}.{ending}"));
        write_wav(&path, &voice(0, take as u32), 16_000, 1);
    }
    write_wav(&place.path("corpus/bob/1.wav"), &voice(1, 1), 16_000, 1);
    let embedded = place.run("embed corpus --model model --out e.jsonl --json");
    assert_eq!(embedded.json()["n_embedded"], 7, "{embedded:#?}");
    let checked = place.run("check corpus --json");
    assert_eq!(checked.json()["n_utterances"], 7, "{checked:#?}");
}

#[test]
fn segments_are_embedded_like_files_of_their_own() {
    let place = Place::new();
    write_bundle(&place.path("model"));
    let (ann, bob) = (voice(0, 1), voice(1, 1));
    write_wav(
        &place.path("kaldi/call.wav"),
        &[&ann[..], &bob].concat(),
        16_000,
        1,
    );
    place.write("kaldi/wav.scp", "call call.wav\n");
    place.write("kaldi/utt2spk", "ann-1 ann\nbob-1 bob\n");
    place.write("kaldi/segments", "ann-1 call 0 0.5\nbob-1 call 0.5 1\n");
    write_wav(&place.path("files/ann-1.wav"), &ann, 16_000, 1);
    write_wav(&place.path("files/bob-1.wav"), &bob, 16_000, 1);
    let vectors = |folder: &str| {
        let run = place.run(&format!(
            "embed {folder} --model model --out {folder}.jsonl"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let text = std::fs::read_to_string(place.path(&format!("{folder}.jsonl"))).unwrap();
        let rows = text.lines().map(|line| {
            let row: serde_json::Value = line.parse().unwrap_or_default();
            row["embedding"].clone()
        });
        rows.collect::<Vec<_>>()
    };
    let cut = vectors("kaldi");
    assert_eq!(cut.len(), 2);
    assert!(cut[0].is_array() && cut[0] != cut[1]);
    assert_eq!(cut, vectors("files"));
}
