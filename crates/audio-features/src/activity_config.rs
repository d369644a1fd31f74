//! What decides which frames count as speech: what one writes in TOML.

use serde::{Deserialize, Serialize};

use crate::feature_error::FeatureError;

/// Which frames count as speech, by their energy relative to the recording's loudest frames.
///
/// The reference is the level (in dB) below which `loud_quantile` of the frames lie, of those frames
/// that are at most `range_db` below the tenth loudest; frames less than `threshold_db` below it are
/// speech, and so are frames within `hangover_s` of one. Being relative, the decision does not change
/// with the recording's gain, and with a range not with silence around it, however long.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct SpeechActivityConfig {
    /// How far below the reference level a frame may lie, in dB.
    pub threshold_db: f64,
    /// Quantile of the frame levels that serves as reference, from 0 to 1.
    pub loud_quantile: f64,
    /// How far below the tenth loudest frame those may lie that the quantile is of, in dB; absent: all
    /// frames count, also those of long silence.
    // Absent in models that were made before it: they go on as they were trained.
    #[serde(default = "all_frames", skip_serializing_if = "Option::is_none")]
    pub range_db: Option<f64>,
    /// How long before and after a loud frame speech is assumed to go on, in seconds.
    pub hangover_s: f64,
}

fn all_frames() -> Option<f64> {
    None
}

impl Default for SpeechActivityConfig {
    /// 30 dB below the 95 % quantile of the frames within 40 dB of the tenth loudest, 50 ms on both sides.
    fn default() -> Self {
        Self {
            threshold_db: 30.0,
            loud_quantile: 0.95,
            range_db: Some(40.0),
            hangover_s: 0.05,
        }
    }
}

impl SpeechActivityConfig {
    pub(crate) fn validate(&self) -> Result<(), FeatureError> {
        let fields = [
            (
                "speech_activity.threshold_db",
                self.threshold_db,
                0.0,
                200.0,
            ),
            (
                "speech_activity.loud_quantile",
                self.loud_quantile,
                0.0,
                1.0,
            ),
            (
                "speech_activity.range_db",
                self.range_db.unwrap_or_default(),
                0.0,
                400.0,
            ),
            ("speech_activity.hangover_s", self.hangover_s, 0.0, 60.0),
        ];
        for (field, value, low, high) in fields {
            if !(low..=high).contains(&value) {
                return Err(FeatureError::invalid(
                    field,
                    value,
                    format!("{low} to {high}"),
                ));
            }
        }
        Ok(())
    }
}
