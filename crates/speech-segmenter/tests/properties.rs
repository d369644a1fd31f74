//! What must hold for any samples, weights and settings.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::LazyLock;

use common::{State, furthest, hashed, load, signal, state};
use proptest::prelude::*;
use speech_segmenter::{
    FRAME_FIELD, SegmentError, Segmenter, Tensor, Window, WindowSettings, num_frames,
};

static STATE: LazyLock<State> = LazyLock::new(state);
static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(|| load(&STATE).unwrap());

fn all(samples: &[f32], settings: WindowSettings) -> Vec<Window> {
    let windows = SEGMENTER.windows(samples, settings).unwrap();
    windows.map(Result::unwrap).collect()
}

fn rows(window: &Window) -> Vec<f32> {
    window.posteriors().rows().as_flattened().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn probabilities_of_any_window_add_up_to_one(
        samples in 0usize..20_000,
        level in -12i32..7,
        offset in -1.0f32..1.0,
    ) {
        let gain = 10f32.powi(level);
        let samples: Vec<f32> = hashed("any", samples).iter().map(|x| (x + offset) * 0.5 * gain).collect();
        match SEGMENTER.window(&samples) {
            Err(error) => {
                let short = matches!(error, SegmentError::WindowLength { .. });
                prop_assert!(short && samples.len() < FRAME_FIELD, "{}", error);
            }
            Ok(posteriors) => {
                prop_assert_eq!(posteriors.num_frames(), num_frames(samples.len()));
                for row in posteriors.rows() {
                    let sum: f32 = row.iter().map(|value| value.exp()).sum();
                    prop_assert!((sum - 1.0).abs() < 1e-5);
                }
                for speaker in posteriors.speaker_probabilities().flatten() {
                    prop_assert!((0.0..=1.0).contains(&speaker));
                }
            }
        }
    }

    #[test]
    fn every_sample_is_in_a_window_and_pieces_make_no_difference(
        count in 0usize..30_000,
        window in FRAME_FIELD..9_000,
        share in 1usize..=10,
        piece in 1usize..20_000,
    ) {
        let settings = WindowSettings { window, step: (window * share / 10).max(600) };
        let samples = signal("pieces", count);
        let windows = all(&samples, settings);
        for (index, window) in windows.iter().enumerate() {
            prop_assert_eq!(window.start(), index * settings.step);
            prop_assert!(window.num_samples() > 0);
        }
        let end = windows.last().map_or(0, |last| last.start() + last.num_samples());
        prop_assert_eq!(end, count);
        let whole = windows.iter().filter(|found| found.num_samples() == window).count();
        prop_assert!(windows.len() - whole <= 1);

        let mut stream = SEGMENTER.stream(settings).unwrap();
        let mut streamed = Vec::new();
        for piece in samples.chunks(piece) {
            streamed.extend(stream.push(piece).unwrap());
        }
        streamed.extend(stream.finish().unwrap());
        prop_assert_eq!(streamed, windows);
    }

    #[test]
    fn any_settings_are_taken_or_refused(window in any::<usize>(), step in any::<usize>(), small in 0usize..3_000) {
        for settings in [WindowSettings { window, step }, WindowSettings { window: small, step: small / 2 }] {
            let fits = (FRAME_FIELD..=960_000).contains(&settings.window)
                && (1..=settings.window).contains(&settings.step);
            prop_assert_eq!(SEGMENTER.windows(&[0.0; 10], settings).is_ok(), fits);
        }
    }

    #[test]
    fn weights_that_lack_or_spoil_one_tensor_are_refused(which in any::<prop::sample::Index>(), how in 0..5, at in any::<prop::sample::Index>()) {
        let name = which.get(&STATE.keys().collect::<Vec<_>>()).to_string();
        let (mut shape, mut values) = STATE[&name].clone();
        match how {
            0 => shape.push(1),
            1 => shape[0] = usize::MAX,
            2 => values.truncate(values.len() - 1),
            3 => {
                let at = at.index(values.len());
                values[at] = f32::NAN;
            }
            _ => {}
        }
        let loaded = Segmenter::load(|wanted| {
            if wanted != name {
                let (shape, values) = STATE.get(wanted)?;
                return Some(Tensor { shape, values });
            }
            (how < 4).then_some(Tensor { shape: &shape, values: &values })
        });
        prop_assert!(loaded.unwrap_err().to_string().contains(&name));
    }
}

#[test]
fn a_window_of_a_recording_is_that_window_by_itself() {
    let samples = signal("alone", 60_000);
    for step in [4_000, 4_001] {
        let settings = WindowSettings {
            window: 16_000,
            step,
        };
        for window in all(&samples, settings) {
            let mut alone = samples[window.start()..][..window.num_samples()].to_vec();
            alone.resize(16_000, 0.0);
            let alone = SEGMENTER.window(&alone).unwrap();
            let distance = furthest(&rows(&window), alone.rows().as_flattened());
            assert!(distance < 1e-5, "{step}: {distance}");
        }
    }
}

/// An offset and a level, which the norm of the samples takes away, do not matter.
#[test]
fn neither_level_nor_offset_matters() {
    let samples = signal("level", 24_000);
    let expected = SEGMENTER.window(&samples).unwrap();
    for (gain, offset) in [(32_768.0, 0.0), (1.0, 0.9), (0.5, -3.0)] {
        let changed: Vec<f32> = samples.iter().map(|x| x * gain + offset).collect();
        let found = SEGMENTER.window(&changed).unwrap();
        let distance = furthest(found.rows().as_flattened(), expected.rows().as_flattened());
        assert!(distance < 2e-2, "{gain} {offset}: {distance}");
    }
}

#[test]
fn threads_make_no_difference() {
    let samples = signal("threads", 150_000);
    let settings = WindowSettings {
        window: 16_000,
        step: 3_000,
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| all(&samples, settings))
    };
    let one = with(1);
    assert!(one.len() > 40);
    for threads in [2, 5] {
        assert_eq!(with(threads), one);
    }
}

#[test]
fn samples_that_are_no_sound_are_refused_by_their_place() {
    let mut samples = signal("broken", 40_000);
    samples[33_333] = f32::NAN;
    let settings = WindowSettings {
        window: 16_000,
        step: 8_000,
    };
    let mut windows = SEGMENTER.windows(&samples, settings).unwrap();
    let error = windows.find_map(Result::err).unwrap();
    assert!(
        error.to_string().starts_with("sample 33333 is NaN"),
        "{error}"
    );
    assert!(windows.next().is_none());
    for broken in [f32::INFINITY, 1e7, f32::MIN] {
        assert!(SEGMENTER.window(&[broken; 2_000]).is_err());
    }
}

/// Weights that are finite but of no network: an answer, or a refusal.
#[test]
fn enormous_weights_do_not_panic() {
    for part in [
        "lstm",
        "linear",
        "classifier",
        "sincnet.conv1d.1",
        "sincnet.norm1d",
        "sincnet.wav",
    ] {
        let mut state = STATE.clone();
        for (_, (_, values)) in state.iter_mut().filter(|(name, _)| name.starts_with(part)) {
            values.iter_mut().for_each(|value| *value *= 1e38);
        }
        let Ok(segmenter) = load(&state) else {
            continue;
        };
        match segmenter.window(&signal("enormous", 8_000)) {
            Ok(posteriors) => assert_eq!(posteriors.num_frames(), 26, "{part}"),
            Err(error) => assert!(matches!(error, SegmentError::Answer { .. }), "{error}"),
        }
    }
    let mut state = STATE.clone();
    state
        .get_mut("sincnet.conv1d.0.filterbank.low_hz_")
        .unwrap()
        .1[7] = 8_000.0;
    assert!(
        load(&state)
            .unwrap_err()
            .to_string()
            .contains("8000 at index 7")
    );
}
