//! Recordings wherever they are: parts, channels, stores, memory.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use audio_features::{AUDIO_EXTENSIONS, read_recording};
use speech_data::store::{Pack, SourceFault, Store, StoreEncoding, StoreItem, StoreSettings, pack};
use speech_data::{Cut, DataError, Location, Manifest, Reader, Root, ValidateOptions};

const RATE_HZ: u32 = 16_000;

/// Stereo samples of 16 bits, `[frames * 2]`: a noise on the left, its negative half on the right.
fn samples(seconds: f64) -> Vec<i16> {
    let mut state = 1u32;
    let frames = (seconds * f64::from(RATE_HZ)) as usize;
    let left = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16 as i16 & !1
    });
    left.take(frames).flat_map(|v| [v, -(v / 2)]).collect()
}

fn wav(seconds: f64) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples(seconds) {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn heard(location: &Location) -> Vec<f32> {
    location.read(RATE_HZ).unwrap().waveform.samples
}

fn cut(start_s: f64, end_s: f64) -> Cut {
    Cut::new(start_s, end_s).unwrap()
}

fn store(folder: &Path, names: &[&str], encoding: StoreEncoding) -> Arc<Store> {
    let items: Vec<StoreItem> = names
        .iter()
        .map(|name| StoreItem::new(*name, name.split('/').next().unwrap()).column("split", "train"))
        .collect();
    let settings = StoreSettings {
        encoding,
        ..StoreSettings::default()
    };
    let job = Pack {
        settings,
        part: None,
        items: &items,
    };
    let read = |_| Ok::<_, SourceFault>(wav(1.0));
    pack(folder, &job, &read, &|_| {}).unwrap();
    Arc::new(Store::open(folder).unwrap())
}

#[test]
fn a_part_has_the_samples_between_its_times_and_a_channel_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    put(&path, &wav(1.0));
    let frames: Vec<[f32; 2]> = samples(1.0)
        .chunks_exact(2)
        .map(|pair| [0, 1].map(|channel| f32::from(pair[channel]) / 32_768.0))
        .collect();
    let mean = |frames: &[[f32; 2]]| -> Vec<f32> {
        frames
            .iter()
            .map(|[left, right]| (left + right) / 2.0)
            .collect()
    };
    let whole = Location::from(path.as_path());
    assert_eq!(heard(&whole), mean(&frames));
    assert_eq!(
        heard(&whole.clone().cut(cut(0.25, 0.5))),
        mean(&frames[4_000..8_000])
    );
    let right = whole.channel(1);
    let expected: Vec<f32> = frames.iter().map(|frame| frame[1]).collect();
    assert_eq!(heard(&right), expected);
    assert_eq!(heard(&right.cut(cut(0.25, 0.5))), expected[4_000..8_000]);
    let stereo = Location::from(path.as_path());
    assert_eq!(stereo.num_channels().unwrap(), 2);
    for third in [
        stereo.clone().channel(2),
        stereo.channel(2).cut(cut(0.25, 0.5)),
        Location::memory("standard input", wav(1.0)).channel(2),
    ] {
        assert!(matches!(
            third.read(RATE_HZ),
            Err(DataError::NoSuchChannel {
                channel: 2,
                num_channels: 2,
                ..
            })
        ));
    }
}

#[test]
fn the_same_audio_is_heard_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    put(&path, &wav(1.0));
    let file = Location::from(path);
    let memory = Location::memory("standard input", wav(1.0));
    let expected = heard(&file);
    for encoding in StoreEncoding::ALL {
        let store = store(
            &folder.path().join(encoding.name()),
            &["ann/1.wav"],
            encoding,
        );
        let stored = Location::stored(&store, "ann/1.wav");
        let part = cut(0.3, 0.75);
        // A store of 16 bits rounds the mean of two channels.
        let exact = encoding == StoreEncoding::Original;
        for (there, here) in [
            (heard(&stored), &expected),
            (
                heard(&stored.clone().cut(part)),
                &heard(&file.clone().cut(part)),
            ),
        ] {
            let differs = there.iter().zip(here).map(|(a, b)| (a - b).abs());
            let most = differs.fold(0.0, f32::max);
            assert_eq!(there.len(), here.len(), "{encoding}");
            assert!(
                most <= if exact { 0.0 } else { 1.0 / 65_536.0 },
                "{encoding} {most}"
            );
        }
    }
    assert_eq!(heard(&memory), expected);
    assert_eq!(
        heard(&memory.cut(cut(0.3, 0.75))),
        heard(&file.cut(cut(0.3, 0.75)))
    );
}

#[test]
fn a_recording_is_decoded_once_for_all_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    put(&path, &wav(1.0));
    let reader = Reader::default();
    let location = Location::from(path.as_path());
    let first = reader
        .read(&location.clone().cut(cut(0.0, 0.1)), RATE_HZ)
        .unwrap();
    fs::remove_file(&path).unwrap();
    let again = reader
        .read(&location.clone().cut(cut(0.0, 0.1)), RATE_HZ)
        .unwrap();
    assert_eq!(first.waveform, again.waveform);
    assert!(
        reader.read(&location, RATE_HZ).is_err(),
        "a whole file is not kept"
    );
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    put(&path, &wav(1.0));
    let file = Location::from(path);
    let store = store(
        &folder.path().join("store"),
        &["ann/1.wav"],
        StoreEncoding::Pcm,
    );
    let error = |location: Location| location.read(RATE_HZ).unwrap_err();
    for (error, expected) in [
        (
            error(file.clone().cut(cut(0.5, 1.2))),
            "from 0.5 to 1.2 s does not lie in",
        ),
        (
            error(file.clone().channel(2)),
            "has 2 channels, and channel 2",
        ),
        (
            error(Location::stored(&store, "bob/1.wav")),
            "`bob/1.wav` is not in the store",
        ),
        (error(folder.path().join("b.wav").into()), "b.wav"),
    ] {
        assert!(
            error.to_string().contains(expected),
            "{expected} is not in {error}"
        );
    }
    let names = |error: DataError| error.to_string().contains("a.wav");
    assert!(names(error(file.channel(7))));
}

#[test]
fn folders_find_every_kind_of_file_that_is_embedded() {
    let folder = tempfile::tempdir().unwrap();
    for ending in AUDIO_EXTENSIONS {
        put(&folder.path().join(format!("ann/{ending}.{ending}")), b"x");
        put(
            &folder
                .path()
                .join(format!("bob/{ending}.{}", ending.to_uppercase())),
            b"x",
        );
    }
    put(&folder.path().join("ann/notes.txt"), b"x");
    put(&folder.path().join("ann/._wav.wav"), b"x");
    let manifest = Manifest::read(folder.path(), None).unwrap();
    assert_eq!(manifest.utterances.len(), 2 * AUDIO_EXTENSIONS.len());
}

#[test]
fn segments_of_a_kaldi_directory_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    put(&path, &wav(1.0));
    put(&folder.path().join("wav.scp"), b"call call.wav\n");
    put(&folder.path().join("utt2spk"), b"ann-1 ann\nbob-1 bob\n");
    put(
        &folder.path().join("segments"),
        b"ann-1 call 0 0.25\nbob-1 call 0.25 0.5\n",
    );
    let manifest = Manifest::read(folder.path(), None).unwrap();
    assert!(manifest.validate(&ValidateOptions::default()).is_ok());
    let whole = read_recording(&path, RATE_HZ).unwrap().waveform.samples;
    let found: Vec<Vec<f32>> = manifest
        .utterances
        .iter()
        .map(|u| heard(&u.location))
        .collect();
    assert_eq!(found, [&whole[..4_000], &whole[4_000..8_000]]);
}

#[test]
fn rows_with_bounds_are_parts_and_several_of_one_file_have_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = "path,speaker,start_s,end_s\na.wav,ann,0,1.5\na.wav,bob,1.5,3\nb.wav,ann,0.5,2\nc.wav,eve,-,-\n";
    let nemo = "{\"audio_filepath\": \"a.wav\", \"label\": \"ann\", \"offset\": 0, \"duration\": 1.5}\n\
                {\"audio_filepath\": \"a.wav\", \"label\": \"bob\", \"offset\": 1.5, \"duration\": 1.5}\n\
                {\"audio_filepath\": \"b.wav\", \"label\": \"ann\", \"offset\": 0.5, \"duration\": 1.5}\n\
                {\"audio_filepath\": \"c.wav\", \"label\": \"eve\"}\n";
    put(&folder.path().join("bounds.csv"), bounds.as_bytes());
    put(&folder.path().join("nemo.json"), nemo.as_bytes());
    for name in ["bounds.csv", "nemo.json"] {
        let manifest = Manifest::read(&folder.path().join(name), None).unwrap();
        let bounds = |cut: Cut| (cut.start_s(), cut.end_s());
        let found: Vec<(&str, Option<(f64, f64)>)> = manifest
            .utterances
            .iter()
            .map(|u| (u.id.as_str(), u.location.part().map(bounds)))
            .collect();
        let expected = [
            ("a.wav#t=0,1.5", Some((0.0, 1.5))),
            ("a.wav#t=1.5,3", Some((1.5, 3.0))),
            ("b.wav", Some((0.5, 2.0))),
            ("c.wav", None),
        ];
        assert_eq!(found, expected, "{name}");
    }
    put(
        &folder.path().join("bad.csv"),
        b"path,speaker,start_s,end_s\na.wav,ann,2,1\n",
    );
    let error = Manifest::read(&folder.path().join("bad.csv"), None).unwrap_err();
    assert!(
        error.to_string().contains("bad.csv:2: from 2 to 1 s"),
        "{error}"
    );
}

/// Samples of one channel of the file that `wav` makes.
fn one_channel(bytes: &[u8], channel: usize) -> Vec<f32> {
    let all = audio_features::decode_channels(bytes.to_vec(), "x.wav").unwrap();
    all.samples.chunks(2).map(|frame| frame[channel]).collect()
}

#[test]
fn channels_that_a_table_or_kaldi_names_are_recordings_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (stereo, mono) = (wav(0.5), folder.path().join("mono.wav"));
    put(&folder.path().join("call.wav"), &stereo);
    hound::WavWriter::create(
        &mono,
        hound::WavSpec {
            channels: 1,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        },
    )
    .and_then(|mut writer| {
        samples(0.5)
            .iter()
            .step_by(2)
            .try_for_each(|sample| writer.write_sample(*sample))?;
        writer.finalize()
    })
    .unwrap();
    let channels = [one_channel(&stereo, 0), one_channel(&stereo, 1)];
    for (first, second) in [("0", "1"), ("1", "2"), ("A", "B"), ("left", "right")] {
        let table = format!("path,speaker,channel\ncall.wav,ann,{first}\ncall.wav,bob,{second}\n");
        put(&folder.path().join("t.csv"), table.as_bytes());
        let manifest = Manifest::read(&folder.path().join("t.csv"), None).unwrap();
        let found: Vec<(&str, Vec<f32>)> = manifest
            .utterances
            .iter()
            .map(|u| (u.id.as_str(), heard(&u.location)))
            .collect();
        let expected = [
            ("call.wav#channel=0", channels[0].clone()),
            ("call.wav#channel=1", channels[1].clone()),
        ];
        assert_eq!(found, expected, "{first} {second}");
    }
    // A broadcaster's number is no channel of a file.
    put(
        &folder.path().join("t.csv"),
        b"path,speaker,channel\ncall.wav,ann,7\nmono.wav,bob,12\n",
    );
    let manifest = Manifest::read(&folder.path().join("t.csv"), None).unwrap();
    assert!(manifest.utterances.iter().all(|u| u.location.is_whole()));
    assert!(
        manifest.notes[0]
            .to_string()
            .contains("`channel` names no channel that the files have")
    );

    put(
        &folder.path().join("wav.scp"),
        b"call-A call.wav\ncall-B call.wav\nmono-B mono.wav\n",
    );
    put(
        &folder.path().join("utt2spk"),
        b"call-A ann\ncall-B bob\nmono-B eve\n",
    );
    put(
        &folder.path().join("reco2file_and_channel"),
        b"call-A call A\ncall-B call B\nmono-B mono B\n",
    );
    let all_heard = || -> Vec<Vec<f32>> {
        let manifest = Manifest::read(folder.path(), None).unwrap();
        let utterances = manifest.utterances.iter();
        utterances.map(|u| heard(&u.location)).collect()
    };
    let found = all_heard();
    let expected = [
        channels[0].clone(),
        channels[1].clone(),
        channels[0].clone(),
    ];
    assert_eq!(found, expected);
    put(
        &folder.path().join("segments"),
        b"call-A call-A 0.25 -1\ncall-B call-B 0 0.25 2\nmono-B mono-B 0 0.25\n",
    );
    let found = all_heard();
    let expected = [
        &channels[0][4_000..],
        &channels[1][..4_000],
        &channels[0][..4_000],
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_stores_utterances_are_in_the_store_whoever_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    store(&path, &["ann/1.wav", "bob/1.wav"], StoreEncoding::Pcm);
    let table = folder.path().join("split.tsv");
    put(&table, b"path\tspeaker\nbob/1.wav\tbob\neve/1.wav\teve\n");
    let root = Root::open(&path).unwrap();
    let own = Manifest::of_root(&root, None).unwrap();
    assert_eq!(own.utterances[0].split.as_deref(), Some("train"));
    assert_eq!(own.utterances[1].location, root.locate("bob/1.wav"));
    assert_eq!(heard(&own.utterances[1].location).len(), 16_000);
    let listed = Manifest::of_root(&root, Some(&table)).unwrap();
    assert_eq!(listed.utterances[0].location, root.locate("bob/1.wav"));
    let report = listed.validate(&ValidateOptions::default()).to_string();
    assert!(
        report.contains("`eve/1.wav` is not in the store"),
        "{report}"
    );
    // A folder, on the other hand, has files.
    let folder = Root::open(folder.path()).unwrap();
    assert_eq!(
        folder.locate("a.wav").file().unwrap(),
        folder.path().join("a.wav")
    );
}
