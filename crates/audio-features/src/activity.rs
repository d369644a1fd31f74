//! Energy-based speech activity detection on log-mel frames.

use crate::activity_config::SpeechActivityConfig;
use crate::feature_config::FeatureConfig;
use crate::features::Features;
use crate::loudness::{levels_db, loud_level_db};

impl SpeechActivityConfig {
    /// One decision a frame for raw log-mel `features` made with `features_config`; at least one
    /// frame is speech unless there are none.
    #[must_use]
    pub fn speech_frames(&self, features_config: &FeatureConfig, features: &Features) -> Vec<bool> {
        let levels = levels_db(features_config.compression, features);
        self.loud_frames(&levels, features_config.hop_s())
    }

    /// One decision a frame, by the frames' levels in dB, `hop_s` seconds apart.
    pub(crate) fn loud_frames(&self, levels: &[f64], hop_s: f64) -> Vec<bool> {
        let Some(reference) = loud_level_db(levels, self.loud_quantile, self.range_db) else {
            return Vec::new();
        };
        let last = levels.len() - 1;
        let hangover = (self.hangover_s / hop_s).round() as usize;
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
            range_db: None,
            hangover_s: 0.01,
        };
        let levels = [10.0, 10.0, 10.0, 60.0, 31.0, 29.0, 10.0, 10.0];
        let expected = [false, false, true, true, true, true, false, false];
        assert_eq!(decide(&config, &levels), expected);
        let louder = levels.map(|level| level + 20.0);
        assert_eq!(decide(&config, &louder), expected, "independent of gain");
    }

    #[test]
    fn silence_around_speech_changes_nothing_however_long_it_is() {
        let config = SpeechActivityConfig::default();
        let speech: Vec<f32> = (0..60).map(|i| 70.0 - (i % 20) as f32 * 2.5).collect();
        let alone = decide(&config, &speech);
        for silence in [-60.0, 10.0] {
            let mut padded = vec![silence; 700];
            padded.extend(&speech);
            padded.extend([silence; 9_000]);
            let decided = decide(&config, &padded);
            assert_eq!(decided[700..760], alone);
            // The hangover reaches five frames to either side.
            assert!(!decided[..695].contains(&true) && !decided[765..].contains(&true));
        }
        // As it was without a range: the quantile fell into the silence, and all frames were speech.
        let config = SpeechActivityConfig {
            range_db: None,
            ..config
        };
        let mut padded = speech;
        padded.extend([-60.0; 9_000]);
        assert!(decide(&config, &padded).iter().all(|speech| *speech));
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
            range_db in proptest::option::of(0f64..100.0),
        ) {
            let config = SpeechActivityConfig { threshold_db, loud_quantile, range_db, hangover_s: 0.0 };
            let speech = decide(&config, &levels);
            prop_assert_eq!(speech.len(), levels.len());
            prop_assert!(speech.contains(&true));
        }
    }
}
