//! `siamang trials`, and targets of one session in `siamang eval`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, voice, write_wav};

#[test]
fn the_cleaned_list_has_the_bytes_of_the_published_one() {
    let (Some(folder), Some(mut gzip)) = (
        testing::shared("voxceleb_meta"),
        testing::program("gzip", "--version"),
    ) else {
        return;
    };
    let place = Place::new();
    let packed = folder.join("veri_test.txt.gz");
    let unpacked = gzip.arg("-dc").arg(packed).output().unwrap();
    std::fs::write(place.path("veri_test.txt"), unpacked.stdout).unwrap();
    let run = place.run("trials clean veri_test.txt --out veri_test2.txt --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        (&run.json()["n_trials"], &run.json()["n_left_out"]),
        (&37_611.into(), &109.into())
    );
    let published = std::fs::read(folder.join("veri_test2.txt")).unwrap();
    assert_eq!(
        std::fs::read(place.path("veri_test2.txt")).unwrap(),
        published
    );
    let run = place.run("trials show veri_test.txt veri_test2.txt");
    insta::assert_snapshot!(run.stdout, @r"
    list veri_test (Vox1-O): 18860 targets, 18860 others, 4715 recordings of 40 speakers, 2060 targets within one session, 338 repeats (338 with the sides swapped)
    list veri_test2 (Vox1-O (cleaned)): 18802 targets, 18809 others, 4708 recordings of 40 speakers, 2055 targets within one session, 337 repeats (337 with the sides swapped)
    ");
    let run = place.run("trials clean veri_test2.txt --out again.txt");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("only Vox1-O"), "{run:#?}");
}

#[test]
fn eval_gives_the_figures_without_targets_of_one_session() {
    let place = Place::new();
    let (ann, bob) = ("id10001/AAAAAAAAAAA", "id10002/BBBBBBBBBBB");
    let other = "id10001/CCCCCCCCCCC";
    for (take, name) in [
        format!("{ann}/00001"),
        format!("{ann}/00002"),
        format!("{other}/00001"),
        format!("{bob}/00001"),
    ]
    .iter()
    .enumerate()
    {
        let speaker = u32::from(name.starts_with("id10002"));
        write_wav(
            &place.path(&format!("corpus/{name}.wav")),
            &voice(speaker, take as u32),
            16_000,
            1,
        );
    }
    let trials = format!(
        "1 {ann}/00001.wav {ann}/00002.wav\n1 {ann}/00001.wav {other}/00001.wav\n0 {ann}/00001.wav {bob}/00001.wav\n0 {other}/00001.wav {bob}/00001.wav\n"
    );
    place.write("trials.txt", &trials);
    let run =
        place.run("eval --model model --root corpus --trials trials.txt --resamples 0 --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (&report["n_target"], &report["n_same_session_targets"]),
        (&2.into(), &1.into())
    );
    let apart = &report["without_same_session"];
    assert_eq!(
        (&apart["n_target"], &apart["n_nontarget"]),
        (&1.into(), &2.into())
    );
    let run = place.run("eval --model model --root corpus --trials trials.txt --resamples 0");
    assert!(run.stdout.contains("  sessions apart"), "{run:#?}");
}

#[test]
fn shards_of_embeddings_are_the_whole() {
    let place = Place::new();
    end_to_end::write_corpus(&place.path("corpus"), 3, 3);
    let run = place.run("embed corpus --model model --out whole.jsonl");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let lines = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let mut parts = Vec::new();
    for index in 1..=3 {
        let run = place.run(&format!(
            "embed corpus --model model --shard {index}/3 --out {index}.jsonl"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        parts.extend(lines(&format!("{index}.jsonl")));
    }
    let mut whole = lines("whole.jsonl");
    whole.sort();
    parts.sort();
    assert_eq!(parts, whole);
}
