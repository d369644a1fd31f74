//! Augmentation as a whole: determinism, identity, silence.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use audio_features::augment::{
    AugmentConfig, Augmenter, FrequencyMask, GainConfig, NoiseConfig, RoomConfig, TimeMask,
};
use audio_features::{FeatureConfig, Features, LogMel};
use proptest::prelude::*;

/// A second of a chopped tone.
fn samples() -> Vec<f32> {
    (0..16_000u16)
        .map(f32::from)
        .map(|i| (i * 0.1).sin() * 0.3 * (i * 0.001).sin().max(0.0))
        .collect()
}

fn presets() -> [FeatureConfig; 2] {
    [FeatureConfig::kaldi(), FeatureConfig::librosa()]
}

fn everything() -> AugmentConfig {
    AugmentConfig {
        frequency_mask: Some(FrequencyMask::default()),
        time_mask: Some(TimeMask::default()),
        ..AugmentConfig::rooms_and_channels()
    }
}

fn augmented(
    features: &FeatureConfig,
    config: &AugmentConfig,
    seed: u64,
    samples: &[f32],
) -> Features {
    let mut raw = LogMel::new(features).unwrap().extract(samples);
    let augmenter = Augmenter::new(features, config).unwrap();
    augmenter.augment(seed, &mut raw);
    augmenter.mask(seed, raw.data_mut());
    raw
}

#[test]
fn all_parts_off_is_the_identity() {
    for features in presets() {
        let raw = LogMel::new(&features).unwrap().extract(&samples());
        assert_eq!(
            augmented(&features, &AugmentConfig::default(), 1, &samples()),
            raw
        );
        let never = AugmentConfig {
            room: Some(RoomConfig {
                probability: 0.0,
                ..Default::default()
            }),
            noise: Some(NoiseConfig {
                probability: 0.0,
                ..Default::default()
            }),
            time_mask: Some(TimeMask {
                probability: 0.0,
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(augmented(&features, &never, 1, &samples()), raw);
    }
}

#[test]
fn gain_is_a_constant_of_the_logarithm() {
    let raw = LogMel::new(&FeatureConfig::kaldi())
        .unwrap()
        .extract(&samples());
    for gain_db in [0.0f32, -6.0] {
        let gain = GainConfig {
            probability: 1.0,
            gain_db: [f64::from(gain_db); 2],
        };
        let config = AugmentConfig {
            gain: Some(gain),
            ..Default::default()
        };
        let changed = augmented(&FeatureConfig::kaldi(), &config, 1, &samples());
        let shift = gain_db / 10.0 * std::f32::consts::LN_10;
        for (before, after) in raw.data().iter().zip(changed.data()) {
            let expected = (before + shift).max(f32::EPSILON.ln());
            // Through the power and back: an ln and an exp of 3e-7 each, and roundings of values up to 16 by 1e-6.
            assert!((after - expected).abs() < 1e-5, "{before} {after}");
        }
    }
}

#[test]
fn a_part_draws_the_same_whether_or_not_others_are_on() {
    let room = RoomConfig {
        probability: 1.0,
        ..Default::default()
    };
    let alone = AugmentConfig {
        room: Some(room.clone()),
        ..Default::default()
    };
    let gain = GainConfig {
        probability: 1.0,
        gain_db: [0.0; 2],
    };
    let both = AugmentConfig {
        room: Some(room),
        gain: Some(gain),
        ..Default::default()
    };
    let kaldi = FeatureConfig::kaldi();
    let (one, two) = (
        augmented(&kaldi, &alone, 9, &samples()),
        augmented(&kaldi, &both, 9, &samples()),
    );
    // A gain of 0 dB goes through the power and back: an ln and an exp of 3e-7 each, and roundings of values up to 16.
    assert_eq!(one.data().len(), two.data().len());
    assert!(
        one.data()
            .iter()
            .zip(two.data())
            .all(|(a, b)| (a - b).abs() < 1e-5)
    );
}

#[test]
fn silence_and_features_of_another_width_pass() {
    for features in presets() {
        let silent = augmented(&features, &everything(), 4, &[0.0; 8_000]);
        assert!(silent.data().iter().all(|value| value.is_finite()));
        assert_eq!(augmented(&features, &everything(), 4, &[]).num_frames(), 0);
        let mut other = Features::new(vec![1.0; 30], 3);
        Augmenter::new(&features, &everything())
            .unwrap()
            .augment(4, &mut other);
        assert_eq!(other, Features::new(vec![1.0; 30], 3));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_seed_decides_and_everything_stays_finite(seed: u64) {
        for features in presets() {
            let once = augmented(&features, &everything(), seed, &samples());
            prop_assert!(once.data().iter().all(|value| value.is_finite()));
            prop_assert_eq!(&once, &augmented(&features, &everything(), seed, &samples()));
            prop_assert_ne!(&once, &augmented(&features, &everything(), !seed, &samples()));
        }
    }
}
