//! Planes of bins and frames.

/// Rows of activations as a plane: row `bin * frames + frame`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Bins of frequency, the outer dimension.
    pub bins: usize,
    /// Frames, the inner one.
    pub frames: usize,
}

impl Grid {
    /// Rows of activations.
    pub fn rows(self) -> usize {
        self.bins.saturating_mul(self.frames)
    }
}
