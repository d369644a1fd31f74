//! What can go wrong in this crate.

use speech_data::DataError;
use thiserror::Error;

/// Every failure of this crate: the place, what was found, what was expected and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// The manifest lacks what was asked for.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No balanced trial list can be made.
    #[error("no trials can be made of {utterances} utterances by {speakers} speakers: {reason}")]
    CannotMakeTrials {
        /// Utterances given.
        utterances: usize,
        /// Speakers given.
        speakers: usize,
        /// What is lacking and what to change.
        reason: &'static str,
    },
    /// More utterances than indices of 32 bits can name.
    #[error("{found} utterances: at most {limit} are supported")]
    TooManyUtterances {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A number of a configuration that makes no sense.
    #[error("{field} = {found}: expected {expected}")]
    BadSetting {
        /// The field as it is called in a configuration file.
        field: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A batch needs more speakers than there are.
    #[error("{place}: {found} speakers, but a batch needs {needed} different ones")]
    TooFewSpeakers {
        /// `the manifest` or the group.
        place: String,
        /// Speakers there are.
        found: usize,
        /// Speakers needed.
        needed: usize,
    },
    /// The pair sampler finds no pair of one kind.
    #[error("{place}: no {kind} can be drawn")]
    NoPairs {
        /// `the manifest` or the group.
        place: String,
        /// `pair of one speaker` or `pair of different speakers`.
        kind: &'static str,
        /// What to change.
        remedy: &'static str,
    },
    /// Weights that do not fit the groups.
    #[error("weights of column `{column}`: {reason}, its groups are {known}")]
    Weights {
        /// The column that groups batches.
        column: String,
        /// What does not fit.
        reason: String,
        /// The groups there are.
        known: String,
    },
}

impl SamplerError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Data(error) => return error.remedy(),
            Self::TooFewSpeakers { .. } => {
                "lower `speakers`, add data, or leave the group out (weight 0 or a filter)"
            }
            Self::NoPairs { remedy, .. } => remedy,
            _ => return None,
        })
    }
}
