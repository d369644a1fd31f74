//! What a file said of its audio.

/// What a file said of its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short name of the codec, such as `pcm_s16le` or `flac`.
    pub codec: String,
    /// Sample rate of the file, in Hz.
    pub sample_rate_hz: u32,
    /// Channels of the file.
    pub num_channels: usize,
    /// Samples per channel at the file's rate, encoder delay and padding left out.
    pub num_frames: u64,
}
