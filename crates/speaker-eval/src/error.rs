//! What can be wrong with scores, labels and lists.

/// Why an evaluation was refused. Every variant says what was found and what is needed, `remedy` what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Two lists that run in parallel differ in length.
    #[error("`{name}` has {found} entries, expected {expected}, one for each of `{reference}`")]
    LengthMismatch {
        /// The list of the wrong length.
        name: &'static str,
        /// The list it was compared with.
        reference: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A list that must have an entry has none.
    #[error("`{name}` is empty, expected at least one entry")]
    Empty {
        /// The empty list.
        name: &'static str,
    },
    /// A score, threshold or embedding value is NaN or infinite.
    #[error("`{name}`[{index}] is {value}, expected a finite number")]
    NotFinite {
        /// The list that holds the value.
        name: &'static str,
        /// Position of the value (for a matrix: the row).
        index: usize,
        /// The value found.
        value: f32,
    },
    /// No trial has the same speaker on both sides, so no miss can be counted.
    #[error("no target trial among {num_trials} trials, expected at least one of each kind")]
    NoTargetTrial {
        /// Length of the list.
        num_trials: usize,
    },
    /// No trial has different speakers, so no false alarm can be counted.
    #[error("no non-target trial among {num_trials} trials, expected at least one of each kind")]
    NoNontargetTrial {
        /// Length of the list.
        num_trials: usize,
    },
    /// The label of a trial contradicts its speakers.
    #[error(
        "trial {index} is marked {}, but its speakers are {speaker_a} and {speaker_b}",
        if *.is_target { "target" } else { "non-target" }
    )]
    ContradictoryTrial {
        /// Position of the trial.
        index: usize,
        /// What the list says.
        is_target: bool,
        /// Speaker of the first side.
        speaker_a: usize,
        /// Speaker of the second side.
        speaker_b: usize,
    },
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
    /// Too few resamples of the speakers held both kinds of trials.
    #[error(
        "only {usable} of {resamples} resamples of {num_speakers} speakers held both target and non-target trials, expected at least half"
    )]
    TooFewSpeakers {
        /// Resamples that could be scored.
        usable: usize,
        /// Resamples drawn.
        resamples: usize,
        /// Number of speakers.
        num_speakers: usize,
    },
    /// The protocol asks for more speakers than have enough utterances.
    #[error("{found} speakers have the 2 utterances the protocol needs, expected {expected}")]
    NotEnoughSpeakers {
        /// Speakers with at least two utterances.
        found: usize,
        /// Speakers asked for.
        expected: usize,
    },
    /// The same utterance is listed twice.
    #[error("utterance `{utterance}` of speaker `{speaker}` is listed twice, expected once")]
    DuplicateUtterance {
        /// Its speaker.
        speaker: String,
        /// Its id.
        utterance: String,
    },
    /// From the embeddings or their clusters.
    #[error(transparent)]
    Scoring(#[from] speaker_scoring::ScoringError),
}

impl EvalError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::LengthMismatch { .. } => "pass lists made from the same rows",
            Self::Empty { .. } => "check that the list was read and not filtered to nothing",
            Self::NotFinite { .. } => "find the recording or model that made it and leave it out",
            Self::NoTargetTrial { .. } => "add same-speaker trials",
            Self::NoNontargetTrial { .. } => "add different-speaker trials",
            Self::ContradictoryTrial { .. } => "correct the trial list or the speaker table",
            Self::InvalidParameter { .. } => "change the setting",
            Self::TooFewSpeakers { .. } => "use a list with more speakers",
            Self::NotEnoughSpeakers { .. } => "ask for fewer speakers or add recordings",
            Self::DuplicateUtterance { .. } => "remove the duplicate",
            Self::Scoring(error) => return error.remedy(),
        })
    }
}
