//! Everything that the validator is to find, each planted once, and nothing where nothing is wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;

use corpus_prep::{CheckOptions, CheckReport, CheckedData, check};
use speech_data::Manifest;

use common::put;

fn run(path: &Path, options: &CheckOptions) -> CheckReport {
    check(CheckedData::open(path, None), options, &mut |_, _| {}).unwrap()
}

/// `kind file` of findings, sorted.
fn kinds(findings: &[corpus_prep::Finding]) -> Vec<String> {
    let mut kinds: Vec<String> = findings
        .iter()
        .map(|finding| {
            let file = finding.file.as_deref().unwrap_or("-");
            let name = Path::new(file)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            format!("{} {name}", finding.kind)
        })
        .collect();
    kinds.sort();
    kinds
}

/// A WAV file of samples between -1 and 1.
fn wav(samples: impl IntoIterator<Item = f32>, rate: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for sample in samples {
        writer
            .write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)
            .unwrap();
    }
    writer.finalize().unwrap();
    file.into_inner()
}

/// One second of harmonics up to a limit, at 16 kHz, in four syllables: steady sound is no speech.
fn voice(pitch_hz: f32, limit_hz: f32, level: f32) -> Vec<f32> {
    (0..16_000)
        .map(|i| {
            let time_s = i as f32 / 16_000.0;
            let tones = (1..)
                .map(|k| k as f32 * pitch_hz)
                .take_while(|hz| *hz < limit_hz);
            let sum: f32 = tones
                .map(|hz| (std::f32::consts::TAU * hz * time_s + hz).sin() * 100.0 / hz)
                .sum();
            let syllable = 0.5 - 0.5 * (std::f32::consts::TAU * 4.0 * time_s).cos();
            level * (0.05 + 0.95 * syllable) * sum
        })
        .collect()
}

fn whole(pitch_hz: f32) -> Vec<f32> {
    voice(pitch_hz, 7_900.0, 0.1)
}

#[test]
fn steady_sound_holds_no_speech() {
    let folder = tempfile::tempdir().unwrap();
    let hum = (0..16_000).map(|i| 0.2 * (i as f32 * 0.1).sin());
    put(folder.path(), "ann/hum.wav", wav(hum, 16_000));
    for name in ["ann/1.wav", "bob/1.wav", "bob/2.wav"] {
        put(folder.path(), name, wav(whole(110.0), 16_000));
    }
    let report = run(folder.path(), &CheckOptions::default());
    assert!(
        kinds(&report.warnings).contains(&"NoSpeech hum.wav".to_owned()),
        "{report:#?}"
    );
}

#[test]
fn sound_recordings_pass() {
    let folder = tempfile::tempdir().unwrap();
    for (at, name) in ["ann/1.wav", "ann/2.wav", "bob/1.wav", "bob/2.wav"]
        .into_iter()
        .enumerate()
    {
        put(
            folder.path(),
            name,
            wav(whole(100.0 + 10.0 * at as f32), 16_000),
        );
    }
    let report = run(folder.path(), &CheckOptions::default());
    assert_eq!(
        (kinds(&report.errors), kinds(&report.warnings)),
        (vec![], vec![])
    );
    assert_eq!((report.n_utterances, report.audio_seconds), (4, Some(4.0)));
}

#[test]
fn every_fault_of_audio_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut cut = wav(whole(101.0), 16_000);
    cut.truncate(20_000);
    // Recordings of a header alone broke other tools' training with a division by zero.
    let mut header_only = wav(whole(102.0), 16_000);
    header_only.truncate(44);
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("ann/good.wav", wav(whole(100.0), 16_000)),
        ("ann/silent.wav", wav(vec![0.0; 16_000], 16_000)),
        (
            "ann/quiet.wav",
            wav(whole(103.0).into_iter().map(|x| 0.001 * x), 16_000),
        ),
        (
            "ann/clipped.wav",
            wav(whole(104.0).into_iter().map(|x| 20.0 * x), 16_000),
        ),
        ("ann/cut.wav", cut),
        (
            "ann/short.wav",
            wav(whole(105.0).into_iter().take(3_200), 16_000),
        ),
        ("ann/header.wav", header_only),
        (
            "ann/offset.wav",
            wav(whole(106.0).into_iter().map(|x| 0.5 * x + 0.3), 16_000),
        ),
        ("ann/text.wav", b"no recording".to_vec()),
        ("bob/telephone.wav", wav(voice(107.0, 3_700.0, 0.1), 16_000)),
        ("bob/rate.wav", wav(whole(108.0), 22_050)),
        ("bob/twin.wav", wav(whole(100.0), 16_000)),
        ("bob/good.wav", wav(whole(109.0), 16_000)),
        ("bob/again.wav", wav(whole(109.0), 16_000)),
    ];
    for (name, bytes) in &files {
        put(root, name, bytes);
    }
    let report = run(root, &CheckOptions::default());
    assert_eq!(
        kinds(&report.errors),
        [
            "DuplicateContent twin.wav",
            "UndecodableFile header.wav",
            "UndecodableFile text.wav"
        ]
    );
    assert_eq!(
        kinds(&report.warnings),
        [
            "BandLimited telephone.wav",
            "Clipped clipped.wav",
            "DcOffset offset.wav",
            "DuplicateContent good.wav",
            "OddRate rate.wav",
            "Silent quiet.wav",
            "Silent silent.wav",
            "TooShort short.wav",
            "Truncated cut.wav",
        ]
    );
    let text = report.to_string();
    assert!(text.contains("error: bob/twin.wav: the same audio as `ann/good.wav`, but the speakers are `bob` and `ann`"), "{text}");
    assert!(text.trim_end().ends_with("3 errors, 9 warnings"), "{text}");
    let quick = run(
        root,
        &CheckOptions {
            audio: false,
            ..CheckOptions::default()
        },
    );
    assert_eq!((quick.errors.len(), quick.audio_seconds), (0, None));
}

#[test]
fn telephone_speech_alone_is_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (at, name) in ["ann/1.wav", "ann/2.wav", "bob/1.wav", "bob/2.wav"]
        .into_iter()
        .enumerate()
    {
        let samples = voice(100.0 + 10.0 * at as f32, 3_400.0, 0.1);
        put(
            folder.path(),
            name,
            wav(samples.into_iter().step_by(2), 8_000),
        );
    }
    let report = run(folder.path(), &CheckOptions::default());
    assert_eq!(kinds(&report.warnings), ["BandLimited -", "LowRate -"]);
}

#[test]
fn duplicates_across_splits_are_errors_even_in_another_format() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "1.wav", wav(whole(100.0), 16_000));
    let Some(mut flac) = testing::program("flac", "--version") else {
        return;
    };
    flac.args(["-s", "-o"])
        .arg(root.join("2.flac"))
        .arg(root.join("1.wav"));
    assert!(flac.status().unwrap().success());
    put(root, "3.wav", wav(whole(120.0), 16_000));
    put(root, "4.wav", wav(whole(121.0), 16_000));
    put(
        root,
        "split.tsv",
        "path\tspeaker\tsplit\tseconds\n1.wav\tann\ttrain\t1.0\n2.flac\tann\ttest\t1.0\n3.wav\tbob\ttest\t9.5\n4.wav\tbob\ttest\t1.0\n",
    );
    let report = run(root, &CheckOptions::default());
    let errors = kinds(&report.errors);
    assert!(
        errors.contains(&"DuplicateContent 2.flac".to_owned()),
        "{errors:?}"
    );
    assert!(
        errors.contains(&"SpeakerInTwoSplits split.tsv".to_owned()),
        "{errors:?}"
    );
    assert!(
        kinds(&report.warnings).contains(&"LengthDisagrees 3.wav".to_owned()),
        "{:?}",
        report.warnings
    );
}

#[test]
fn one_sound_under_two_speakers_is_an_error_also_where_it_is_one_file_with_two_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "1.wav", wav(whole(100.0), 16_000));
    put(root, "2.wav", wav(whole(100.0), 16_000));
    std::fs::hard_link(root.join("1.wav"), root.join("3.wav")).unwrap();
    put(
        root,
        "split.tsv",
        "path\tspeaker\n1.wav\tann\n2.wav\tbob\n3.wav\tcid\n",
    );
    let report = run(root, &CheckOptions::default());
    let errors = kinds(&report.errors);
    for expected in ["DuplicateContent 2.wav", "DuplicateContent 3.wav"] {
        assert!(errors.contains(&expected.to_owned()), "{errors:?}");
    }
    let text = format!("{:?}", report.errors);
    assert!(text.contains("the speakers are `bob` and `ann`"), "{text}");
}

#[test]
fn every_fault_of_a_trial_list_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let header = "path\tspeaker\tsession\tgender\tsplit\n";
    let mut table = header.to_owned();
    for (name, speaker, session, gender, split) in [
        ("1.wav", "ann", "s1", "f", "train"),
        ("2.wav", "ann", "s2", "f", "train"),
        ("3.wav", "bob", "s3", "m", "test"),
        ("4.wav", "bob", "s3", "m", "test"),
        ("5.wav", "eve", "s1", "f", "test"),
        ("6.wav", "eve", "s6", "f", "test"),
    ] {
        put(root, name, "x");
        table.push_str(&format!(
            "{name}\t{speaker}\t{session}\t{gender}\t{split}\n"
        ));
    }
    put(root, "split.tsv", table);
    put(
        root,
        "trials.txt",
        "1 3.wav 4.wav\n1 4.wav 3.wav\n0 3.wav 5.wav\n0 1.wav 3.wav\n1 3.wav 5.wav\n1 6.wav 6.wav\n0 9.wav 3.wav\n",
    );
    put(root, "bad.txt", "1 3.wav\n2 3.wav 4.wav\n");
    let options = CheckOptions {
        trials: vec![root.join("trials.txt"), root.join("bad.txt")],
        audio: false,
        ..CheckOptions::default()
    };
    let report = run(root, &options);
    let expected = [
        "ContradictoryTrial trials.txt",
        "Line bad.txt",
        "Line bad.txt",
        "SpeakerInTrainingAndTrials trials.txt",
        "TargetAndNontarget trials.txt",
        "UnknownRecording trials.txt",
    ];
    assert_eq!(kinds(&report.errors), expected);
    let warnings = kinds(&report.warnings);
    for kind in [
        "RepeatedTrials",
        "SameSessionTargets",
        "SelfTrial",
        "SessionInTrainingAndTrials",
        "SessionInTwoSplits",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.starts_with(kind)),
            "{kind} is not in {warnings:?}"
        );
    }
    let text = report.to_string();
    assert!(
        text.contains("1 of 3 speakers of this list are trained on: `ann`"),
        "{text}"
    );
    assert!(
        text.contains("1 of 7 trials repeat an earlier one, 1 of them with the sides swapped"),
        "{text}"
    );
    assert!(
        text.contains("1 sessions of this list are trained on under other speakers: `s1`"),
        "{text}"
    );
    assert!(
        text.contains(
            "test: 2 speakers (1 f, 1 m), 2 / 2 / 2 recordings each, 1 / 2 / 2 sessions each"
        ),
        "{text}"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["lists"][0]["n_same_session_targets"], 3);
    assert_eq!(json["balance"]["train"]["female"], 1);
}

#[test]
fn lopsided_data_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut table = "path\tspeaker\tgender\tnationality\tsession\n".to_owned();
    for speaker in 0..12 {
        let gender = if speaker == 0 { "f" } else { "m" };
        let nationality = if speaker < 2 { "Ireland" } else { "USA" };
        for take in 0..2 {
            let name = format!("{speaker}-{take}.wav");
            put(root, &name, "x");
            table.push_str(&format!(
                "{name}\t{speaker:02}\t{gender}\t{nationality}\t{speaker}-{}\n",
                take * usize::from(speaker > 0)
            ));
        }
    }
    put(root, "split.tsv", table);
    let report = run(
        root,
        &CheckOptions {
            audio: false,
            ..CheckOptions::default()
        },
    );
    assert_eq!(
        kinds(&report.warnings),
        ["GenderBalance -", "NationalityBalance -", "OneSession -"]
    );
    assert!(
        report
            .to_string()
            .contains("1 speaker has only one session (`00`)")
    );
}

/// Decompresses a file.
fn unpacked(program: &str, path: &Path) -> Option<String> {
    let mut program = testing::program(program, "--version")?;
    let output = program.arg("-dc").arg(path).output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A table of VoxCeleb1 as preparation makes it, without recordings.
fn write_vox1(folder: &Path, root: &Path) -> Option<()> {
    let mut table = "path\tspeaker\tsession\tsplit\tcorpus\n".to_owned();
    for (part, split) in [("dev", "train"), ("test", "test")] {
        let text = unpacked("gzip", &folder.join(format!("vox1_{part}_duration.txt.gz")))?;
        for line in text.lines() {
            let name = line.split(' ').next().unwrap();
            let parts: Vec<&str> = name.split('/').collect();
            table.push_str(&format!(
                "{name}.wav\t{}\t{}\t{split}\tvoxceleb1\n",
                parts[0], parts[1]
            ));
        }
    }
    put(root, "split.tsv", table);
    Some(())
}

#[test]
fn the_whole_of_voxceleb1_agrees_with_what_was_published() {
    let Some(folder) = testing::shared("voxceleb_meta") else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    let Some(()) = write_vox1(&folder, root) else {
        return;
    };
    let all = Manifest::read(root, None).unwrap();
    assert_eq!(all.utterances.len(), 153_516);
    let Some(list) = unpacked("xz", &folder.join("list_test_all.txt.xz")) else {
        return;
    };
    put(root, "list_test_all.txt", list);
    let options = CheckOptions {
        trials: vec![
            root.join("list_test_all.txt"),
            folder.join("veri_test2.txt"),
        ],
        metadata: vec![folder.join("vox1_meta.csv")],
        audio: false,
        ..CheckOptions::default()
    };
    let report = run(root, &options);
    // No recording lies here; everything else is as published.
    let (absent, others): (Vec<_>, Vec<_>) = report
        .errors
        .iter()
        .partition(|finding| finding.kind == "MissingFile");
    assert_eq!(absent.len(), 153_516);
    let [leak] = &others[..] else {
        panic!("{others:?}")
    };
    assert_eq!(leak.kind, "SpeakerInTrainingAndTrials");
    assert!(
        leak.message.contains("1211 of 1251 speakers")
            && leak.message.contains("Vox1-E and Vox1-H are drawn from"),
        "{}",
        leak.message
    );
    assert_eq!(report.sets.len(), 2);
    assert!(
        report
            .warnings
            .iter()
            .all(|finding| finding.kind != "UnexpectedCounts"),
        "{:?}",
        report.sets
    );
    let lists: Vec<_> = report
        .lists
        .iter()
        .map(|list| (list.known_as, list.is_exact))
        .collect();
    assert_eq!(
        lists,
        [
            (Some("Vox1-E"), Some(true)),
            (Some("Vox1-O (cleaned)"), Some(true))
        ]
    );
    // 14 videos are in dev and in test under two speakers.
    let shared = report
        .warnings
        .iter()
        .find(|finding| finding.kind == "SessionInTwoSplits")
        .unwrap();
    assert!(
        shared
            .message
            .starts_with("14 sessions occur in two splits"),
        "{}",
        shared.message
    );
}

#[test]
fn labels_that_disagree_with_the_tables_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(
        root,
        "vox1_meta.csv",
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA\tm\tIreland\tdev\nid10270\tB\tf\tUSA\ttest\n",
    );
    let names = [
        "id10001/Y8hIVOBuels/00001.wav",
        "id10001/Y8hIVOBuels/00002.wav",
        "id10270/x6uYqmx31kE/00001.wav",
        "id10270/x6uYqmx31kE/00002.wav",
        "id10271/x6uYqmx31kE/00001.wav",
    ];
    let mut table = "path\tspeaker\tsession\tgender\tnationality\tsplit\n".to_owned();
    for (name, row) in names.iter().zip([
        "id10001\tY8hIVOBuels\tf\tIreland\tdev",
        "id10001\tY8hIVOBuels\tf\tIreland\tdev",
        "id10270\tx6uYqmx31kE\tf\tUSA\ttrain",
        "id10001\tother\tf\tUSA\ttrain",
        "id10271\tx6uYqmx31kE\tf\tUSA\ttest",
    ]) {
        put(root, name, "x");
        table.push_str(&format!("{name}\t{row}\n"));
    }
    put(root, "split.tsv", table);
    let report = run(
        root,
        &CheckOptions {
            audio: false,
            ..CheckOptions::default()
        },
    );
    let text = report.to_string();
    for message in [
        "id10270/x6uYqmx31kE/00002.wav: the speaker is `id10001`, but the name says `id10270`",
        "id10270/x6uYqmx31kE/00002.wav: the session is `other`, but the name says `x6uYqmx31kE`",
        "speaker `id10001` has the gender `f`, but its table says `m`",
        "speaker `id10270` has the split `train`, but its table says `test`",
        "speaker `id10271` is in none of the tables of speakers",
        "voxceleb1 train: 1 of 1211 speakers, 1 of 21820 videos, 2 of 148642 utterances: this is not the whole set",
    ] {
        assert!(text.contains(message), "{message} is not in {text}");
    }
}

#[test]
fn a_store_is_checked_like_its_files() {
    use speech_data::store::{Pack, SourceFault, StoreItem, StoreSettings, pack};

    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("ann/1.wav", wav(whole(100.0), 16_000)),
        ("ann/2.wav", wav(vec![0.0; 16_000], 16_000)),
        ("ann/3.wav", b"no recording".to_vec()),
        ("bob/1.wav", wav(whole(120.0), 16_000)),
        ("bob/2.wav", wav(whole(100.0), 16_000)),
    ];
    let items: Vec<StoreItem> = files
        .iter()
        .map(|(name, _)| {
            StoreItem::new(*name, &name[..3])
                .session("day")
                .column("gender", "f")
                .column("split", "train")
        })
        .collect();
    let settings = StoreSettings::default();
    let job = Pack {
        settings,
        part: None,
        items: &items,
    };
    let out = folder.path().join("store");
    let read = |index: usize| -> Result<Vec<u8>, SourceFault> { Ok(files[index].1.clone()) };
    pack(&out, &job, &read, &|_| {}).unwrap();
    put(
        folder.path(),
        "trials.txt",
        "0 ann/1.wav bob/1.wav\n1 ann/1.wav ann/3.wav\n",
    );
    let options = CheckOptions {
        trials: vec![folder.path().join("trials.txt")],
        ..CheckOptions::default()
    };
    let report = run(&out, &options);
    assert_eq!((report.n_utterances, report.audio_seconds), (4, Some(4.0)));
    assert_eq!(
        kinds(&report.errors),
        [
            "DuplicateContent 2.wav",
            "SpeakerInTrainingAndTrials trials.txt",
            "UnknownRecording trials.txt"
        ]
    );
    let warnings = kinds(&report.warnings);
    assert!(
        warnings.contains(&"Silent 2.wav".to_owned())
            && warnings.contains(&"LeftOut 3.wav".to_owned()),
        "{warnings:?}"
    );
    assert!(
        report
            .to_string()
            .contains("`ann/3.wav` was left out of the store"),
        "{report}"
    );
    assert_eq!(report.balance.splits["train"].female, 2);
}

#[test]
fn findings_of_one_kind_are_named_up_to_five_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "ann/1.wav", "x");
    put(root, "bob/1.wav", "x");
    let mut list = "1 ann/1.wav ann/1.wav\n0 ann/1.wav bob/1.wav\n".to_owned();
    for number in 0..2000 {
        list.push_str(&format!("0 ann/1.wav gone/{number}.wav\n"));
    }
    put(root, "trials.txt", &list);
    let options = CheckOptions {
        trials: vec![root.join("trials.txt")],
        audio: false,
        ..CheckOptions::default()
    };
    let report = run(root, &options);
    let text = report.to_string();
    let about = text.lines().filter(|line| line.contains("gone/")).count();
    assert_eq!(about, 5, "{text}");
    assert!(
        text.contains("more of the kind UnknownRecording, which the JSON form lists"),
        "{text}"
    );
    assert!(text.lines().count() < 30, "{text}");
    // For programs there is more of it.
    assert!(report.errors.len() > 900);
}

#[test]
fn names_of_a_list_that_are_spelled_otherwise_are_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "ann/1.wav", "x");
    put(root, "ann/2.wav", "x");
    put(root, "bob/1.wav", "x");
    put(
        root,
        "trials.txt",
        "1 ann\\1.wav ann\\2.wav\n0 ann\\1.wav bob\\1.wav\n",
    );
    let options = CheckOptions {
        trials: vec![root.join("trials.txt")],
        audio: false,
        ..CheckOptions::default()
    };
    let report = run(root, &options);
    assert!(
        !kinds(&report.errors)
            .iter()
            .any(|kind| kind.starts_with("UnknownRecording"))
    );
    let text = report.to_string();
    assert!(
        text.contains(r"3 names are matched with other separators of folders, such as `ann\1.wav` with `ann/1.wav`"),
        "{text}"
    );
}
