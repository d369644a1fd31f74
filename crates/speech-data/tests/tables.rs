//! Lists and archives that other libraries wrote: `golden/make_tables.py`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use audio_features::read_recording;
use speech_data::{
    Cut, FaultyRows, Holder, Location, Manifest, Pipes, ReadOptions, Speakers, Utterance,
};

const RATE_HZ: u32 = 16_000;

/// The recordings of all fixtures with their speakers.
const CLIPS: [(&str, &str); 4] = [
    ("v01-0", "v01"),
    ("v01-1", "v01"),
    ("v02-2", "v02"),
    ("v02-3", "v02"),
];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/tables")
        .join(name)
}

/// The samples of a recording of the fixtures.
fn clip(name: &str) -> Vec<f32> {
    let path = golden("audio").join(format!("{name}.flac"));
    read_recording(&path, RATE_HZ).unwrap().waveform.samples
}

fn heard(utterance: &Utterance) -> Vec<f32> {
    utterance.location.read(RATE_HZ).unwrap().waveform.samples
}

fn read(name: &str) -> Manifest {
    Manifest::read(&golden(name), Some(&golden(""))).unwrap()
}

/// Every clip is there once, whole, under the name that `id` gives it, with its speaker and its sound.
fn assert_all(name: &str, id: impl Fn(&str, &str) -> String) {
    let manifest = read(name);
    let found: Vec<(&str, &str)> = manifest
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str()))
        .collect();
    let names = CLIPS.map(|(clip, speaker)| (id(clip, speaker), speaker));
    let expected: Vec<(&str, &str)> = names
        .iter()
        .map(|(id, speaker)| (id.as_str(), *speaker))
        .collect();
    assert_eq!(found, expected, "{name}");
    for (utterance, (name, _)) in manifest.utterances.iter().zip(CLIPS) {
        assert_eq!(heard(utterance), clip(name), "{name}");
    }
    assert!(
        manifest
            .validate(&speech_data::ValidateOptions::default())
            .is_ok()
    );
}

#[test]
fn lhotses_cuts_are_read_whole_trimmed_and_by_their_channels() {
    assert_all("lhotse_cuts.jsonl.gz", |clip, _| {
        format!("{clip}-{}", &clip[4..])
    });
    let trimmed = read("lhotse_trimmed.jsonl");
    let supervised = read("lhotse_supervisions.jsonl.gz");
    assert_eq!(
        (trimmed.utterances.len(), supervised.utterances.len()),
        (4, 4)
    );
    for ((cut, segment), (name, speaker)) in trimmed
        .utterances
        .iter()
        .zip(&supervised.utterances)
        .zip(CLIPS)
    {
        let expected = clip(name)[1_600..8_000].to_vec();
        assert_eq!(heard(cut), expected);
        assert_eq!(heard(segment), expected);
        assert_eq!(
            (cut.speaker.as_str(), segment.speaker.as_str()),
            (speaker, speaker)
        );
        assert_eq!(segment.id, format!("{name}-sup"));
        assert_eq!(segment.gender, Some(speech_data::Gender::Male));
    }
    let channels = read("lhotse_channels.jsonl");
    let found: Vec<(&str, Vec<f32>)> = channels
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), heard(u)))
        .collect();
    let mean: Vec<f32> = clip("v01-0")
        .iter()
        .zip(clip("v02-2"))
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert_eq!(
        found,
        [
            ("both-0", clip("v01-0")),
            ("both-1", clip("v02-2")),
            ("both-all", mean)
        ]
    );
}

#[test]
fn lhotses_recordings_have_no_speakers() {
    let path = golden("lhotse_recordings.jsonl.gz");
    let error = Manifest::read(&path, Some(&golden("")))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`v01-0` has no supervision with a speaker"),
        "{error}"
    );
    let root = golden("");
    let options = ReadOptions {
        root: Some(&root),
        speakers: Speakers::Optional,
        ..ReadOptions::default()
    };
    let manifest = Manifest::read_with(&path, &options).unwrap();
    assert!(
        manifest
            .utterances
            .iter()
            .all(|u| u.known_speaker().is_none())
    );
    assert_eq!(heard(&manifest.utterances[3]), clip("v02-3"));
}

#[test]
fn lhotses_cuts_that_are_made_when_they_are_loaded_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = fs::read_to_string(golden("lhotse_mixed.jsonl")).unwrap();
    // Lhotse cannot write sound as JSON itself, but such lines are made from its dictionaries.
    let line = fs::read_to_string(golden("lhotse_channels.jsonl")).unwrap();
    let line = line.lines().next().unwrap();
    let memory = line.replace("\"type\": \"file\"", "\"type\": \"memory\"");
    let url = line.replace("\"type\": \"file\"", "\"type\": \"url\"");
    let moved = line.replace("\"recording\":", "\"features\":");
    for (text, expected) in [
        (
            mixed.as_str(),
            "is a MixedCut, which is put together when it is loaded",
        ),
        (&memory, "has its sound in the manifest (`memory`)"),
        (&url, "is a source of type `url`, which is not read"),
        (&moved, "has features and no recording"),
    ] {
        let path = folder.path().join("cuts.jsonl");
        fs::write(&path, text).unwrap();
        let error = Manifest::read(&path, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn wespeakers_lists_and_tars_keep_their_keys() {
    assert_all("raw.list", |clip, speaker| format!("{speaker}/{clip}"));
    assert_all("shard.list", |clip, speaker| {
        format!("{speaker}/{clip}.wav")
    });
    let one = read("shards/shards_000000001.tar");
    let ids: Vec<&str> = one.utterances.iter().map(|u| u.id.as_str()).collect();
    assert_eq!(ids, ["v02/v02-2.wav", "v02/v02-3.wav"]);
    assert!(
        one.utterances[0]
            .location
            .to_string()
            .ends_with("shards_000000001.tar/v02/v02-2.wav.flac")
    );
}

#[test]
fn webdatasets_tars_have_speakers_in_json_or_classes() {
    assert_all("webdataset_json.tar", |clip, _| clip.to_owned());
    let classes = read("webdataset_cls.tar");
    let found: Vec<(&str, &str)> = classes
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("v01-0", "0"),
            ("v01-1", "0"),
            ("v02-2", "1"),
            ("v02-3", "1")
        ]
    );
}

#[test]
fn sounds_in_parquet_are_read_by_row_and_the_column_of_the_speakers_is_told() {
    for name in ["speaker_id", "label"] {
        let file = format!("datasets_{name}.parquet");
        assert_all(&file, |clip, _| format!("{clip}.flac"));
        let notes: Vec<String> = read(&file).notes.iter().map(ToString::to_string).collect();
        let expected = format!("the speakers are those of the column `{name}`");
        assert!(
            notes[0].contains(&expected) && notes.len() == 1,
            "{notes:?}"
        );
    }
    // Otherwise packed, in one large group of rows, with 64-bit offsets.
    for name in ["zstd", "gzip", "lz4", "large"] {
        assert_all(&format!("packed_{name}.parquet"), |clip, _| {
            format!("{clip}.flac")
        });
    }
    // In any order, by several threads.
    let manifest = read("datasets_label.parquet");
    std::thread::scope(|scope| {
        for number in [3, 0, 2, 1, 3] {
            let utterance = &manifest.utterances[number];
            scope.spawn(move || assert_eq!(heard(utterance), clip(CLIPS[number].0)));
        }
    });
}

#[test]
fn kaldi_archives_hold_sound_at_bytes() {
    let manifest = Manifest::read(&golden("kaldi"), None).unwrap();
    for (utterance, (name, speaker)) in manifest.utterances.iter().zip(CLIPS) {
        assert_eq!(
            (utterance.id.as_str(), utterance.speaker.as_str()),
            (name, speaker)
        );
        assert_eq!(heard(utterance), clip(name), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let ark = golden("kaldi/wav.ark");
    fs::write(
        folder.path().join("wav.scp"),
        format!("a {0}:3\nb {0}:99999999\n", ark.display()),
    )
    .unwrap();
    let options = ReadOptions {
        speakers: Speakers::Optional,
        ..ReadOptions::default()
    };
    let manifest = Manifest::read_with(folder.path(), &options).unwrap();
    let errors: Vec<String> = manifest
        .utterances
        .iter()
        .map(|u| u.location.read(RATE_HZ).unwrap_err().to_string())
        .collect();
    assert!(
        errors[0].contains("byte 3 begins neither a WAV file nor kaldiio's audio"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains("the archive has no entry at byte 99999999"),
        "{errors:?}"
    );
}

#[test]
fn speechbrains_nemos_and_voxceleb_trainers_tables_are_read_with_their_parts() {
    for name in ["speechbrain.csv", "nemo.json", "nemo_writer.json"] {
        let manifest = read(name);
        assert_eq!(manifest.utterances.len(), 8, "{name}");
        for (pair, (name, speaker)) in manifest.utterances.chunks(2).zip(CLIPS) {
            let whole = clip(name);
            assert_eq!(pair[0].id, format!("audio/{name}.flac#t=0,0.3"));
            assert_eq!(pair[1].id, format!("audio/{name}.flac#t=0.3,0.6"));
            assert_eq!(
                (heard(&pair[0]), heard(&pair[1])),
                (whole[..4_800].to_vec(), whole[4_800..].to_vec())
            );
            assert!(pair.iter().all(|u| u.speaker == speaker));
        }
    }
    // Before a diarization nobody knows who speaks, which NeMo writes `infer`.
    let options = ReadOptions {
        root: Some(&golden("")),
        speakers: Speakers::Optional,
        ..ReadOptions::default()
    };
    let manifest = Manifest::read_with(&golden("nemo_infer.json"), &options).unwrap();
    for (utterance, (name, _)) in manifest.utterances.iter().zip(CLIPS) {
        assert_eq!(utterance.known_speaker(), None);
        assert_eq!(heard(utterance), clip(name));
    }
    assert!(Manifest::read(&golden("nemo_infer.json"), None).is_err());
    assert_all("train_list.txt", |clip, _| format!("audio/{clip}.flac"));
}

#[test]
fn pipes_are_run_where_they_are_allowed_and_refused_with_the_file_that_they_decode() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("audio/v01-0.flac");
    fs::write(
        folder.path().join("wav.scp"),
        format!("a flac -c -d -s {} |\n", file.display()),
    )
    .unwrap();
    let options = |pipes| ReadOptions {
        speakers: Speakers::Optional,
        pipes,
        ..ReadOptions::default()
    };
    let error = Manifest::read_with(folder.path(), &options(Pipes::Refused))
        .unwrap_err()
        .to_string();
    let expected = format!(
        "it does nothing but decode `{}`, which can be named in its place",
        file.display()
    );
    assert!(
        error.contains("not run unless pipes are allowed") && error.contains(&expected),
        "{error}"
    );
    if testing::program("flac", "--version").is_none() {
        return;
    }
    let manifest = Manifest::read_with(folder.path(), &options(Pipes::Allowed)).unwrap();
    assert!(matches!(
        manifest.utterances[0].location.holder(),
        Holder::Member(_)
    ));
    assert_eq!(heard(&manifest.utterances[0]), clip("v01-0"));
}

#[test]
fn compressed_tars_and_broken_archives_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let tar = fs::read(golden("webdataset_json.tar")).unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Manifest::read(&path, None).unwrap_err()
    };
    let error = put("a.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
    assert!(
        error
            .to_string()
            .contains("a tar that is compressed by gzip"),
        "{error}"
    );
    assert_eq!(
        error.remedy(),
        Some("decompress it, or unpack it into a folder")
    );
    let error = put("b.tar", &tar[..tar.len() / 2 + 100]).to_string();
    assert!(
        error.contains("a tar that cannot be read to its end") || error.contains("no speaker"),
        "{error}"
    );
    let error = put(
        "c.parquet",
        &fs::read(golden("datasets_label.parquet")).unwrap()[..900],
    )
    .to_string();
    assert!(
        error.contains("a Parquet file that cannot be read"),
        "{error}"
    );
    let error = put("d.tar", b"no tar at all").to_string();
    assert!(error.contains("d.tar: "), "{error}");
}

#[test]
fn arrays_and_objects_of_json_are_read_as_lines_are() {
    let folder = tempfile::tempdir().unwrap();
    let array = r#"[{"path": "a.wav", "speaker": 7},
        {"path": "b.wav", "speaker": "007"}]"#;
    let object = r#"{"u1": {"wav": "{data_root}/a.wav", "spk_id": "7", "length": 1.0},
        "u2": {"wav": "b.wav", "spk_id": "007", "length": 2.0}}"#;
    for (name, text) in [("array.json", array), ("object.json", object)] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let manifest = Manifest::read(&path, None).unwrap();
        let found: Vec<(&str, &str)> = manifest
            .utterances
            .iter()
            .map(|u| (u.id.as_str(), u.speaker.as_str()))
            .collect();
        assert_eq!(found, [("a.wav", "7"), ("b.wav", "007")], "{name}");
    }
    for (text, expected) in [
        (
            "[{\"path\": \"a.wav\", \"speaker\": [1]}]",
            "entry 1: `speaker` is [1], expected one text",
        ),
        ("[1]", "entry 1: not a JSON object"),
        ("[{", "no JSON array"),
        ("{\"a\": {\"wav\": \"a.wav\"}}", "`a`: no speaker"),
    ] {
        let path = folder.path().join("bad.json");
        fs::write(&path, text).unwrap();
        let error = Manifest::read(&path, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn odd_tables_are_read_or_refused_and_never_misread() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Manifest::read(&path, None)
    };
    let manifest = read("excel.csv", "\u{feff}\"Path\";\"Speaker ID\";\"Speaker\"\r\n\"a b.wav\";\"x\";\"0012\"\r\n'c.wav;;0013\r\n".as_bytes()).unwrap();
    let found: Vec<(&str, &str)> = manifest
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str()))
        .collect();
    assert_eq!(found, [("'c.wav", "0013"), ("a b.wav", "0012")]);
    let manifest = read(
        "windows.csv",
        b"path,speaker\nC:\\data\\a.wav,a\nx\\b.wav,b\n",
    )
    .unwrap();
    assert_eq!(manifest.utterances[1].id, "x/b.wav");
    for (name, text, expected) in [
        (
            "utf16.csv",
            "\u{feff}path"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
            "the file is in UTF-16; save it as UTF-8",
        ),
        (
            "twice.csv",
            b"path,speaker,Speaker\na.wav,a,b\n".to_vec(),
            "two columns are called `Speaker`",
        ),
        (
            "variable.csv",
            b"path,speaker\n$VOX/a.wav,a\n".to_vec(),
            "`$VOX/a.wav` begins with a variable",
        ),
        (
            "nan.csv",
            b"path,speaker,start_s,end_s\na.wav,a,NaN,NaN\n".to_vec(),
            "start_s `NaN`: expected a time",
        ),
        (
            "channel.csv",
            b"path,speaker,channel\na.wav,a,0\nb.wav,a,third\n".to_vec(),
            "channel `third`: expected a number from 0, A or B",
        ),
    ] {
        let error = read(name, &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let manifest = read(
        "offset.csv",
        b"path,speaker,offset,duration\na.wav,a,1e9,1\n",
    )
    .unwrap();
    assert!(manifest.utterances[0].location.part().is_some());
}

#[test]
fn faulty_rows_are_left_out_with_their_lines_or_refuse_their_table_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let mut text = "path,speaker,gender,start_s,end_s\n".to_owned();
    for row in 0..20 {
        let (gender, end) = match row {
            3 => ("x", "2"),
            5..=16 => ("f", "0.5"),
            _ => ("f", "2"),
        };
        text += &format!("{row}.wav,s{},{gender},1,{end}\n", row % 2);
    }
    fs::write(&path, &text).unwrap();
    let options = ReadOptions {
        faulty: FaultyRows::LeaveOut,
        ..ReadOptions::default()
    };
    let manifest = Manifest::read_with(&path, &options).unwrap();
    let ids: Vec<&str> = manifest.utterances.iter().map(|u| u.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "0.wav", "1.wav", "17.wav", "18.wav", "19.wav", "2.wav", "4.wav"
        ]
    );
    let lines: Vec<_> = manifest
        .faulty
        .iter()
        .map(|one| one.line.unwrap())
        .collect();
    assert_eq!(lines, [5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
    let said = manifest.faulty_rows().unwrap();
    assert!(said.starts_with("13 rows of "), "{said}");
    // One of its kind, five of another, and one line for the seven others.
    assert_eq!(said.lines().count(), 1 + 1 + 5 + 1, "{said}");
    assert!(
        said.ends_with("… and 7 more like these, in lines 12, 13, 14, 15, 16, 17, 18"),
        "{said}"
    );
    let error = Manifest::read(&path, None).unwrap_err().to_string();
    for part in [
        "t.csv:5: gender `x`",
        "t.csv:7: from 1 to 0.5 s",
        "in lines 12, ",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // Nothing but faulty rows, a quote that takes the rest with it, and one recording of two speakers refuse a table.
    for text in [
        "path,speaker,start_s,end_s\na.wav,s,2,1\n",
        "path,speaker\na.wav,s\n\"b.wav,s\nc.wav,t\n",
        "path,speaker\na.wav,s\na.wav,t\nb.wav,u\n",
    ] {
        fs::write(&path, text).unwrap();
        assert!(Manifest::read_with(&path, &options).is_err(), "{text}");
    }
}

#[test]
fn samples_are_of_the_rate_that_the_first_packet_of_a_file_has() {
    let Some(mut ffmpeg) = testing::program("ffmpeg", "-version") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let noise = "anoisesrc=r=44100:d=3:a=0.3:seed=1";
    let mut arguments: Vec<String> = ["-v", "error", "-f", "lavfi", "-i", noise]
        .map(str::to_owned)
        .to_vec();
    let rates = [
        ("a.mp3", 22_050),
        ("b.ogg", 44_100),
        ("c.m4a", 32_000),
        ("d.aiff", 8_000),
    ];
    for (name, rate) in rates {
        arguments.extend([
            "-ar".to_owned(),
            rate.to_string(),
            "-ac".to_owned(),
            "2".to_owned(),
        ]);
        if name == "b.ogg" {
            arguments.extend(["-c:a".to_owned(), "libvorbis".to_owned()]);
        }
        arguments.push(place(name).display().to_string());
    }
    assert!(ffmpeg.args(&arguments).status().unwrap().success());
    let mut table = "path,speaker,start_sample,end_sample\n".to_owned();
    for (name, rate) in rates {
        table += &format!("{name},s,{rate},{}\n", 2 * rate);
    }
    fs::write(place("t.csv"), table).unwrap();
    let manifest = Manifest::read(&place("t.csv"), None).unwrap();
    assert_eq!(manifest.utterances.len(), 4);
    for utterance in &manifest.utterances {
        assert_eq!(
            utterance.location.part(),
            Cut::new(1.0, 2.0),
            "{}",
            utterance.id
        );
        let recording = utterance.location.read(16_000).unwrap();
        assert_eq!(recording.waveform.samples.len(), 16_000, "{}", utterance.id);
    }
    // What has no rate is refused, what is not there is taken at the usual rate and said.
    fs::write(place("x.mp3"), "no sound").unwrap();
    fs::write(
        place("t.csv"),
        "path,speaker,start_sample,end_sample\nx.mp3,s,1,2\n",
    )
    .unwrap();
    let error = Manifest::read(&place("t.csv"), None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the file's rate is not to be had"),
        "{error}"
    );
    fs::write(
        place("t.csv"),
        "path,speaker,start_sample,end_sample\nabsent.mp3,s,0,16000\n",
    )
    .unwrap();
    let manifest = Manifest::read(&place("t.csv"), None).unwrap();
    assert!(
        manifest.notes[0]
            .to_string()
            .contains("samples of 1 row are taken to be of 16000 Hz"),
        "{:?}",
        manifest.notes
    );
    // Parts beyond the end are found in every format when they are read, however their end is given.
    for (name, _) in rates {
        for (columns, values) in [
            ("start_s,end_s", "2,5"),
            ("stop_s", "5"),
            ("offset,duration", "1,4"),
        ] {
            let text = format!("path,speaker,{columns}\n{name},s,{values}\n");
            fs::write(place("t.csv"), text).unwrap();
            let manifest = Manifest::read(&place("t.csv"), None).unwrap();
            let error = manifest.utterances[0].location.read(16_000).unwrap_err();
            assert!(
                error.to_string().contains("does not lie in"),
                "{name} {columns}: {error}"
            );
        }
    }
    // A channel counted from 1 is known by the number of channels of any format.
    fs::write(
        place("t.csv"),
        "path,speaker,channel\na.mp3,s,1\na.mp3,t,2\n",
    )
    .unwrap();
    let manifest = Manifest::read(&place("t.csv"), None).unwrap();
    let channels: Vec<_> = manifest
        .utterances
        .iter()
        .map(|u| u.location.one_channel())
        .collect();
    assert_eq!(channels, [Some(0), Some(1)]);
}

#[test]
fn a_table_of_standard_input_is_read_like_a_file_and_starts_from_where_one_is() {
    let text = b"path,speaker\na/1.wav,ann\nb/1.wav,bob\n";
    let options = ReadOptions {
        standard_input: Some(text),
        ..ReadOptions::default()
    };
    let dash = Path::new("-");
    for manifest in [
        Manifest::read_with(dash, &options).unwrap(),
        Manifest::open_with(dash, None, &options).unwrap(),
    ] {
        assert_eq!(manifest.utterances[0].location, Location::from("a/1.wav"));
        assert_eq!(manifest.speakers(), ["ann", "bob"]);
    }
    let manifest = Manifest::open_with(Path::new("root"), Some(dash), &options).unwrap();
    assert_eq!(
        manifest.utterances[0].location,
        Location::from("root/a/1.wav")
    );
    let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzipped, text).unwrap();
    let gzipped = gzipped.finish().unwrap();
    let packed = ReadOptions {
        standard_input: Some(&gzipped),
        ..options
    };
    assert_eq!(
        Manifest::read_with(dash, &packed).unwrap(),
        Manifest::read_with(dash, &options).unwrap()
    );
    let parquet = fs::read(golden("datasets_label.parquet")).unwrap();
    let refused = ReadOptions {
        standard_input: Some(&parquet),
        ..options
    };
    let error = Manifest::read_with(dash, &refused).unwrap_err();
    assert!(
        error.to_string().contains("only files can be read"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_shorter_than_its_table_says_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    let row = |name: &str, seconds: f64| {
        let file = golden("audio").join(format!("{name}.flac"));
        format!(
            "{{\"audio_filepath\": \"{}\", \"duration\": {seconds}, \"label\": \"s\"}}\n",
            file.display()
        )
    };
    // All are of 0.6 s.
    fs::write(
        &path,
        row("v01-0", 0.6) + &row("v01-1", 2.0) + &row("v02-2", 0.61),
    )
    .unwrap();
    let manifest = Manifest::read(&path, None).unwrap();
    assert!(manifest.utterances.iter().all(|u| u.location.is_whole()));
    let notes: Vec<String> = manifest.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("1 file is shorter than the table says, such as"),
        "{notes:?}"
    );
    assert!(
        notes[0].contains("in line 2: 2 s stated, 0.60 s there"),
        "{notes:?}"
    );
}
