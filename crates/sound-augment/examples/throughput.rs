//! How many crops a second of processor time one thread changes, by effect and all together: `cargo run --release -p sound-augment --example throughput`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement, which prints"
)]

use cpu_time::ThreadTime;
use sound_augment::{
    BabbleConfig, ClippingConfig, Clips, Codec, DeviceConfig, EqualiserConfig, GainConfig,
    NoiseConfig, RoomConfig, SampleAugmenter, SamplesConfig, Sounds, Speed, TelephoneConfig,
    WhiteConfig, Workspace,
};

const RATE: u32 = 16_000;

/// Noise that falls as a room of half a second does.
fn response() -> Vec<f32> {
    let decay = |i: u32| (-(i as f32) / 1_100.0).exp();
    (0..8_000u32)
        .map(|i| {
            decay(i)
                * if i == 0 {
                    4.0
                } else {
                    ((i * 7_919) % 1_009) as f32 / 1_009.0 - 0.5
                }
        })
        .collect()
}

fn speech() -> Vec<f32> {
    (0..160_000u32)
        .map(|n| {
            let t = n as f32 / RATE as f32;
            let syllable = (std::f32::consts::TAU * 2.0 * t).sin().max(0.0);
            (1..20)
                .map(|h| (std::f32::consts::TAU * 130.0 * h as f32 * t).sin())
                .sum::<f32>()
                * 0.02
                * syllable
        })
        .collect()
}

fn sounds() -> Sounds {
    let mut clips = Clips::new();
    clips.push(&speech());
    Sounds {
        rooms: vec![response()],
        devices: vec![response()[..1_500].to_vec()],
        noise: clips.clone(),
        music: clips.clone(),
        babble: clips,
    }
}

/// Crops of `seconds` a second of processor time: the best of nine.
fn measure(name: &str, config: &SamplesConfig, seconds: f64) {
    let augmenter = SampleAugmenter::new(config, RATE, sounds()).unwrap();
    let (speech, mut workspace) = (speech(), Workspace::default());
    let len = (seconds * f64::from(RATE)) as usize;
    let mut voices = Clips::new();
    voices.push(&speech);
    let mut pass = |count: u64| {
        let begin = ThreadTime::now();
        for seed in 0..count {
            let (before, behind) = augmenter.margins(seed);
            let mut samples = speech[..before + len + behind].to_vec();
            augmenter.augment(
                seed,
                &mut samples,
                before..before + len,
                &voices,
                &mut workspace,
            );
        }
        count as f64 / begin.elapsed().as_secs_f64()
    };
    // Simulated rooms and spectra are made once.
    pass(600);
    let best = (0..9).map(|_| pass(200)).fold(0.0, f64::max);
    println!(
        "{name:<28} {seconds:.1} s {best:>8.0} crops/s {:>7.3} ms",
        1e3 / best
    );
}

fn main() {
    let none = SamplesConfig::default();
    let room = |simulated| RoomConfig {
        probability: 1.0,
        simulated,
        ..Default::default()
    };
    let telephone = |codec| TelephoneConfig {
        probability: 1.0,
        codecs: vec![codec],
        ..Default::default()
    };
    let babble = |made| BabbleConfig {
        probability: 1.0,
        made,
        ..Default::default()
    };
    let effects = [
        (
            "measured room",
            SamplesConfig {
                room: Some(room(0.0)),
                ..none.clone()
            },
        ),
        (
            "simulated room",
            SamplesConfig {
                room: Some(room(1.0)),
                ..none.clone()
            },
        ),
        (
            "recorded noise",
            SamplesConfig {
                noise: Some(NoiseConfig {
                    probability: 1.0,
                    made: 0.0,
                    ..Default::default()
                }),
                ..none.clone()
            },
        ),
        (
            "made noise",
            SamplesConfig {
                noise: Some(NoiseConfig {
                    probability: 1.0,
                    made: 1.0,
                    ..Default::default()
                }),
                ..none.clone()
            },
        ),
        (
            "recorded babble",
            SamplesConfig {
                babble: Some(babble(0.0)),
                ..none.clone()
            },
        ),
        (
            "made babble",
            SamplesConfig {
                babble: Some(babble(1.0)),
                ..none.clone()
            },
        ),
        (
            "device",
            SamplesConfig {
                device: Some(DeviceConfig {
                    probability: 1.0,
                    folder: None,
                }),
                ..none.clone()
            },
        ),
        (
            "equaliser",
            SamplesConfig {
                equaliser: Some(EqualiserConfig {
                    probability: 1.0,
                    ..Default::default()
                }),
                ..none.clone()
            },
        ),
        (
            "clipping",
            SamplesConfig {
                clipping: Some(ClippingConfig {
                    probability: 1.0,
                    ..Default::default()
                }),
                ..none.clone()
            },
        ),
        (
            "telephone, mu-law",
            SamplesConfig {
                telephone: Some(telephone(Codec::MuLaw)),
                ..none.clone()
            },
        ),
        (
            "telephone, a-law",
            SamplesConfig {
                telephone: Some(telephone(Codec::ALaw)),
                ..none.clone()
            },
        ),
        (
            "telephone, gsm",
            SamplesConfig {
                telephone: Some(telephone(Codec::Gsm)),
                ..none.clone()
            },
        ),
        (
            "white noise",
            SamplesConfig {
                white: Some(WhiteConfig {
                    probability: 1.0,
                    ..Default::default()
                }),
                ..none.clone()
            },
        ),
        (
            "gain",
            SamplesConfig {
                gain: Some(GainConfig::default()),
                ..none.clone()
            },
        ),
    ];
    for (name, config) in &effects {
        measure(name, config, 2.0);
    }
    let mut usual = SamplesConfig {
        device: Some(DeviceConfig::default()),
        music: Some(Default::default()),
        ..SamplesConfig::usual()
    };
    measure("usual mixture", &usual, 2.0);
    measure("usual mixture", &usual, 1.5);
    measure("usual mixture", &usual, 1.0);
    for probability in [
        usual.room.as_mut().map(|c| &mut c.probability),
        usual.noise.as_mut().map(|c| &mut c.probability),
        usual.telephone.as_mut().map(|c| &mut c.probability),
        usual.device.as_mut().map(|c| &mut c.probability),
        usual.babble.as_mut().map(|c| &mut c.probability),
        usual.equaliser.as_mut().map(|c| &mut c.probability),
    ]
    .into_iter()
    .flatten()
    {
        *probability = 1.0;
    }
    measure("everything, always", &usual, 1.5);
    let (speed, speech) = (Speed::new(0.9).unwrap(), speech());
    let begin = ThreadTime::now();
    for start in 0..400 {
        let read = |range: std::ops::Range<usize>| Ok::<_, ()>(speech[range].to_vec());
        let read = speed.read(speech.len(), start..start + 32_000, read);
        assert!(read.is_ok_and(|samples| samples.len() == 32_000));
    }
    println!(
        "{:<28} 2.0 s {:>8.0} crops/s",
        "speed",
        400.0 / begin.elapsed().as_secs_f64()
    );
}
