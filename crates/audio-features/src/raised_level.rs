//! Quiet recordings made louder, as Resemblyzer does.

/// Mean square of samples that come block by block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MeanSquare {
    sum: f64,
    count: usize,
}

impl MeanSquare {
    pub(crate) fn of(samples: &[f32]) -> Self {
        let mut all = Self::default();
        all.push(samples);
        all
    }

    /// One sample after the other, so that blocks change no bit of the sum.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            self.sum += f64::from(*sample) * f64::from(*sample);
        }
        self.count += samples.len();
    }

    /// What brings power to at least `least_dbfs`: 1 for louder recordings and for silence (Resemblyzer's
    /// `normalize_volume(increase_only=True)`).
    pub(crate) fn power_gain(self, least_dbfs: f64) -> f32 {
        let mean = self.sum / self.count.max(1) as f64;
        let gain = 10f64.powf(least_dbfs / 10.0) / mean;
        // Samples too small for any feature may want more than there is: a factor must not be infinite, for it meets zeros.
        if mean > 0.0 && gain > 1.0 {
            gain.min(f64::from(f32::MAX)) as f32
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_recordings_are_raised_and_loud_ones_and_silence_are_not() {
        for level in [0.0, 0.5] {
            assert_eq!(MeanSquare::of(&[level; 100]).power_gain(-30.0), 1.0);
        }
        // -40 dBFS: 10 dB are missing.
        let gain = MeanSquare::of(&[0.01; 100]).power_gain(-30.0);
        assert!((gain - 10.0).abs() < 1e-4, "{gain}");
    }
}
