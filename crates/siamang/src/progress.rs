//! Who is told how far work has come.

use crate::error::Error;
use crate::outcome::Embedded;
use crate::recordings::Input;

/// Is told how embedding many recordings goes, on the thread that asked for it. Every method does nothing, or says no,
/// unless it is written; `&()` watches nothing.
pub trait Progress {
    /// `total` recordings will be embedded.
    fn begin(&self, total: usize) {
        let _ = total;
    }

    /// A recording is embedded, or cannot be used; in the order in which they were given.
    fn recording(&self, input: &Input, outcome: &Result<Embedded, Error>) {
        let _ = (input, outcome);
    }

    /// `done` recordings more are through. `times_real_time` is how many seconds of audio a second were embedded so far.
    fn advance(&self, done: usize, times_real_time: f64) {
        let _ = (done, times_real_time);
    }

    /// No recording is left.
    fn end(&self) {}

    /// Whether to stop: the work then ends with [`Error::Interrupted`].
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Progress for () {}
