//! The published lists of VoxCeleb1, where they are at hand.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use speech_data::{Manifest, RecognisedBy, TrialList, TrialSummary, Utterance, same_session};

/// The folder of the lists.
fn folder() -> Option<PathBuf> {
    testing::shared("voxceleb_meta")
}

/// Unpacks a list into a file.
fn unpacked(program: &str, packed: &Path, name: &str, place: &Path) -> Option<PathBuf> {
    let mut program = testing::program(program, "--version")?;
    let output = program.arg("-dc").arg(packed).output().unwrap();
    let path = place.join(name);
    std::fs::write(&path, output.stdout).unwrap();
    Some(path)
}

fn list(name: &str) -> Option<TrialList> {
    let folder = folder()?;
    let place = tempfile::tempdir().unwrap();
    let path = match name {
        "veri_test2" => folder.join("veri_test2.txt"),
        "veri_test" => unpacked(
            "gzip",
            &folder.join("veri_test.txt.gz"),
            "veri_test.txt",
            place.path(),
        )?,
        _ => unpacked(
            "xz",
            &folder.join(format!("{name}.txt.xz")),
            name,
            place.path(),
        )?,
    };
    Some(TrialList::read(&path).unwrap())
}

#[test]
fn the_lists_are_recognised_by_their_content() {
    for (name, known_as) in [
        ("veri_test", "Vox1-O"),
        ("veri_test2", "Vox1-O (cleaned)"),
        ("list_test_all", "Vox1-E"),
        ("list_test_hard", "Vox1-H"),
    ] {
        let Some(mut list) = list(name) else { return };
        let (known, by) = list.recognise().unwrap();
        let hash = blake3::hash(list.to_text().as_bytes()).to_hex();
        assert_eq!(
            (known.name, by),
            (known_as, RecognisedBy::Content),
            "{hash}"
        );
        list.trials.swap(1, 2);
        let by = list.recognise().map(|(known, by)| (known.name, by));
        assert_eq!(by, Some((known_as, RecognisedBy::Counts)));
        list.trials.pop();
        assert_eq!(list.recognise(), None);
    }
}

#[test]
fn windows_line_ends_do_not_hide_a_list() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("veri_test2.txt")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cleaned_test_list.txt");
    std::fs::write(&path, text.replace('\n', "\r\n")).unwrap();
    let list = TrialList::read(&path).unwrap();
    assert_eq!(
        list.recognise().map(|(_, by)| by),
        Some(RecognisedBy::Content)
    );
}

#[test]
fn the_cleaned_list_is_made_from_the_original_and_seven_names() {
    let (Some(folder), Some(original)) = (folder(), list("veri_test")) else {
        return;
    };
    let cleaned = original.clean_vox1_o().unwrap();
    let expected = std::fs::read_to_string(folder.join("veri_test2.txt")).unwrap();
    assert_eq!(cleaned.to_text().trim_end(), expected.trim_end());
    // A cleaned list is not cleaned again.
    assert!(cleaned.clean_vox1_o().is_err());
}

#[test]
fn the_numbers_are_those_that_others_counted() {
    let Some(cleaned) = list("veri_test2") else {
        return;
    };
    let summary = TrialSummary::of(&cleaned, None);
    assert_eq!(
        (summary.n_trials, summary.n_targets, summary.n_nontargets),
        (37_611, 18_802, 18_809)
    );
    assert_eq!(
        (summary.n_recordings, summary.n_speakers),
        (4_708, Some(40))
    );
    assert_eq!(
        (
            summary.n_same_session_targets,
            summary.pairs.n_repeats,
            summary.pairs.n_self_trials
        ),
        (Some(2_055), 337, 0)
    );
    assert_eq!(summary.same_gender_nontargets, None);
    let Some(hard) = list("list_test_hard") else {
        return;
    };
    let summary = TrialSummary::of(&hard, None);
    assert_eq!(
        (summary.n_recordings, summary.n_speakers),
        (138_137, Some(1_190))
    );
    assert_eq!(summary.pairs.n_repeats, 2_408);
    let share = summary.n_same_session_targets.unwrap() as f64 / summary.n_targets as f64;
    assert!((0.1185..0.1195).contains(&share), "{share}");
    assert_eq!(
        same_session(&hard, None)
            .iter()
            .filter(|same| **same == Some(true))
            .count(),
        summary.n_same_session_targets.unwrap()
    );
}

#[test]
fn shares_of_gender_and_nationality_come_from_the_manifest() {
    let (Some(folder), Some(cleaned)) = (folder(), list("veri_test2")) else {
        return;
    };
    let meta = std::fs::read_to_string(folder.join("vox1_meta.csv")).unwrap();
    let speakers: std::collections::HashMap<&str, (&str, &str)> = meta
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[0], (fields[2], fields[3]))
        })
        .collect();
    let utterances = cleaned.utterances().into_iter().map(|name| {
        let speaker = &name[..7];
        let mut utterance = Utterance::new(name, name, speaker);
        utterance.gender = speech_data::Gender::from_name(speakers[speaker].0);
        utterance
            .columns
            .insert("nationality".to_owned(), speakers[speaker].1.to_owned());
        utterance
    });
    let manifest = Manifest::new("", utterances.skip(1).collect());
    let summary = TrialSummary::of(&cleaned, Some(&manifest));
    assert_eq!(summary.n_recordings_known, Some(4_707));
    // 57 and 37 per cent.
    assert_eq!(
        (summary.same_gender_nontargets.unwrap() * 100.0).round(),
        57.0
    );
    assert_eq!(
        (summary.same_nationality_nontargets.unwrap() * 100.0).round(),
        37.0
    );
}
