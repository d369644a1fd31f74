//! How far up the spectrum of recordings reaches, by what their log-mel bands hold.

use audio_features::{FeatureConfig, Features};
use diagnosis::preflight::Bandwidth;

/// A band is empty where its mean power is this much below that of the recording's strongest band: 60 dB, which speech
/// stays above up to 8 kHz, and what a telephone or a low-pass filter cut away does not.
const EMPTY: f64 = 1e-6;

/// Share of the bands that is empty above the highest other one in a narrow recording.
const NARROW: f64 = 0.1;

/// Of recordings of a front end with `config`, by the [`reach`] of each; silent ones are left out.
pub(crate) fn bandwidth(
    reaches: impl Iterator<Item = Option<usize>>,
    config: &FeatureConfig,
) -> Bandwidth {
    let num_bands = config.num_bins;
    let reaches: Vec<usize> = reaches.flatten().collect();
    let least = (1.0 - NARROW) * num_bands as f64;
    let mut narrow: Vec<usize> = reaches
        .iter()
        .copied()
        .filter(|&bands| (bands as f64) < least)
        .collect();
    narrow.sort_unstable();
    Bandwidth {
        num_recordings: reaches.len(),
        num_narrow: narrow.len(),
        narrow_hz: narrow
            .get(narrow.len() / 2)
            .map_or(config.high_hz, |&bands| upper_edge_hz(bands, config)),
    }
}

/// Bands of a raw log-mel recording up to the highest that is not empty; None where all are.
pub(crate) fn reach(recording: &Features, config: &FeatureConfig) -> Option<usize> {
    let mut powers = vec![0.0_f64; config.num_bins];
    for frame in recording.data().chunks_exact(config.num_bins.max(1)) {
        for (power, &value) in powers.iter_mut().zip(frame) {
            *power += config.compression.power(f64::from(value));
        }
    }
    let strongest = powers.iter().copied().fold(0.0, f64::max);
    // What silence is compressed to, with some room for the rounding of f32.
    let floor = 1.001 * config.compression.floor_power() * recording.num_frames() as f64;
    let heard = |power: &f64| *power > floor.max(EMPTY * strongest);
    powers.iter().rposition(heard).map(|band| band + 1)
}

/// Where the first `bands` triangles of the filter bank end, in Hz.
fn upper_edge_hz(bands: usize, config: &FeatureConfig) -> f64 {
    let [low, high] = [config.low_hz, config.high_hz].map(|hz| config.mel_scale.hz_to_mel(hz));
    let step = (high - low) / (config.num_bins + 1) as f64;
    config.mel_scale.mel_to_hz(low + (bands + 1) as f64 * step)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use audio_features::LogMel;

    use super::*;

    /// Noise with a slope of a speaker's, through an ideal low-pass filter: sines up to `highest_hz` alone.
    fn noise(highest_hz: f64, config: &FeatureConfig) -> Features {
        let samples: Vec<f32> = (0..8_000)
            .map(|n| {
                let tones = (1..).map(|k| 50.0 * f64::from(k));
                let sum: f64 = tones
                    .take_while(|&hz| hz <= highest_hz)
                    .map(|hz| {
                        (std::f64::consts::TAU * hz * f64::from(n) / 16_000.0 + hz * hz).sin()
                            * 50.0
                            / hz
                    })
                    .sum();
                (0.1 * sum) as f32
            })
            .collect();
        LogMel::new(config).unwrap().extract(&samples)
    }

    #[test]
    fn telephone_speech_is_told_from_what_reaches_to_the_top() {
        for config in [FeatureConfig::librosa(), FeatureConfig::kaldi()] {
            let recordings = [noise(3_400.0, &config), noise(7_600.0, &config)];
            let silent = LogMel::new(&config).unwrap().extract(&[0.0; 8_000]);
            let reaches = recordings.iter().chain([&silent]);
            let found = bandwidth(reaches.map(|one| reach(one, &config)), &config);
            assert_eq!(
                (found.num_recordings, found.num_narrow),
                (2, 1),
                "{found:?}"
            );
            assert!(
                (3_300.0..3_800.0).contains(&found.narrow_hz),
                "{found:?} {config:?}"
            );
        }
    }
}
