//! Reading manifests of every layout, filtering and validating them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which clippy.toml does not cover"
)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use speech_data::{DataError, Filter, Gender, Manifest, ProblemKind, Utterance, ValidateOptions};
use tempfile::TempDir;

/// A folder with these files, one byte in each unless text is given.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &TempDir, name: &str) -> Result<Manifest, DataError> {
    Manifest::read(&folder.path().join(name), None)
}

/// The file of an utterance.
fn file(manifest: &Manifest, index: usize) -> &Path {
    manifest.utterances[index].location.file().unwrap()
}

fn rows(manifest: &Manifest) -> Vec<(&str, &str, Option<&str>)> {
    manifest
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str(), u.session.as_deref()))
        .collect()
}

#[test]
fn a_missing_value_is_nobodys_name() {
    let table = folder(&[
        ("1.wav", ""),
        ("2.wav", ""),
        ("3.wav", ""),
        (
            "t.csv",
            "path,speaker\n1.wav,nan\n2.wav,None\n3.wav,Nan Li\n",
        ),
    ]);
    let options = speech_data::ReadOptions {
        speakers: speech_data::Speakers::Optional,
        ..speech_data::ReadOptions::default()
    };
    let manifest = Manifest::read_with(&table.path().join("t.csv"), &options).unwrap();
    let speakers: Vec<_> = manifest
        .utterances
        .iter()
        .map(Utterance::known_speaker)
        .collect();
    assert_eq!(speakers, [None, None, Some("Nan Li")]);
}

#[test]
fn one_folder_above_the_speakers_is_said() {
    let deep = folder(&[
        ("vox/a/1.wav", ""),
        ("vox/a/2.wav", ""),
        ("vox/b/1.wav", ""),
    ]);
    let said = |root: &std::path::Path| {
        let manifest = Manifest::from_folder(root).unwrap();
        let notes: Vec<String> = manifest
            .notes
            .iter()
            .filter(|note| note.kind == ProblemKind::OneSpeaker)
            .map(ToString::to_string)
            .collect();
        (manifest.speakers().len(), notes)
    };
    let (speakers, notes) = said(deep.path());
    assert_eq!((speakers, notes.len()), (1, 1));
    let expected = format!(
        "its 2 folders are the speakers, name `{}",
        deep.path().join("vox").display()
    );
    assert!(notes[0].contains(&expected), "{notes:?}");
    // As the message says, and where there is no doubt.
    assert_eq!(said(&deep.path().join("vox")), (2, vec![]));
    let one = folder(&[("ann/monday/1.wav", ""), ("ann/monday/2.wav", "")]);
    assert_eq!(said(one.path()), (1, vec![]));
}

#[test]
fn folders_name_speakers_and_sessions() {
    let folder = folder(&[
        ("bob/1.wav", "x"),
        ("ann/call/2.FLAC", "x"),
        ("ann/1.ogg", "x"),
        ("ann/notes.txt", "x"),
        ("ann/._1.ogg", "x"),
        (".trash/1.ogg", "x"),
        ("stray.wav", "x"),
        ("a/b/c/deep.wav", "x"),
    ]);
    let manifest = Manifest::read(folder.path(), None).unwrap();
    assert_eq!(
        rows(&manifest),
        [
            ("ann/1.ogg", "ann", None),
            ("ann/call/2.FLAC", "ann", Some("call")),
            ("bob/1.wav", "bob", None),
        ]
    );
    assert_eq!(file(&manifest, 2), folder.path().join("bob/1.wav"));
    let report = manifest.validate(&ValidateOptions::default());
    assert!(report.is_ok(), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("stray.wav: 0 folders deep; expected <speaker>/<utterance>"),
        "{text}"
    );
    assert!(text.contains("deep.wav: 3 folders deep"), "{text}");
    assert!(text.contains("speaker `bob` has 1 utterances"), "{text}");
}

#[test]
fn nothing_found_prints_the_layouts() {
    for (files, path) in [
        (&[("readme.txt", "x"), ("stray.wav", "x")][..], ""),
        (&[], "nowhere"),
        (&[("empty.csv", "\n\n")], "empty.csv"),
        (&[("header.csv", "path,speaker\n")], "header.csv"),
    ] {
        let folder = folder(files);
        let path = folder.path().join(path);
        let error = if path.exists() {
            Manifest::read(&path, None).unwrap_err()
        } else {
            Manifest::from_folder(&path).unwrap_err()
        };
        let text = error.to_string();
        assert!(matches!(error, DataError::NothingFound { .. }), "{text}");
        assert!(
            text.contains("<speaker>/<session>/<utterance>") && text.contains("wav.scp"),
            "{text}"
        );
    }
}

#[test]
fn a_split_file_is_found_in_its_folder() {
    let text = "path\tspeaker\tcorpus\tsession\tgender\tsplit\tseconds\r\n\
        x/a/2.ogg\tx/a\tx\tday\tf\ttrain\t1.5\r\n\
        \r\n\
        x/a/1.ogg\tx/a\tx\t-\t-\ttrain\t-\r\n";
    let folder = folder(&[("split.tsv", text)]);
    let manifest = Manifest::read(folder.path(), None).unwrap();
    let named = Manifest::with_split_file(folder.path(), Path::new("split.tsv")).unwrap();
    assert_eq!(manifest.utterances, named.utterances);
    assert_eq!(
        rows(&manifest),
        [
            ("x/a/1.ogg", "x/a", None),
            ("x/a/2.ogg", "x/a", Some("day"))
        ]
    );
    let [first, second] = manifest.utterances.as_slice() else {
        panic!()
    };
    assert_eq!(second.gender, Some(Gender::Female));
    assert_eq!(second.split.as_deref(), Some("train"));
    assert_eq!(second.seconds(), Some(1.5));
    assert_eq!(first.seconds(), None);
    assert_eq!((first.line, second.line), (Some(4), Some(2)));
    assert_eq!(second.location, folder.path().join("x/a/2.ogg").into());
    assert_eq!(
        manifest.columns(),
        [
            "id", "speaker", "session", "gender", "split", "corpus", "seconds"
        ]
    );
}

#[test]
fn tables_of_other_tools_are_understood() {
    let nemo = "{\"audio_filepath\": \"a/1.wav\", \"offset\": 0, \"duration\": 2.5, \"label\": \"a\"}\n\
                {\"audio_filepath\": \"b/1.wav\", \"label\": 17, \"text\": null, \"gender\": \"female\"}\n";
    let speechbrain = "\u{feff}ID, duration, wav, start, stop, spk_id\n\
                       u1, 2.5, a/1.wav, 0, 40000, a\n\
                       u2,2.5,b/1.wav,0,40000,17\n";
    let quoted = "wav;speaker\n\"a/1.wav\";\"a\"\nb/1.wav;17\n";
    let folder = folder(&[
        ("nemo.json", nemo),
        ("sb.csv", speechbrain),
        ("quoted.txt", quoted),
    ]);
    for name in ["nemo.json", "sb.csv", "quoted.txt"] {
        let manifest = read(&folder, name).unwrap();
        assert_eq!(
            rows(&manifest),
            [("a/1.wav", "a", None), ("b/1.wav", "17", None)]
        );
        assert_eq!(file(&manifest, 0), folder.path().join("a/1.wav"));
    }
    let nemo = read(&folder, "nemo.json").unwrap();
    assert_eq!(nemo.utterances[0].seconds(), Some(2.5));
    assert_eq!(nemo.utterances[1].gender, Some(Gender::Female));
    let speechbrain = read(&folder, "sb.csv").unwrap();
    assert_eq!(speechbrain.utterances[0].column("ID"), Some("u1"));
}

#[test]
fn kaldi_directories_keep_utterance_names() {
    let folder = folder(&[
        ("wav.scp", "a-1 a/1.wav\na-2 /else/a 2.wav\nb-1\tb/1.wav\n"),
        ("utt2spk", "a-1 a\na-2 a\nb-1 b\n"),
        ("spk2gender", "a f\n"),
        ("utt2session", "a-1 s1\n"),
    ]);
    for path in ["", "wav.scp"] {
        let manifest = read(&folder, path).unwrap();
        assert_eq!(
            rows(&manifest),
            [
                ("a-1", "a", Some("s1")),
                ("a-2", "a", None),
                ("b-1", "b", None)
            ]
        );
        assert_eq!(file(&manifest, 1), Path::new("/else/a 2.wav"));
        assert_eq!(file(&manifest, 2), folder.path().join("b/1.wav"));
        assert_eq!(manifest.utterances[1].gender, Some(Gender::Female));
        assert_eq!(manifest.utterances[2].gender, None);
    }
}

#[test]
fn kaldi_faults_are_named_together() {
    let folder = folder(&[
        (
            "wav.scp",
            "a ffmpeg -i a.m4a - |\nb data.ark:17\nc c.wav\nd d.wav\nd e.wav\nlonely\n",
        ),
        ("utt2spk", "a s\nb s\nd s\nz s\n"),
    ]);
    let text = Manifest::read(folder.path(), None).unwrap_err().to_string();
    for expected in [
        "wav.scp:1: `a`: is a command (it ends in `|`), which is not run unless pipes are allowed; it does nothing but decode `a.m4a`",
        "wav.scp:3: `c` has no speaker in utt2spk",
        "wav.scp:4: `",
        "wav.scp:5: `d` is already in line 4",
        "wav.scp:6: `lonely`: expected a name and a value",
        "utt2spk:4: `z` has no recording in wav.scp",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn every_bad_line_is_listed_at_once() {
    let mut table = b"path,speaker,gender,split,seconds\n\
        a/1.wav,a,f,train,1.0\n\
        a/2.wav,a,f,train\n\
        a/3.wav,,f,train,1.0\n\
        \n\
        a/4.wav,a,q,train,long\n\
        b/\xe9.wav,b,m,train,1.0\n\
        a/1.wav,a,f,train,1.0\n\
        a/5.wav,a,m,test,1.0\n"
        .to_vec();
    table.extend(format!("{},b,m,train,1\n", "x".repeat(70_000)).bytes());
    let folder = folder(&[("a/1.wav", "x"), ("a/5.wav", "")]);
    fs::write(folder.path().join("t.csv"), table).unwrap();
    let error = read(&folder, "t.csv").unwrap_err();
    let DataError::BadManifest { report, .. } = &error else {
        panic!("{error}")
    };
    let lines: Vec<_> = report
        .errors
        .iter()
        .map(|problem| (problem.line, problem.kind))
        .collect();
    use ProblemKind::*;
    assert_eq!(
        lines,
        [
            (Some(3), Line),
            (Some(4), Line),
            (Some(6), Line),
            (Some(7), Line),
            (Some(8), Duplicate),
            (Some(9), SpeakerInTwoSplits),
            (Some(9), UnreadableFile),
            (Some(10), Line),
            (None, TooFewSpeakers),
        ],
        "{report}"
    );
    let text = error.to_string();
    for expected in [
        "t.csv:3: 4 fields, the header has 5",
        "t.csv:4: no speaker",
        "t.csv:6: gender `q`: expected f, m, or - for unknown; seconds `long`: expected a length",
        "t.csv:7: not UTF-8: byte 0xe9 at position 3",
        "t.csv:8: `a/1.wav` occurs already in line 2",
        "t.csv:9: speaker `a` is in split `test` here and in `train` in line 2",
        "a/5.wav` is empty",
        "t.csv:10: 70012 bytes long",
        "warning: ",
        "speaker `a` is in gender `m` here and in `f` in line 2",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn a_header_without_a_speaker_says_what_it_may_be_called() {
    let folder = folder(&[("t.csv", "path,speeker\na,b\n")]);
    let text = read(&folder, "t.csv").unwrap_err().to_string();
    assert!(
        text.contains("t.csv:1: no column for the speaker: found `path`, `speeker`, expected `speaker`, `spk_id`"),
        "{text}"
    );
}

#[test]
fn json_lines_name_their_faults() {
    let folder = folder(&[(
        "t.jsonl",
        "{\"wav\": \"a.wav\", \"speaker\": \"a\"}\n[1]\n{\"wav\": \"b.wav\"}\n{\"wav\": \"c.wav\", \"speaker\": \"a\", \"offset\": 3.5}\n{\"wav\": \n",
    )]);
    let text = read(&folder, "t.jsonl").unwrap_err().to_string();
    for expected in [
        "t.jsonl:2: not one JSON object",
        "t.jsonl:3: no speaker; keys found: `wav`",
        "t.jsonl:4: offset 3.5: expected a time in s, and a duration above 0 beside it",
        "t.jsonl:5: not one JSON object",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn validation_separates_errors_from_warnings() {
    let made = |id: &str, session: Option<&str>, split: &str| {
        let mut utterance = Utterance::new(id, format!("/nowhere/{id}"), &id[..1]);
        utterance.session = session.map(str::to_owned);
        utterance.split = Some(split.to_owned());
        utterance
    };
    let manifest = Manifest::new(
        "/nowhere",
        vec![
            made("a1", Some("x"), "train"),
            made("a2", Some("y"), "test"),
            made("a3", Some("y"), "train"),
            made("b1", Some("z"), "train"),
            made("c1", Some("z"), "test"),
        ],
    );
    let mut options = ValidateOptions {
        check_files: false,
        columns: vec!["corpus".to_owned(), "session".to_owned()],
        ..ValidateOptions::default()
    };
    let kinds = |options: &ValidateOptions| {
        let report = manifest.validate(options);
        let kinds = |list: Vec<speech_data::Problem>| list.into_iter().map(|p| p.kind).collect();
        (kinds(report.errors), kinds(report.warnings))
    };
    use ProblemKind::*;
    let (errors, warnings): (Vec<_>, Vec<_>) = kinds(&options);
    assert_eq!(
        errors,
        [SpeakerInTwoSplits, SessionInTwoSplits, UnknownColumn]
    );
    assert_eq!(
        warnings,
        [SessionInTwoSplits, TooFewUtterances, TooFewUtterances]
    );
    // A protocol that splits sessions: the speaker is a warning, its session stays an error.
    options.disjoint_speakers = false;
    options.columns.clear();
    options.check_files = true;
    options.min_utterances = 1;
    let (errors, warnings): (Vec<_>, Vec<_>) = kinds(&options);
    assert_eq!(
        errors,
        [
            SessionInTwoSplits,
            MissingFile,
            MissingFile,
            MissingFile,
            MissingFile,
            MissingFile
        ]
    );
    assert_eq!(warnings, [SpeakerInTwoSplits, SessionInTwoSplits]);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_a_link_to_itself_and_a_folder_are_unreadable() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("a/1.wav", "x"), ("b/1.wav/inner", "x")]);
    let locked = folder.path().join("a/1.wav");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    symlink("2.wav", folder.path().join("a/2.wav")).unwrap();
    let one = |id: &str| Utterance::new(id, folder.path().join(id), &id[..1]);
    let utterances = vec![one("a/1.wav"), one("a/2.wav"), one("b/1.wav")];
    let manifest = Manifest::new(folder.path(), utterances);
    let errors = manifest.validate(&ValidateOptions::default()).errors;
    // The superuser may read the first.
    let expected = if fs::File::open(&locked).is_ok() {
        2
    } else {
        3
    };
    assert_eq!(errors.len(), expected, "{errors:?}");
    assert!(errors.iter().all(|e| e.kind == ProblemKind::UnreadableFile));
}

#[test]
fn filters_keep_leave_out_and_refuse_slips() {
    let made = |id: &str, corpus: &str, gender| {
        let mut utterance = Utterance::new(id, id, id);
        utterance.gender = gender;
        utterance
            .columns
            .insert("corpus".to_owned(), corpus.to_owned());
        utterance
    };
    let manifest = Manifest::new(
        "",
        vec![
            made("1", "sc", None),
            made("2", "msc", Some(Gender::Male)),
            made("3", "asc", None),
        ],
    );
    let filtered = |texts: &[&str]| {
        let filters: Result<Vec<Filter>, _> = texts.iter().map(|text| text.parse()).collect();
        manifest.filter(&filters?).map(|manifest| {
            let ids: Vec<String> = manifest.utterances.into_iter().map(|u| u.id).collect();
            ids.join(" ")
        })
    };
    assert_eq!(filtered(&[]).unwrap(), "1 2 3");
    assert_eq!(filtered(&["corpus=sc,msc"]).unwrap(), "1 2");
    assert_eq!(filtered(&["corpus != sc , msc"]).unwrap(), "3");
    assert_eq!(filtered(&["gender=-"]).unwrap(), "1 3");
    assert_eq!(filtered(&["gender!=-", "corpus!=asc"]).unwrap(), "2");
    for (texts, expected) in [
        (
            &["corpus=sc,mcs"][..],
            "column `corpus` is never `mcs`, its values are `asc`, `msc`, `sc`",
        ),
        (
            &["corpora=sc"],
            "no column `corpora`, the columns here are `id`, `speaker`, `gender`, `corpus`",
        ),
        (
            &["corpus=sc", "gender=m"],
            "no utterance of 3 passes the filters `corpus=sc` and `gender=m`",
        ),
        (&["corpus"], "filter `corpus`: expected `column=value`"),
        (&["=x"], "expected `column=value`"),
        (&["corpus=a,,b"], "expected `column=value`"),
    ] {
        let error = filtered(texts).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["t.csv", "t.tsv", "t.jsonl", "wav.scp", "utt2spk"] {
            let mut content = match name {
                "t.csv" => b"path,speaker,seconds\n".to_vec(),
                "t.tsv" => b"path\tspeaker\tgender\n".to_vec(),
                "t.jsonl" => b"{\"path\":\"a\",\"speaker\":\"b\"}\n".to_vec(),
                _ => Vec::new(),
            };
            content.extend(&bytes);
            fs::write(folder.path().join(name), content).unwrap();
        }
        for name in ["t.csv", "t.tsv", "t.jsonl", ""] {
            if let Err(error) = Manifest::read(&folder.path().join(name), None) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
        if let Err(error) = speech_data::TrialList::read(&folder.path().join("wav.scp")) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    // Speakers begin with an s: what programs write for a missing name (`nan`, `null`) is no speaker.
    fn a_table_gives_back_what_was_written(
        rows in prop::collection::btree_map("[a-z]{1,4}/[a-z\",; ]{0,6}[a-z]", "s[a-z]{0,2}", 1..20),
        windows: bool,
    ) {
        let end = if windows { "\r\n" } else { "\n" };
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut csv = format!("path,speaker{end}");
        let mut json = String::new();
        for (path, speaker) in &rows {
            csv += &format!("{},{speaker}{end}", quote(path));
            let object = serde_json::json!({ "path": path, "speaker": speaker });
            json += &format!("{object}{end}");
        }
        let folder = folder(&[("t.csv", &csv), ("t.jsonl", &json)]);
        for name in ["t.csv", "t.jsonl"] {
            let manifest = read(&folder, name).unwrap();
            let found: Vec<(String, String)> = manifest.utterances.into_iter()
                .map(|u| (u.id, u.speaker)).collect();
            prop_assert_eq!(&found, &rows.clone().into_iter().collect::<Vec<_>>());
        }
    }
}
