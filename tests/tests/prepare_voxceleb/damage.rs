//! Damaged and hostile archives.

use speech_data::store::Store;

use crate::miniature::{Entries, m4a, wav, zip64};
use crate::{answer, command, stderr};

#[test]
fn damaged_entries_are_named_and_all_others_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let name = |n: u32| format!("wav/id10001/x6uYqmx31kE/{n:05}.wav");
    let mut entries: Entries = (0..20).map(|n| (name(n), wav(n, 1))).collect();
    entries[3].1 = b"RIFF, or so it says".to_vec();
    entries[5].1.truncate(9_000);
    entries[7].1.clear();
    let Some(aac) = m4a(1, 4) else { return };
    let cut = aac[..aac.len() / 2].to_vec();
    entries.push(("wav/id10002/x6uYqmx31kE/00001.m4a".into(), cut));
    let mut archive = zip64(&entries);
    // Flip a byte of the recording of an entry that is stored: the zip's checksum is then wrong.
    let sound = wav(8, 1);
    let at = archive
        .windows(200)
        .position(|window| *window == sound[1_000..1_200])
        .unwrap();
    archive[at] ^= 0xff;
    std::fs::write(folder.path().join("vox1_dev_wav.zip"), archive).unwrap();
    let out = folder.path().join("store");
    let run = command(Some(folder.path()), None, &out).output().unwrap();
    let (summary, code) = answer(&run);
    assert_eq!(
        (code, &summary["failed"], &summary["complete"]),
        (3, &5.into(), &false.into())
    );
    assert_eq!(summary["utterances"], 16);
    for bad in [
        "00003.wav",
        "00005.wav",
        "00007.wav",
        "00008.wav",
        "id10002/x6uYqmx31kE/00001.m4a",
    ] {
        assert!(stderr(&run).contains(bad), "{bad}: {}", stderr(&run));
    }
    let store = Store::open(&out).unwrap();
    assert_eq!(store.summary().missing.len(), 5);
    for index in 0..store.len() {
        store.verify(index).unwrap();
    }
    // Asked again, it says the same and does nothing.
    let run = command(Some(folder.path()), None, &out).output().unwrap();
    let (again, code) = answer(&run);
    assert_eq!((code, &again["checksum"]), (3, &summary["checksum"]));
}

#[test]
fn hostile_names_are_refused_and_zeros_are_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = vec![0; 300 << 20];
    let entries: Entries = vec![
        ("wav/id10001/x6uYqmx31kE/00001.wav".into(), wav(1, 1)),
        ("../../id10001/x6uYqmx31kE/00002.wav".into(), wav(2, 1)),
        ("/etc/id10001/x6uYqmx31kE/00003.wav".into(), wav(3, 1)),
        ("other/id10001/x6uYqmx31kE/00001.wav".into(), wav(4, 1)),
        ("wav/id10001/x6uYqmx31kE/00005.wav".into(), bomb),
    ];
    std::fs::write(folder.path().join("vox1_dev_wav.zip"), zip64(&entries)).unwrap();
    let out = folder.path().join("store");
    let run = command(Some(folder.path()), None, &out).output().unwrap();
    let (summary, code) = answer(&run);
    assert_eq!(
        (code, &summary["utterances"], &summary["failed"]),
        (3, &1.into(), &1.into())
    );
    let text = stderr(&run);
    for (bad, why) in [
        ("00002.wav", "`..` in its path"),
        ("00003.wav", "absolute path"),
        ("00001.wav", "twice"),
        ("00005.wav", "claims 314572800 bytes"),
    ] {
        assert!(
            text.lines()
                .any(|line| line.contains(bad) && line.contains(why)),
            "{bad}: {text}"
        );
    }
    let store = Store::open(&out).unwrap();
    assert_eq!(store.find("id10001/x6uYqmx31kE/00001.wav"), Some(0));
    assert_eq!(store.len(), 1);
}
