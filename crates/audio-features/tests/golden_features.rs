//! Log-mel features against librosa and kaldi-native-fbank (`golden/make_golden.py`).
//!
//! Tolerance: `1e-4` of the value (of 1, where the value is smaller), which leaves room for f32
//! sums taken in another order; librosa is met to 2e-5. Kaldi's plain logarithm also shows bands
//! 60 to 145 dB below the loudest of their frame, and there f32 itself is the limit: an FFT's rounding
//! error is about one epsilon of the *largest* amplitude, in every bin. kaldi-native-fbank's own
//! distance from an f64 evaluation is 1e-5 down to 60 dB, 1e-3 at 90 dB and 0.2 at 125 dB. So for
//! its preset an amplitude error of 1e-7 of the frame's loudest band is allowed as well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and reports on stderr"
)]

use std::path::PathBuf;

use audio_features::{Compression, FeatureConfig, LogMel};
use npyz::{Deserialize, NpyFile};

const TOLERANCE: f32 = 1e-4;
/// Rounding of an f32 FFT, relative to the loudest band of the frame.
const AMPLITUDE_ERROR: f32 = 1e-7;

fn read<T: Deserialize>(name: &str) -> (Vec<u64>, Vec<T>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

fn samples(name: &str) -> Vec<f32> {
    read::<i16>(name)
        .1
        .iter()
        .map(|&sample| f32::from(sample) / 32_768.0)
        .collect()
}

fn compare(signal: &str, samples: &[f32]) {
    for (preset, config) in [
        ("librosa", FeatureConfig::librosa()),
        ("kaldi", FeatureConfig::kaldi()),
    ] {
        let (shape, expected) = read::<f32>(&format!("{signal}.{preset}.npy"));
        let features = LogMel::new(&config).unwrap().extract(samples);
        let found = [features.num_frames() as u64, features.num_bins() as u64];
        assert_eq!(found[..], shape[..], "{signal}, {preset}");
        let loudest = |frame: &[f32]| frame.iter().copied().fold(f32::MIN, f32::max);
        let mut worst = 0f32;
        for (row, expected) in expected.chunks(features.num_bins()).enumerate() {
            for (bin, (&found, &value)) in features.frame(row).iter().zip(expected).enumerate() {
                let rounding = match config.compression {
                    // Features are ln(amplitude^2).
                    Compression::Ln => {
                        2.0 * AMPLITUDE_ERROR * ((loudest(expected) - value) / 2.0).exp()
                    }
                    Compression::Log10OnePlus10000 => 0.0,
                };
                let error = (found - value).abs();
                let allowed = TOLERANCE * value.abs().max(1.0) + rounding;
                assert!(
                    error <= allowed,
                    "{signal}, {preset}, frame {row}, bin {bin}: {found}, expected {value} ± {allowed:e}"
                );
                worst = worst.max(error / allowed);
            }
        }
        eprintln!("{signal}, {preset}: largest error is {worst:.2} of the tolerance");
    }
}

#[test]
fn speech() {
    compare("speech", &samples("speech.npy"));
}

#[test]
fn chirp() {
    compare("chirp", &samples("chirp.npy"));
}

#[test]
fn silence() {
    compare("silence", &[0.0; 1_600]);
}

#[test]
fn thirty_milliseconds() {
    compare("short", &samples("speech.npy")[8_000..8_480]);
}

#[test]
fn one_sample() {
    compare("one_sample", &samples("speech.npy")[8_000..8_001]);
}
