//! How windows lie over a recording.

use crate::frames::{SAMPLE_RATE, WINDOW};

/// How windows lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// Samples of a window, 991 to 960000. The network was trained on 160000, 10 s.
    pub window: usize,
    /// Samples from a window's first to the next one's, 1 to `window`. Multiples of ten are cheaper: windows share what the
    /// filters make of their samples.
    pub step: usize,
}

impl Default for WindowSettings {
    /// 10 s, a second from one to the next.
    fn default() -> Self {
        Self {
            window: WINDOW,
            step: SAMPLE_RATE,
        }
    }
}
