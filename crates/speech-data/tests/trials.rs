//! Trial lists: read and written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

use std::fs;

use proptest::prelude::*;
use speech_data::{DataError, Trial, TrialList};

fn read(text: &[u8]) -> Result<TrialList, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.list.txt");
    fs::write(&path, text).unwrap();
    TrialList::read(&path)
}

#[test]
fn both_forms_are_told_apart() {
    let vox = read(b"1 a/1.wav b/1.wav\r\n0 a/1.wav  c/1.wav\r\n").unwrap();
    let kaldi = read(b"a/1.wav b/1.wav target\n\na/1.wav\tc/1.wav\tnontarget").unwrap();
    assert_eq!(vox.trials, kaldi.trials);
    assert_eq!(vox.name, "test.list");
    assert_eq!(vox.num_targets(), 1);
    assert_eq!(vox.utterances(), ["a/1.wav", "b/1.wav", "c/1.wav"]);
    // An utterance called 1 does not make it VoxCeleb's.
    assert_eq!(read(b"1 2 target").unwrap().trials[0].enrolment, "1");
}

#[test]
fn the_hash_is_blake3_of_the_bytes() {
    let list = read(b"1 a b\n").unwrap();
    assert_eq!(list.hash, blake3::hash(b"1 a b\n").to_hex().to_string());
    assert_ne!(list.hash, read(b"1 a b\r\n").unwrap().hash);
}

#[test]
fn every_bad_line_is_named() {
    let error = read(b"1 a b\n2 a b\n1 a\na b target\n1 a b c\n\xff a b\n0 a b\n").unwrap_err();
    let text = error.to_string();
    let DataError::BadTrials { problems, .. } = error else {
        panic!("{text}")
    };
    let lines: Vec<_> = problems.iter().filter_map(|p| p.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6]);
    for expected in [
        "5 bad lines",
        "test.list.txt:2: `2 a b` has no label",
        ":3: `1 a` has 2 fields instead of 3",
        ":4: `a b target` has the form `uttA uttB target`",
        ":5: `1 a b c` has 4 fields",
        ":6: not UTF-8",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let many = read("1 a\n".repeat(1000).as_bytes())
        .unwrap_err()
        .to_string();
    assert!(
        many.contains("… and 995 more like these, in lines 6, 7,") && many.lines().count() < 10
    );
    assert!(matches!(read(b"\n"), Err(DataError::NoTrials { .. })));
}

#[test]
fn names_with_blanks_are_divided_by_tabs_and_others_that_no_reader_could_tell_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    let trial = |enrolment: &str| Trial {
        enrolment: enrolment.to_owned(),
        test: "c".to_owned(),
        target: true,
    };
    let list = TrialList::new("list", vec![trial("a b"), trial("d")]);
    for form in [TrialList::write_kaldi, TrialList::write_voxceleb] {
        form(&list, &path).unwrap();
        assert_eq!(TrialList::read(&path).unwrap().trials, list.trials);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\ta b\tc\n1\td\tc\n");
    fs::remove_file(&path).unwrap();
    for name in ["a\tb", "a\nb", "", " a"] {
        let error = TrialList::new("x", vec![trial(name)])
            .write_kaldi(&path)
            .unwrap_err();
        assert!(error.to_string().contains("a trial list cannot"), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn lists_with_labels_behind_or_none_are_told_apart() {
    let last = read(b"a b 1\na c 0\n").unwrap();
    assert_eq!(last.trials, read(b"1 a b\n0 a c\n").unwrap().trials);
    let error = read(b"a b\na c\n").unwrap_err();
    assert!(
        matches!(error, DataError::Unlabelled { trials: 2, .. }),
        "{error}"
    );
    let error = read(b"a b 0.5\n").unwrap_err().to_string();
    assert!(
        error.contains("has a score where a label should be"),
        "{error}"
    );
    let mixed = read(b"1 a b\na c\n").unwrap_err().to_string();
    assert!(mixed.contains(":2: `a c` has the form"), "{mixed}");
    let tabs = read(b"1\ta b/x y.wav\tbase.wav\n0\tbase.wav\tother.wav\n").unwrap();
    assert_eq!(tabs.trials[0].enrolment, "a b/x y.wav");
    // A tab and a blank, as an editor may leave them.
    assert_eq!(read(b"1\ta b\n").unwrap().trials[0].test, "b");
}

#[test]
fn contradictions_are_found_on_either_side_and_however_spelled() {
    let error = read(b"1 a/1 b/1\n1 a/1 b/2\n\n0 ./b/1 a/1\n0 b/1 a/1\n").unwrap_err();
    let text = error.to_string();
    let DataError::ContradictoryTrials {
        pairs, problems, ..
    } = error
    else {
        panic!("{text}")
    };
    assert_eq!((pairs, problems.len(), problems[0].line), (1, 1, Some(4)));
    assert!(
        text.contains("line 4: `a/1` and `b/1` are nontarget here, target in line 1"),
        "{text}"
    );
    let counts = read(b"1 a b\n1 b a\n1 a b\n1 c c\n0 a c\n")
        .unwrap()
        .pair_counts();
    assert_eq!(
        (
            counts.n_repeats,
            counts.n_swapped_repeats,
            counts.n_self_trials,
            counts.n_contradictions
        ),
        (2, 1, 1, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn lists_come_back_as_they_were_written(
        trials in prop::collection::vec(("[!-~]{1,12}", "[!-~é]{1,12}", any::<bool>()), 1..40)
    ) {
        // A name that is a label would make the form ambiguous; real names are paths.
        let trials: Vec<Trial> = trials.into_iter()
            .map(|(a, b, target)| Trial { enrolment: format!("a/{a}"), test: format!("b/{b}"), target })
            .collect();
        let list = TrialList::new("made", trials);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.txt");
        list.write_voxceleb(&path).unwrap();
        prop_assert_eq!(&TrialList::read(&path).unwrap(), &list);
        list.write_kaldi(&path).unwrap();
        prop_assert_eq!(&TrialList::read(&path).unwrap().trials, &list.trials);
    }
}
