//! The front ends of networks of others against their own code (`golden/make_families.py`).
//!
//! All of them are f32 there and here, and differ by how sums are rounded; where a band is nearly empty beside its neighbours, the
//! transform's rounding of the loudest bin is all that is in it, so that the logarithm of a faint band shows more.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and reports on stderr"
)]

use audio_features::{FeatureConfig, FrontEnd, LogMel, Windows};
use npyz::{Deserialize, NpyFile};

fn read<T: Deserialize>(name: &str) -> (Vec<u64>, Vec<T>) {
    let path = format!(
        "{}/tests/golden/families/{name}.npy",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file = NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

#[test]
fn every_family_gets_the_features_of_its_own_code() {
    // Tolerances of the largest difference, relative to max(1, |value|).
    let families = [
        (
            "wespeaker",
            FeatureConfig::of_family("wespeaker").unwrap(),
            1e-3,
        ),
        (
            "3d-speaker",
            FeatureConfig::of_family("3d-speaker").unwrap(),
            1e-3,
        ),
        ("nemo", FeatureConfig::of_family("nemo").unwrap(), 1e-3),
        (
            "speechbrain",
            FeatureConfig::of_family("speechbrain").unwrap(),
            1e-3,
        ),
        (
            "resemblyzer",
            // Its own code takes windows out of this afterwards.
            FeatureConfig {
                whole_windows: None,
                ..FeatureConfig::of_family("resemblyzer").unwrap()
            },
            1e-3,
        ),
        ("sherpa", FeatureConfig::sherpa(), 1e-3),
    ];
    let mut failed = Vec::new();
    for (family, config, tolerance) in families {
        let front_end = FrontEnd::new(config, None).unwrap();
        for signal in ["voice", "short", "faint"] {
            let (_, integers) = read::<i16>(signal);
            let samples: Vec<f32> = integers
                .iter()
                .map(|value| f32::from(*value) / 32_768.0)
                .collect();
            let (shape, expected) = read::<f32>(&format!("{signal}.{family}"));
            let found = front_end.features(&samples);
            assert_eq!(
                [found.num_frames() as u64, found.num_bins() as u64],
                shape[..],
                "{family} {signal}"
            );
            let (mut largest, mut sum, mut place) = (0f64, 0f64, 0);
            for (index, (found, expected)) in found.data().iter().zip(&expected).enumerate() {
                let difference = f64::from((found - expected).abs() / expected.abs().max(1.0));
                if difference > largest {
                    (largest, place) = (difference, index);
                }
                sum += difference;
            }
            let mean = sum / expected.len() as f64;
            let (frame, bin) = (place / found.num_bins(), place % found.num_bins());
            eprintln!(
                "{family} {signal}: largest {largest:.2e} (frame {frame}, band {bin}), mean {mean:.2e}"
            );
            // Bands that hold nothing but the guard, divided by their deviation of 1e-4, show the last bit of f32: torch itself is
            // 3.6e-2 away from its features in 64 bits there.
            let tolerance = match (family, signal) {
                ("nemo", "faint") => 4e-2,
                _ => tolerance,
            };
            if largest > tolerance {
                failed.push(format!("{family} {signal} {largest}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn windows_are_those_of_resemblyzer() {
    let log_mel = LogMel::new(&FeatureConfig::resemblyzer()).unwrap();
    let (_, rows) = read::<i64>("partials");
    for row in rows.chunks_exact(5) {
        let num_samples = row[0] as usize;
        let num_frames = log_mel.num_frames(num_samples);
        let windows = Windows::RESEMBLYZER.over(num_frames);
        assert!(windows.iter().all(|window| window.len() == 160));
        let starts: Vec<usize> = windows.iter().map(|window| window.start).collect();
        let found = [
            // Zeros reach to the end of the last window, if the recording does not.
            num_samples.max((starts.last().unwrap() + 160) * 160) as i64,
            starts.len() as i64,
            *starts.last().unwrap() as i64,
            starts[1.min(starts.len() - 1)] as i64,
        ];
        assert_eq!(found[..], row[1..], "{num_samples}");
    }
}

#[test]
fn every_front_end_survives_toml_and_old_ones_say_nothing_new() {
    for name in [
        "wespeaker",
        "3d-speaker",
        "nemo",
        "speechbrain",
        "resemblyzer",
    ] {
        let config = FeatureConfig::of_family(name).unwrap();
        config.validate().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(
            toml::from_str::<FeatureConfig>(&text).unwrap(),
            config,
            "{text}"
        );
    }
    assert_eq!(FeatureConfig::of_family("custom"), None);
    for config in [FeatureConfig::kaldi(), FeatureConfig::librosa()] {
        let text = toml::to_string(&config).unwrap();
        assert!(
            !text.contains("preemphasis_over") && !text.contains("top_db"),
            "{text}"
        );
    }
}
