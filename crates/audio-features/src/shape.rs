//! What the first packet of a recording tells.

/// Rate and channels of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its rate, in Hz; of a recording that changes it, the first.
    pub sample_rate_hz: u32,
    /// Its channels; of a recording that changes them, the most.
    pub num_channels: usize,
}
