//! The sound that a model's thresholds were measured on.

use audio_features::Quality;
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// `[sound]` of a card: from where to where the recordings lay that its thresholds were measured on. What is not stated is
/// not known, and nothing is said of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSound {
    /// Speech in a recording, in s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech_s: Option<[f64; 2]>,
    /// Speech against the noise between, in dB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snr_db: Option<[f64; 2]>,
    /// Where their sound ends, in Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band_hz: Option<[f64; 2]>,
}

impl MeasuredSound {
    /// Refuses a range that ends before it begins.
    pub(super) fn validate(&self, path: &std::path::Path) -> Result<(), ModelError> {
        let ranges = [
            ("sound.speech_s", self.speech_s),
            ("sound.snr_db", self.snr_db),
            ("sound.band_hz", self.band_hz),
        ];
        for (field, range) in ranges {
            if let Some([low, high]) = range
                && !(low <= high && low.is_finite() && high.is_finite())
            {
                return Err(ModelError::Bundle {
                    path: path.to_owned(),
                    field: field.to_owned(),
                    found: format!("[{low}, {high}]"),
                    expected: "two numbers, the smaller one first".to_owned(),
                    remedy: "correct the card, or remove the line",
                });
            }
        }
        Ok(())
    }

    /// How a recording differs from those that the thresholds were measured on, a clause each. More speech than
    /// theirs is a difference; less noise is none.
    #[must_use]
    pub fn differences(&self, quality: &Quality) -> Vec<String> {
        let mut found = Vec::new();
        if let Some([low, high]) = self.speech_s
            && !(low..=high).contains(&quality.speech_s)
        {
            found.push(format!(
                "{:.2} s of speech, where they had {low} to {high} s",
                quality.speech_s
            ));
        }
        if let (Some([low, _]), Some(snr_db)) = (self.snr_db, quality.snr_db)
            && snr_db < low
        {
            found.push(format!(
                "speech {snr_db:.0} dB above the noise, where theirs was at least {low:.0} dB"
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::card::CARD_FILE;

    fn quality(speech_s: f64, snr_db: Option<f64>) -> Quality {
        Quality {
            seconds: 10.0,
            speech_s,
            speech_share: speech_s / 10.0,
            speech_by: audio_features::SpeechDetector::Energy,
            band_hz: Some(8000.0),
            level_db: Some(-20.0),
            snr_db,
            clipped_share: 0.0,
            channels_cancel: false,
        }
    }

    #[test]
    fn only_what_lies_outside_of_a_stated_range_is_a_difference() {
        let sound = MeasuredSound {
            speech_s: Some([0.25, 3.5]),
            snr_db: Some([7.0, 70.0]),
            band_hz: None,
        };
        let of = |quality| sound.differences(&quality).len();
        assert_eq!(of(quality(0.25, Some(7.0))), 0);
        assert_eq!(of(quality(3.5, Some(90.0))), 0);
        assert_eq!(of(quality(2.0, None)), 0);
        assert_eq!(of(quality(3.6, Some(3.0))), 2);
        let unknown = MeasuredSound::default();
        assert!(unknown.differences(&quality(0.0, None)).is_empty());
        let said = sound.differences(&quality(0.1, None));
        assert_eq!(said, ["0.10 s of speech, where they had 0.25 to 3.5 s"]);
    }

    #[test]
    fn a_range_that_is_none_is_refused_by_name() {
        for range in [[3.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
            let sound = MeasuredSound {
                snr_db: Some(range),
                ..MeasuredSound::default()
            };
            let error = sound.validate(std::path::Path::new(CARD_FILE)).unwrap_err();
            assert!(error.to_string().contains("sound.snr_db"), "{error}");
        }
    }
}
