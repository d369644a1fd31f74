//! The scatter that power has when sounds with unrelated phases meet.

use super::bands::Bands;
use super::random::Draws;

/// Adds sound of random phase (noise, reverberation) to frames of band powers.
///
/// A band that averages `K` independent spectral values, of mean power `p` that stands and mean power
/// `n` that is added, has the power `p + n` in the mean and the variance `(n² + 2 p n) / K`: the
/// added sound scatters and interferes with the standing one. A gamma distribution with these
/// moments is drawn through its cube root, which is nearly normal (Wilson and Hilferty 1931);
/// frames are correlated as overlapping windows are.
pub(super) struct Scatter<'a> {
    bands: &'a Bands,
    /// Standard normal draws of this frame.
    fresh: Vec<f32>,
    /// A standard normal variable for each band, correlated over frames.
    state: Vec<f32>,
}

impl<'a> Scatter<'a> {
    pub(super) fn new(draws: &mut Draws, bands: &'a Bands) -> Self {
        let mut state = vec![0.0; bands.len()];
        draws.normals(&mut state);
        Self {
            bands,
            fresh: vec![0.0; bands.len()],
            state,
        }
    }

    /// Adds sound of mean power `added` (`[bands]`) to the next frame.
    pub(super) fn add(&mut self, draws: &mut Draws, frame: &mut [f32], added: &[f32]) {
        draws.normals(&mut self.fresh);
        let correlation = self.bands.frame_correlation;
        let renewal = (1.0 - correlation * correlation).sqrt();
        for (state, fresh) in self.state.iter_mut().zip(&self.fresh) {
            *state = correlation * *state + renewal * fresh;
        }
        let roots = self.state.iter().zip(&self.bands.root_variance);
        for ((value, added), (state, root_variance)) in frame.iter_mut().zip(added).zip(roots) {
            let mean = *value + added;
            let standing = *value / mean.max(f32::MIN_POSITIVE);
            let variance = root_variance * (1.0 - standing * standing).max(0.0);
            let root = (1.0 - variance + state * variance.sqrt()).max(0.0);
            *value = mean * root * root * root;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;
    use crate::feature_config::FeatureConfig;
    use crate::log_mel::LogMel;

    fn draws() -> Draws {
        Draws::when(5, Stream::Noise, 1.0).unwrap()
    }

    /// Mean, squared coefficient of variation and correlation of neighbouring frames for a band.
    fn statistics(power: &[f32], num_bins: usize, band: usize) -> (f64, f64, f64) {
        let values: Vec<f64> = power
            .iter()
            .skip(band)
            .step_by(num_bins)
            .map(|v| f64::from(*v))
            .collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let neighbours = values
            .windows(2)
            .map(|v| (v[0] - mean) * (v[1] - mean))
            .sum::<f64>()
            / (count - 1.0);
        (mean, variance / (mean * mean), neighbours / variance)
    }

    #[test]
    fn white_noise_on_bands_is_that_of_white_samples() {
        let mut samples = vec![0.0; 960_000];
        draws().normals(&mut samples);
        samples.iter_mut().for_each(|sample| *sample *= 0.1);
        for config in [FeatureConfig::kaldi(), FeatureConfig::librosa()] {
            let log_mel = LogMel::new(&config).unwrap();
            let bands = Bands::new(&config, log_mel.bank());
            let mut measured = log_mel.extract(&samples).into_data();
            config.compression.decompress(&mut measured);
            let variance = bands.frame_variances(&measured);
            let mean = variance.iter().sum::<f32>() / variance.len() as f32;
            assert!((mean / 0.01 - 1.0).abs() < 0.02, "variance {mean}");

            let white: Vec<f32> = bands.white.iter().map(|power| power * 0.01).collect();
            let mut made = vec![0.0; measured.len()];
            let mut draws = draws();
            let mut scatter = Scatter::new(&mut draws, &bands);
            for frame in made.chunks_exact_mut(config.num_bins) {
                scatter.add(&mut draws, frame, &white);
            }
            // A minute has some 2000 independent frames: a few percent for means and variances.
            for band in [3, config.num_bins / 2, config.num_bins - 2] {
                let expected = statistics(&measured, config.num_bins, band);
                let found = statistics(&made, config.num_bins, band);
                assert!(
                    (found.0 / expected.0 - 1.0).abs() < 0.06,
                    "{found:?} {expected:?}"
                );
                assert!(
                    (found.1 / expected.1 - 1.0).abs() < 0.25,
                    "{found:?} {expected:?}"
                );
                assert!((found.2 - expected.2).abs() < 0.1, "{found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn standing_sound_and_noise_have_the_moments_of_their_sum() {
        let config = FeatureConfig::kaldi();
        let log_mel = LogMel::new(&config).unwrap();
        let bands = Bands::new(&config, log_mel.bank());
        let mut draws = draws();
        let mut scatter = Scatter::new(&mut draws, &bands);
        let mut power = vec![3.0; 40_000 * 80];
        power
            .chunks_exact_mut(80)
            .for_each(|frame| scatter.add(&mut draws, frame, &[1.0; 80]));
        for band in [20, 79] {
            let (mean, variance, _) = statistics(&power, 80, band);
            let expected = 9.0 * f64::from(bands.root_variance[band]) * (1.0 + 2.0 * 3.0) / 16.0;
            assert!((mean - 4.0).abs() < 0.02, "{mean}");
            assert!(
                (variance / expected - 1.0).abs() < 0.05,
                "{variance} {expected}"
            );
        }
    }

    #[test]
    fn nothing_added_changes_nothing() {
        let config = FeatureConfig::kaldi();
        let log_mel = LogMel::new(&config).unwrap();
        let bands = Bands::new(&config, log_mel.bank());
        let mut draws = draws();
        let mut frame: Vec<f32> = (0..80).map(|v| v as f32).collect();
        Scatter::new(&mut draws, &bands).add(&mut draws, &mut frame, &[0.0; 80]);
        assert_eq!(frame, (0..80).map(|v| v as f32).collect::<Vec<_>>());
    }
}
