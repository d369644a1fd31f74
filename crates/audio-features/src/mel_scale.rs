//! Mel scales and the triangular filters on them.

use pulp::Simd;

use crate::feature_config::{FeatureConfig, MelScale};
use crate::feature_error::FeatureError;

/// Slaney's scale is linear up to here, with 15 mel at this point.
const SLANEY_BREAK_HZ: f64 = 1_000.0;
const SLANEY_BREAK_MEL: f64 = 15.0;
const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
/// Natural logarithm of the ratio of neighbouring mels above the break: 27 steps to 6400 Hz.
const SLANEY_LOG_STEP: f64 = 0.068_751_777_420_949_12;

impl MelScale {
    /// Mel value of a frequency in Hz.
    pub fn hz_to_mel(self, hz: f64) -> f64 {
        match self {
            Self::Slaney if hz < SLANEY_BREAK_HZ => hz / SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_BREAK_MEL + (hz / SLANEY_BREAK_HZ).ln() / SLANEY_LOG_STEP,
            Self::Kaldi => 1_127.0 * (hz / 700.0).ln_1p(),
            Self::SpeechBrain => 2_595.0 * (hz / 700.0).ln_1p() * std::f64::consts::LOG10_E,
        }
    }

    /// Frequency in Hz of a mel value, the inverse of [`MelScale::hz_to_mel`].
    pub fn mel_to_hz(self, mel: f64) -> f64 {
        match self {
            Self::Slaney if mel < SLANEY_BREAK_MEL => mel * SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_BREAK_HZ * ((mel - SLANEY_BREAK_MEL) * SLANEY_LOG_STEP).exp(),
            Self::Kaldi => 700.0 * (mel / 1_127.0).exp_m1(),
            Self::SpeechBrain => 700.0 * (mel / 2_595.0 * std::f64::consts::LN_10).exp_m1(),
        }
    }
}

/// One triangular filter: weights on neighbouring FFT bins.
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

/// The filters of a configuration.
pub(crate) struct MelBank {
    bands: Vec<Band>,
    /// Edges and centres in Hz, `num_bins + 2` of them, equally spaced in mel.
    points_hz: Vec<f64>,
}

impl MelBank {
    pub(crate) fn new(config: &FeatureConfig) -> Result<Self, FeatureError> {
        let scale = config.mel_scale;
        let low_mel = scale.hz_to_mel(config.low_hz);
        let step_mel = (scale.hz_to_mel(config.high_hz) - low_mel) / (config.num_bins + 1) as f64;
        let points_mel: Vec<f64> = (0..config.num_bins + 2)
            .map(|i| low_mel + i as f64 * step_mel)
            .collect();
        let points_hz: Vec<f64> = points_mel.iter().map(|&mel| scale.mel_to_hz(mel)).collect();
        let bin_hz = f64::from(config.sample_rate_hz) / config.fft_size as f64;
        // Kaldi's filters end before the Nyquist bin.
        let num_fft_bins = match scale {
            MelScale::Slaney | MelScale::SpeechBrain => config.fft_size / 2 + 1,
            MelScale::Kaldi => config.fft_size / 2,
        };
        let weight = |band: usize, bin: usize| {
            let hz = bin as f64 * bin_hz;
            if scale == MelScale::SpeechBrain {
                let centre = points_hz[band + 1];
                let width = centre - points_hz[band];
                return (1.0 - (hz - centre).abs() / width).max(0.0) as f32;
            }
            let (at, points, height) = match scale {
                MelScale::Slaney => (
                    hz,
                    &points_hz,
                    2.0 / (points_hz[band + 2] - points_hz[band]),
                ),
                MelScale::Kaldi | MelScale::SpeechBrain => (scale.hz_to_mel(hz), &points_mel, 1.0),
            };
            let rise = (at - points[band]) / (points[band + 1] - points[band]);
            let fall = (points[band + 2] - at) / (points[band + 2] - points[band + 1]);
            (height * rise.min(fall).max(0.0)) as f32
        };
        let bands = (0..config.num_bins)
            .map(|band| {
                let first = (points_hz[band] / bin_hz) as usize;
                let last = (points_hz[band + 2] / bin_hz).ceil() as usize;
                let mut bins = (first..=last.min(num_fft_bins - 1))
                    .map(|bin| (bin, weight(band, bin)))
                    .filter(|(_, weight)| *weight > 0.0)
                    .peekable();
                let first_bin = match bins.peek() {
                    Some((bin, _)) => *bin,
                    None if scale == MelScale::SpeechBrain => 0,
                    None => {
                        return Err(FeatureError::EmptyMelBand {
                            band,
                            low_hz: points_hz[band],
                            high_hz: points_hz[band + 2],
                        });
                    }
                };
                Ok(Band {
                    first_bin,
                    weights: bins.map(|(_, weight)| weight).collect(),
                })
            })
            .collect::<Result<_, FeatureError>>()?;
        Ok(Self { bands, points_hz })
    }

    /// Centre of each band in Hz.
    pub(crate) fn centres_hz(&self) -> &[f64] {
        &self.points_hz[1..self.points_hz.len() - 1]
    }

    /// Edges and centres in Hz: band `i` rises from point `i`, peaks at `i + 1`, ends at `i + 2`.
    pub(crate) fn points_hz(&self) -> &[f64] {
        &self.points_hz
    }

    /// The weights of each band on neighbouring FFT bins.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &[f32]> {
        self.bands.iter().map(|band| &band.weights[..])
    }

    /// Band powers `[num_bins]` of the power spectra `[fft_size / 2 + 1]` of several frames.
    #[inline(always)]
    pub(crate) fn apply_to_lanes<S: Simd>(&self, simd: S, power: &[S::f32s], out: &mut [S::f32s]) {
        for (band, out) in self.bands.iter().zip(out) {
            let mut sum = simd.splat_f32s(0.0);
            for (weight, power) in band.weights.iter().zip(&power[band.first_bin..]) {
                sum = simd.mul_add_e_f32s(simd.splat_f32s(*weight), *power, sum);
            }
            *out = sum;
        }
    }

    /// Band powers of one power spectrum of `fft_size / 2 + 1` bins, appended to `out`.
    pub(crate) fn apply(&self, power: &[f32], out: &mut Vec<f32>) {
        out.extend(
            self.bands
                .iter()
                .map(|band| dot(&band.weights, &power[band.first_bin..])),
        );
    }
}

/// Sum of products over the length of `weights`, in four running sums so that it vectorises.
fn dot(weights: &[f32], values: &[f32]) -> f32 {
    let (weight_quads, weight_rest) = weights.as_chunks::<4>();
    let (value_quads, _) = values.as_chunks::<4>();
    let mut sums = [0.0f32; 4];
    for (weight, value) in weight_quads.iter().zip(value_quads) {
        for lane in 0..4 {
            sums[lane] += weight[lane] * value[lane];
        }
    }
    let rest: f32 = weight_rest
        .iter()
        .zip(&values[weight_quads.len() * 4..])
        .map(|(w, v)| w * v)
        .sum();
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_of_both_scales() {
        assert!((MelScale::Slaney.hz_to_mel(500.0) - 7.5).abs() < 1e-12);
        assert!((MelScale::Slaney.hz_to_mel(6_400.0) - 42.0).abs() < 1e-9);
        // HTK book: 1000 Hz is 1000 mel, to the rounding of its constant.
        assert!((MelScale::Kaldi.hz_to_mel(1_000.0) - 1_000.0).abs() < 0.02);
        assert!((SLANEY_LOG_STEP - 6.4f64.ln() / 27.0).abs() < 1e-15);
    }

    #[test]
    fn the_scales_invert() {
        for scale in [MelScale::Slaney, MelScale::Kaldi, MelScale::SpeechBrain] {
            for hz in [0.0, 20.0, 999.0, 1_000.0, 1_001.0, 8_000.0] {
                assert!(
                    (scale.mel_to_hz(scale.hz_to_mel(hz)) - hz).abs() < 1e-8,
                    "{scale:?} {hz}"
                );
            }
        }
    }

    #[test]
    fn kaldi_triangles_sum_to_one_between_the_outer_centres() {
        let config = FeatureConfig::kaldi();
        let bank = MelBank::new(&config).unwrap();
        let centres = bank.centres_hz();
        for bin in 0..256 {
            let hz = bin as f64 * 31.25;
            if hz >= centres[0] && hz <= centres[79] {
                let mut power = vec![0.0; 257];
                power[bin] = 1.0;
                let mut out = Vec::new();
                bank.apply(&power, &mut out);
                let sum: f32 = out.iter().sum();
                assert!((sum - 1.0).abs() < 1e-5, "bin {bin}: {sum}");
            }
        }
    }

    #[test]
    fn a_band_without_a_bin_is_refused() {
        let config = FeatureConfig {
            num_bins: 200,
            ..FeatureConfig::kaldi()
        };
        assert!(matches!(
            MelBank::new(&config),
            Err(FeatureError::EmptyMelBand { .. })
        ));
    }

    #[test]
    fn dot_takes_any_length() {
        for length in 0..11 {
            let weights: Vec<f32> = (1..=length).map(|v| v as f32).collect();
            let values = vec![2.0; length + 3];
            assert_eq!(dot(&weights, &values), (length * (length + 1)) as f32);
        }
    }
}
