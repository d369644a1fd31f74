//! The features of a training's recordings: cached files, packed stores, crops of both.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot prepare its data has failed"
)]

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use audio_features::{FeatureConfig, Features, FrontEnd, Normalisation};
use pair_sampler::SamplerConfig;
use speech_data::store::{Pack, SourceFault, Store, StoreEncoding, StoreItem, StoreSettings, pack};
use speech_data::{Cut, Location, Manifest};
use trainer::{BatchMaker, BatchSchedule, FeatureBank, TrainConfig, TrainError};

/// A noise of its own for every number, of 16-bit samples at 16 kHz.
fn wav(number: usize, samples: usize) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    let mut state = number as u32 + 1;
    for _ in 0..samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writer.write_sample((state >> 16) as u16 as i16).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn store(folder: &Path, encoding: StoreEncoding, count: usize, samples: usize) -> Arc<Store> {
    let items: Vec<StoreItem> = (0..count)
        .map(|number| {
            StoreItem::new(
                format!("s{}/{number:04}.wav", number % 5),
                format!("s{}", number % 5),
            )
        })
        .collect();
    let mut items = items;
    items.sort_by(|a, b| a.name.cmp(&b.name));
    let job = Pack {
        settings: StoreSettings {
            encoding,
            ..StoreSettings::default()
        },
        part: None,
        items: &items,
    };
    let read = |number| Ok::<_, SourceFault>(wav(number, samples + 37 * number));
    pack(folder, &job, &read, &|_| {}).unwrap();
    Arc::new(Store::open(folder).unwrap())
}

fn front_end(config: FeatureConfig) -> FrontEnd {
    let config = FeatureConfig {
        normalisation: Normalisation::None,
        ..config
    };
    FrontEnd::new(config, None).unwrap()
}

fn bank(cache: &Path, config: FeatureConfig) -> FeatureBank {
    FeatureBank::open(cache, front_end(config)).unwrap()
}

#[test]
fn a_crop_has_the_bits_of_the_whole_recordings_features() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wav");
    std::fs::write(&file, wav(3, 9_000)).unwrap();
    for config in [FeatureConfig::kaldi(), FeatureConfig::librosa()] {
        for encoding in StoreEncoding::ALL {
            let place = tempfile::tempdir().unwrap();
            let store = store(&place.path().join("store"), encoding, 6, 7_000);
            let keeping = bank(&place.path().join("cache"), config.clone());
            let reading = bank(&place.path().join("cache"), config.clone()).keeping(0);
            let names = (0..store.len()).map(|index| store.entry(index).unwrap().name);
            let mut locations: Vec<Location> =
                names.map(|name| Location::stored(&store, name)).collect();
            locations.push(file.as_path().into());
            locations.push(Location::from(file.as_path()).cut(Cut::new(0.1, 0.4).unwrap()));
            for location in locations {
                let whole: Features = keeping.log_mel(&location).unwrap().into_features();
                let end = whole.num_frames();
                for range in [0..end, 0..7, 5..9, end - 4..end, end - 1..end + 5, 3..3] {
                    let crop = |bank: &FeatureBank| {
                        let choose = |frames: usize| -> Range<usize> {
                            assert_eq!(frames, end);
                            range.clone()
                        };
                        bank.crop(&location, choose).unwrap()
                    };
                    let expected = whole.rows(range.clone());
                    assert_eq!(crop(&reading).data(), expected, "{location} {range:?}");
                    assert_eq!(crop(&keeping).data(), expected, "{location} {range:?}");
                }
            }
        }
    }
}

#[test]
fn batches_from_ranges_of_a_store_are_those_from_whole_utterances() {
    let place = tempfile::tempdir().unwrap();
    let store = store(&place.path().join("store"), StoreEncoding::Pcm, 20, 4_000);
    let manifest = Manifest::from_store(&store).unwrap();
    let config = TrainConfig {
        crop_frames: 30.into(),
        sampler: SamplerConfig::Pk {
            speakers: 3,
            segments: 4,
        },
        ..TrainConfig::paper(5)
    };
    let mean = vec![0.25; config.features.num_bins];
    let network = FeatureConfig {
        normalisation: Normalisation::GlobalMean,
        ..config.features.clone()
    };
    let network = FrontEnd::new(network, Some(mean)).unwrap();
    let schedule = BatchSchedule::new(&config, &manifest).unwrap();
    let whole = bank(&place.path().join("cache"), config.features.clone());
    let ranges = bank(&place.path().join("cache"), config.features.clone()).keeping(0);
    let maker = |bank| BatchMaker::new(&manifest, &schedule, bank, &network, None);
    for step in 0..10 {
        let batch = maker(&ranges).batch(step).unwrap();
        assert_eq!(batch, maker(&whole).batch(step).unwrap(), "step {step}");
    }
}

#[test]
fn a_file_is_read_once_and_found_by_its_place_after_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, wav(1, 8_000)).unwrap();
    let changed = File::open(&path)
        .unwrap()
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    let bank = bank(&folder.path().join("cache"), FeatureConfig::kaldi());
    let location = Location::from(path.as_path());
    let first = bank.log_mel(&location).unwrap().into_features();
    // Other audio under the same size and time: whoever reads the file notices.
    std::fs::write(&path, wav(2, 8_000)).unwrap();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(changed)
        .unwrap();
    assert_eq!(bank.log_mel(&location).unwrap().into_features(), first);
    // A file that says that it has changed is read again.
    let later = changed + std::time::Duration::from_secs(5);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_ne!(bank.log_mel(&location).unwrap().into_features(), first);
}

#[test]
fn an_entry_that_has_gone_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, wav(1, 8_000)).unwrap();
    let cache = folder.path().join("cache");
    let bank = bank(&cache, FeatureConfig::kaldi());
    let location = Location::from(path);
    let first = bank.log_mel(&location).unwrap().into_features();
    std::fs::remove_dir_all(&cache).unwrap();
    assert_eq!(bank.log_mel(&location).unwrap().into_features(), first);
}

#[test]
fn a_file_beyond_the_limit_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.wav");
    File::create(&path).unwrap().set_len((2 << 30) + 1).unwrap();
    let bank = bank(&folder.path().join("cache"), FeatureConfig::kaldi());
    let begin = Instant::now();
    let error = bank.log_mel(&Location::from(path)).map(drop).unwrap_err();
    assert!(matches!(error, TrainError::Recording(_)), "{error}");
    assert!(error.to_string().contains("huge.wav"), "{error}");
    assert!(begin.elapsed().as_secs_f64() < 1.0, "2 GiB were read");
}

#[test]
fn an_utterance_that_a_store_lacks_is_named() {
    let place = tempfile::tempdir().unwrap();
    let store = store(&place.path().join("store"), StoreEncoding::Pcm, 3, 4_000);
    let bank = bank(&place.path().join("cache"), FeatureConfig::kaldi());
    let error = bank
        .log_mel(&Location::stored(&store, "s9/1.wav"))
        .map(drop);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("`s9/1.wav` is not in the store")
    );
}

/// `docs/scale.md` has what this prints.
#[test]
#[ignore = "prints crops a second: a minute"]
fn crops_a_second() {
    const CROP_FRAMES: usize = 198;
    const CROPS: usize = 4_000;
    let place = tempfile::tempdir().unwrap();
    // 8 s, as VoxCeleb's utterances have on average.
    let store = store(
        &place.path().join("store"),
        StoreEncoding::Pcm,
        200,
        128_000,
    );
    let file = |index: usize| place.path().join(format!("{index:03}.wav"));
    for index in 0..200 {
        std::fs::write(file(index), wav(index, 128_000)).unwrap();
    }
    let stored = |index: usize| Location::stored(&store, store.entry(index).unwrap().name);
    let files = |index: usize| Location::from(file(index));
    let cache = place.path().join("cache");
    let reading = bank(&cache, FeatureConfig::kaldi()).keeping(0);
    let measure = |what: &str, crop: &(dyn Fn(usize) -> usize + Sync)| {
        use rayon::prelude::*;
        let begin = Instant::now();
        let frames: usize = (0..CROPS).into_par_iter().map(crop).sum();
        assert_eq!(frames, CROPS * CROP_FRAMES);
        let per_s = CROPS as f64 / begin.elapsed().as_secs_f64();
        eprintln!(
            "{per_s:.0} crops of 2 s a second on {} threads: {what}",
            rayon::current_num_threads()
        );
    };
    let start = |number: usize, frames: usize| number * 7_919 % (frames - CROP_FRAMES);
    let of = |bank: &FeatureBank, location: &Location, number: usize| {
        let choose = |frames| start(number, frames)..start(number, frames) + CROP_FRAMES;
        bank.crop(location, choose).unwrap().num_frames()
    };
    let of_whole = |bank: &FeatureBank, location: &Location, number: usize| {
        let whole = bank.log_mel(location).unwrap().into_features();
        let first = start(number, whole.num_frames());
        whole.rows(first..first + CROP_FRAMES).len() / whole.num_bins()
    };
    measure("a store, the samples under the crop", &|n| {
        of(&reading, &stored(n % 200), n)
    });
    measure("a store, the whole utterance", &|n| {
        of_whole(&reading, &stored(n % 200), n)
    });
    for index in 0..200 {
        reading.log_mel(&files(index)).unwrap();
    }
    measure("cached files, the frames of the crop", &|n| {
        of(&reading, &files(n % 200), n)
    });
    measure("cached files, all frames copied", &|n| {
        of_whole(&reading, &files(n % 200), n)
    });
    // What every crop cost before places were remembered: a bank that has never seen the file reads and hashes it.
    measure("cached files, read and hashed every time", &|n| {
        of_whole(&bank(&cache, FeatureConfig::kaldi()), &files(n % 200), n)
    });
}
