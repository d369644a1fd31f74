//! Noise: its mean power in each band, its scatter, and its level.

use super::bands::Bands;
use super::config::{NoiseConfig, NoiseKind};
use super::random::Draws;
use super::scatter::Scatter;
use crate::feature_config::FeatureConfig;
use crate::log_mel::LogMel;

/// Frames within this factor (30 dB) of the loudest count as speech for the SNR.
const SPEECH_RANGE: f32 = 1e-3;
const HUM_HZ: [f64; 4] = [50.0, 60.0, 100.0, 120.0];
const HUM_HARMONICS: usize = 8;
/// Variance of the white noise under the harmonics, whose fundamental has amplitude 1.
const HUM_WHITE_VARIANCE: f64 = 0.09;
const BABBLE_TALKERS: usize = 5;
/// Distance between the points through which a talker's level runs, in seconds.
const BABBLE_STEP_S: f64 = 0.125;

/// Mean band powers of every kind of noise.
pub(super) struct NoiseBank {
    hop_s: f64,
    /// Spectral density `1 / hz`.
    pink: Vec<f32>,
    /// Spectral density `1 / hz²`.
    brown: Vec<f32>,
    /// Speech-shaped, of variance 1.
    babble: Vec<f32>,
    /// Harmonics of each of [`HUM_HZ`], with amplitudes `1 / n`.
    hum: Vec<Vec<f32>>,
}

/// One noise of variance 1: band powers that stand still and band powers that scatter.
struct Profile {
    steady: Vec<f32>,
    scattered: Vec<f32>,
}

impl NoiseBank {
    pub(super) fn new(config: &FeatureConfig, log_mel: &LogMel, bands: &Bands) -> Self {
        let bank = log_mel.bank();
        let rate_hz = f64::from(config.sample_rate_hz);
        // An all-pole filter with a formant-like hump at 500 Hz, 1 / (1 - 1.6 z + 0.7 z²).
        let speech = |hz: f64| {
            let (s, c) = (std::f64::consts::TAU * hz / rate_hz).sin_cos();
            let (s2, c2) = (2.0 * s * c, c * c - s * s);
            1.0 / ((1.0 - 1.6 * c + 0.7 * c2).powi(2) + (1.6 * s - 0.7 * s2).powi(2))
        };
        let points = 4_096;
        let variance = (0..points)
            .map(|i| speech((f64::from(i) + 0.5) / f64::from(points) * bands.nyquist_hz))
            .sum::<f64>()
            / f64::from(points);
        Self {
            hop_s: config.hop_s(),
            pink: bands.noise_power(bank, |hz| 1.0 / hz),
            brown: bands.noise_power(bank, |hz| 1.0 / (hz * hz)),
            babble: bands.noise_power(bank, |hz| speech(hz) / variance),
            hum: HUM_HZ
                .iter()
                .map(|&hz| hum_power(config, log_mel, hz))
                .collect(),
        }
    }

    /// Adds noise to `power` (`[frames, bands]`).
    pub(super) fn add(
        &self,
        config: &NoiseConfig,
        draws: &mut Draws,
        bands: &Bands,
        power: &mut [f32],
    ) {
        let variances = bands.frame_variances(power);
        let Some(kind) = config.kinds.get(draws.below(config.kinds.len())) else {
            return;
        };
        let snr_db = draws.within(config.snr_db);
        let variance = speech_variance(&variances) * 10f64.powf(-snr_db / 10.0) as f32;
        let profile = self.profile(*kind, draws, bands, variances.len());
        let levels = match kind {
            NoiseKind::Babble => babble_levels(draws, variances.len(), self.hop_s),
            _ => vec![1.0; variances.len()],
        };
        let mut scatter = Scatter::new(draws, bands);
        let mut added = vec![0.0; bands.len()];
        for (frame, level) in power.chunks_exact_mut(bands.len()).zip(levels) {
            let level = level * variance;
            for ((value, steady), (added, scattered)) in frame
                .iter_mut()
                .zip(&profile.steady)
                .zip(added.iter_mut().zip(&profile.scattered))
            {
                *value += level * steady;
                *added = level * scattered;
            }
            scatter.add(draws, frame, &added);
        }
    }

    fn profile(
        &self,
        kind: NoiseKind,
        draws: &mut Draws,
        bands: &Bands,
        num_frames: usize,
    ) -> Profile {
        let scaled = |bands: &[f32], factor: f64| -> Vec<f32> {
            bands.iter().map(|value| value * factor as f32).collect()
        };
        let silent = vec![0.0; bands.len()];
        // Coloured noise begins at one period a recording. The integral of its density from there
        // to the Nyquist frequency, over the latter, is its variance.
        let lowest_hz = 1.0 / (num_frames as f64 * self.hop_s).max(self.hop_s);
        let nyquist_hz = bands.nyquist_hz;
        let scattered = match kind {
            NoiseKind::White => bands.white.clone(),
            NoiseKind::Pink => scaled(&self.pink, nyquist_hz / (nyquist_hz / lowest_hz).ln()),
            NoiseKind::Brown => scaled(
                &self.brown,
                nyquist_hz / (1.0 / lowest_hz - 1.0 / nyquist_hz),
            ),
            NoiseKind::Babble => self.babble.clone(),
            NoiseKind::Hum => {
                let harmonics: f64 = (1..=HUM_HARMONICS).map(|n| 0.5 / (n * n) as f64).sum();
                let scale = 1.0 / (harmonics + HUM_WHITE_VARIANCE);
                return Profile {
                    steady: scaled(&self.hum[draws.below(HUM_HZ.len())], scale),
                    scattered: scaled(&bands.white, HUM_WHITE_VARIANCE * scale),
                };
            }
        };
        Profile {
            steady: silent,
            scattered,
        }
    }
}

/// Mean variance of the frames with speech; 0 for silence.
fn speech_variance(variances: &[f32]) -> f32 {
    let loudest = variances.iter().copied().fold(0.0, f32::max);
    let speech = variances
        .iter()
        .filter(|variance| **variance > loudest * SPEECH_RANGE);
    let (sum, count) = speech.fold((0.0, 0), |(sum, count), variance| {
        (sum + variance, count + 1)
    });
    sum / count.max(1) as f32
}

/// Mean band powers of harmonics with amplitudes `1 / n`, measured on a second of them.
fn hum_power(config: &FeatureConfig, log_mel: &LogMel, fundamental_hz: f64) -> Vec<f32> {
    let rate_hz = f64::from(config.sample_rate_hz);
    let samples: Vec<f32> = (0..config.sample_rate_hz.max(2 * config.fft_size as u32))
        .map(|i| {
            let turn = std::f64::consts::TAU * fundamental_hz * f64::from(i) / rate_hz;
            // Phases that are far from equal, so that no peak stands out.
            (1..=HUM_HARMONICS)
                .map(|n| n as f64)
                .filter(|n| n * fundamental_hz < rate_hz / 2.0)
                .map(|n| (n * turn + n * n).sin() / n)
                .sum::<f64>() as f32
        })
        .collect();
    let mut power = log_mel.extract(&samples).into_data();
    config.compression.decompress(&mut power);
    let num_frames = (power.len() / config.num_bins).max(1) as f32;
    let mut mean = vec![0.0; config.num_bins];
    for frame in power.chunks_exact(config.num_bins) {
        for (mean, value) in mean.iter_mut().zip(frame) {
            *mean += value / num_frames;
        }
    }
    mean
}

/// Variance of several talkers over frames, 1 in the mean.
fn babble_levels(draws: &mut Draws, num_frames: usize, hop_s: f64) -> Vec<f32> {
    let mut levels = vec![0.0f32; num_frames];
    let step = BABBLE_STEP_S / hop_s;
    for _ in 0..BABBLE_TALKERS {
        let num_points = (num_frames as f64 / step) as usize + 2;
        let points: Vec<f64> = (0..num_points).map(|_| draws.unit().powi(2)).collect();
        for (frame, level) in levels.iter_mut().enumerate() {
            let position = frame as f64 / step;
            let (point, share) = (position as usize, position.fract());
            let amplitude = points[point] * (1.0 - share) + points[point + 1] * share;
            *level += (amplitude * amplitude) as f32;
        }
    }
    let mean = levels.iter().sum::<f32>() / num_frames.max(1) as f32;
    levels
        .iter()
        .map(|level| level / mean.max(f32::MIN_POSITIVE))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    struct Setup {
        bands: Bands,
        noise: NoiseBank,
    }

    fn setup(config: &FeatureConfig) -> Setup {
        let log_mel = LogMel::new(config).unwrap();
        let bands = Bands::new(config, log_mel.bank());
        let noise = NoiseBank::new(config, &log_mel, &bands);
        Setup { bands, noise }
    }

    fn draws(seed: u64) -> Draws {
        Draws::when(seed, Stream::Noise, 1.0).unwrap()
    }

    #[test]
    fn white_noise_at_zero_decibels_doubles_the_power() {
        let setup = setup(&FeatureConfig::kaldi());
        let mut power = setup.bands.white.repeat(500);
        let config = NoiseConfig {
            snr_db: [0.0; 2],
            kinds: vec![NoiseKind::White],
            probability: 1.0,
        };
        setup
            .noise
            .add(&config, &mut draws(1), &setup.bands, &mut power);
        let variances = setup.bands.frame_variances(&power);
        let mean = variances.iter().sum::<f32>() / 500.0;
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn pauses_do_not_count_for_the_level() {
        assert_eq!(speech_variance(&[1.0, 3.0, 1e-4, 0.0]), 2.0);
        assert_eq!(speech_variance(&[0.0; 3]), 0.0);
        assert_eq!(speech_variance(&[]), 0.0);
    }

    #[test]
    fn every_kind_has_its_colour() {
        let setup = setup(&FeatureConfig::kaldi());
        let density = |kind, hz: f64| {
            let profile = setup.noise.profile(kind, &mut draws(1), &setup.bands, 500);
            let band = setup.bands.centres_hz.iter().position(|&c| c > hz).unwrap();
            let power = profile.steady[band] + profile.scattered[band];
            (
                10.0 * (power / setup.bands.white[band]).log10(),
                setup.bands.centres_hz[band].log2(),
            )
        };
        for (kind, slope) in [
            (NoiseKind::White, 0.0),
            (NoiseKind::Pink, -3.01),
            (NoiseKind::Brown, -6.02),
        ] {
            let ((low, low_octave), (high, high_octave)) =
                (density(kind, 400.0), density(kind, 4e3));
            let found = f64::from(high - low) / (high_octave - low_octave);
            assert!(
                (found - slope).abs() < 0.15,
                "{kind:?}: {found} dB per octave"
            );
        }
        assert!(density(NoiseKind::Babble, 500.0).0 > density(NoiseKind::Babble, 4e3).0 + 15.0);
        assert!(density(NoiseKind::Hum, 100.0).0 > density(NoiseKind::Hum, 2e3).0 + 20.0);
    }

    #[test]
    fn babble_changes_slowly_around_one() {
        let levels = babble_levels(&mut draws(2), 1_000, 0.01);
        let mean = levels.iter().sum::<f32>() / 1_000.0;
        assert!((mean - 1.0).abs() < 1e-4);
        assert!(
            levels
                .windows(2)
                .all(|pair| (pair[1] - pair[0]).abs() < 0.6)
        );
        assert!(levels.iter().any(|level| *level > 1.5) && levels.iter().any(|level| *level < 0.6));
    }
}
