//! The packed store: what goes in comes out, whatever happens in between.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::io::Write;
use std::path::{Path, PathBuf};

use audio_features::decode_recording;
use speech_data::store::{
    Pack, PackSource, Part, Retry, SourceFault, Store, StoreEncoding, StoreError, StoreItem,
    StoreSettings, StoreSummary, merge, pack, pack_from,
};

/// A noise of its own for every number; number 5 is not audio.
fn wav(number: usize) -> Result<Vec<u8>, SourceFault> {
    if number == 5 {
        return Ok(b"no audio at all".to_vec());
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    let mut state = number as u32 + 1;
    for _ in 0..2_000 + 37 * number {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writer.write_sample((state >> 16) as u16 as i16).unwrap();
    }
    writer.finalize().unwrap();
    Ok(bytes.into_inner())
}

fn items() -> Vec<StoreItem> {
    (0..40)
        .map(|number| {
            let speaker = format!("id{:02}", number / 4);
            let item = StoreItem::new(format!("{speaker}/{number:03}.wav"), speaker)
                .session(format!("video {}", number / 2))
                .column("corpus", "noise");
            match number % 3 {
                0 => item.column("gender", "f"),
                _ => item,
            }
        })
        .collect()
}

/// Shards so small that there are several.
fn settings(encoding: StoreEncoding) -> StoreSettings {
    StoreSettings {
        encoding,
        shard_bytes: 50_000,
        ..StoreSettings::default()
    }
}

fn make(out: &Path, encoding: StoreEncoding, part: Option<Part>) -> StoreSummary {
    let items = items();
    let job = Pack {
        settings: settings(encoding),
        part,
        items: &items,
    };
    pack(out, &job, &wav, &|_| {}).unwrap()
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.file_name().into(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn samples_and_facts_come_out_as_they_went_in() {
    let folder = tempfile::tempdir().unwrap();
    for encoding in StoreEncoding::ALL {
        let out = folder.path().join(encoding.name());
        let summary = make(&out, encoding, None);
        assert_eq!((summary.utterances, summary.failed), (39, 1));
        assert!(!summary.complete);
        assert_eq!(summary.missing[0].name, "id01/005.wav");
        let store = Store::open(&out).unwrap();
        assert_eq!(store.len(), 39);
        assert_eq!(store.find("id01/005.wav"), None);
        for (number, item) in items()
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != 5)
        {
            let index = store.find(&item.name).unwrap();
            let entry = store.entry(index).unwrap();
            assert_eq!(entry.speaker, &*item.speaker);
            assert_eq!(entry.session, item.session.as_deref());
            assert_eq!(entry.encoding, encoding);
            let gender = (number % 3 == 0).then_some("f");
            assert_eq!(store.column(index, "gender").unwrap(), gender);
            assert_eq!(store.column(index, "corpus").unwrap(), Some("noise"));
            let file = decode_recording(wav(number).unwrap(), "file", 16_000).unwrap();
            let stored = store.recording(index, 16_000).unwrap();
            assert_eq!(stored.waveform, file.waveform);
            let mut range = Vec::new();
            store.read(index, 100..1_100, &mut range).unwrap();
            assert_eq!(range, file.waveform.samples[100..1_100]);
            assert_eq!(entry.num_samples, file.waveform.samples.len() as u64);
            let error = store.read(index, 0..entry.num_samples + 1, &mut range);
            assert!(matches!(error, Err(StoreError::Range { .. })));
        }
    }
}

#[test]
fn what_is_odd_about_a_recording_is_told_of_a_stored_one_too() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    // Clipped above and not below, which moves the mean too.
    for index in 0..16_000 {
        let wave = 60_000.0 * (f64::from(index) * 0.05).sin() + 20_000.0;
        writer
            .write_sample(wave.clamp(-20_000.0, 32_767.0) as i16)
            .unwrap();
    }
    writer.finalize().unwrap();
    let clipped = bytes.into_inner();
    let file = decode_recording(clipped.clone(), "file", 16_000).unwrap();
    assert_eq!(file.warnings.len(), 2);
    let folder = tempfile::tempdir().unwrap();
    let items = [StoreItem::new("a/1.wav", "a")];
    for encoding in StoreEncoding::ALL {
        let out = folder.path().join(encoding.name());
        let job = Pack {
            settings: settings(encoding),
            part: None,
            items: &items,
        };
        pack(&out, &job, &|_| Ok(clipped.clone()), &|_| {}).unwrap();
        let stored = Store::open(&out).unwrap().recording(0, 16_000).unwrap();
        assert_eq!(stored.warnings, file.warnings);
    }
}

#[test]
fn an_interrupted_store_with_torn_ends_becomes_the_undisturbed_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    make(&whole, StoreEncoding::Pcm, None);
    let items = items();
    // One item in hand at a time, so that every item is a place to stop at.
    let mut large = items.clone();
    large
        .iter_mut()
        .for_each(|item| item.source_bytes = 1 << 30);
    let job = Pack {
        settings: settings(StoreEncoding::Pcm),
        part: None,
        items: &large,
    };
    for stop in [0, 1, 6, 17, 39] {
        let out = folder.path().join(format!("stopped at {stop}"));
        let read = |index: usize| match index == stop {
            true => Err(SourceFault::Lost("the disk is gone".to_owned())),
            false => wav(index),
        };
        let error = pack(&out, &job, &read, &|_| {}).unwrap_err();
        assert!(matches!(&error, StoreError::SourceLost { name, .. } if *name == items[stop].name));
        let error = Store::open(&out).unwrap_err();
        assert!(
            matches!(error, StoreError::Unfinished { planned: 40, .. }),
            "{error}"
        );
        for (name, _) in files(&out) {
            let mut file = std::fs::File::options()
                .append(true)
                .open(out.join(&name))
                .unwrap();
            file.write_all(b"01234567 {\"name\":\"to").unwrap();
        }
        // As a kill just before an index has its name leaves it.
        std::fs::write(out.join(".unfinished-Yz0a1b"), b"SIAMSTOR").unwrap();
        pack(&out, &job, &wav, &|_| {}).unwrap();
        assert_eq!(files(&out), files(&whole), "stopped at {stop}");
    }
}

#[test]
fn merged_parts_are_the_whole_and_wrong_sets_of_parts_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    make(&path("whole"), StoreEncoding::Flac, None);
    let parts: Vec<PathBuf> = (1..=3)
        .map(|index| {
            let out = path(&format!("part {index}"));
            make(&out, StoreEncoding::Flac, Some(Part { index, of: 3 }));
            out
        })
        .collect();
    let merged = |parts: &[&Path]| {
        let parts: Vec<PathBuf> = parts.iter().map(|path| path.to_path_buf()).collect();
        merge(&path("merged"), &parts, &|_| {}).map_err(|error| error.to_string())
    };
    let (a, b, c) = (&*parts[0], &*parts[1], &*parts[2]);
    let error = merged(&[a, c]).unwrap_err();
    assert!(error.contains("missing: part 2/3"), "{error}");
    let error = merged(&[a, b, c, b]).unwrap_err();
    assert!(error.contains("part 2/3 is there twice"), "{error}");
    let error = merged(&[a, b, &path("whole")]).unwrap_err();
    assert!(error.contains("whole` is not a part"), "{error}");
    let other = path("other");
    make(&other, StoreEncoding::Pcm, Some(Part { index: 3, of: 3 }));
    let error = merged(&[a, b, &other]).unwrap_err();
    assert!(error.contains("other` was made from other"), "{error}");
    merged(&[c, a, b]).unwrap();
    assert_eq!(files(&path("merged")), files(&path("whole")));
}

#[test]
fn another_plan_does_not_go_into_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("store");
    make(&out, StoreEncoding::Pcm, None);
    let items = items();
    let job = Pack {
        settings: settings(StoreEncoding::Pcm),
        part: None,
        items: &items[1..],
    };
    let error = pack(&out, &job, &wav, &|_| {}).unwrap_err();
    assert!(matches!(error, StoreError::OtherPlan { .. }), "{error}");
    let twice = [items[1].clone(), items[1].clone()];
    let job = Pack {
        items: &twice,
        ..job
    };
    let error = pack(&folder.path().join("new"), &job, &wav, &|_| {}).unwrap_err();
    assert!(matches!(error, StoreError::Order { .. }), "{error}");
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/thesis.txt"), b"dear to me").unwrap();
    let job = Pack {
        items: &items,
        ..job
    };
    let error = pack(&folder.path().join("mine"), &job, &wav, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("thesis.txt"), "{error}");
}

#[test]
fn every_flipped_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("store");
    make(&out, StoreEncoding::Pcm, None);
    let index = std::fs::read(out.join("index.bin")).unwrap();
    for at in (0..index.len()).step_by(41) {
        let mut changed = index.clone();
        changed[at] ^= 0x10;
        std::fs::write(out.join("index.bin"), changed).unwrap();
        assert!(Store::open(&out).is_err(), "byte {at}");
    }
    std::fs::write(out.join("index.bin"), &index[..index.len() - 1]).unwrap();
    assert!(Store::open(&out).is_err());
    std::fs::write(out.join("index.bin"), &index).unwrap();
    let shard = out.join("shard-00000.audio");
    let mut audio = std::fs::read(&shard).unwrap();
    audio[1_000] ^= 1;
    std::fs::write(&shard, &audio).unwrap();
    let store = Store::open(&out).unwrap();
    let error = store.recording(0, 16_000).unwrap_err().to_string();
    assert!(
        error.contains("id00/000.wav") && error.contains("shard-00000"),
        "{error}"
    );
    assert!(store.recording(1, 16_000).is_ok());
    drop(store);
    std::fs::write(&shard, &audio[1..]).unwrap();
    assert!(matches!(Store::open(&out), Err(StoreError::Damaged { .. })));
}

/// What ffmpeg makes of a file: 16-bit samples.
fn samples(mut ffmpeg: std::process::Command, file: &Path) -> Vec<u8> {
    let output = ffmpeg
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(file)
        .args(["-f", "s16le", "-"])
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn ffmpeg_decodes_the_flac_of_a_store_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (pcm, flac) = (folder.path().join("pcm"), folder.path().join("flac"));
    make(&pcm, StoreEncoding::Pcm, None);
    make(&flac, StoreEncoding::Flac, None);
    let (pcm, flac) = (Store::open(&pcm).unwrap(), Store::open(&flac).unwrap());
    for index in (0..flac.len()).step_by(7) {
        let file = folder.path().join("one.flac");
        std::fs::write(&file, flac.payload(index).unwrap()).unwrap();
        let Some(ffmpeg) = testing::program("ffmpeg", "-version") else {
            return;
        };
        assert_eq!(
            samples(ffmpeg, &file),
            pcm.payload(index).unwrap(),
            "utterance {index}"
        );
    }
}

/// What a source has of each item, and what it says of changes.
struct Shelf {
    /// Items that are damaged, and reads after which the disk is gone.
    damaged: Vec<usize>,
    lost_after: Option<usize>,
    stamp: &'static str,
    reads: std::sync::atomic::AtomicUsize,
}

impl PackSource for Shelf {
    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        let reads = self
            .reads
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.lost_after.is_some_and(|most| reads >= most) {
            return Err(SourceFault::Lost("the disk is gone".to_owned()));
        }
        match self.damaged.contains(&index) {
            true => Err(SourceFault::Damaged("it is damaged".to_owned())),
            false => wav(index),
        }
    }

    fn stamp(&self, _: usize) -> Option<String> {
        Some(self.stamp.to_owned())
    }
}

/// At every moment there is a whole store: the old one, until the repaired one takes its place.
#[test]
fn a_repair_that_is_interrupted_leaves_the_old_store_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (out, whole) = (folder.path().join("store"), folder.path().join("whole"));
    let items = items();
    let job = Pack {
        settings: settings(StoreEncoding::Pcm),
        part: None,
        items: &items,
    };
    let shelf = |damaged: &[usize], lost_after, stamp| Shelf {
        damaged: damaged.to_vec(),
        lost_after,
        stamp,
        reads: std::sync::atomic::AtomicUsize::new(0),
    };
    let run = |shelf: &Shelf| pack_from(&out, &job, shelf, Retry::Changed, &|_| {});
    let first = run(&shelf(&[3, 30], None, "old")).unwrap();
    // Number 5 is no audio, whatever is done.
    assert_eq!(first.failed, 3);
    // Tried, two can be had; then the disk is gone before they are written.
    let error = run(&shelf(&[], Some(3), "new")).unwrap_err();
    assert!(matches!(error, StoreError::SourceLost { .. }), "{error}");
    assert_eq!(Store::open(&out).unwrap().summary(), &first);
    let repaired = run(&shelf(&[], None, "new")).unwrap();
    assert_eq!((repaired.utterances, repaired.failed), (39, 1));
    let undisturbed = pack(&whole, &job, &wav, &|_| {}).unwrap();
    assert_eq!(repaired.checksum, undisturbed.checksum);
    let shards = |store: &Path| {
        let mut files = files(store);
        files.retain(|(name, _)| name.to_string_lossy() != "store.json");
        files
    };
    assert_eq!(shards(&out), shards(&whole));
    // The exchange itself may be interrupted between its two steps.
    let before = folder.path().join("store.before-repair");
    std::fs::rename(&out, &before).unwrap();
    let again = run(&shelf(&[], None, "new")).unwrap();
    assert_eq!(
        (again.checksum, again.missing),
        (repaired.checksum, repaired.missing)
    );
    assert!(!before.exists());
    let shown = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(shown, 2);
}

#[test]
fn what_failed_is_read_again_only_where_its_source_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("store");
    let items = items();
    let job = Pack {
        settings: settings(StoreEncoding::Pcm),
        part: None,
        items: &items,
    };
    let reads = |stamp, retry| {
        let shelf = Shelf {
            damaged: vec![5, 6],
            lost_after: None,
            stamp,
            reads: std::sync::atomic::AtomicUsize::new(0),
        };
        let summary = pack_from(&out, &job, &shelf, retry, &|_| {}).unwrap();
        assert_eq!(summary.failed, 2);
        shelf.reads.into_inner()
    };
    assert_eq!(reads("one", Retry::Changed), 40);
    assert_eq!(reads("one", Retry::Changed), 0);
    assert_eq!(reads("two", Retry::Changed), 2);
    // The new state is remembered.
    assert_eq!(reads("two", Retry::Changed), 0);
    assert_eq!(reads("two", Retry::All), 2);
}
