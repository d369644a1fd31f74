//! Properties of the whole chain: what was drawn is what can be measured, and nothing but the seed decides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::ops::Range;

use proptest::prelude::*;
use sound_augment::{
    BabbleConfig, ClippingConfig, Clips, DeviceConfig, EqualiserConfig, GainConfig, MusicConfig,
    NoVoices, NoiseConfig, RoomConfig, SampleAugmenter, SamplesConfig, Sounds, TelephoneConfig,
    WhiteConfig, Workspace, active_power, mean_power,
};

const RATE: u32 = 16_000;

/// Syllables of a harmonic voice with pauses between them.
fn speech(len: usize) -> Vec<f32> {
    (0..len)
        .map(|n| {
            let t = n as f64 / f64::from(RATE);
            let voice: f64 = (1..30)
                .map(|h| (std::f64::consts::TAU * 120.0 * f64::from(h) * t).sin() / f64::from(h))
                .sum();
            let syllable = (std::f64::consts::TAU * 2.0 * t).sin().max(0.0);
            (0.1 * voice * syllable) as f32
        })
        .collect()
}

/// A clip of noise of its own for each number.
fn clip(number: usize) -> Vec<f32> {
    let step = 7_919 + 2 * number;
    (0..9_000)
        .map(|i| ((i * i * step) % 1_009) as f32 / 504.5 - 1.0)
        .collect()
}

fn sounds() -> Sounds {
    let mut sounds = Sounds::default();
    for number in 0..3 {
        sounds.noise.push(&clip(number));
        sounds.music.push(&clip(number + 10));
        sounds.babble.push(&speech(20_000)[1_000 * number..]);
        let decay = |i: usize| (-(i as f32) / 900.0).exp() * if i == 0 { 2.0 } else { 0.2 };
        let noise = clip(number + 20);
        let response = noise
            .iter()
            .enumerate()
            .map(|(i, s)| if i == 0 { 2.0 } else { decay(i) * s });
        sounds.rooms.push(response.collect());
        sounds.devices.push(vec![0.1, 1.0, -0.4, 0.2, -0.1]);
    }
    sounds
}

/// A window around `crop` of the recording as `seed` wants it, and where the crop lies in it.
fn window(
    augmenter: &SampleAugmenter,
    seed: u64,
    recording: &[f32],
    crop: Range<usize>,
) -> (Vec<f32>, Range<usize>) {
    let (before, behind) = augmenter.margins(seed);
    let at = |n: isize| {
        usize::try_from(n)
            .ok()
            .and_then(|n| recording.get(n))
            .copied()
    };
    let begin = crop.start as isize - before as isize;
    let end = (crop.end + behind) as isize;
    let samples = (begin..end).map(|n| at(n).unwrap_or(0.0)).collect();
    (samples, before..before + crop.len())
}

fn augmented(
    augmenter: &SampleAugmenter,
    seed: u64,
    recording: &[f32],
    crop: Range<usize>,
) -> Vec<f32> {
    let (mut samples, heard) = window(augmenter, seed, recording, crop);
    let mut workspace = Workspace::default();
    augmenter.augment(seed, &mut samples, heard.clone(), &NoVoices, &mut workspace);
    samples[heard].to_vec()
}

fn everything() -> SamplesConfig {
    let certain = |probability: &mut f64| *probability = 1.0;
    let mut config = SamplesConfig {
        music: Some(MusicConfig::default()),
        device: Some(DeviceConfig::default()),
        ..SamplesConfig::usual()
    };
    certain(&mut config.room.as_mut().unwrap().probability);
    certain(&mut config.noise.as_mut().unwrap().probability);
    certain(&mut config.music.as_mut().unwrap().probability);
    certain(&mut config.babble.as_mut().unwrap().probability);
    certain(&mut config.device.as_mut().unwrap().probability);
    certain(&mut config.equaliser.as_mut().unwrap().probability);
    certain(&mut config.clipping.as_mut().unwrap().probability);
    certain(&mut config.telephone.as_mut().unwrap().probability);
    let room = config.room.as_mut().unwrap();
    room.num_simulated = 4;
    room.longest_s = 0.15;
    config
}

#[test]
fn the_same_seed_gives_the_same_bits_in_any_order_and_on_any_thread() {
    let augmenter = SampleAugmenter::new(&everything(), RATE, sounds()).unwrap();
    let recording = speech(60_000);
    let crop = |seed: u64| augmented(&augmenter, seed, &recording, 20_000..36_000);
    let one: Vec<Vec<f32>> = (0..24).map(crop).collect();
    let mut other: Vec<Vec<f32>> = Vec::new();
    std::thread::scope(|scope| {
        let halves = [12..24, 0..12]
            .map(|seeds: Range<u64>| scope.spawn(|| seeds.rev().map(crop).rev_collect()));
        let [late, early] = halves.map(|half| half.join().unwrap());
        other.extend(early);
        other.extend(late);
    });
    assert_eq!(one, other);
    // A workspace that has seen other crops gives the same.
    let fresh = SampleAugmenter::new(&everything(), RATE, sounds()).unwrap();
    let mut workspace = Workspace::default();
    for seed in [5, 3, 5] {
        let (mut samples, heard) = window(&fresh, seed, &recording, 20_000..36_000);
        fresh.augment(seed, &mut samples, heard.clone(), &NoVoices, &mut workspace);
        assert_eq!(&samples[heard], one[seed as usize], "{seed}");
    }
    assert!(one.windows(2).all(|pair| pair[0] != pair[1]));
}

trait RevCollect: Iterator {
    /// What comes, in reverse order.
    fn rev_collect(self) -> Vec<Self::Item>;
}

impl<I: Iterator> RevCollect for I {
    fn rev_collect(self) -> Vec<Self::Item> {
        let mut all: Vec<_> = self.collect();
        all.reverse();
        all
    }
}

/// What was added, beside the speech.
fn added(config: &SamplesConfig, seed: u64) -> (f64, Vec<f32>, Vec<f32>) {
    let augmenter = SampleAugmenter::new(config, RATE, sounds()).unwrap();
    let recording = speech(60_000);
    let crop = 20_000..36_000;
    let heard = augmented(&augmenter, seed, &recording, crop.clone());
    let clean = recording[crop].to_vec();
    let difference: Vec<f32> = heard.iter().zip(&clean).map(|(a, b)| a - b).collect();
    (active_power(&clean, RATE), clean, difference)
}

#[test]
fn noise_music_babble_and_white_noise_are_as_loud_as_drawn() {
    let snr_db = [12.0; 2];
    let configs = [
        SamplesConfig {
            noise: Some(NoiseConfig {
                probability: 1.0,
                snr_db,
                ..Default::default()
            }),
            ..Default::default()
        },
        SamplesConfig {
            music: Some(MusicConfig {
                probability: 1.0,
                snr_db,
                ..Default::default()
            }),
            ..Default::default()
        },
        SamplesConfig {
            babble: Some(BabbleConfig {
                probability: 1.0,
                snr_db,
                made: 0.0,
                ..Default::default()
            }),
            ..Default::default()
        },
        SamplesConfig {
            white: Some(WhiteConfig {
                probability: 1.0,
                snr_db,
            }),
            ..Default::default()
        },
    ];
    for config in configs {
        let found: Vec<f64> = (0..8)
            .map(|seed| {
                let (power, _, difference) = added(&config, seed);
                10.0 * (power / mean_power(&difference)).log10()
            })
            .collect();
        // Over the crop and its margins together it is exact; over the crop alone noise of a second may be louder or softer.
        let mean = found.iter().sum::<f64>() / 8.0;
        assert!((mean - 12.0).abs() < 0.4, "{config:?}: {found:?}");
        assert!(
            found.iter().all(|snr| (snr - 12.0).abs() < 1.5),
            "{config:?}: {found:?}"
        );
    }
}

#[test]
fn rooms_devices_and_equalisers_keep_the_level_and_the_place() {
    let recording = speech(60_000);
    for simulated in [0.0, 1.0] {
        let config = SamplesConfig {
            room: Some(RoomConfig {
                probability: 1.0,
                simulated,
                num_simulated: 6,
                distance_m: [0.2, 0.5],
                ..Default::default()
            }),
            device: Some(DeviceConfig {
                probability: 0.5,
                folder: None,
            }),
            equaliser: Some(EqualiserConfig {
                probability: 0.5,
                ..Default::default()
            }),
            ..Default::default()
        };
        let augmenter = SampleAugmenter::new(&config, RATE, sounds()).unwrap();
        for seed in 0..12 {
            let heard = augmented(&augmenter, seed, &recording, 20_000..36_000);
            let clean = &recording[20_000..36_000];
            let change = active_power(&heard, RATE) / active_power(clean, RATE);
            assert!((10.0 * change.log10()).abs() < 0.01, "{change}");
            // The largest correlation lies where the direct sound is.
            let correlation = |lag: isize| -> f64 {
                let pairs = (100..15_900)
                    .map(|n| f64::from(clean[n]) * f64::from(heard[(n as isize + lag) as usize]));
                pairs.sum()
            };
            let best = (-60..60).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b)));
            assert!(best.unwrap().abs() <= 8, "{seed}: {best:?}");
        }
    }
}

/// A room rings on from what was said before the crop.
#[test]
fn what_was_said_before_a_crop_is_heard_in_it() {
    let config = SamplesConfig {
        room: Some(RoomConfig {
            probability: 1.0,
            simulated: 0.0,
            ..Default::default()
        }),
        ..Default::default()
    };
    let augmenter = SampleAugmenter::new(&config, RATE, sounds()).unwrap();
    let recording = speech(60_000);
    let whole = augmented(&augmenter, 1, &recording, 0..60_000);
    let crop = augmented(&augmenter, 1, &recording, 30_000..46_000);
    // The same but for the level, which is kept over what is heard.
    let factor = (mean_power(&whole[30_000..46_000]) / mean_power(&crop)).sqrt() as f32;
    for (a, b) in crop.iter().zip(&whole[30_000..46_000]) {
        assert!((a * factor - b).abs() < 2e-4, "{a} {b}");
    }
}

#[test]
fn clipping_and_gain_are_as_drawn() {
    let config = SamplesConfig {
        clipping: Some(ClippingConfig {
            probability: 1.0,
            over_db: [6.0206; 2],
        }),
        gain: Some(GainConfig {
            probability: 1.0,
            gain_db: [-6.0206; 2],
        }),
        ..Default::default()
    };
    let augmenter = SampleAugmenter::new(&config, RATE, Sounds::default()).unwrap();
    let recording = speech(60_000);
    let heard = augmented(&augmenter, 1, &recording, 20_000..36_000);
    let clean = &recording[20_000..36_000];
    let peak = clean.iter().fold(0f32, |l, s| l.max(s.abs()));
    for (a, b) in heard.iter().zip(clean) {
        let expected = b.clamp(-0.5 * peak, 0.5 * peak) * 0.5;
        assert!((a - expected).abs() < 1e-5 * peak, "{a} {expected}");
    }
}

#[test]
fn effects_that_need_recordings_say_so() {
    for config in [
        SamplesConfig {
            music: Some(MusicConfig::default()),
            ..Default::default()
        },
        SamplesConfig {
            device: Some(DeviceConfig::default()),
            ..Default::default()
        },
        SamplesConfig {
            room: Some(RoomConfig {
                num_simulated: 0,
                ..Default::default()
            }),
            ..Default::default()
        },
    ] {
        let error = SampleAugmenter::new(&config, RATE, Sounds::default())
            .err()
            .unwrap();
        assert!(error.to_string().contains("no recordings") && error.remedy().is_some());
    }
}

#[test]
fn babble_is_made_of_whoever_talks() {
    let config = SamplesConfig {
        babble: Some(BabbleConfig {
            probability: 1.0,
            ..Default::default()
        }),
        ..Default::default()
    };
    let augmenter = SampleAugmenter::new(&config, RATE, Sounds::default()).unwrap();
    let mut voices = Clips::new();
    voices.push(&speech(30_000));
    let (before, behind) = augmenter.margins(1);
    let mut samples = speech(before + 16_000 + behind);
    let clean = samples.clone();
    let heard = before..before + 16_000;
    let mut workspace = Workspace::default();
    augmenter.augment(1, &mut samples, heard.clone(), &NoVoices, &mut workspace);
    assert_eq!(samples, clean, "nobody talks");
    augmenter.augment(1, &mut samples, heard, &voices, &mut workspace);
    assert_ne!(samples, clean);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever comes, finite numbers leave, and as many.
    #[test]
    fn no_input_makes_anything_but_numbers(
        seed in any::<u64>(),
        len in 0usize..9_000,
        loudness in prop::sample::select(vec![0.0f32, 1e-30, 1e-6, 0.1, 1.0, 1e6]),
        margin in 0usize..2_000,
    ) {
        let augmenter = SampleAugmenter::new(&everything(), RATE, sounds()).unwrap();
        let mut samples: Vec<f32> = speech(len + 2 * margin).iter().map(|s| s * loudness).collect();
        let telephone = TelephoneConfig::default();
        prop_assert!(telephone.probability > 0.0);
        let mut workspace = Workspace::default();
        augmenter.augment(seed, &mut samples, margin..margin + len, &NoVoices, &mut workspace);
        prop_assert_eq!(samples.len(), len + 2 * margin);
        prop_assert!(samples.iter().all(|s| s.is_finite()));
    }
}
