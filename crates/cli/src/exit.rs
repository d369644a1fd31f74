//! Exit codes.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: wrong usage.
    Usage,
    /// 3: finished, but some inputs were skipped, each named on standard error.
    SomeSkipped,
    /// 4: a training that stopped itself: collapse, or a loss that is no number.
    StoppedItself,
    /// 130: interrupted; what could be saved is saved.
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(match status {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::SomeSkipped => 3,
            ExitStatus::StoppedItself => 4,
            ExitStatus::Interrupted => 130,
        })
    }
}
