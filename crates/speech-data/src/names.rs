//! Names that several rooms agree on: of columns and of splits.

/// Columns of tables and stores.
pub mod column {
    /// The utterance's own name.
    pub const ID: &str = "id";
    /// Where its audio is, as a table writes it.
    pub const PATH: &str = "path";
    /// Who speaks.
    pub const SPEAKER: &str = "speaker";
    /// The occasion.
    pub const SESSION: &str = "session";
    /// `f` or `m`.
    pub const GENDER: &str = "gender";
    /// Which part of a protocol.
    pub const SPLIT: &str = "split";
    /// Which corpus it comes from: speakers of two are told apart by their microphones.
    pub const CORPUS: &str = "corpus";
    /// Length, in s.
    pub const SECONDS: &str = "seconds";
    /// The country a speaker is from.
    pub const NATIONALITY: &str = "nationality";
    /// Where a part of a recording begins, in s.
    pub const START_S: &str = "start_s";
    /// Where it ends, in s.
    pub const END_S: &str = "end_s";
    /// The recording that it is a part of.
    pub const RECORDING: &str = "recording";
}

/// Parts of a protocol.
pub mod split {
    /// What is trained on.
    pub const TRAIN: &str = "train";
    /// What watches over the training.
    pub const DEV: &str = "dev";
    /// What nothing was chosen by.
    pub const TEST: &str = "test";
}
