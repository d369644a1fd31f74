//! The feature cache: what hits, what misses, and what happens to damaged files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::path::{Path, PathBuf};

use audio_features::{
    CachedFeatures, FeatureCache, FeatureConfig, FeatureError, Features, Normalisation,
    SpeechActivityConfig,
};

fn features() -> Features {
    Features::new((0..3 * 80).map(|value| value as f32 * 0.5).collect(), 80)
}

fn open(directory: &Path) -> FeatureCache {
    FeatureCache::open(directory, &FeatureConfig::kaldi()).unwrap()
}

/// Asks for `audio` and tells whether it had to be computed.
fn ask(cache: &FeatureCache, audio: &[u8]) -> (CachedFeatures, bool) {
    let computed = Cell::new(false);
    let cached = cache
        .get_or_compute::<FeatureError>(&cache.key(audio), || {
            computed.set(true);
            Ok(features())
        })
        .unwrap();
    assert_eq!(cached[..], *features().data());
    assert_eq!((cached.num_frames(), cached.num_bins()), (3, 80));
    (cached, computed.get())
}

/// The files of the cache, leftovers included.
fn files(directory: &Path) -> Vec<PathBuf> {
    let list = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    list(directory)
        .iter()
        .flat_map(|folder| list(folder))
        .collect()
}

#[test]
fn the_second_time_nothing_is_computed() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    assert!(cache.get(&cache.key(b"audio")).is_none());
    assert!(ask(&cache, b"audio").1);
    assert!(!ask(&cache, b"audio").1);
    assert!(!ask(&open(directory.path()), b"audio").1, "another process");
    assert_eq!(
        cache.get(&cache.key(b"audio")).unwrap().to_features(),
        features()
    );
    assert_eq!(files(directory.path()).len(), 1, "no leftovers");
}

/// Runs of several users may share a cache.
#[cfg(unix)]
#[test]
fn entries_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    ask(&open(directory.path()), b"audio");
    let plain = directory.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    let folder = std::fs::read_dir(directory.path()).unwrap();
    let mut paths = folder.map(|entry| entry.unwrap().path());
    let folder = paths.find(|path| path.is_dir()).unwrap();
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&entry.path()), mode(&plain));
}

#[test]
fn other_audio_or_another_log_mel_is_another_entry() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    ask(&cache, b"audio");
    assert!(ask(&cache, b"Audio").1);
    let narrow = FeatureConfig {
        high_hz: 7_600.0,
        ..FeatureConfig::kaldi()
    };
    assert!(
        ask(
            &FeatureCache::open(directory.path(), &narrow).unwrap(),
            b"audio"
        )
        .1
    );
}

#[test]
fn what_comes_after_log_mel_shares_the_entry() {
    let directory = tempfile::tempdir().unwrap();
    ask(&open(directory.path()), b"audio");
    let later = FeatureConfig {
        normalisation: Normalisation::Utterance,
        speech_activity: Some(SpeechActivityConfig::default()),
        ..FeatureConfig::kaldi()
    };
    assert!(
        !ask(
            &FeatureCache::open(directory.path(), &later).unwrap(),
            b"audio"
        )
        .1
    );
}

#[test]
fn no_frames_are_cached_too() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let empty = || Ok::<_, FeatureError>(Features::new(Vec::new(), 80));
    cache.get_or_compute(&cache.key(b"short"), empty).unwrap();
    let cached = cache.get(&cache.key(b"short")).unwrap();
    assert_eq!((cached.num_frames(), cached.num_bins()), (0, 80));
}

#[test]
fn damage_anywhere_is_computed_again_and_mended() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    ask(&cache, b"audio");
    let path = files(directory.path()).remove(0);
    let sound = std::fs::read(&path).unwrap();
    // Every byte of the header, the first and the last of the values.
    for position in (0..97).chain([sound.len() - 1]) {
        let mut damaged = sound.clone();
        damaged[position] ^= 0x40;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &damaged).unwrap();
        assert!(ask(&cache, b"audio").1, "byte {position}");
        assert_eq!(std::fs::read(&path).unwrap(), sound, "byte {position}");
    }
    for length in [0, 1, 96, 97, sound.len() - 4, sound.len() - 1] {
        std::fs::write(&path, &sound[..length]).unwrap();
        assert!(ask(&cache, b"audio").1, "{length} bytes");
    }
}

#[test]
fn an_entry_under_another_name_is_foreign() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    ask(&cache, b"one");
    let one = files(directory.path()).remove(0);
    ask(&cache, b"two");
    let two = files(directory.path())
        .into_iter()
        .find(|path| *path != one)
        .unwrap();
    std::fs::copy(&one, &two).unwrap();
    assert!(ask(&cache, b"two").1);
}

#[test]
fn an_open_entry_outlives_its_replacement() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    ask(&cache, b"audio");
    let (held, computed) = ask(&cache, b"audio");
    assert!(!computed);
    std::fs::remove_file(files(directory.path()).remove(0)).unwrap();
    assert!(ask(&cache, b"audio").1);
    assert_eq!(held[..], *features().data());
}

#[test]
fn many_writers_of_one_entry_all_succeed() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cache = open(directory.path());
                for audio in 0..8u8 {
                    ask(&cache, &[audio]);
                }
            });
        }
    });
    assert_eq!(files(directory.path()).len(), 8);
}

#[test]
fn a_failed_computation_is_passed_on_and_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let result = cache.get_or_compute(&cache.key(b"audio"), || {
        Err(FeatureError::GlobalMeanMissing)
    });
    assert!(matches!(result, Err(FeatureError::GlobalMeanMissing)));
    assert!(cache.get(&cache.key(b"audio")).is_none());
}

#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = FeatureCache::open(file.path(), &FeatureConfig::kaldi()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&file.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn a_part_of_a_recording_is_an_entry_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let whole = cache.key(b"audio");
    let parts = ["0 to 1 s", "0 to 2 s"].map(|part| whole.of_part(part));
    assert!(parts[0] != parts[1] && !parts.contains(&whole));
    assert_eq!(parts[0], cache.key(b"audio").of_part("0 to 1 s"));
}

#[test]
fn what_was_had_before_is_found_again_without_its_audio_and_without_being_read() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let key = cache.key(b"audio");
    assert!(cache.get_again(&key).is_none());
    ask(&cache, b"audio");
    assert_eq!(cache.get_again(&key).unwrap().to_features(), features());
    // A damaged value is not looked for; a damaged header is not taken.
    let path = files(directory.path()).remove(0);
    let sound = std::fs::read(&path).unwrap();
    for (position, is_taken) in [(sound.len() - 1, true), (40, false), (0, false)] {
        let mut damaged = sound.clone();
        damaged[position] ^= 0x40;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(cache.get_again(&key).is_some(), is_taken, "byte {position}");
        assert!(cache.get(&key).is_none(), "byte {position}");
    }
}
