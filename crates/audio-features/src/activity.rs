//! Energy-based speech activity detection on log-mel frames.

use crate::activity_config::SpeechActivityConfig;
use crate::feature_config::FeatureConfig;
use crate::features::Features;

impl SpeechActivityConfig {
    /// One decision a frame for raw log-mel `features` made with `features_config`; at least one
    /// frame is speech unless there are none.
    #[must_use]
    pub fn speech_frames(&self, features_config: &FeatureConfig, features: &Features) -> Vec<bool> {
        let levels: Vec<f64> = (0..features.num_frames())
            .map(|frame| {
                let power: f64 = features
                    .frame(frame)
                    .iter()
                    .map(|&value| features_config.compression.power(f64::from(value)))
                    .sum();
                10.0 * power.max(f64::MIN_POSITIVE).log10()
            })
            .collect();
        let mut sorted = levels.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return Vec::new();
        };
        let reference = sorted[(self.loud_quantile * last as f64).round() as usize];
        let hangover = (self.hangover_s / features_config.hop_s()).round() as usize;
        let mut speech = vec![false; levels.len()];
        for (frame, &level) in levels.iter().enumerate() {
            if level >= reference - self.threshold_db {
                speech[frame.saturating_sub(hangover)..=(frame + hangover).min(last)].fill(true);
            }
        }
        speech
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Kaldi log-mel frames, each constant over the bands, at these levels in dB.
    fn frames_at(levels_db: &[f32]) -> Features {
        let row = |db: &f32| [db / 10.0 * std::f32::consts::LN_10; 80];
        Features::new(levels_db.iter().flat_map(row).collect(), 80)
    }

    fn decide(config: &SpeechActivityConfig, levels_db: &[f32]) -> Vec<bool> {
        config.speech_frames(&FeatureConfig::kaldi(), &frames_at(levels_db))
    }

    #[test]
    fn quiet_frames_are_dropped_beyond_the_hangover() {
        let config = SpeechActivityConfig {
            threshold_db: 30.0,
            loud_quantile: 1.0,
            hangover_s: 0.01,
        };
        let levels = [10.0, 10.0, 10.0, 60.0, 31.0, 29.0, 10.0, 10.0];
        let expected = [false, false, true, true, true, true, false, false];
        assert_eq!(decide(&config, &levels), expected);
        let louder = levels.map(|level| level + 20.0);
        assert_eq!(decide(&config, &louder), expected, "independent of gain");
    }

    #[test]
    fn even_levels_and_silence_are_kept_whole() {
        let config = SpeechActivityConfig::default();
        assert_eq!(decide(&config, &[-70.0; 5]), [true; 5]);
        assert!(decide(&config, &[]).is_empty());
        let silence = Features::new(vec![0.0; 3 * 128], 128);
        assert_eq!(
            config.speech_frames(&FeatureConfig::librosa(), &silence),
            [true; 3]
        );
    }

    #[test]
    fn out_of_range_settings_are_named() {
        let config = SpeechActivityConfig {
            loud_quantile: 1.5,
            ..Default::default()
        };
        let message = config.validate().unwrap_err().to_string();
        assert!(
            message.contains("speech_activity.loud_quantile"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn never_all_frames_are_dropped(
            levels in prop::collection::vec(-60f32..120.0, 1..60),
            threshold_db in 0f64..60.0,
            loud_quantile in 0f64..=1.0,
        ) {
            let config = SpeechActivityConfig { threshold_db, loud_quantile, hangover_s: 0.0 };
            let speech = decide(&config, &levels);
            prop_assert_eq!(speech.len(), levels.len());
            prop_assert!(speech.contains(&true));
        }
    }
}
