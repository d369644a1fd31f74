//! The same store from parts, joined archives and unpacked trees.

use audio_features::decode_recording;
use speech_data::store::{Store, merge};

use crate::miniature::{Entries, m4a, split, unpack, vox1_test_names, wav, zip64};
use crate::{answer, command, files, stderr};

const VOX1_META: &str = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA.J._Buckley\tm\tIreland\tdev\nid10270\tEartha_Kitt\tf\tUSA\ttest\n";
const VOX2_META: &str = "\u{feff}VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \r\nid00012 ,n000012 ,m ,dev \r\nid00017 ,n000017 ,f ,test ";

#[test]
fn parts_archives_and_trees_of_both_corpora_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let dev: Entries = (0..12)
        .map(|n| {
            (
                format!("wav/id1000{}/-_zXg3Jd5ZE/{n:05}.wav", n % 3 + 1),
                wav(n, 1),
            )
        })
        .collect();
    let test: Entries = vox1_test_names(300)
        .into_iter()
        .zip(100..)
        .map(|(name, seed)| (format!("wav/{name}"), wav(seed, 1)))
        .collect();
    let Some(aac) = m4a(1, 4) else { return };
    let vox2: Entries = (0..6)
        .map(|n| {
            (
                format!("dev/aac/id00012/21Uxsk56VDQ/{n:05}.m4a"),
                aac.clone(),
            )
        })
        .collect();
    // The inner folders of Vox2's test archive differ from edition to edition.
    let vox2_test: Entries = vec![("aac/id00017/OLguY5ofUrY/00039.m4a".into(), aac.clone())];

    split(&path("vox1"), "vox1_dev_wav_part", &zip64(&dev), 4);
    std::fs::write(path("vox1/vox1_test_wav.zip"), zip64(&test)).unwrap();
    std::fs::write(path("vox1/vox1_meta.csv"), VOX1_META).unwrap();
    split(&path("vox2"), "vox2_dev_aac_part", &zip64(&vox2), 3);
    std::fs::write(path("vox2/vox2_test_aac.zip"), zip64(&vox2_test)).unwrap();
    std::fs::write(path("vox2/vox2_meta.csv"), VOX2_META).unwrap();
    let run = command(Some(&path("vox1")), Some(&path("vox2")), &path("store"))
        .output()
        .unwrap();
    let (summary, code) = answer(&run);
    let total = dev.len() + test.len() + vox2.len() + vox2_test.len();
    assert_eq!(code, 0, "{summary} {}", stderr(&run));
    assert_eq!(summary["utterances"], total);
    assert_eq!(
        (&summary["failed"], &summary["complete"]),
        (&0.into(), &true.into())
    );

    let store = Store::open(&path("store")).unwrap();
    for (name, bytes) in dev.iter().chain(&test).chain(&vox2).chain(&vox2_test) {
        let parts: Vec<&str> = name.rsplitn(4, '/').collect();
        let index = store
            .find(&format!("{}/{}/{}", parts[2], parts[1], parts[0]))
            .unwrap();
        let entry = store.entry(index).unwrap();
        assert_eq!((entry.speaker, entry.session), (parts[2], Some(parts[1])));
        let expected = decode_recording(bytes.clone(), name, 16_000)
            .unwrap()
            .waveform
            .samples;
        let found = store.recording(index, 16_000).unwrap().waveform.samples;
        let step = expected
            .iter()
            .zip(&found)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            expected.len() == found.len() && step <= 0.5001 / 32_768.0,
            "{name}: {step}"
        );
        assert_eq!(
            store.column(index, "split").unwrap() == Some("test"),
            test.iter().chain(&vox2_test).any(|(test, _)| test == name),
            "{name}"
        );
    }
    let column = |name: &str, column: &str| {
        store
            .column(store.find(name).unwrap(), column)
            .unwrap()
            .map(str::to_owned)
    };
    let name = "id10001/-_zXg3Jd5ZE/00000.wav";
    assert_eq!(column(name, "gender").as_deref(), Some("m"));
    assert_eq!(column(name, "nationality").as_deref(), Some("Ireland"));
    assert_eq!(
        column("id00017/OLguY5ofUrY/00039.m4a", "gender").as_deref(),
        Some("f")
    );

    // Unpacked, with one thread.
    for (to, entries) in [("tree1/dev", &dev), ("tree1/test", &test), ("tree2", &vox2)] {
        unpack(&path(to), entries);
    }
    unpack(&path("tree2/test"), &vox2_test);
    std::fs::write(path("tree1/vox1_meta.csv"), VOX1_META).unwrap();
    std::fs::write(path("tree2/vox2_meta.csv"), VOX2_META).unwrap();
    let run = command(Some(&path("tree1")), Some(&path("tree2")), &path("store2"))
        .args(["--jobs", "1"])
        .output()
        .unwrap();
    assert_eq!(answer(&run).1, 0, "{}", stderr(&run));
    assert_eq!(files(&path("store2")), files(&path("store")));

    // Three machines.
    let parts: Vec<_> = (1..=3)
        .map(|part| {
            let out = path(&format!("part{part}"));
            let shard = format!("{part}/3");
            let run = command(Some(&path("vox1")), Some(&path("vox2")), &out)
                .args(["--shard", &shard])
                .output()
                .unwrap();
            assert_eq!(answer(&run).1, 0);
            out
        })
        .collect();
    merge(&path("merged"), &parts, &|_| {}).unwrap();
    assert_eq!(files(&path("merged")), files(&path("store")));
}

#[test]
fn nothing_found_prints_the_layouts_and_a_missing_part_its_sum() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("store");
    std::fs::write(folder.path().join("notes.txt"), "nothing here").unwrap();
    let run = command(Some(folder.path()), None, &out).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    for layout in [
        "vox1_dev_wav_partaa",
        "vox1_test_wav.zip",
        "id10001/VIDEO/00001.wav",
    ] {
        assert!(stderr(&run).contains(layout), "{}", stderr(&run));
    }
    let archive = zip64(&vec![(
        "wav/id10001/x6uYqmx31kE/00001.wav".into(),
        wav(1, 1),
    )]);
    split(folder.path(), "vox1_dev_wav_part", &archive, 4);
    for gone in ["b", "d"] {
        let part = folder.path().join(format!("vox1_dev_wav_parta{gone}"));
        let bytes = std::fs::read(&part).unwrap();
        std::fs::remove_file(&part).unwrap();
        let run = command(Some(folder.path()), None, &out).output().unwrap();
        let text = stderr(&run);
        let md5 = match gone {
            "b" => "bbfaaccefab65d82b21903e81a8a8020",
            _ => "7bb1e9f70fddc7a678fa998ea8b3ba19",
        };
        assert_eq!(run.status.code(), Some(1));
        assert!(
            text.contains(&format!("vox1_dev_wav_parta{gone}")) && text.contains(md5),
            "{text}"
        );
        assert!(
            text.contains("vox1_dev_wav_partaa"),
            "what is there is not named: {text}"
        );
        std::fs::write(&part, bytes).unwrap();
    }
    assert!(!out.exists());
}
