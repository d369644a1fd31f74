//! Samples in memory.

/// One channel of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    /// Samples, `[num_samples]`, nominally from -1 to 1; none is NaN or infinite.
    pub samples: Vec<f32>,
    /// Samples per second, in Hz.
    pub sample_rate_hz: u32,
}

impl Waveform {
    /// Length, in s.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate_hz.max(1))
    }
}
