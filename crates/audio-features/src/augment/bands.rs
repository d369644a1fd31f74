//! What the mel bands of a configuration make of noise, and how loud a frame is.

use crate::feature_config::FeatureConfig;
use crate::log_mel::window;
use crate::mel_scale::MelBank;

/// Properties of each band.
pub(super) struct Bands {
    /// Centre frequencies in Hz.
    pub(super) centres_hz: Vec<f64>,
    /// Half the sample rate in Hz.
    pub(super) nyquist_hz: f64,
    /// Mean power of each band for white noise of variance 1.
    pub(super) white: Vec<f32>,
    /// Weights that turn a frame's band powers into the variance of its samples.
    variance_weights: Vec<f32>,
    /// `1 / 9K` for each band, `K` the number of independent spectral values that it averages: the
    /// variance of the cube root of noise power of mean 1.
    pub(super) root_variance: Vec<f32>,
    /// Correlation between the noise power of neighbouring frames, which overlap.
    pub(super) frame_correlation: f32,
    /// Squared magnitude of preemphasis times window energy, for each FFT bin: noise of spectral
    /// density `s` has the mean power `s * response` there.
    response: Vec<f32>,
    bin_hz: f64,
}

impl Bands {
    pub(super) fn new(config: &FeatureConfig, bank: &MelBank) -> Self {
        let bin_hz = f64::from(config.sample_rate_hz) / config.fft_size as f64;
        let window: Vec<f64> = window(config).into_iter().map(f64::from).collect();
        let energy: f64 = window.iter().map(|w| w * w).sum();
        let response: Vec<f32> = (0..=config.fft_size / 2)
            .map(|bin| {
                let angle = std::f64::consts::TAU * bin as f64 / config.fft_size as f64;
                let c = config.preemphasis;
                ((1.0 + c * c - 2.0 * c * angle.cos()) * energy) as f32
            })
            .collect();
        let mut white = Vec::new();
        bank.apply(&response, &mut white);
        // White noise has its variance spread evenly over frequency; a band stands for the
        // frequencies nearest to its centre.
        let points = bank.points_hz();
        let range: f64 = points.windows(3).map(|edges| edges[2] - edges[0]).sum();
        let variance_weights = white
            .iter()
            .zip(points.windows(3))
            // An empty band hears nothing.
            .map(|(&white, edges)| match white {
                0.0 => 0.0,
                _ => ((edges[2] - edges[0]) / range) as f32 / white,
            })
            .collect();
        let overlap: f64 = window
            .iter()
            .zip(window.iter().skip(config.hop_samples))
            .map(|(a, b)| a * b)
            .sum();
        Self {
            centres_hz: bank.centres_hz().to_vec(),
            nyquist_hz: f64::from(config.sample_rate_hz) / 2.0,
            white,
            variance_weights,
            root_variance: noise_shapes(config, bank, &window, energy)
                .map(|shape| (1.0 / (9.0 * shape)) as f32)
                .collect(),
            frame_correlation: (overlap / energy).powi(2) as f32,
            response,
            bin_hz,
        }
    }

    /// Number of bands.
    pub(super) fn len(&self) -> usize {
        self.centres_hz.len()
    }

    /// Mean band powers of noise with the spectral density `density(hz)`, relative to white noise of
    /// variance 1.
    pub(super) fn noise_power(&self, bank: &MelBank, density: impl Fn(f64) -> f64) -> Vec<f32> {
        let power: Vec<f32> = self
            .response
            .iter()
            .enumerate()
            // The bin at 0 Hz stands for what lies above it: densities may have a pole there.
            .map(|(bin, response)| response * density(bin.max(1) as f64 * self.bin_hz) as f32)
            .collect();
        let mut bands = Vec::new();
        bank.apply(&power, &mut bands);
        bands
    }

    /// Variance of the samples of each frame, in the units of samples in [-1, 1].
    pub(super) fn frame_variances(&self, power: &[f32]) -> Vec<f32> {
        power
            .chunks_exact(self.len())
            .map(|frame| {
                frame
                    .iter()
                    .zip(&self.variance_weights)
                    .map(|(p, w)| p * w)
                    .sum()
            })
            .collect()
    }
}

/// Shape of the gamma distribution of each band's power for noise, the number of independent spectral
/// values that the band averages: `(Σ w)² / Σ w w' ρ` over its FFT bins, with `ρ` the squared
/// correlation of two bins under the window.
fn noise_shapes(
    config: &FeatureConfig,
    bank: &MelBank,
    window: &[f64],
    energy: f64,
) -> impl Iterator<Item = f64> {
    // Beyond eight window bandwidths bins are independent.
    let reach = 8 * config.fft_size.div_ceil(config.window_samples);
    let correlation: Vec<f64> = (0..=reach)
        .map(|distance| {
            let turn = std::f64::consts::TAU * distance as f64 / config.fft_size as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for (i, w) in window.iter().enumerate() {
                let (sin, cos) = (turn * i as f64).sin_cos();
                re += w * w * cos;
                im += w * w * sin;
            }
            (re * re + im * im) / (energy * energy)
        })
        .collect();
    bank.weights().map(move |weights| {
        let sum: f64 = weights.iter().map(|&w| f64::from(w)).sum();
        let mut variance = 0.0;
        for (i, &a) in weights.iter().enumerate() {
            for (j, &b) in weights.iter().enumerate() {
                let rho = correlation.get(i.abs_diff(j)).copied().unwrap_or(0.0);
                variance += f64::from(a) * f64::from(b) * rho;
            }
        }
        if weights.is_empty() {
            1.0
        } else {
            sum * sum / variance
        }
    })
}
