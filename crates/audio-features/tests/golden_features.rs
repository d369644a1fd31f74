//! Log-mel features against librosa, kaldi-native-fbank and Kaldi's definitions in 64 bits (`golden/make_golden.py`).
//!
//! Tolerance: `1e-4` of the value (of 1, where the value is smaller), which leaves room for f32 sums taken in another
//! order; librosa is met to 2e-5. Kaldi's plain logarithm also shows bands 60 to 152 dB below the loudest of their
//! frame, and there f32 itself is the limit: an FFT rounds every bin by a share of an epsilon of the *loudest*
//! amplitude. That is an error of the amplitude, not of its logarithm. So amplitudes are compared, with an allowance
//! relative to the frame's loudest besides. kaldi-native-fbank is no better than we there, for which reason its features
//! are also compared as computed in 64 bits.

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
/// Rounding of an f32 FFT in the amplitude of a band, relative to that of the frame's loudest: half an epsilon of f32
/// (found: 3.3e-8). At 100 dB below the loudest it is an error of 0.012 of the logarithm; from 144 dB on it is all.
const FFT_ERROR: f64 = 6e-8;
/// The same between two such FFTs: kaldi-native-fbank is 6.3e-8 away from its features in 64 bits.
const KALDI_FFT_ERROR: f64 = 1e-7;

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
    for (reference, config, fft_error) in [
        ("librosa", FeatureConfig::librosa(), 0.0),
        ("kaldi", FeatureConfig::kaldi(), KALDI_FFT_ERROR),
        ("kaldi_f64", FeatureConfig::kaldi(), FFT_ERROR),
    ] {
        let (shape, expected) = read::<f32>(&format!("{signal}.{reference}.npy"));
        let features = LogMel::new(&config).unwrap().extract(samples);
        let found = [features.num_frames() as u64, features.num_bins() as u64];
        assert_eq!(found[..], shape[..], "{signal}, {reference}");
        let (mut worst, mut rounding) = (0f64, 0f64);
        for (row, expected) in expected.chunks(features.num_bins()).enumerate() {
            let loudest = expected.iter().copied().fold(f32::MIN, f32::max);
            for (bin, (&found, &value)) in features.frame(row).iter().zip(expected).enumerate() {
                let tolerance = f64::from(TOLERANCE * value.abs().max(1.0));
                // In units of what is allowed.
                let error = match config.compression {
                    Compression::Ln => {
                        // Features are ln(amplitude^2).
                        let amplitude = |value: f32| (f64::from(value - loudest) / 2.0).exp();
                        let error = (amplitude(found) - amplitude(value)).abs();
                        let relative = amplitude(value) * tolerance / 2.0;
                        rounding = rounding.max(error - relative);
                        error / (relative + fft_error)
                    }
                    _ => f64::from((found - value).abs()) / tolerance,
                };
                assert!(
                    error <= 1.0,
                    "{signal}, {reference}, frame {row}, bin {bin}: {found}, expected {value}, {error:.2} of the tolerance"
                );
                worst = worst.max(error);
            }
        }
        eprintln!(
            "{signal}, {reference}: largest error is {worst:.2} of the tolerance, rounding {rounding:.1e}"
        );
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
    // Whole frames alone count for Kaldi, and there is none; librosa repeats the sample to a frame's width.
    let frames = |preset| read::<f32>(&format!("one_sample.{preset}.npy")).0[0];
    assert_eq!(["kaldi", "librosa"].map(frames), [0, 1]);
    compare("one_sample", &samples("speech.npy")[8_000..8_001]);
}
