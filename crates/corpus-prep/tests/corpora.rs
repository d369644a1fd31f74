//! Every reader on a miniature of its corpus.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use corpus_prep::{Corpus, CorpusKind, PrepError, read_corpus};
use speech_data::Gender;

use common::put;

/// Makes a miniature and reads it.
fn corpus(kind: CorpusKind, make: fn(&Path)) -> Corpus {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    read_corpus(kind, folder.path()).unwrap()
}

/// `id speaker session gender split` of every utterance, `-` for unknown.
fn rows(corpus: &Corpus) -> Vec<String> {
    let utterances = corpus.manifest.utterances.iter();
    utterances
        .map(|utterance| {
            assert!(
                utterance.location.file().unwrap().is_absolute()
                    && utterance.location.file().unwrap().ends_with(&utterance.id),
                "{utterance:?}"
            );
            let column = |name| utterance.column(name).unwrap_or("-").to_owned();
            ["id", "speaker", "session", "gender", "split"]
                .map(column)
                .join(" ")
        })
        .collect()
}

fn notes(corpus: &Corpus) -> String {
    let notes: Vec<String> = corpus
        .manifest
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    notes.join("\n")
}

#[test]
fn librispeech_has_chapters_for_sessions() {
    let corpus = corpus(CorpusKind::LibriSpeech, common::librispeech);
    assert_eq!(
        rows(&corpus),
        [
            "dev-clean/84/121123/84-121123-0000.flac 84 121123 f dev",
            "dev-clean/84/121123/84-121123-0001.flac 84 121123 f dev",
            "dev-clean/84/121550/84-121550-0000.flac 84 121550 f dev",
            "train-clean-100/19/198/19-198-0000.flac 19 198 f train",
            "train-clean-100/19/198/19-198-0001.flac 19 198 f train",
            "train-clean-100/19/227/19-227-0000.flac 19 227 f train",
            "train-clean-100/60/121082/60-121082-0000.flac 60 121082 m train",
            "train-clean-100/60/121082/60-121082-0001.flac 60 121082 m train",
        ]
    );
    assert_eq!(
        corpus.manifest.utterances[3].column("subset"),
        Some("train-clean-100")
    );
    assert!(corpus.manifest.notes.is_empty(), "{}", notes(&corpus));
}

#[test]
fn librispeech_without_its_table_and_with_strange_files_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    common::librispeech(folder.path());
    let root = folder.path().join("LibriSpeech");
    fs::remove_file(root.join("SPEAKERS.TXT")).unwrap();
    put(&root, "dev-clean/84/121123/85-121123-0000.flac", "");
    put(&root, "dev-clean/._84-121123-0000.flac", "");
    put(&root, "dev-clean/new.flac", "");
    // The folder itself is taken as well as the one above it.
    let corpus = read_corpus(CorpusKind::LibriSpeech, &root).unwrap();
    assert_eq!(corpus.manifest.utterances.len(), 8);
    assert!(
        corpus
            .manifest
            .utterances
            .iter()
            .all(|u| u.gender.is_none())
    );
    let notes = notes(&corpus);
    for word in [
        "no SPEAKERS.TXT",
        "85-121123-0000.flac: expected",
        "new.flac: expected",
    ] {
        assert!(notes.contains(word), "{word} is not in {notes}");
    }
    put(
        &root,
        "SPEAKERS.TXT",
        "84 | X | dev-clean | 1 | Y\n19 only\n",
    );
    let error = read_corpus(CorpusKind::LibriSpeech, &root)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("2 lines") && error.contains("SPEAKERS.TXT:1: the sex of 84"),
        "{error}"
    );
}

#[test]
fn timit_has_the_two_parts_of_the_papers() {
    let corpus = corpus(CorpusKind::Timit, common::timit);
    let rows = rows(&corpus);
    assert_eq!(rows.len(), 40);
    assert_eq!(rows[0], "TEST/DR1/FAKS0/SA1.WAV FAKS0 - f test");
    assert_eq!(rows[39], "TRAIN/DR1/FDAC0/SX397.WAV FDAC0 - f train");
    for sentences in corpus
        .manifest
        .utterances
        .chunk_by(|a, b| a.speaker == b.speaker)
    {
        let parts: Vec<&str> = sentences
            .iter()
            .map(|u| u.column("part").unwrap())
            .collect();
        assert_eq!(parts, ["1", "1", "1", "1", "1", "1", "1", "1", "2", "2"]);
        // By the name of the file: `SX37` comes after `SX307`.
        let last: Vec<&str> = sentences[8..]
            .iter()
            .map(|u| u.column("sentence").unwrap())
            .collect();
        assert_eq!(last, ["SX37", "SX397"]);
    }
    let first = &corpus.manifest.utterances[0];
    assert_eq!(first.column("dialect"), Some("1"));
    assert_eq!(
        (first.column("recorded"), first.column("education")),
        (Some("02/14/86"), Some("MS"))
    );
    assert!(corpus.manifest.notes.is_empty(), "{}", notes(&corpus));
    let recording = audio_features::read_recording;
    let folder = tempfile::tempdir().unwrap();
    common::timit(folder.path());
    let found = recording(&folder.path().join("TIMIT/TRAIN/DR1/FCJF0/SA1.WAV"), 16_000).unwrap();
    let expected: Vec<f32> = common::samples(0)
        .iter()
        .map(|s| f32::from(*s) / 32_768.0)
        .collect();
    assert_eq!(found.waveform.samples, expected);
}

#[test]
fn timit_in_small_letters_with_unpacked_copies_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for speaker in ["fcjf0", "mdab0"] {
        for sentence in ["sa1", "sa2", "si648", "sx37", "sx217"] {
            let name = format!("data/train/dr1/{speaker}/{sentence}.wav");
            put(folder.path(), &name, common::sphere(1, sentence));
            put(folder.path(), &format!("{name}.wav"), common::wav(1));
        }
    }
    let corpus = read_corpus(CorpusKind::Timit, folder.path()).unwrap();
    assert_eq!(rows(&corpus).len(), 10);
    assert_eq!(rows(&corpus)[9], "train/dr1/mdab0/sx37.wav MDAB0 - m train");
    assert!(
        notes(&corpus).contains("10 second copies"),
        "{}",
        notes(&corpus)
    );
}

#[test]
fn vctk_takes_one_microphone_of_two() {
    let corpus = corpus(CorpusKind::Vctk, common::vctk);
    assert_eq!(
        rows(&corpus),
        [
            "wav48_silence_trimmed/p225/p225_001_mic1.flac p225 - f -",
            "wav48_silence_trimmed/p225/p225_002_mic1.flac p225 - f -",
            "wav48_silence_trimmed/p226/p226_001_mic1.flac p226 - m -",
            "wav48_silence_trimmed/p226/p226_002_mic1.flac p226 - m -",
            "wav48_silence_trimmed/p315/p315_001_mic1.flac p315 - m -",
            "wav48_silence_trimmed/s5/s5_001_mic1.flac s5 - f -",
            "wav48_silence_trimmed/s5/s5_002_mic1.flac s5 - f -",
        ]
    );
    let column = |index: usize, name| corpus.manifest.utterances[index].column(name);
    assert_eq!(
        (column(0, "accent"), column(0, "region")),
        (Some("English"), Some("Southern England"))
    );
    assert_eq!(
        (column(4, "region"), column(5, "region")),
        (Some("New England"), None)
    );
    assert!(
        notes(&corpus).contains("6 recordings of a second microphone"),
        "{}",
        notes(&corpus)
    );
}

#[test]
fn vctk_of_the_older_edition_numbers_its_speakers() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("VCTK-Corpus");
    put(
        &root,
        "speaker-info.txt",
        "ID  AGE  GENDER  ACCENTS  REGION\n225  23  F    English    Southern  England\n",
    );
    put(&root, "wav48/p225/p225_001.wav", common::wav(1));
    let corpus = read_corpus(CorpusKind::Vctk, folder.path()).unwrap();
    assert_eq!(rows(&corpus), ["wav48/p225/p225_001.wav p225 - f -"]);
    assert!(corpus.manifest.notes.is_empty(), "{}", notes(&corpus));
}

#[test]
fn common_voice_takes_what_was_validated() {
    let corpus = corpus(CorpusKind::CommonVoice, common::common_voice);
    let [ann, bob, eve] = ["a", "b", "e"].map(|letter| letter.repeat(128));
    assert_eq!(
        rows(&corpus),
        [
            format!("cy/clips/common_voice_cy_1.mp3 {ann} - f train"),
            format!("cy/clips/common_voice_cy_2.mp3 {ann} - f train"),
            format!("cy/clips/common_voice_cy_3.mp3 {bob} - m test"),
            format!("cy/clips/common_voice_cy_4.mp3 {eve} - - -"),
        ]
    );
    let first = &corpus.manifest.utterances[0];
    assert_eq!(
        (first.column("age"), first.column("locale")),
        (Some("twenties"), Some("cy"))
    );
    assert_eq!(first.column("sentence"), None);
    assert!(
        notes(&corpus).contains("other.tsv alone are left out"),
        "{}",
        notes(&corpus)
    );
    let folder = tempfile::tempdir().unwrap();
    common::common_voice(folder.path());
    let one = read_corpus(CorpusKind::CommonVoice, &folder.path().join("cy")).unwrap();
    assert_eq!(one.manifest.utterances[0].id, "clips/common_voice_cy_1.mp3");
}

#[test]
fn cn_celeb_keeps_evaluation_speakers_out_of_training() {
    let corpus = corpus(CorpusKind::CnCeleb, common::cn_celeb);
    let base = "CN-Celeb_flac";
    assert_eq!(
        rows(&corpus),
        [
            "CN-Celeb2_flac/data/id10000/drama-01-001.flac id10000 id10000-drama-01 - train"
                .to_owned(),
            format!(
                "{base}/data/id00000/interview-02-001.flac id00000 id00000-interview-02 - train"
            ),
            format!("{base}/data/id00000/singing-01-001.flac id00000 id00000-singing-01 - train"),
            format!("{base}/data/id00000/singing-01-002.flac id00000 id00000-singing-01 - train"),
            format!("{base}/data/id00001/vlog-01-001.flac id00001 id00001-vlog-01 - train"),
            format!("{base}/eval/enroll/id00800-enroll.flac id00800 - - test"),
            format!("{base}/eval/enroll/id00801-enroll.flac id00801 - - test"),
            format!(
                "{base}/eval/test/id00800-singing-01-001.flac id00800 id00800-singing-01 - test"
            ),
            format!(
                "{base}/eval/test/id00801-live_broadcast-03-002.flac id00801 id00801-live_broadcast-03 - test"
            ),
        ]
    );
    assert_eq!(
        corpus.manifest.utterances[8].column("genre"),
        Some("live_broadcast")
    );
    assert!(
        notes(&corpus).contains("1 speakers of `data`"),
        "{}",
        notes(&corpus)
    );
    let [list] = &corpus.lists[..] else {
        panic!("{:?}", corpus.lists)
    };
    let trials: Vec<_> = list
        .trials
        .iter()
        .map(|trial| (trial.target, &*trial.enrolment, &*trial.test))
        .collect();
    let enrol = "CN-Celeb_flac/eval/enroll/id00800-enroll.flac";
    assert_eq!(
        trials[0],
        (
            true,
            enrol,
            "CN-Celeb_flac/eval/test/id00800-singing-01-001.flac"
        )
    );
    assert_eq!((trials.len(), trials[1].0, trials[2].0), (3, false, true));
}

#[test]
fn cn_celeb_trials_of_absent_recordings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    common::cn_celeb(folder.path());
    let root = folder.path().join("CN-Celeb_flac");
    fs::remove_file(root.join("eval/enroll/id00801-enroll.flac")).unwrap();
    let error = read_corpus(CorpusKind::CnCeleb, &root)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("trials.lst:3: there is no recording `id00801-enroll`"),
        "{error}"
    );
}

#[test]
fn kaldi_segments_keep_their_bounds() {
    let corpus = corpus_of_kaldi();
    let found: Vec<_> = corpus
        .manifest
        .utterances
        .iter()
        .map(|u| {
            let column = |name| u.column(name).unwrap_or("-");
            let file = u
                .location
                .file()
                .unwrap()
                .file_name()
                .unwrap()
                .to_string_lossy();
            format!(
                "{} {} {} {}-{}",
                u.id,
                u.speaker,
                file,
                column("start_s"),
                column("end_s")
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "ann-call1-1 ann call1.wav 0.00-0.25",
            "ann-call2-1 ann call2.wav 0.1-0.4",
            "bob-call1-2 bob call1.wav 0.25-0.5",
        ]
    );
    assert_eq!(corpus.manifest.utterances[0].gender, Some(Gender::Female));
}

fn corpus_of_kaldi() -> Corpus {
    corpus(CorpusKind::Kaldi, common::kaldi)
}

#[test]
fn bad_segments_are_all_named() {
    let folder = tempfile::tempdir().unwrap();
    common::kaldi(folder.path());
    put(
        folder.path(),
        "segments",
        "ann-call1-1 call1 0.3 0.2\nann-call2-1 call9 0 1\nbob-call1-2 call1 0\n",
    );
    let error = read_corpus(CorpusKind::Kaldi, folder.path())
        .unwrap_err()
        .to_string();
    for message in [
        "segments:1: `ann-call1-1` goes from 0.3 to 0.2 s",
        "segments:2: `ann-call2-1` is a part of `call9`",
        "segments:3: `bob-call1-2`: 3 fields",
        "utt2spk:1: `ann-call1-1` has no recording in segments",
    ] {
        assert!(error.contains(message), "{message} is not in {error}");
    }
}

#[test]
fn aishell_has_its_splits_and_the_genders_of_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in [
        "train/S0002/BAC009S0002W0122.wav",
        "dev/S0724/BAC009S0724W0121.wav",
        "test/S0764/BAC009S0764W0121.wav",
        "elsewhere/S0764/BAC009S0764W0122.wav",
    ] {
        put(&root.join("data_aishell/wav"), name, common::wav(1));
    }
    put(root, "data_aishell/wav/S0003.tar.gz", b"x");
    put(root, "resource_aishell/speaker.info", "0002 F\nS0724 M\n");
    let corpus = read_corpus(CorpusKind::Aishell, root).unwrap();
    assert_eq!(
        rows(&corpus),
        [
            "wav/dev/S0724/BAC009S0724W0121.wav S0724 - m dev",
            "wav/test/S0764/BAC009S0764W0121.wav S0764 - - test",
            "wav/train/S0002/BAC009S0002W0122.wav S0002 - f train",
        ]
    );
    let notes: Vec<String> = corpus
        .manifest
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        notes[0].contains("1 archives of speakers (S0002.tar.gz) are not unpacked yet"),
        "{notes:?}"
    );
    assert!(notes[1].contains("elsewhere/S0764"), "{notes:?}");
}

#[test]
fn three_d_speaker_follows_the_lists_that_come_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("3dspeaker");
    let ids = [
        "3D_SPK_00001_001_Device01_Distance02_Dialect00",
        "3D_SPK_00001_001_Device02_Distance01_Dialect00",
        "3D_SPK_00002_001_Device01_Distance00_Dialect03",
    ];
    let (mut wavs, mut speakers) = (String::new(), String::new());
    for id in ids {
        put(
            &root,
            &format!("test/{}/{id}.wav", &id[7..12]),
            common::wav(1),
        );
        wavs += &format!("{id} /{}/{id}.wav\n", &id[7..12]);
        speakers += &format!("{id} {}\n", &id[..12]);
    }
    wavs += "lonely /lonely.wav\n";
    put(&root, "files/test_wav.scp", wavs);
    put(&root, "files/test_utt2spk", speakers);
    put(
        &root,
        "files/trials_cross_device",
        format!(
            "{} {} target\n{} {} nontarget\n",
            ids[0], ids[1], ids[0], ids[2]
        ),
    );
    let corpus = read_corpus(CorpusKind::ThreeDSpeaker, folder.path()).unwrap();
    let found: Vec<(&str, &str, Option<&str>)> = corpus
        .manifest
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str(), u.column("device")))
        .collect();
    assert_eq!(
        found,
        [
            (ids[0], "3D_SPK_00001", Some("01")),
            (ids[1], "3D_SPK_00001", Some("02")),
            (ids[2], "3D_SPK_00002", Some("01")),
        ]
    );
    assert!(
        corpus
            .manifest
            .utterances
            .iter()
            .all(|u| u.location.file().unwrap().is_file())
    );
    assert_eq!((corpus.lists.len(), corpus.lists[0].trials.len()), (1, 2));
    assert_eq!(corpus.lists[0].name, "3d-speaker-cross-device");
    assert!(
        corpus.manifest.notes[0]
            .to_string()
            .contains("1 recordings of test_wav.scp have no speaker")
    );
}

#[test]
fn a_folder_may_be_of_speakers() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "ann/day 1/ä.wav", common::wav(1));
    put(folder.path(), "bob/1.wav", common::wav(2));
    let corpus = read_corpus(CorpusKind::Folder, folder.path()).unwrap();
    assert_eq!(
        rows(&corpus),
        ["ann/day 1/ä.wav ann day 1 - -", "bob/1.wav bob - - -"]
    );
}

/// "0 speakers found, this is normal" is what other tools say.
#[test]
fn nothing_found_prints_the_layout_that_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "somewhere/a.wav", common::wav(1));
    for (kind, word) in [
        (CorpusKind::LibriSpeech, "SPEAKERS.TXT"),
        (CorpusKind::Timit, "TRAIN/DR1/FCJF0/SA1.WAV"),
        (CorpusKind::Vctk, "p225_001_mic1.flac"),
        (CorpusKind::CommonVoice, "validated.tsv"),
        (CorpusKind::CnCeleb, "eval/lists/trials.lst"),
        (CorpusKind::Aishell, "S0002/BAC009S0002W0122.wav"),
        (CorpusKind::ThreeDSpeaker, "files/train_wav.scp"),
    ] {
        for place in [folder.path().to_owned(), folder.path().join("absent")] {
            let error = read_corpus(kind, &place).unwrap_err();
            assert!(
                matches!(error, PrepError::NothingFound { .. }),
                "{kind}: {error}"
            );
            assert!(error.to_string().contains(word), "{kind}: {error}");
        }
    }
    assert!(read_corpus(CorpusKind::Kaldi, folder.path()).is_err());
    assert!(read_corpus(CorpusKind::Folder, &folder.path().join("absent")).is_err());
}
