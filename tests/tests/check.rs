//! `siamang check`.

use end_to_end::{Place, write_corpus, write_wav};

#[test]
fn sound_data_passes() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write("trials.txt", "1 s0/0.wav s0/1.wav\n0 s0/0.wav s1/1.wav\n");
    let run = place.run("check corpus --trials trials.txt");
    assert_eq!(run.code, Some(0), "{run:#?}");
    insta::assert_snapshot!(run.stdout, @r"
    all: 2 speakers, 2 / 2 / 2 recordings each
    list trials: 1 targets, 1 others, 3 recordings of 2 speakers, 0 repeats
    4 recordings of 2 speakers, 2 trials, 0.0 min of audio: 0 errors, 0 warnings
    ");
}

#[test]
fn everything_that_is_wrong_is_listed_at_once() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write("corpus/s1/2.wav", "no recording");
    place.write(
        "corpus/split.tsv",
        "path\tspeaker\tsplit\ns0/0.wav\ts0\ttrain\ns0/1.wav\ts0\tdev\ns1/0.wav\ts1\tdev\ns1/2.wav\ts1\tdev\ns1/9.wav\ts1\tdev\n",
    );
    place.write("trials.txt", "1 s0/0.wav s1/0.wav\n0 s0/0.wav s2/0.wav\n");
    let run = place.run("check corpus --trials trials.txt --json");
    assert_eq!(run.code, Some(1), "{run:#?}");
    let report = run.json();
    let kinds: Vec<&str> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].as_str().unwrap())
        .collect();
    for kind in [
        "SpeakerInTwoSplits",
        "MissingFile",
        "UndecodableFile",
        "UnknownRecording",
        "ContradictoryTrial",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    assert_eq!(report["splits"]["dev"], 4);
}

#[test]
fn warnings_alone_are_no_failure_and_a_store_is_checked_too() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    write_wav(&place.path("corpus/s1/silent.wav"), &[0.0; 8000], 16_000, 1);
    let run = place.run("prepare folder corpus --out store --quiet");
    assert_eq!(run.code, Some(0), "{run:#?}");
    for path in ["corpus", "store"] {
        let run = place.run(&format!("check {path} --json"));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let report = run.json();
        assert_eq!(report["warnings"][0]["kind"], "Silent", "{report}");
        assert_eq!(
            (&report["n_utterances"], &report["audio_seconds"]),
            (&5.into(), &2.5.into())
        );
    }
    let run = place.run("check corpus --no-decode --json");
    assert_eq!(run.json().get("audio_seconds"), None);
}
