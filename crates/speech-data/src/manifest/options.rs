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

/// What becomes of a table of which some rows cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FaultyRows {
    /// It is refused, and the error names the rows: what is learned from a table should be all of it.
    #[default]
    Refuse,
    /// They go to [`Manifest::faulty`](super::Manifest::faulty), and the others are read. A table without a row that can be
    /// used, or one that contradicts itself, is refused all the same.
    LeaveOut,
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
    /// What becomes of a table with faulty rows.
    pub faulty: FaultyRows,
    /// The bytes of the table that is called `-`: text, gzipped or not.
    pub standard_input: Option<&'a [u8]>,
}

impl<'a> ReadOptions<'a> {
    /// The bytes of the table at `path`, where that is `-` and there are some.
    pub(crate) fn given(&self, path: &Path) -> Option<&'a [u8]> {
        self.standard_input.filter(|_| is_standard_input(path))
    }
}

/// Whether a path stands for standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}
