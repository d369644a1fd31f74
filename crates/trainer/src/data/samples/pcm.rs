//! Samples in 16 bits.

use std::ops::Range;

/// Samples of 16 bits and what they count: a power of two, so that those of 16-bit recordings stay what they are, and louder
/// ones, which decoders of lossy formats give, are not clipped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pcm {
    /// A sample of 32,768 would be 2^exponent.
    pub(super) exponent: i32,
    pub(super) samples: Vec<i16>,
}

impl Pcm {
    pub(super) fn of(samples: &[f32]) -> Self {
        let loudest = samples.iter().fold(0f32, |loudest, s| loudest.max(s.abs()));
        let mut exponent = 0;
        // The largest sample is 32,767: a recording at full scale keeps its exponent of 0 all the same.
        while loudest > 2f32.powi(exponent) && exponent < 100 {
            exponent += 1;
        }
        while loudest > 0.0 && loudest < 0.25 * 2f32.powi(exponent) && exponent > -14 {
            exponent -= 1;
        }
        let scale = 32_768.0 / 2f32.powi(exponent);
        let samples = samples.iter();
        Self {
            exponent,
            // The cast saturates.
            samples: samples.map(|s| (s * scale).round() as i16).collect(),
        }
    }

    /// Appends the samples of a range.
    pub(super) fn extend(&self, range: Range<usize>, out: &mut Vec<f32>) {
        let scale = scale(self.exponent);
        let samples = self.samples[range].iter();
        out.extend(samples.map(|&s| f32::from(s) * scale));
    }
}

/// What a step counts.
pub(super) fn scale(exponent: i32) -> f32 {
    2f32.powi(exponent) / 32_768.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(samples: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        Pcm::of(samples).extend(0..samples.len(), &mut out);
        out
    }

    #[test]
    fn samples_of_16_bits_stay_what_they_are_and_loud_ones_are_not_clipped() {
        for loudest in [1i32, 7, 300, 32_767] {
            let samples: Vec<f32> = (-loudest..=loudest)
                .step_by(loudest as usize)
                .map(|s| s as f32 / 32_768.0)
                .collect();
            assert_eq!(again(&samples), samples);
        }
        assert_eq!(again(&[-1.0, 0.5]), [-1.0, 0.5]);
        let loud = [1.5f32, -1.75, 0.001];
        for (found, expected) in again(&loud).iter().zip(loud) {
            assert!((found - expected).abs() < 4e-5);
        }
        assert_eq!(again(&[0.0, 0.0]), [0.0, 0.0]);
        assert!(again(&[]).is_empty());
    }
}
