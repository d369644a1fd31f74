//! Speech at another speed, and so at another pitch: one more voice.

use std::ops::Range;

use crate::error::SoundError;
use crate::resample::Resampler;

/// Parts that a factor of speed is rounded to: hundredths.
const PARTS: f64 = 100.0;

/// A change of speed by resampling: at 1.1 a recording is shorter by a tenth, and a voice higher.
#[derive(Clone, Debug)]
pub struct Speed {
    resampler: Resampler,
}

impl Speed {
    /// Prepares a factor from 0.5 to 2, in hundredths.
    ///
    /// # Errors
    /// [`SoundError::InvalidConfig`] for another one.
    pub fn new(factor: f64) -> Result<Self, SoundError> {
        let parts = (factor * PARTS).round();
        let is_whole = (factor * PARTS - parts).abs() < 1e-6;
        if !is_whole || !(0.5..=2.0).contains(&factor) {
            let expected = "factors from 0.5 to 2, in hundredths";
            return Err(SoundError::invalid("samples.speeds", factor, expected));
        }
        let resampler = Resampler::new(PARTS as usize, parts as usize)?;
        Ok(Self { resampler })
    }

    /// Samples that a recording of `num_samples` has at this speed.
    #[must_use]
    pub fn len(&self, num_samples: usize) -> usize {
        self.resampler.len(num_samples)
    }

    /// Samples `range` of a recording at this speed, silence outside of it; `read` gives samples of the recording as it is, of
    /// which there are `num_samples`.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<E>(
        &self,
        num_samples: usize,
        range: Range<usize>,
        read: impl FnOnce(Range<usize>) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<f32>, E> {
        let needed = self.resampler.input(range.start, range.end);
        let end = usize::try_from(needed.end).unwrap_or(0).min(num_samples);
        let start = usize::try_from(needed.start).unwrap_or(0).min(end);
        let input = read(start..end)?;
        let mut out = Vec::with_capacity(range.len());
        let resampler = &self.resampler;
        resampler.run(&input, start as isize, range.start, range.end, &mut out);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_higher_and_shorter_at_a_higher_speed() {
        let sine = |hz: f64, len: usize| -> Vec<f32> {
            let turn = std::f64::consts::TAU * hz / 16_000.0;
            (0..len).map(|n| (turn * n as f64).sin() as f32).collect()
        };
        for (factor, hz, len) in [(0.9, 900.0, 17_778), (1.1, 1_100.0, 14_546)] {
            let speed = Speed::new(factor).unwrap();
            assert_eq!(speed.len(16_000), len);
            let tone = sine(1_000.0, 16_000);
            let read = |range: Range<usize>| Ok::<_, SoundError>(tone[range].to_vec());
            let found = speed.read(16_000, 3_000..4_000, read).unwrap();
            let expected = &sine(hz, 4_000)[3_000..];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 2e-3,
                    "{factor}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn factors_that_there_are_not_are_refused() {
        for factor in [0.0, 0.4, 2.1, f64::NAN, 0.905] {
            assert!(Speed::new(factor).is_err(), "{factor}");
        }
    }
}
