//! One side of a comparison: a recording, or several of one speaker.

use audio_features::{LEAST_SPEECH_S, Quality, SpeechDetector};
use speaker_model::ModelCalibration;
use speaker_scoring::{Evidence, Llr, NoLlr, Scorer, Side, normalised};
use voice_register::centre;

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
        let heard = || recordings.iter().filter(|one| one.quality.is_heard());
        let mut sides = heard().map(|one| side_of(&one.quality));
        let first = sides.next()?;
        Some(Self {
            embedding: centre(heard().map(|one| (None, one.embedding.as_slice()))),
            side: sides.fold(first, together),
        })
    }
}

fn together(a: Side, b: Side) -> Side {
    Side {
        speech_s: a.speech_s + b.speech_s,
        band_hz: match (a.band_hz, b.band_hz) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        },
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
