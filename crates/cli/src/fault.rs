//! Errors as the user reads them: what is wrong, the next thing to try, and the exit code.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Error;

use crate::hint::hint;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: wrong usage.
    Usage,
    /// 3: finished, but some inputs were skipped or could not be judged, each named on standard error.
    SomeSkipped,
    /// 4: a training that stopped itself: collapse, or a loss that is NaN or infinite.
    StoppedItself,
    /// 5: an adaptation that did not help: nothing was written.
    DidNotHelp,
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
            ExitStatus::DidNotHelp => 5,
            ExitStatus::Interrupted => 130,
        })
    }
}

/// An error with its remedy.
#[derive(Debug)]
pub(crate) struct Fault {
    message: String,
    help: String,
    status: ExitStatus,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// What could not be done, and what to try next; exit code 1.
pub(crate) fn fault(message: impl Into<String>, help: impl Into<String>) -> Error {
    Error::new(Fault {
        message: message.into(),
        help: help.into(),
        status: ExitStatus::Failed,
    })
}

/// What was typed wrong, and how it should look; exit code 2.
pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Error {
    Error::new(Fault {
        message: message.into(),
        help: help.into(),
        status: ExitStatus::Usage,
    })
}

/// Prints an error, and its causes if asked to, and gives the exit code.
pub(crate) fn error(error: &Error, verbose: bool) -> ExitStatus {
    let (message, help, status) = match error.downcast_ref::<Fault>() {
        Some(fault) => (
            fault.message.clone(),
            Some(fault.help.clone()),
            fault.status,
        ),
        None => {
            let message = error.to_string();
            let help = hint(error).or_else(|| {
                let command = "`siamang help COMMAND` shows examples";
                (!message.contains('\n')).then(|| format!("{command}, `-v` the causes of an error"))
            });
            let status = error.downcast_ref().map_or(ExitStatus::Failed, status_of);
            (message, help, status)
        }
    };
    let mut text = format!("error: {message}\n");
    if verbose {
        for cause in error.chain().skip(1) {
            text.push_str(&format!("caused by: {cause}\n"));
        }
    }
    if let Some(help) = help {
        text.push_str(&format!("\nhelp: {help}\n"));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    status
}

/// What was typed wrong is told from what went wrong.
fn status_of(error: &siamang::Error) -> ExitStatus {
    use siamang::Error;
    match error {
        Error::UnknownFormat { .. } | Error::NothingToFilter | Error::Clustering { .. } => {
            ExitStatus::Usage
        }
        _ => ExitStatus::Failed,
    }
}

/// Whoever read our output has gone, as `head` does.
#[derive(Debug)]
struct ClosedOutput;

impl fmt::Display for ClosedOutput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("standard output was closed")
    }
}

impl std::error::Error for ClosedOutput {}

/// An error of standard output.
pub(crate) fn output_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::new(ClosedOutput),
        _ => fault(
            format!("cannot write to standard output: {error}"),
            "check the disk or pipe that it goes to",
        ),
    }
}

/// Whether the only trouble is that nobody reads on.
pub(crate) fn is_closed_output(error: &Error) -> bool {
    error.is::<ClosedOutput>()
}
