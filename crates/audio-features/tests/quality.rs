//! What is said of how a recording sounds: silence and noise hold no speech, voices do, at any level, rate and padding.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use audio_features::{
    AudioWarning, Quality, QualityGauge, Recording, Source, SpeechDetector, Waveform,
    read_recording,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BOTH: [SpeechDetector; 2] = [SpeechDetector::Energy, SpeechDetector::Network];

fn recording(samples: Vec<f32>) -> Recording {
    Recording {
        source: Source {
            codec: "pcm_f32le".into(),
            sample_rate_hz: 16_000,
            num_channels: 1,
            num_frames: samples.len() as u64,
        },
        warnings: Vec::new(),
        waveform: Waveform {
            samples,
            sample_rate_hz: 16_000,
        },
    }
}

fn measure(detector: SpeechDetector, samples: Vec<f32>) -> Quality {
    QualityGauge::new(16_000, detector).measure(&recording(samples))
}

/// A recording of a voice of the repository, 2.8 s.
fn voice() -> Vec<f32> {
    let path = testing::repository().join("data/voices/v04/s2/u1.ogg");
    read_recording(&path, 16_000).unwrap().waveform.samples
}

/// Noise whose samples are sums of the ones before (`leak` near 1: brown), of this root mean square.
fn noise(seed: u64, seconds: usize, leak: f32, rms: f32) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut last = 0.0;
    let mut samples: Vec<f32> = (0..16_000 * seconds)
        .map(|_| {
            last = leak * last + random.random_range(-1.0f32..1.0);
            last
        })
        .collect();
    let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
    samples
        .iter_mut()
        .for_each(|x| *x = (*x * rms / power.sqrt() * 32_768.0).round() / 32_768.0);
    samples
}

#[test]
fn silence_and_steady_noise_of_any_colour_and_level_hold_no_speech() {
    for detector in BOTH {
        assert_eq!(measure(detector, vec![0.0; 48_000]).speech_s, 0.0);
        assert_eq!(measure(detector, Vec::new()).speech_share, 0.0);
        for (seed, leak) in [(1, 0.0), (2, 0.9), (3, 0.99)] {
            for rms in [0.1, 0.003, 0.000_03] {
                for seconds in [2, 20] {
                    let quality = measure(detector, noise(seed, seconds, leak, rms));
                    let what = format!("{detector:?} {leak} {rms} {seconds}");
                    assert!(quality.speech_s < 0.2, "{what}: {quality:?}");
                }
            }
        }
    }
}

#[test]
fn a_voice_is_heard_at_any_level_and_with_any_silence_around_it() {
    let voice = voice();
    for detector in BOTH {
        let plain = measure(detector, voice.clone());
        assert!(plain.speech_share > 0.6, "{plain:?}");
        let quiet = voice.iter().map(|x| x * 0.02).collect();
        let quiet = measure(detector, quiet);
        assert!(
            (quiet.speech_s - plain.speech_s).abs() < 0.2,
            "{quiet:?} {plain:?}"
        );
        // 20 log10(0.02) = -34.0 dB.
        let fall = plain.level_db.unwrap() - quiet.level_db.unwrap();
        assert!((fall - 33.98).abs() < 0.3, "{fall}");
        for around in [vec![0.0; 16_000 * 8], noise(4, 8, 0.0, 0.000_3)] {
            let mut padded = around.clone();
            padded.extend(&voice);
            padded.extend(&around);
            let padded = measure(detector, padded);
            let what = format!("{detector:?} {padded:?} {plain:?}");
            assert!((padded.speech_s - plain.speech_s).abs() < 0.3, "{what}");
            assert!(padded.speech_share < 0.2, "{what}");
        }
    }
}

#[test]
fn the_band_the_noise_and_the_clipping_are_measured() {
    let voice = voice();
    let wide = measure(SpeechDetector::Energy, voice.clone());
    assert!(wide.band_hz.unwrap() > 5_000.0, "{wide:?}");
    // Speech at -20 dB, white noise 20 dB below it in a pause of a second and under the voice.
    let level = wide.level_db.unwrap();
    let gain = 10f64.powf((-20.0 - level) / 20.0) as f32;
    let mut noisy = noise(5, 8, 0.0, 0.01);
    for (to, sample) in noisy[32_000..].iter_mut().zip(&voice) {
        *to += sample * gain;
    }
    let noisy = measure(SpeechDetector::Network, noisy);
    assert!((noisy.level_db.unwrap() + 20.0).abs() < 1.5, "{noisy:?}");
    assert!((noisy.snr_db.unwrap() - 20.0).abs() < 2.5, "{noisy:?}");
    let mut clipped = recording(voice);
    clipped.warnings = vec![
        AudioWarning::Clipping {
            num_samples: 30,
            share: 0.01,
        },
        AudioWarning::ChannelsCancel {
            num_channels: 2,
            channel: 0,
            mix_db: -90.0,
        },
    ];
    let clipped = QualityGauge::new(16_000, SpeechDetector::Energy).measure(&clipped);
    assert_eq!(
        (clipped.clipped_share, clipped.channels_cancel),
        (0.01, true)
    );
}

#[test]
fn the_band_ends_where_the_harmonics_do() {
    for limit_hz in [3_600.0, 5_500.0, 7_500.0] {
        // Harmonics of 100 Hz up to a limit that fall by 6 dB an octave, with the rounding of 16 bits.
        let sample = |i: usize| {
            let time_s = i as f32 / 16_000.0;
            let tones = (1..)
                .map(|k| k as f32 * 100.0)
                .take_while(|hz| *hz < limit_hz);
            let sum: f32 = tones
                .map(|hz| (std::f32::consts::TAU * hz * time_s + hz).sin() * 100.0 / hz)
                .sum();
            (sum * 0.1 * 32_768.0).round() / 32_768.0
        };
        let quality = measure(SpeechDetector::Energy, (0..16_000).map(sample).collect());
        let found = quality.band_hz.unwrap();
        assert!(
            (found - f64::from(limit_hz)).abs() < 250.0,
            "{found} for {limit_hz}"
        );
    }
    assert_eq!(
        measure(SpeechDetector::Energy, vec![0.0; 16_000]).band_hz,
        None
    );
}

#[test]
fn the_blocks_that_a_recording_comes_in_change_nothing() {
    let mut samples = voice();
    samples.extend(noise(6, 40, 0.9, 0.01));
    samples.extend(voice());
    for detector in BOTH {
        let gauge = QualityGauge::new(16_000, detector);
        let whole = gauge.measure(&recording(samples.clone()));
        for block in [1, 100, 511, 512, 4_097, 500_000] {
            let mut meter = gauge.meter();
            samples.chunks(block).for_each(|block| meter.push(block));
            assert_eq!(meter.finish(&[]), whole, "{block}");
        }
    }
}

#[test]
fn other_rates_are_judged_by_energy_and_scraps_have_no_band() {
    let gauge = QualityGauge::new(8_000, SpeechDetector::Network);
    let quality = gauge.measure(&recording(voice()));
    assert_eq!(quality.speech_by, SpeechDetector::Energy);
    let off = measure(SpeechDetector::Off, noise(7, 2, 0.0, 0.1));
    assert_eq!((off.speech_s, off.speech_share), (2.0, 1.0));
    let scrap = measure(SpeechDetector::Network, vec![0.1; 100]);
    assert_eq!(
        (scrap.band_hz, scrap.level_db, scrap.snr_db),
        (None, None, None)
    );
}
