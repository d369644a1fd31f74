//! How far packing has come.

use std::time::Instant;

use corpus_prep::shown_bytes;
use speech_data::store::PackProgress;

use crate::console::Console;

/// Progress of one stage after another.
pub(crate) struct Progress<'a> {
    console: &'a Console,
    begin: Instant,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(console: &'a Console) -> Self {
        Self {
            console,
            begin: Instant::now(),
        }
    }

    /// Something is done to `total` bytes, `done` of them so far.
    pub(crate) fn bytes(&self, what: &str, done: u64, total: u64) {
        let message = format!("{} of {}", shown_bytes(done), shown_bytes(total));
        self.console.stage(what, done, total, &message);
    }

    /// A store is being packed.
    pub(crate) fn packing(&self, state: &PackProgress) {
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
        self.console
            .stage("packing", state.done, state.total, &message);
    }

    /// The bar disappears.
    pub(crate) fn end(&self) {
        self.console.end();
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
