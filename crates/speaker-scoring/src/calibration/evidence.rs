//! What is known of a pair of recordings beside their embeddings, and the numbers that a calibration makes of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One side of a pair: a recording, or several of one speaker together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Speech in it, in s, above 0.
    pub speech_s: f64,
    /// Where its sound ends, in Hz, if that is known.
    pub band_hz: Option<f64>,
}

/// What speaks for or against one speaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The score of the two embeddings.
    pub score: f64,
    /// The same beside the scores of either with a cohort, where there is one.
    pub normalised: Option<f64>,
    /// What is known of the recordings.
    pub sides: [Side; 2],
}

/// A number of a pair that a calibration weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Term {
    /// The score.
    Score,
    /// The score beside those of a cohort.
    Normalised,
    /// The logarithm of the seconds of speech on the side with less.
    ShorterSpeech,
    /// The logarithm of the seconds of speech on the side with more.
    LongerSpeech,
    /// The score times the logarithm of the seconds on the side with less: the same score says more where more was heard.
    ScoreByShorterSpeech,
    /// The normalised score times the same logarithm.
    NormalisedByShorterSpeech,
    /// The logarithm of where the sound ends on the side where it ends lower, in octaves below 8 kHz.
    NarrowerBand,
}

/// A band that is not known is taken for one that a model at 16 kHz hears whole.
const WHOLE_BAND_HZ: f64 = 8000.0;

/// The numbers of a pair that terms are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    score: f64,
    normalised: Option<f64>,
    shorter: f64,
    longer: f64,
    band: f64,
}

impl Numbers {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let [a, b] = evidence.sides;
        // What is not known on one side is not known of the pair: `min` and `max` would take the other.
        let [a_s, b_s] = match a.speech_s.is_nan() || b.speech_s.is_nan() {
            true => [f64::NAN; 2],
            false => [a.speech_s, b.speech_s],
        };
        let band = |side: Side| side.band_hz.unwrap_or(WHOLE_BAND_HZ);
        Self {
            score: evidence.score,
            normalised: evidence.normalised,
            shorter: a_s.min(b_s).ln(),
            longer: a_s.max(b_s).ln(),
            band: (band(a).min(band(b)) / WHOLE_BAND_HZ).log2().min(0.0),
        }
    }

    /// The number that `term` weighs; none where it is not known, or not a number.
    pub(super) fn number(&self, term: Term) -> Option<f64> {
        let value = match term {
            Term::Score => self.score,
            Term::Normalised => self.normalised?,
            Term::ShorterSpeech => self.shorter,
            Term::LongerSpeech => self.longer,
            Term::ScoreByShorterSpeech => self.score * self.shorter,
            Term::NormalisedByShorterSpeech => self.normalised? * self.shorter,
            Term::NarrowerBand => self.band,
        };
        value.is_finite().then_some(value)
    }

    /// Holds a quality at `most`.
    pub(super) fn hold(&mut self, term: Term, most: f64) {
        match term {
            Term::Score
            | Term::Normalised
            | Term::ScoreByShorterSpeech
            | Term::NormalisedByShorterSpeech => {}
            Term::ShorterSpeech => self.shorter = self.shorter.min(most),
            Term::LongerSpeech => self.longer = self.longer.min(most),
            Term::NarrowerBand => self.band = self.band.min(most),
        }
    }
}

impl Term {
    /// Whether less of it than a calibration has seen makes a score less certain, so that nothing can be said. More of it than seen
    /// is taken for as much as was seen.
    pub(super) fn is_a_quality(self) -> bool {
        match self {
            Self::Score
            | Self::Normalised
            | Self::ScoreByShorterSpeech
            | Self::NormalisedByShorterSpeech => false,
            Self::ShorterSpeech | Self::LongerSpeech | Self::NarrowerBand => true,
        }
    }

    /// The term's number in words.
    pub(super) fn in_words(self, value: f64) -> String {
        match self {
            Self::Score => format!("a score of {value:.3}"),
            Self::Normalised => format!("a normalised score of {value:.2}"),
            Self::ShorterSpeech => format!("{:.2} s of speech on the shorter side", value.exp()),
            Self::LongerSpeech => format!("{:.2} s of speech on the longer side", value.exp()),
            Self::ScoreByShorterSpeech | Self::NormalisedByShorterSpeech => {
                format!("a score by speech of {value:.3}")
            }
            Self::NarrowerBand => {
                format!("sound up to {:.0} Hz", WHOLE_BAND_HZ * value.exp2())
            }
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Score => "score",
            Self::Normalised => "normalised score",
            Self::ShorterSpeech => "shorter speech (ln s)",
            Self::LongerSpeech => "longer speech (ln s)",
            Self::ScoreByShorterSpeech => "score x shorter speech (ln s)",
            Self::NormalisedByShorterSpeech => "normalised score x shorter speech (ln s)",
            Self::NarrowerBand => "narrower band (octaves)",
        })
    }
}
