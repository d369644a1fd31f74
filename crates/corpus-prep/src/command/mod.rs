//! The commands of this crate, for every program that offers them: flags, plan, progress, summary, exit code.
//!
//! `siamang prepare`, `siamang merge` and `cargo xtask prepare-voxceleb` are the same flags and the same lines because
//! they are these.

mod args;
mod corpus;
mod merge;
mod packing;
mod prepare;
mod progress;
mod report;
mod voxceleb;

pub use args::PackArgs;
pub use corpus::CorpusArgs;
pub use merge::merge_stores;
pub use prepare::PrepareCommand;
pub use progress::Progress;
pub use report::{Figures, report};
pub use voxceleb::VoxcelebArgs;

/// How much is printed, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// One JSON object on standard output, and nothing else there.
    pub json: bool,
    /// Neither progress nor warnings; what is left out is still named.
    pub quiet: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All is there.
    Done,
    /// Finished, but some utterances were left out, each named on standard error.
    SomeSkipped,
}

impl Status {
    /// The exit code: 0, or 3.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeSkipped => 3,
        }
    }
}

impl Screen {
    /// A line on standard error, for people who watch.
    pub fn note(self, text: &str) {
        if !self.quiet {
            err(&format!("note: {text}\n"));
        }
    }

    /// A line on standard error about something that should be looked at.
    pub fn warn(self, text: &str) {
        if !self.quiet {
            err(&format!("warning: {text}\n"));
        }
    }
}

/// A closed standard error leaves nobody to tell.
pub(crate) fn err(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A line on standard output. Whoever closed it has read enough.
pub(crate) fn out(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
