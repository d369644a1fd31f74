//! What can be wrong with embeddings and clusters.

use crate::Term;

/// Why embeddings or a clustering of them was refused. Every variant says what was found and what is needed, `remedy` what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
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
    /// A vector's length differs from the others.
    #[error("`{name}`[{index}] has {found} dimensions, expected {expected}")]
    DimensionMismatch {
        /// The list that holds the vector.
        name: &'static str,
        /// Position of the vector.
        index: usize,
        /// Its dimension.
        found: usize,
        /// The dimension of the others.
        expected: usize,
    },
    /// A list has another length than the embeddings it speaks of.
    #[error("`{name}` has {found} entries, expected {expected}, one for each embedding")]
    LengthMismatch {
        /// The list.
        name: &'static str,
        /// Its length.
        found: usize,
        /// Number of embeddings.
        expected: usize,
    },
    /// Nothing can be learnt of speakers from so few.
    #[error("{found} speakers, expected at least {expected}")]
    TooFewSpeakers {
        /// Number of speakers.
        found: usize,
        /// Number of speakers that are needed.
        expected: usize,
    },
    /// How recordings of one speaker differ cannot be learnt of so few that have two.
    #[error("{found} speakers have two embeddings or more, expected at least {expected}")]
    TooFewRepeated {
        /// Number of speakers with two embeddings or more.
        found: usize,
        /// Number of them that are needed.
        expected: usize,
    },
    /// A cohort of so few says nothing.
    #[error("the cohort has {found} embeddings, expected at least {expected}")]
    CohortTooSmall {
        /// Number of embeddings in it.
        found: usize,
        /// Number that is needed.
        expected: usize,
    },
    /// A part of a stored model has another size than its other parts.
    #[error("`{name}` of the model has {found} values, expected {expected}")]
    ModelSize {
        /// The part.
        name: &'static str,
        /// Number of its values.
        found: usize,
        /// Number that the other parts call for.
        expected: usize,
    },
    /// No two embeddings of one speaker differ.
    #[error("no speaker has two embeddings that differ")]
    NoSpread,
    /// A calibration tells two kinds of trials apart, and there is one.
    #[error("all trials are {}, expected some of either kind", if *.targets { "of one speaker" } else { "of two speakers" })]
    OneKindOfTrials {
        /// Whether those there are have one speaker on both sides.
        targets: bool,
    },
    /// A term that a calibration is to weigh is not known of a trial, or is not a number.
    #[error("trial {index}: the {term} is not known")]
    UnknownTerm {
        /// Position of the trial.
        index: usize,
        /// The term.
        term: Term,
    },
    /// A higher score does not speak for one speaker.
    #[error(
        "for {num_falling} of {num_trials} trials a higher score speaks against one speaker, expected the reverse"
    )]
    FallingScore {
        /// Trials with recordings of a kind of which that holds.
        num_falling: usize,
        /// Trials.
        num_trials: usize,
    },
    /// An index points behind the last row.
    #[error("`{name}`[{index}] points to row {found}, expected a row below {num_rows}")]
    RowOutOfRange {
        /// The list of indices.
        name: &'static str,
        /// Position in the list.
        index: usize,
        /// The row asked for.
        found: usize,
        /// Number of rows.
        num_rows: usize,
    },
    /// So many points would not fit the memory allowed.
    #[error("{num_points} points need {bytes_needed} bytes, allowed are {bytes_allowed}")]
    TooManyPoints {
        /// Number of points.
        num_points: usize,
        /// Bytes for all pairs, or for what stands for them.
        bytes_needed: u64,
        /// The limit.
        bytes_allowed: u64,
    },
    /// Ward linkage adds squared Euclidean distances; on cosine distances its heights mean nothing.
    #[error("ward linkage is undefined for cosine distances")]
    WardNeedsEuclidean,
    /// More or fewer clusters were asked for than the points allow.
    #[error("{found} clusters asked for, expected 1 to {num_points}, the number of points")]
    ClusterCount {
        /// Number of clusters asked for.
        found: usize,
        /// Number of points.
        num_points: usize,
    },
}

impl ScoringError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Empty { .. } => "check that the list was read and not filtered to nothing",
            Self::NotFinite { .. } => "find the recording or model that made it and leave it out",
            Self::InvalidParameter { .. } => "change the setting",
            Self::DimensionMismatch { .. } => "embed all recordings with one model",
            Self::LengthMismatch { .. } => "make the list from the same embeddings",
            Self::TooFewSpeakers { .. } => "add recordings of more speakers",
            Self::TooFewRepeated { .. } => "add a second recording of speakers that have one",
            Self::CohortTooSmall { .. } => "add embeddings of other speakers to the cohort",
            Self::ModelSize { .. } => "estimate the model again: what was stored is damaged",
            Self::NoSpread => {
                "add a second recording of speakers that have one; copies of one recording do not count"
            }
            Self::OneKindOfTrials { .. } => "add trials of the other kind",
            Self::UnknownTerm { .. } => {
                "leave out the recording, which holds no speech or was not listened to, or the term"
            }
            Self::FallingScore { .. } => {
                "check that 1 stands for one speaker in the lists, and that the scores are similarities"
            }
            Self::RowOutOfRange { .. } => "make the list from the same embeddings",
            Self::TooManyPoints { .. } => {
                "allow more memory, use average linkage, which keeps no distances of all pairs, or cluster approximately"
            }
            Self::WardNeedsEuclidean => {
                "L2-normalise the embeddings and use the Euclidean metric, or use complete or average linkage"
            }
            Self::ClusterCount { .. } => "change the number of clusters",
        })
    }
}
