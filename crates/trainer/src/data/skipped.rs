//! What is left out of a training.

/// A recording that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The utterance's id.
    pub utterance: String,
    /// The decoder's message.
    pub reason: String,
}
