//! One side of a comparison: a recording, or several of one speaker.

use audio_features::{LEAST_SPEECH_S, Quality, SpeechDetector};
use speaker_model::ModelCalibration;
use speaker_scoring::{Evidence, Llr, NoLlr, Scorer, Side, normalised};

use crate::model::Model;
use crate::outcome::Embedded;

/// A recording, or several of one speaker together: the direction of the mean of their embeddings, with all their speech.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrolment {
    /// Of length 1, `[dim]`.
    pub embedding: Vec<f32>,
    /// Their speech in all, and the lowest of where their sound ends.
    pub side: Side,
}

impl Enrolment {
    /// Of recordings with enough speech for a verdict; none where there are none of these.
    #[must_use]
    pub fn of(recordings: &[Embedded]) -> Option<Self> {
        let heard = recordings.iter().filter(|one| one.quality.is_heard());
        Self::of_vectors(heard.map(|one| (one.embedding.as_slice(), side_of(&one.quality))))
    }

    /// Of embeddings and what is known of the recordings; none where there are none.
    pub fn of_vectors<'a>(recordings: impl Iterator<Item = (&'a [f32], Side)>) -> Option<Self> {
        let mut sum: Vec<f64> = Vec::new();
        let mut together: Option<Side> = None;
        for (embedding, side) in recordings {
            sum.resize(embedding.len().max(sum.len()), 0.0);
            let length = embedding.iter().map(|&value| f64::from(value).powi(2));
            let length = length.sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            for (sum, &value) in sum.iter_mut().zip(embedding) {
                *sum += f64::from(value) / length;
            }
            together = Some(match together {
                None => side,
                Some(known) => Side {
                    speech_s: known.speech_s + side.speech_s,
                    band_hz: match (known.band_hz, side.band_hz) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (one, other) => one.or(other),
                    },
                },
            });
        }
        let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        let unit = sum
            .iter()
            .map(|value| (value / length.max(f64::MIN_POSITIVE)) as f32);
        Some(Self {
            embedding: unit.collect(),
            side: together?,
        })
    }
}

/// Whether speech was found as calibrations count it: by the network.
#[must_use]
pub fn is_counted(quality: &Quality) -> bool {
    quality.speech_by == SpeechDetector::Network
}

/// What a calibration asks of a recording.
pub(super) fn side_of(quality: &Quality) -> Side {
    Side {
        speech_s: quality.speech_s.max(LEAST_SPEECH_S),
        band_hz: quality.band_hz,
    }
}

impl Model {
    /// What its scores mean, where that is known.
    #[must_use]
    pub fn calibration(&self) -> Option<&ModelCalibration> {
        self.bundle().calibration()
    }

    /// The logarithm of how many times likelier the two are of one speaker than of two; none where the model is not calibrated.
    ///
    /// # Errors
    /// [`NoLlr`] where the recordings are worse than any that the calibration has seen.
    pub fn llr(&self, a: &Enrolment, b: &Enrolment) -> Option<Result<Llr, NoLlr>> {
        let calibration = self.calibration()?;
        let score = Scorer::default().score(&a.embedding, &b.embedding);
        let of_cohort = |one: &Enrolment| {
            let (cohort, top) = calibration.cohort.as_ref()?;
            cohort.statistics(&one.embedding, Some(*top)).ok()
        };
        let normalised = match (of_cohort(a), of_cohort(b)) {
            (Some(a), Some(b)) => Some(normalised(score.into(), &a, &b)),
            _ => None,
        };
        Some(calibration.calibrator.llr(&Evidence {
            score: score.into(),
            normalised,
            sides: [a.side, b.side],
        }))
    }
}
