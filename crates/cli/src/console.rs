//! Standard error: progress, warnings, notes. And standard output, which may be closed at any time.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::fault::{fault, output_error};

/// Work that is over sooner shows no progress.
const QUIET_START: Duration = Duration::from_secs(2);

/// Standard error, and how much of it the user wants.
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    bar: ProgressBar,
    started: Cell<Option<Instant>>,
}

impl Console {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            started: Cell::new(None),
        }
    }

    /// Whether neither progress nor warnings are shown.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
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
    /// error is no terminal.
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
        self.started.set(Some(Instant::now()));
    }

    /// How fast the work goes: seconds of audio a second.
    pub(crate) fn speed(&self, times_real_time: f64) {
        let text = format!(", {times_real_time:.0} x real time");
        self.bar.set_message(text);
    }

    /// `pieces` more are done.
    pub(crate) fn advance(&self, pieces: usize) {
        let waited = self
            .started
            .get()
            .is_some_and(|started| started.elapsed() >= QUIET_START);
        if waited && !self.quiet {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.started.set(None);
        }
        self.bar.inc(pieces as u64);
    }

    /// The work is over; the bar disappears.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// A number of things: `1 recording`, `2 recordings`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Prints text for people.
pub(crate) fn print_text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(output_error)
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
