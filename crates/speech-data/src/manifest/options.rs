//! What is asked of a manifest when it is read.

use std::path::Path;

/// Whether every recording must have a speaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speakers {
    /// A row without one is an error: training, trials and measures need them all.
    #[default]
    Needed,
    /// A row may have none: [`Utterance::known_speaker`](super::Utterance::known_speaker) is `None` then. Embedding needs
    /// none.
    Optional,
}

/// Whether commands that a table has in the place of files may be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pipes {
    /// They are an error.
    #[default]
    Refused,
    /// Those of a few known programs are run, without a shell.
    Allowed,
}

/// How a manifest is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions<'a> {
    /// The folder that relative paths start from and that `{data_root}` stands for; by default the folder itself or the
    /// table's folder.
    pub root: Option<&'a Path>,
    /// Whether every recording must have a speaker.
    pub speakers: Speakers,
    /// Whether commands are run.
    pub pipes: Pipes,
}
