//! How far work has come: a bar on a terminal, a line now and then in a log.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use speech_data::store::PackProgress;

use super::{Screen, err};

/// Where there is no terminal, one line in this time.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Progress of one stage after another.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    is_hidden: bool,
    quiet: bool,
    begin: Instant,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// Nothing is shown of work that is over soon.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        let target = match screen.quiet {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {msg}") {
            bar.set_style(style);
        }
        Self {
            is_hidden: bar.is_hidden(),
            bar,
            quiet: screen.quiet,
            begin: Instant::now(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Something is done to `total` bytes, `done` of them so far.
    pub fn bytes(&self, what: &str, done: u64, total: u64) {
        let message = format!(
            "{} of {}",
            crate::disk::shown_bytes(done),
            crate::disk::shown_bytes(total)
        );
        self.show(what, done, total, &message);
    }

    /// A store is being packed.
    pub fn packing(&self, state: &PackProgress) {
        let seconds = self.begin.elapsed().as_secs_f64().max(1e-3);
        let new = state.done.saturating_sub(state.resumed) as f64;
        let left = (state.total - state.done) as f64 * seconds / new.max(1.0);
        let message = format!(
            "{} of {} files, {:.0} files/s, {:.1} MB/s read, {:.2} h of audio/s, {} failed, {} left",
            state.done,
            state.total,
            new / seconds,
            state.bytes_read as f64 / 1e6 / seconds,
            state.seconds / 3_600.0 / seconds,
            state.failed,
            shown_time(if new > 0.0 { left } else { f64::NAN }),
        );
        self.show("packing", state.done, state.total, &message);
    }

    fn show(&self, what: &str, done: u64, total: u64, message: &str) {
        if self.quiet {
            return;
        }
        if !self.is_hidden {
            self.bar.set_length(total);
            self.bar.set_position(done);
            self.bar.set_prefix(what.to_owned());
            self.bar.set_message(message.to_owned());
            return;
        }
        if let Ok(mut last) = self.last_line.lock()
            && last.elapsed() >= LINE_EVERY
        {
            *last = Instant::now();
            err(&format!("{what}: {message}\n"));
        }
    }

    /// The bar disappears.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A length of time for people.
pub(crate) fn shown_time(seconds: f64) -> String {
    match seconds {
        s if s.is_nan() => "?".to_owned(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}
