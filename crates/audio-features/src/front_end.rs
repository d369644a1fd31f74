//! Samples to network input: log-mel, speech activity, relative level, normalisation.

use std::sync::Arc;

use crate::feature_config::{FeatureConfig, Normalisation};
use crate::feature_error::FeatureError;
use crate::features::Features;
use crate::log_mel::LogMel;
use crate::loudness::levels_db;
use crate::normalise::{divide_by_deviation, mean_frame, raise_to_range, subtract};

/// What [`crate::Normalisation::UtteranceDeviation`] adds to deviations, as NeMo does.
pub const DEVIATION_GUARD: f64 = 1e-5;

/// The whole way from samples to features, as a model bundle records it.
///
/// [`FrontEnd::features`] does everything; [`FrontEnd::log_mel`] and [`FrontEnd::finish`] are its
/// two halves, between which features are cached and augmented.
#[derive(Clone)]
pub struct FrontEnd {
    config: FeatureConfig,
    log_mel: Arc<LogMel>,
    global_mean: Option<Vec<f32>>,
}

impl FrontEnd {
    /// Prepares a front end; `global_mean` (`[num_bins]`) is given exactly when
    /// `config.normalisation` is [`Normalisation::GlobalMean`].
    ///
    /// # Errors
    /// What [`LogMel::new`] refuses; a training mean that is missing, unused, of the wrong length
    /// or not finite.
    pub fn new(config: FeatureConfig, global_mean: Option<Vec<f32>>) -> Result<Self, FeatureError> {
        let log_mel = Arc::new(LogMel::new(&config)?);
        match (&global_mean, config.normalisation) {
            (None, Normalisation::GlobalMean) => return Err(FeatureError::GlobalMeanMissing),
            (None, _) => {}
            (Some(mean), Normalisation::GlobalMean) => check_mean(mean, config.num_bins)?,
            (Some(_), _) => return Err(FeatureError::GlobalMeanUnused),
        }
        Ok(Self {
            config,
            log_mel,
            global_mean,
        })
    }

    /// The configuration it was made from.
    pub fn config(&self) -> &FeatureConfig {
        &self.config
    }

    /// The training mean `[num_bins]`, if it is subtracted.
    pub fn global_mean(&self) -> Option<&[f32]> {
        self.global_mean.as_deref()
    }

    /// The log-mel stage alone, for callers that keep its working memory.
    pub fn log_mel_stage(&self) -> &LogMel {
        &self.log_mel
    }

    /// Raw log-mel `[frames, bins]` of mono `samples` in [-1, 1], see [`LogMel::extract`].
    pub fn log_mel(&self, samples: &[f32]) -> Features {
        self.log_mel.extract(samples)
    }

    /// Turns raw log-mel into network input in place: drops frames without speech and takes powers relative
    /// to the recording's level if the configuration says so, then normalises. At least one frame is kept if
    /// there was one.
    pub fn finish(&self, features: &mut Features) {
        self.shape(features);
        self.normalise(features);
    }

    /// The second half of [`FrontEnd::finish`], on what [`FrontEnd::shape`] left: the range below the highest value, and the
    /// mean.
    pub fn normalise(&self, features: &mut Features) {
        if let Some(top_db) = self.config.top_db {
            raise_to_range(features, top_db as f32);
        }
        match self.config.normalisation {
            Normalisation::None => {}
            Normalisation::GlobalMean => {
                subtract(features, self.global_mean.as_deref().unwrap_or_default());
            }
            Normalisation::Utterance => {
                let mean = mean_frame([&*features]);
                subtract(features, &mean);
            }
            Normalisation::UtteranceDeviation => {
                let mean = mean_frame([&*features]);
                subtract(features, &mean);
                divide_by_deviation(features, DEVIATION_GUARD);
            }
        }
    }

    /// Whether [`FrontEnd::finish`] does the same to some frames of a recording alone as it does to them among the others:
    /// where it neither drops silence nor takes the recording's own level or mean.
    pub fn finishes_frames_alone(&self) -> bool {
        let by_recording = matches!(
            self.config.normalisation,
            Normalisation::Utterance | Normalisation::UtteranceDeviation
        );
        !self.shapes() && self.config.top_db.is_none() && !by_recording
    }

    /// Whether [`FrontEnd::shape`] does anything.
    pub fn shapes(&self) -> bool {
        self.config.speech_activity.is_some() || self.config.relative_level.is_some()
    }

    /// The first half of [`FrontEnd::finish`], on raw log-mel: speech activity and relative level, not the mean.
    pub fn shape(&self, features: &mut Features) {
        if !self.shapes() {
            return;
        }
        let compression = self.config.compression;
        let levels = levels_db(compression, features);
        if let Some(activity) = &self.config.speech_activity {
            features.retain_frames(&activity.loud_frames(&levels, self.config.hop_s()));
        }
        if let Some(level) = self.config.relative_level {
            level.apply(compression, &levels, features);
        }
    }

    /// Network input `[frames, bins]` of mono `samples` in [-1, 1].
    pub fn features(&self, samples: &[f32]) -> Features {
        let mut features = self.log_mel(samples);
        self.finish(&mut features);
        features
    }
}

fn check_mean(mean: &[f32], num_bins: usize) -> Result<(), FeatureError> {
    let found = if mean.len() != num_bins {
        format!("{} values", mean.len())
    } else if let Some(bin) = mean.iter().position(|value| !value.is_finite()) {
        format!("{} in band {bin}", mean[bin])
    } else {
        return Ok(());
    };
    Err(FeatureError::GlobalMeanMismatch {
        found,
        expected: num_bins,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity_config::SpeechActivityConfig;
    use crate::relative_level_config::RelativeLevel;

    fn tone_after_silence() -> Vec<f32> {
        (0..16_000)
            .map(|i| {
                if i < 8_000 {
                    0.0
                } else {
                    (i as f32 * 0.4).sin() * 0.3
                }
            })
            .collect()
    }

    fn kaldi_with(normalisation: Normalisation) -> FeatureConfig {
        FeatureConfig {
            normalisation,
            ..FeatureConfig::kaldi()
        }
    }

    #[test]
    fn the_recording_mean_is_zero_after_utterance_normalisation() {
        let front_end = FrontEnd::new(kaldi_with(Normalisation::Utterance), None).unwrap();
        let features = front_end.features(&tone_after_silence());
        assert!(mean_frame([&features]).iter().all(|mean| mean.abs() < 1e-4));
    }

    #[test]
    fn the_training_mean_is_subtracted() {
        let raw = FrontEnd::new(FeatureConfig::kaldi(), None).unwrap();
        let mean: Vec<f32> = (0..80).map(|bin| bin as f32).collect();
        let front_end = FrontEnd::new(kaldi_with(Normalisation::GlobalMean), Some(mean)).unwrap();
        let samples = tone_after_silence();
        let (raw, centred) = (raw.features(&samples), front_end.features(&samples));
        assert_eq!(centred.frame(70)[79], raw.frame(70)[79] - 79.0);
    }

    #[test]
    fn a_training_mean_that_does_not_fit_is_refused() {
        let new = |normalisation, mean| FrontEnd::new(kaldi_with(normalisation), mean).err();
        use Normalisation::{GlobalMean, Utterance};
        assert!(matches!(
            new(GlobalMean, None),
            Some(FeatureError::GlobalMeanMissing)
        ));
        assert!(matches!(
            new(Utterance, Some(vec![0.0; 80])),
            Some(FeatureError::GlobalMeanUnused)
        ));
        for mean in [vec![0.0; 79], vec![f32::NAN; 80]] {
            let error = new(GlobalMean, Some(mean));
            assert!(
                matches!(error, Some(FeatureError::GlobalMeanMismatch { .. })),
                "{error:?}"
            );
        }
    }

    #[test]
    fn neither_level_nor_silence_nor_empty_bands_change_the_features() {
        let config = FeatureConfig {
            speech_activity: Some(SpeechActivityConfig::default()),
            relative_level: Some(RelativeLevel { floor_db: 40.0 }),
            ..FeatureConfig::kaldi()
        };
        let front_end = FrontEnd::new(config, None).unwrap();
        let samples = tone_after_silence();
        let features = front_end.features(&samples);
        let largest_change = |changed: Vec<f32>| {
            let changed = front_end.features(&changed);
            // The pause behind a word belongs to it for 50 ms.
            let pause = changed.num_frames() - features.num_frames();
            assert!(pause < 10, "{pause}");
            let pairs = changed.data().iter().zip(features.data());
            pairs.fold(0f32, |largest, (a, b)| largest.max((a - b).abs()))
        };
        // 0.01 nat is 0.04 dB.
        let quiet = samples.iter().map(|sample| sample * 0.01).collect();
        assert!(largest_change(quiet) < 0.01);
        let mut padded = samples.clone();
        padded.extend(vec![0.0; 160 * 500]);
        assert!(largest_change(padded) < 0.05);
        // Noise of 16 bits' rounding.
        let rounded = samples
            .iter()
            .map(|sample| (sample * 32_768.0).round() / 32_768.0)
            .collect();
        assert!(largest_change(rounded) < 0.1);
        // The floor: no value lies more than 40 dB below the level of the loud frames, which is 0 dB.
        let floor = -40.0 / 10.0 * std::f32::consts::LN_10;
        assert!(features.data().iter().all(|value| *value >= floor - 1e-3));
    }

    #[test]
    fn silence_is_dropped_before_the_mean_is_taken() {
        let activity = SpeechActivityConfig {
            hangover_s: 0.0,
            ..Default::default()
        };
        let config = FeatureConfig {
            speech_activity: Some(activity),
            ..kaldi_with(Normalisation::Utterance)
        };
        let front_end = FrontEnd::new(config, None).unwrap();
        let features = front_end.features(&tone_after_silence());
        assert!(
            (48..52).contains(&features.num_frames()),
            "{}",
            features.num_frames()
        );
        // With the silent half in the mean, a steady tone would lie ten or more above it.
        assert!(features.frame(40).iter().all(|value| value.abs() < 3.0));
    }

    #[test]
    fn short_and_empty_recordings_pass() {
        let mut config = kaldi_with(Normalisation::Utterance);
        config.speech_activity = Some(SpeechActivityConfig::default());
        let front_end = FrontEnd::new(config, None).unwrap();
        for samples in [0, 1, 480] {
            let features = front_end.features(&vec![0.0; samples]);
            assert_eq!(features.num_frames(), usize::from(samples == 480));
            assert!(features.data().iter().all(|value| *value == 0.0));
        }
    }
}
