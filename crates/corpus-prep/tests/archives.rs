//! Archives as people have them: repaired, changing, split by hand, with parts in the wrong place, and of other corpora.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use corpus_prep::{
    CorpusKind, CorpusPlan, PackPlan, PrepError, VoxcelebPlan, VoxcelebSources, merge_stores,
    read_corpus, read_source,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use speech_data::store::{Retry, Store, StoreSettings, StoreSummary};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Files of an archive by their names.
type Entries = Vec<(String, Vec<u8>)>;

fn vox1(count: u32) -> Entries {
    (0..count)
        .map(|n| {
            let name = format!("wav/id{}/x6uYqmx31kE/{n:05}.wav", 10_001 + n / 10);
            (name, common::wav(n))
        })
        .collect()
}

fn zip(entries: &Entries) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        archive.start_file(name.as_str(), stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// `vox1_dev_wav_partaa`, `…ab`, …
fn split(folder: &Path, archive: &[u8], parts: usize) -> Vec<PathBuf> {
    let pieces = archive.chunks(archive.len().div_ceil(parts));
    let paths = ('a'..).zip(pieces).map(|(letter, piece)| {
        let path = folder.join(format!("vox1_dev_wav_parta{letter}"));
        fs::write(&path, piece).unwrap();
        path
    });
    paths.collect()
}

fn plan(folder: &Path) -> Result<VoxcelebPlan, PrepError> {
    let sources = VoxcelebSources {
        vox1: Some(folder.to_owned()),
        vox2: None,
        limit_speakers: None,
        verify_parts: false,
    };
    VoxcelebPlan::make(&sources, &|_, _, _| {})
}

fn pack(plan: &dyn PackPlan, out: &Path, retry: Retry) -> StoreSummary {
    let settings = StoreSettings::default();
    plan.pack(out, &settings, None, retry, &|_| {}).unwrap()
}

fn files(store: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A byte of one recording is wrong at first, and then the archive is downloaded again.
#[test]
fn what_failed_is_tried_again_when_its_archive_has_changed_and_the_store_becomes_that_of_the_whole_archive()
 {
    let folder = tempfile::tempdir().unwrap();
    let good = zip(&vox1(20));
    let sound = common::wav(8);
    let at = good
        .windows(200)
        .position(|window| *window == sound[1_000..1_200])
        .unwrap();
    let mut bad = good.clone();
    bad[at] ^= 0xff;
    let path = folder.path().join("vox1_dev_wav.zip");
    fs::write(&path, &bad).unwrap();
    let out = folder.path().join("store");
    let first = pack(&plan(folder.path()).unwrap(), &out, Retry::Changed);
    assert_eq!((first.utterances, first.failed), (19, 1));
    fs::write(out.join("note.txt"), "mine").unwrap();
    // The same archive: nothing is done.
    let again = pack(&plan(folder.path()).unwrap(), &out, Retry::Changed);
    assert_eq!(again, first);
    // Asked to, what failed is tried, and fails for the same reason.
    let forced = pack(&plan(folder.path()).unwrap(), &out, Retry::All);
    assert_eq!((forced.failed, &forced.checksum), (1, &first.checksum));
    fs::write(&path, &good).unwrap();
    let repaired = pack(&plan(folder.path()).unwrap(), &out, Retry::Changed);
    assert_eq!(
        (repaired.utterances, repaired.failed, repaired.complete),
        (20, 0, true)
    );
    let whole = folder.path().join("whole");
    pack(&plan(folder.path()).unwrap(), &whole, Retry::Changed);
    assert_eq!(fs::read_to_string(out.join("note.txt")).unwrap(), "mine");
    fs::remove_file(out.join("note.txt")).unwrap();
    assert_eq!(files(&out), files(&whole));
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
    let store = Store::open(&out).unwrap();
    (0..store.len()).for_each(|row| store.verify(row).unwrap());
}

#[test]
fn a_repaired_file_of_a_tree_is_taken_too_and_one_that_is_still_bad_is_named_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in vox1(6) {
        common::put(folder.path(), &name, bytes);
    }
    for n in [2, 4] {
        let name = format!("wav/id10001/x6uYqmx31kE/{n:05}.wav");
        common::put(folder.path(), &name, "RIFF, or so it says");
    }
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("store");
    let first = pack(&plan(folder.path()).unwrap(), &out, Retry::Changed);
    assert_eq!(first.failed, 2);
    common::put(
        folder.path(),
        "wav/id10001/x6uYqmx31kE/00002.wav",
        common::wav(2),
    );
    let second = pack(&plan(folder.path()).unwrap(), &out, Retry::Changed);
    assert_eq!((second.utterances, second.failed), (5, 1));
    assert_eq!(second.missing[0].name, "id10001/x6uYqmx31kE/00004.wav");
}

#[test]
fn a_source_that_changes_after_it_was_looked_through_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vox1_dev_wav.zip");
    fs::write(&path, zip(&vox1(3))).unwrap();
    let plan_of_zip = plan(folder.path()).unwrap();
    assert!(plan_of_zip.changed().is_empty());
    let mut grown = fs::read(&path).unwrap();
    grown.push(0);
    fs::write(&path, grown).unwrap();
    let changed = plan_of_zip.changed();
    assert!(
        changed[0].contains("vox1_dev_wav.zip") && changed[0].contains("changed while"),
        "{changed:?}"
    );
    let tree = tempfile::tempdir().unwrap();
    for (name, bytes) in vox1(3) {
        common::put(tree.path(), &name, bytes);
    }
    let plan_of_tree = plan(tree.path()).unwrap();
    let longer = [common::wav(1), vec![0; 10]].concat();
    common::put(tree.path(), "wav/id10001/x6uYqmx31kE/00001.wav", longer);
    let out = tree.path().join("../store-of-tree");
    let place = tempfile::tempdir().unwrap();
    let summary = pack(&plan_of_tree, &place.path().join("store"), Retry::Changed);
    assert!(!out.exists());
    assert_eq!(summary.failed, 1);
    assert!(
        summary.missing[0].reason.contains("it is being written"),
        "{summary:?}"
    );
    assert!(plan_of_tree.changed()[0].contains("00001.wav"));
}

#[test]
fn a_part_in_the_wrong_place_a_copy_and_one_of_zeros_stop_at_once_and_are_named() {
    let archive = zip(&vox1(60));
    let fault = |change: &dyn Fn(&[PathBuf])| {
        let folder = tempfile::tempdir().unwrap();
        let parts = split(folder.path(), &archive, 4);
        assert!(
            plan(folder.path()).is_ok(),
            "parts of one's own splitting are as good as published ones"
        );
        change(&parts);
        let Err(error) = plan(folder.path()) else {
            panic!("it was taken")
        };
        assert!(matches!(error, PrepError::BadPart { .. }), "{error}");
        error.to_string()
    };
    let swapped = fault(&|parts| {
        let (one, two) = (fs::read(&parts[1]).unwrap(), fs::read(&parts[2]).unwrap());
        fs::write(&parts[1], two).unwrap();
        fs::write(&parts[2], one).unwrap();
    });
    assert!(
        swapped.contains("partab` is not this part") && swapped.contains("partac"),
        "{swapped}"
    );
    let doubled = fault(&|parts| {
        fs::copy(&parts[1], &parts[2]).unwrap();
    });
    assert!(
        doubled.contains("partac` is not this part")
            && doubled.contains("same bytes as `vox1_dev_wav_partab`"),
        "{doubled}"
    );
    let zeros = fault(&|parts| {
        let len = fs::metadata(&parts[1]).unwrap().len();
        fs::write(&parts[1], vec![0; len as usize]).unwrap();
    });
    assert!(
        zeros.contains("partab` is not this part") && zeros.contains("zeros"),
        "{zeros}"
    );
}

#[test]
fn a_doubled_entry_is_no_damaged_archive_and_what_is_no_utterance_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = vox1(4);
    entries.push((
        "wav/id10001/x6uYqmx31kE/0000X.wav".to_owned(),
        common::wav(99),
    ));
    entries.extend(["a.txt", "b.txt", "LICENSE"].map(|name| (name.to_owned(), b"text".to_vec())));
    let mut archive = zip(&entries);
    // The writer refuses equal names; a name of the same length in their place makes them.
    let (from, to) = (b"0000X.wav", b"00001.wav");
    while let Some(at) = archive.windows(9).position(|window| window == from) {
        archive[at..at + 9].copy_from_slice(to);
    }
    fs::write(folder.path().join("vox1_dev_wav.zip"), archive).unwrap();
    let plan = plan(folder.path()).unwrap();
    assert_eq!(plan.items().len(), 4);
    let warnings = plan.warnings().join("\n");
    assert!(warnings.contains("one name"), "{warnings}");
    let notes = plan.notes().join("\n");
    assert!(
        notes.contains("3 entries of `vox1_dev_wav.zip` are no utterances"),
        "{notes}"
    );
    assert!(
        notes.contains("2 .txt (first: `a.txt`)") && notes.contains("1 without an ending"),
        "{notes}"
    );
}

#[test]
fn a_converted_copy_beside_a_recording_is_not_a_second_utterance() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..3 {
        for ending in ["m4a", "wav"] {
            let name = format!("dev/aac/id00012/21Uxsk56VDQ/{n:05}.{ending}");
            common::put(folder.path(), &name, common::wav(n));
        }
    }
    let sources = VoxcelebSources {
        vox2: Some(folder.path().to_owned()),
        ..VoxcelebSources::default()
    };
    let plan = VoxcelebPlan::make(&sources, &|_, _, _| {}).unwrap();
    let names: Vec<&str> = plan.items().iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.ends_with(".m4a")), "{names:?}");
    let notes = plan.notes().join("\n");
    assert!(
        notes.contains("3 recordings are there as .m4a and as .wav: the .m4a is taken"),
        "{notes}"
    );
}

#[test]
fn fewer_parts_than_were_published_are_not_missing_where_their_own_archive_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let parts = split(folder.path(), &zip(&vox1(12)), 2);
    assert_eq!(plan(folder.path()).unwrap().items().len(), 12);
    // Damaged in its directory, it is damaged, and no part that never was is missing.
    let mut last = fs::read(&parts[1]).unwrap();
    let mark = b"PK\x01\x02";
    let at = last.windows(4).rposition(|window| window == mark).unwrap();
    last[at..at + 4].fill(0);
    fs::write(&parts[1], &last).unwrap();
    let Err(error) = plan(folder.path()) else {
        panic!("it was taken")
    };
    assert!(matches!(error, PrepError::BadArchive { .. }), "{error}");
    // Without its end, parts are missing.
    fs::write(&parts[1], &last[..last.len() / 2]).unwrap();
    let Err(error) = plan(folder.path()) else {
        panic!("it was taken")
    };
    assert!(matches!(error, PrepError::MissingParts { .. }), "{error}");
}

/// All files below a folder, by relative path.
fn tree(folder: &Path) -> Entries {
    let mut entries = Entries::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path
                        .strip_prefix(folder)
                        .unwrap()
                        .to_string_lossy()
                        .replace('\\', "/");
                    entries.push((name, fs::read(&path).unwrap()));
                }
            }
        }
    }
    // Not in the order of their names.
    entries.sort_by_key(|(name, _)| name.bytes().rev().collect::<Vec<_>>());
    entries
}

fn tar(entries: &Entries) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, bytes.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn pack_source(kind: CorpusKind, source: &Path, out: &Path) -> StoreSummary {
    let (corpus, archives) = read_source(kind, source, &|_, _, _| {}).unwrap();
    pack(
        &CorpusPlan::make(kind, corpus, archives, None),
        out,
        Retry::Changed,
    )
}

/// Every corpus, packed from its folder and from archives of it in every form, gives one store to the byte.
#[test]
fn archives_of_corpora_are_read_as_they_are_and_give_the_store_of_the_unpacked_corpus() {
    type Corpus = (CorpusKind, fn(&Path));
    let corpora: [Corpus; 6] = [
        (CorpusKind::LibriSpeech, common::librispeech),
        (CorpusKind::Timit, common::timit),
        (CorpusKind::Vctk, common::vctk),
        (CorpusKind::CommonVoice, common::common_voice),
        (CorpusKind::CnCeleb, common::cn_celeb),
        (CorpusKind::Kaldi, common::kaldi),
    ];
    for (kind, make) in corpora {
        let unpacked = tempfile::tempdir().unwrap();
        make(unpacked.path());
        let entries = tree(unpacked.path());
        let place = tempfile::tempdir().unwrap();
        let out = |name: &str| place.path().join(name);
        let corpus = read_corpus(kind, unpacked.path()).unwrap();
        let of_folder = pack(
            &CorpusPlan::make(kind, corpus, None, None),
            &out("folder"),
            Retry::Changed,
        );
        let tar = tar(&entries);
        let forms: [(&str, Vec<u8>); 4] = [
            ("c.tar.gz", gz(&tar)),
            ("c.tgz", gz(&tar)),
            ("c.tar", tar.clone()),
            ("c.zip", zip(&entries)),
        ];
        for (name, bytes) in forms {
            let folder = place.path().join(format!("in-{name}"));
            fs::create_dir(&folder).unwrap();
            let archive = folder.join(name);
            fs::write(&archive, bytes).unwrap();
            for (source, store) in [
                (&folder, format!("{name}-folder")),
                (&archive, format!("{name}-file")),
            ] {
                let summary = pack_source(kind, source, &out(&store));
                assert_eq!(summary, of_folder, "{kind} {name}");
                assert!(
                    files(&out(&store)) == files(&out("folder")),
                    "{kind} {name}"
                );
            }
        }
    }
}

/// AISHELL has an archive of each speaker in one of all.
#[test]
fn archives_within_an_archive_are_read_too() {
    let place = tempfile::tempdir().unwrap();
    let mut outer = Entries::new();
    for speaker in ["S0002", "S0003"] {
        let inner: Entries = (0..3)
            .map(|n| {
                (
                    format!("{speaker}/BAC009{speaker}W{n:04}.wav"),
                    common::wav(n),
                )
            })
            .collect();
        outer.push((format!("train/{speaker}.tar.gz"), gz(&tar(&inner))));
    }
    outer.push(("transcript.txt".to_owned(), b"BAC009S0002W0000 a".to_vec()));
    let archive = place.path().join("data_aishell.tgz");
    fs::write(&archive, gz(&tar(&outer))).unwrap();
    let (corpus, archives) = read_source(CorpusKind::Folder, &archive, &|_, _, _| {}).unwrap();
    let names: Vec<&str> = corpus
        .manifest
        .utterances
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names[0] == "train/S0002/BAC009S0002W0000.wav", "{names:?}");
    let plan = CorpusPlan::make(CorpusKind::Folder, corpus, archives, None);
    let summary = pack(&plan, &place.path().join("store"), Retry::Changed);
    assert_eq!((summary.utterances, summary.failed), (6, 0));
}

#[test]
fn an_archive_that_ends_too_early_is_refused_before_anything_is_packed() {
    let unpacked = tempfile::tempdir().unwrap();
    common::librispeech(unpacked.path());
    let whole = gz(&tar(&tree(unpacked.path())));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("dev-clean.tar.gz");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = read_source(CorpusKind::LibriSpeech, &path, &|_, _, _| {}).unwrap_err();
    assert!(matches!(error, PrepError::BadArchive { .. }), "{error}");
    let words = error.to_string();
    assert!(
        words.contains("dev-clean.tar.gz") && words.contains("first files"),
        "{words}"
    );
}

#[test]
fn stores_of_different_corpora_become_one_and_speakers_of_equal_names_stay_apart() {
    let place = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    for (name, speakers) in [("home", ["ann", "bob"]), ("work", ["bob", "eve"])] {
        let folder = place.path().join(format!("{name}-files"));
        for (number, speaker) in (0..).zip(speakers) {
            for take in 0..2 {
                let seed = 10 * number + take + name.len() as u32 * u32::from(name == "work");
                common::put(&folder, &format!("{speaker}/{take}.wav"), common::wav(seed));
            }
        }
        let store = place.path().join(format!("{name}.store"));
        pack_source(CorpusKind::Folder, &folder, &store);
        stores.push(store);
    }
    let libri = place.path().join("libri-files");
    common::librispeech(&libri);
    let store = place.path().join("libri.store");
    let of_libri = pack_source(CorpusKind::LibriSpeech, &libri, &store);
    stores.push(store);
    let out = place.path().join("all.store");
    let summary = merge_stores(&stores, &out, &|_| {}).unwrap();
    assert_eq!(summary.utterances, 8 + of_libri.utterances);
    assert_eq!(summary.speakers, 4 + of_libri.speakers);
    assert!(summary.complete);
    let renamed = summary
        .remarks
        .iter()
        .find(|remark| remark.kind == "SpeakersRenamed")
        .unwrap();
    assert_eq!(renamed.count, 2);
    let merged = Store::open(&out).unwrap();
    let speaker = |name: &str| {
        merged
            .entry(merged.find(name).unwrap())
            .unwrap()
            .speaker
            .to_owned()
    };
    assert_eq!(speaker("ann/0.wav"), "ann");
    assert_eq!(speaker("home/bob/0.wav"), "home/bob");
    assert_eq!(speaker("work/bob/0.wav"), "work/bob");
    let home = Store::open(&stores[0]).unwrap();
    let own = home.payload(home.find("bob/0.wav").unwrap()).unwrap();
    assert_eq!(
        merged
            .payload(merged.find("home/bob/0.wav").unwrap())
            .unwrap(),
        own
    );
    // The same store twice is no second corpus of its own.
    let libri = stores[2].clone();
    let error = merge_stores(
        &[libri.clone(), libri],
        &place.path().join("twice"),
        &|_| {},
    )
    .unwrap_err();
    assert!(error.to_string().contains("two of the stores"), "{error}");
}

#[test]
fn what_is_odd_about_recordings_that_are_packed_is_counted_by_kind() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("files");
    let silent = |seconds: usize| {
        let mut bytes = common::wav(1);
        bytes.truncate(44 + 16_000 * seconds);
        bytes[44..].fill(0);
        bytes
    };
    for (name, bytes) in [
        ("ann/1.wav", silent(1)),
        ("ann/2.wav", common::wav(2)),
        ("bob/1.wav", silent(1)),
    ] {
        common::put(&folder, name, bytes);
    }
    let out = place.path().join("store");
    let summary = pack_source(CorpusKind::Folder, &folder, &out);
    let remark = summary
        .remarks
        .iter()
        .find(|remark| remark.kind == "DigitalSilence")
        .unwrap();
    assert_eq!((remark.count, remark.first.as_str()), (2, "ann/1.wav"));
    assert_eq!(StoreSummary::read(&out).unwrap(), summary);
}

/// What is said of an archive names it, and no folder that is gone when it is read.
#[test]
fn an_archive_of_another_corpus_is_refused_by_its_own_name() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("c.tar.gz");
    fs::write(&archive, gz(&tar(&vox1(2)))).unwrap();
    let words = read_source(CorpusKind::LibriSpeech, &archive, &|_, _, _| {})
        .unwrap_err()
        .to_string();
    assert!(
        words.contains("c.tar.gz") && words.contains("LibriSpeech"),
        "{words}"
    );
    assert!(
        !words.contains(".tmp") || place.path().to_string_lossy().contains(".tmp"),
        "{words}"
    );
    let inside = words.matches("/wav/id10001").count();
    assert_eq!(
        words.matches("c.tar.gz/wav/id10001").count(),
        inside,
        "{words}"
    );
}

#[test]
fn an_archive_is_known_by_its_first_bytes_and_one_that_is_not_read_is_called_by_its_name() {
    let unpacked = tempfile::tempdir().unwrap();
    common::librispeech(unpacked.path());
    let tar = tar(&tree(unpacked.path()));
    let place = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("gz-called.zip", gz(&tar)),
        ("tar-without-ending", tar.clone()),
    ] {
        let path = place.path().join(name);
        fs::write(&path, bytes).unwrap();
        let summary = pack_source(
            CorpusKind::LibriSpeech,
            &path,
            &place.path().join(format!("{name}.store")),
        );
        assert_eq!((summary.utterances, summary.failed), (8, 0), "{name}");
    }
    let path = place.path().join("bz/c.tar.bz2");
    fs::create_dir(place.path().join("bz")).unwrap();
    fs::write(&path, b"BZh91AY&SY").unwrap();
    for source in [path.as_path(), path.parent().unwrap()] {
        let error = read_source(CorpusKind::LibriSpeech, source, &|_, _, _| {}).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`c.tar.bz2` is an archive that is not supported: bzip2"),
            "{error}"
        );
        assert!(error.remedy().unwrap().contains("unpack it"));
    }
}

#[test]
fn the_archive_of_voxceleb_itself_may_be_given_for_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.zip");
    fs::write(&path, zip(&vox1(3))).unwrap();
    assert_eq!(plan(&path).unwrap().items().len(), 3);
    fs::write(&path, "no zip").unwrap();
    assert!(matches!(plan(&path), Err(PrepError::BadArchive { .. })));
}

/// As OpenSLR 33 publishes it: the recordings of each speaker in an archive of their own within `data_aishell.tgz`.
#[test]
fn aishell_is_read_from_its_published_archive() {
    let place = tempfile::tempdir().unwrap();
    let mut outer = Entries::new();
    for (speaker, split) in [("S0002", "train"), ("S0724", "dev"), ("S0764", "test")] {
        let inner: Entries = (0..2)
            .map(|n| {
                let name = format!("{split}/{speaker}/BAC009{speaker}W{:04}.wav", 122 + n);
                (name, common::wav(n))
            })
            .collect();
        outer.push((
            format!("data_aishell/wav/{speaker}.tar.gz"),
            gz(&tar(&inner)),
        ));
    }
    let archive = place.path().join("data_aishell.tgz");
    fs::write(&archive, gz(&tar(&outer))).unwrap();
    let out = place.path().join("store");
    let summary = pack_source(CorpusKind::Aishell, &archive, &out);
    assert_eq!(
        (summary.utterances, summary.speakers, summary.failed),
        (6, 3, 0)
    );
    let store = Store::open(&out).unwrap();
    let splits: Vec<_> = (0..store.len())
        .map(|row| {
            (
                store.entry(row).unwrap().speaker,
                store.column(row, "split").unwrap(),
            )
        })
        .collect();
    for expected in [
        ("S0002", Some("train")),
        ("S0724", Some("dev")),
        ("S0764", Some("test")),
    ] {
        assert!(splits.contains(&expected), "{splits:?}");
    }
}

/// What an AISHELL archive of a speaker holds.
fn aishell_speaker(split: &str, speaker: &str) -> Entries {
    (0..2)
        .map(|n| {
            let name = format!("{split}/{speaker}/BAC009{speaker}W{:04}.wav", 122 + n);
            (name, common::wav(n))
        })
        .collect()
}

#[test]
fn aishell_of_which_only_the_outer_archive_is_unpacked_is_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("aishell");
    let root = folder.join("data_aishell");
    for (speaker, split) in [("S0002", "train"), ("S0724", "dev"), ("S0764", "test")] {
        let archive = gz(&tar(&aishell_speaker(split, speaker)));
        common::put(&root, &format!("wav/{speaker}.tar.gz"), archive);
    }
    let table = "0002 M\n0724 F\n0764 F\n";
    common::put(&folder, "resource_aishell/speaker.info", table);
    for (number, source) in [&folder, &root].into_iter().enumerate() {
        let out = place.path().join(format!("store{number}"));
        let summary = pack_source(CorpusKind::Aishell, source, &out);
        assert_eq!(
            (summary.utterances, summary.speakers, summary.failed),
            (6, 3, 0)
        );
        let store = Store::open(&out).unwrap();
        let female = (0..store.len())
            .filter(|row| store.column(*row, "gender").unwrap() == Some("f"))
            .count();
        assert_eq!(female, 4, "{}", source.display());
    }
    // Some speakers are unpacked, and the others are said to be missing.
    for (name, bytes) in aishell_speaker("train", "S0002") {
        common::put(&root, &format!("wav/{name}"), bytes);
    }
    fs::remove_file(root.join("wav/S0002.tar.gz")).unwrap();
    let (corpus, archives) = read_source(CorpusKind::Aishell, &folder, &|_, _, _| {}).unwrap();
    assert!(archives.is_none());
    assert_eq!(corpus.manifest.utterances.len(), 2);
    let left_out = |note: &&speech_data::Problem| note.is_left_out();
    let note = corpus.manifest.notes.iter().find(left_out).unwrap();
    assert!(
        note.to_string()
            .contains("2 archives of speakers (S0002.tar.gz) are not unpacked yet"),
        "{note}"
    );
}

#[test]
fn voxceleb_in_a_tar_gives_the_store_of_its_tree() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("tree");
    for (name, bytes) in vox1(13) {
        common::put(&folder, &name, bytes);
    }
    common::put(
        &folder,
        "vox1_meta.csv",
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\ta\tm\tIreland\tdev\n",
    );
    let expected = pack(
        &plan(&folder).unwrap(),
        &place.path().join("of-tree"),
        Retry::Changed,
    );
    assert_eq!(expected.utterances, 13);
    let mut entries = tree(&folder);
    entries.retain(|(name, _)| name.starts_with("wav"));
    entries.push(("readme.txt".to_owned(), b"text".to_vec()));
    for (name, bytes) in [
        ("vox1_dev_wav.tar", tar(&entries)),
        ("vox1_dev_wav.tar.gz", gz(&tar(&entries))),
        ("mirror.tgz", gz(&tar(&entries))),
    ] {
        let own = place.path().join(format!("folder-{name}"));
        common::put(&own, name, bytes);
        fs::copy(folder.join("vox1_meta.csv"), own.join("vox1_meta.csv")).unwrap();
        let plan = plan(&own).unwrap();
        assert!(plan.is_sequential());
        let notes = plan.notes().join("\n");
        assert!(
            notes.contains(&format!("13 recordings in `{name}`")),
            "{notes}"
        );
        assert!(
            notes.contains("1 entries of") && notes.contains("readme.txt"),
            "{notes}"
        );
        let out = place.path().join(format!("store-{name}"));
        pack(&plan, &out, Retry::Changed);
        assert_eq!(files(&out), files(&place.path().join("of-tree")), "{name}");
    }
    // One that ends too early.
    let own = place.path().join("cut");
    let whole = gz(&tar(&entries));
    common::put(&own, "vox1_dev_wav.tar.gz", &whole[..whole.len() / 2]);
    assert!(matches!(plan(&own), Err(PrepError::BadArchive { .. })));
}

#[test]
fn a_damaged_recording_falls_back_to_its_converted_copy_and_that_is_said() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("vox2");
    for n in 0..3 {
        let name = format!("dev/aac/id00012/21Uxsk56VDQ/{n:05}");
        let whole = common::wav(n);
        let m4a = if n == 1 {
            whole[..30].to_vec()
        } else {
            whole.clone()
        };
        common::put(&folder, &format!("{name}.m4a"), m4a);
        common::put(&folder, &format!("{name}.wav"), whole);
    }
    let sources = VoxcelebSources {
        vox2: Some(folder.clone()),
        ..VoxcelebSources::default()
    };
    let plan = VoxcelebPlan::make(&sources, &|_, _, _| {}).unwrap();
    let out = place.path().join("store");
    let summary = pack(&plan, &out, Retry::Changed);
    assert_eq!((summary.utterances, summary.failed), (3, 0));
    let taken = summary
        .remarks
        .iter()
        .find(|one| one.kind == "CopyTaken")
        .unwrap();
    assert_eq!(
        (taken.count, taken.first.as_str()),
        (1, "id00012/21Uxsk56VDQ/00001.m4a")
    );
    assert!(
        taken.found.contains("00001.wav` was taken"),
        "{}",
        taken.found
    );
    let store = Store::open(&out).unwrap();
    let row = store.find("id00012/21Uxsk56VDQ/00001.m4a").unwrap();
    assert_eq!(
        store.recording(row, 16_000).unwrap().waveform.samples,
        audio_features::decode_recording(common::wav(1), "x", 16_000)
            .unwrap()
            .waveform
            .samples
    );
}

/// Every recording in a zip has a checksum of its own, so that nothing is lost where only the published sum differs.
#[test]
fn parts_that_differ_from_the_published_ones_while_their_zip_is_whole_are_warned_of_and_read() {
    let folder = tempfile::tempdir().unwrap();
    split(folder.path(), &zip(&vox1(12)), 2);
    let sources = VoxcelebSources {
        vox1: Some(folder.path().to_owned()),
        verify_parts: true,
        ..VoxcelebSources::default()
    };
    let plan = VoxcelebPlan::make(&sources, &|_, _, _| {}).unwrap();
    let warned = |name: &str| {
        let warnings = plan.warnings().iter();
        warnings
            .filter(|line| line.contains(name) && line.contains("the published file"))
            .count()
    };
    assert_eq!(
        (warned("partaa"), warned("partab")),
        (1, 1),
        "{:?}",
        plan.warnings()
    );
    let out = folder.path().join("../store-of-other-sums");
    let place = tempfile::tempdir().unwrap();
    let summary = pack(&plan, &place.path().join("store"), Retry::Changed);
    assert!(!out.exists() && summary.complete);
    assert_eq!((summary.utterances, summary.failed), (12, 0));
}

#[test]
fn he_aac_that_is_packed_is_said_in_the_summary_once_for_all_of_its_kind() {
    let Some(vectors) = testing::shared("vectors/decoder") else {
        return;
    };
    let bytes = fs::read(vectors.join("bad/heaac_v1_44k1.m4a")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("files");
    for name in ["ann/1.m4a", "ann/2.m4a", "bob/1.m4a"] {
        common::put(&folder, name, bytes.clone());
    }
    let summary = pack_source(CorpusKind::Folder, &folder, &place.path().join("store"));
    let said: Vec<_> = summary
        .remarks
        .iter()
        .filter(|remark| remark.kind == "UpperBandUnknown")
        .collect();
    assert_eq!(said.len(), 1, "{:?}", summary.remarks);
    assert_eq!((said[0].count, said[0].first.as_str()), (3, "ann/1.m4a"));
    assert!(
        said[0].found.contains("if this is HE-AAC without a mark"),
        "{}",
        said[0].found
    );
}
