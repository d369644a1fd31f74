//! Standard error: progress, warnings, notes. And standard output, which may be closed at any time.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use siamang::{Embedded, Input, Progress};

use crate::fault::{fault, is_closed_output, output_error};

/// Work that is over sooner shows no progress.
const QUIET_START: Duration = Duration::from_secs(2);

/// Where standard error is not a terminal, long work says where it is once in this time.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Standard error, and how much of it the user wants.
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    bar: ProgressBar,
    pace: Mutex<Pace>,
}

/// When something was shown, and when it will be.
struct Pace {
    /// When the work began whose bar is not shown yet.
    started: Option<Instant>,
    last_line: Instant,
}

impl Console {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            pace: Mutex::new(Pace {
                started: None,
                last_line: Instant::now(),
            }),
        }
    }

    /// Prints `text` as it is, line ends included.
    pub(crate) fn raw(&self, text: &str) {
        // A closed standard error leaves nobody to tell.
        self.bar.suspend(|| {
            let _ = std::io::stderr().write_all(text.as_bytes());
        });
    }

    /// Something that the user should look at.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.raw(&format!("warning: {text}\n"));
        }
    }

    /// Warnings of one recording.
    pub(crate) fn warn_all(&self, path: &str, warnings: &[String]) {
        for warning in warnings {
            self.warn(&format!("{path}: {warning}"));
        }
    }

    /// An input that was left out, and why; shown always.
    pub(crate) fn skipped(&self, reason: &str) {
        self.raw(&format!("skipped: {reason}\n"));
    }

    /// Something worth knowing, shown unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.raw(&format!("note: {text}\n"));
        }
    }

    /// Something that only the curious want to know.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.raw(&format!("note: {text}\n"));
        }
    }

    /// Begins work of `total` pieces. Nothing is drawn for the first two seconds, and never where standard
    /// error is not a terminal.
    pub(crate) fn begin(&self, what: &str, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(0);
        let template = "{prefix} {wide_bar} {pos}/{len}{msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(what.to_owned());
        self.bar.set_message("");
        self.bar.reset();
        self.pace().started = Some(Instant::now());
    }

    /// How fast the work goes: seconds of audio a second.
    pub(crate) fn speed(&self, times_real_time: f64) {
        let text = format!(", {times_real_time:.0} x real time");
        self.bar.set_message(text);
    }

    /// `pieces` more are done.
    pub(crate) fn advance(&self, pieces: usize) {
        self.show_bar();
        self.bar.inc(pieces as u64);
    }

    /// A stage of long work is at `done` of `total`: a bar on a terminal, elsewhere a line now and then.
    pub(crate) fn stage(&self, what: &str, done: u64, total: u64, message: &str) {
        if self.quiet {
            return;
        }
        if !std::io::stderr().is_terminal() {
            let mut pace = self.pace();
            let is_due = pace.last_line.elapsed() >= LINE_EVERY;
            if is_due {
                pace.last_line = Instant::now();
                drop(pace);
                self.raw(&format!("{what}: {message}\n"));
            }
            return;
        }
        if self.bar.prefix() != what || self.bar.is_finished() {
            self.bar.reset();
            if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {msg}") {
                self.bar.set_style(style);
            }
            self.bar.set_prefix(what.to_owned());
            self.pace().started = Some(Instant::now());
        }
        self.show_bar();
        self.bar.set_length(total);
        self.bar.set_message(message.to_owned());
        self.bar.set_position(done);
    }

    /// Lets the bar appear if its work has gone on for long enough.
    fn show_bar(&self) {
        let mut pace = self.pace();
        let waited = pace
            .started
            .is_some_and(|started| started.elapsed() >= QUIET_START);
        if waited && !self.quiet {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            pace.started = None;
        }
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The work is over; the bar disappears.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Progress for Console {
    fn begin(&self, total: usize) {
        self.begin("embedding", total);
    }

    fn recording(&self, input: &Input, outcome: &Result<Embedded, siamang::Error>) {
        match outcome {
            Ok(embedded) => self.warn_all(&input.path(), &embedded.warnings),
            Err(error) => self.skipped(&error.explained()),
        }
    }

    fn advance(&self, done: usize, times_real_time: f64) {
        self.speed(times_real_time);
        self.advance(done);
    }

    fn end(&self) {
        self.end();
    }
}

/// A number of things: `1 recording`, `2 recordings`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Whether a path that is to be written stands for standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
        .iter()
        .any(|name| path == Path::new(name))
}

/// A number with a comma between its thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Prints text for people.
pub(crate) fn print_text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(output_error)
}

/// Prints text for people while work goes on that is worth doing even if nobody reads on.
pub(crate) fn print_if_read(text: &str) -> Result<()> {
    match print_text(text) {
        Err(error) if is_closed_output(&error) => Ok(()),
        result => result,
    }
}

/// Prints one JSON object and a line end.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| {
        fault(
            format!("cannot write JSON: {error}"),
            "report this as a defect",
        )
    })?;
    text.push('\n');
    print_text(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_thousands() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (581_480, "581,480"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(thousands(number), expected);
        }
    }
}
