//! What can be wrong with turns, their files and the settings.

/// Why something was refused. Every variant says what was found and what is needed, `remedy` what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TurnsError {
    /// A field of a line of a file is not what it must be.
    #[error("`{file}`, line {line}: {field} is `{found}`, expected {expected}")]
    Field {
        /// The file's name, as it was handed in.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What the field holds.
        field: &'static str,
        /// Its text, at most 60 characters of it.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A line has too few or too many fields.
    #[error("`{file}`, line {line}: {found} fields, expected {expected}")]
    NumFields {
        /// The file's name, as it was handed in.
        file: String,
        /// The line, from 1.
        line: usize,
        /// Number of fields.
        found: usize,
        /// How many there should be.
        expected: &'static str,
    },
    /// A line is not text.
    #[error("`{file}`, line {line}: bytes that are not UTF-8, expected text")]
    NotText {
        /// The file's name, as it was handed in.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A turn, or a region that is scored, has an impossible time.
    #[error("recording `{recording}`, entry {index}: `{field}` is {found}, expected {expected}")]
    Time {
        /// The recording.
        recording: String,
        /// Position in the list handed in, from 0.
        index: usize,
        /// `start_s` or `end_s`.
        field: &'static str,
        /// Its value (s).
        found: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that a file of turns cannot hold, since its fields are words between spaces.
    #[error(
        "the {kind} `{found}` cannot be written, expected a name without spaces other than `<NA>`"
    )]
    Name {
        /// `recording` or `speaker`.
        kind: &'static str,
        /// The name.
        found: String,
    },
    /// A recording stands in a list more than once.
    #[error("recording `{recording}` is in the {list} more than once, expected once")]
    DuplicateRecording {
        /// Which list.
        list: &'static str,
        /// The recording.
        recording: String,
    },
    /// Two things that must be of one recording are of two.
    #[error(
        "the {what} is of recording `{found}`, expected `{expected}`, which the reference is of"
    )]
    OtherRecording {
        /// What is of another recording.
        what: &'static str,
        /// Its recording.
        found: String,
        /// The reference's.
        expected: String,
    },
    /// No recording is left to be scored.
    #[error("no recording to score, expected at least one")]
    NoRecording,
    /// A setting is outside its range.
    #[error("`{name}` is {found}, expected {expected}")]
    InvalidParameter {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The allowed range.
        expected: &'static str,
    },
    /// A conversation asks for more speakers than there are with an utterance.
    #[error("{found} speakers with an utterance, expected {expected}")]
    NotEnoughSpeakers {
        /// Speakers with at least one utterance.
        found: usize,
        /// Speakers asked for.
        expected: usize,
    },
    /// A speaker is listed twice, or an utterance of one speaker is.
    #[error("{kind} `{found}` is listed twice, expected once")]
    Duplicate {
        /// `speaker` or `utterance`.
        kind: &'static str,
        /// Its name.
        found: String,
    },
    /// An utterance has an impossible length.
    #[error("utterance `{utterance}` lasts {found} s, expected {expected}")]
    UtteranceLength {
        /// Its id.
        utterance: String,
        /// Its length (s).
        found: f64,
        /// The allowed range.
        expected: &'static str,
    },
    /// The turns of all speakers together are too long to be summed.
    #[error(transparent)]
    Matching(#[from] speaker_eval::EvalError),
}

impl TurnsError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Field { .. } => "correct the line",
            Self::NumFields { .. } => {
                "correct the line; names of recordings and speakers have no spaces"
            }
            Self::NotText { .. } => "check that this is the right file, and save it as UTF-8",
            Self::Time { .. } => "correct the time, or leave the entry out",
            Self::Name { .. } => "give it another name",
            Self::DuplicateRecording { .. } => "join what is of one recording, or name them apart",
            Self::OtherRecording { .. } => "pass what belongs to the same recording",
            Self::NoRecording => {
                "check that reference and map of scored regions name recordings alike"
            }
            Self::InvalidParameter { .. } => "change the setting",
            Self::NotEnoughSpeakers { .. } => "ask for fewer speakers, or hand in more",
            Self::Duplicate { .. } => "remove the duplicate",
            Self::UtteranceLength { .. } => "leave the utterance out",
            Self::Matching(error) => return error.remedy(),
        })
    }
}
