//! From samples to windowed frames, one frame in each lane.

use pulp::Simd;

use crate::lanes::{Lanes, MAX_LANES};
use crate::transpose::transpose;

/// Smaller samples count as zero: far below the floor of every feature, and the products of numbers
/// like these are denormal, which processors compute a hundred times slower.
const TINY: f32 = 1e-15;

/// What stands for the samples before the first and behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    /// The recording mirrored, its end samples not repeated.
    Mirrored,
    /// The recording mirrored, its end samples repeated.
    MirroredRepeated,
    /// Zeros.
    Zeros,
}

impl Outside {
    /// The sample that stands at a position outside of `length` of them, which are not none.
    fn sample(self, position: isize, length: usize) -> Option<usize> {
        let last = length - 1;
        match self {
            Self::Mirrored => {
                let period = (2 * last).max(1) as isize;
                let position = position.rem_euclid(period) as usize;
                Some(position.min(2 * last - position))
            }
            Self::MirroredRepeated => {
                let position = position.rem_euclid(2 * length as isize) as usize;
                Some(position.min(2 * length - 1 - position))
            }
            Self::Zeros => None,
        }
    }
}

/// The samples of neighbouring frames, transposed.
///
/// Row `r` holds the samples `r, r + hop, r + 2 hop, …` of the stretch that the frames cover. Sample
/// `q * hop + r` of all frames then lies side by side in row `r` from column `q` on, and a sample that
/// several frames share is transposed once.
pub(crate) struct Hops {
    hop_samples: usize,
    /// Rows that a frame uses: all, unless the hop is longer than the window.
    num_rows: usize,
    /// Columns beyond the one of the first sample of the last frame.
    extra_columns: usize,
    stride: usize,
    table: Lanes,
    /// The samples that the frames cover.
    stretch: Vec<f32>,
    quads: Vec<[f32; 4]>,
    outside: Outside,
    /// Coefficient of preemphasis over the recording.
    preemphasis: f32,
}

impl Hops {
    pub(crate) fn new(
        window_samples: usize,
        hop_samples: usize,
        outside: Outside,
        preemphasis: f32,
    ) -> Self {
        let extra_columns = (window_samples - 1) / hop_samples;
        let num_rows = hop_samples.min(window_samples);
        let stride = (MAX_LANES + extra_columns).next_multiple_of(8);
        Self {
            hop_samples,
            num_rows,
            extra_columns,
            stride,
            table: Lanes::new((num_rows * stride).div_ceil(MAX_LANES)),
            stretch: Vec::new(),
            quads: Vec::new(),
            outside,
            preemphasis,
        }
    }

    /// Takes in the samples of `lanes` frames, the first of which begins at `start`; outside of the
    /// recording stands what was said. `samples` is not empty.
    #[inline(always)]
    pub(crate) fn load(&mut self, samples: &[f32], start: isize, lanes: usize) {
        // Whole groups of four are transposed fastest.
        let columns = (lanes + self.extra_columns).next_multiple_of(4);
        let length = (columns - 1) * self.hop_samples + self.num_rows;
        // A copy in one go even where the recording could be read itself: the processor fetches ahead
        // along one stream, but not along four of which each is as short as a hop.
        self.stretch.resize(length, 0.0);
        let (outside, preemphasis) = (self.outside, self.preemphasis);
        copy(samples, start, outside, preemphasis, &mut self.stretch);
        transpose(
            &self.stretch,
            self.hop_samples,
            self.num_rows,
            self.table.values_mut(),
            self.stride,
            &mut self.quads,
            |value| if value.abs() < TINY { 0.0 } else { value },
        );
    }

    /// Sum of the `window_samples` of every frame.
    #[inline(always)]
    pub(crate) fn sum<S: Simd>(&self, simd: S, window_samples: usize) -> S::f32s {
        // Four running sums do not wait for one another, and round less.
        let mut sums = [simd.splat_f32s(0.0); 4];
        for q in 0..=self.extra_columns {
            let num_rows = self.num_rows.min(window_samples - q * self.hop_samples);
            for r in 0..num_rows {
                let sum = &mut sums[r % 4];
                *sum = simd.add_f32s(*sum, self.sample::<S>(r, q));
            }
        }
        let [a, b, c, d] = sums;
        simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d))
    }

    /// Sample `q * hop + r` of every frame.
    #[inline(always)]
    pub(crate) fn sample<S: Simd>(&self, r: usize, q: usize) -> S::f32s {
        let row = &self.table.values()[r * self.stride + q..][..S::F32_LANES];
        bytemuck::cast_slice(row)[0]
    }
}

/// Fills `out` with the samples from `start` on; `samples` is not empty. With `preemphasis`, every sample is less so much of the
/// one before it, but for the first of `samples`; what lies outside is taken from that.
fn copy(samples: &[f32], start: isize, outside: Outside, preemphasis: f32, out: &mut [f32]) {
    let emphasised = |position: usize| match position.checked_sub(1) {
        Some(before) if preemphasis != 0.0 => samples[position] - preemphasis * samples[before],
        _ => samples[position],
    };
    let fill = |out: &mut [f32], start: isize| {
        for (i, value) in out.iter_mut().enumerate() {
            let position = outside.sample(start + i as isize, samples.len());
            *value = position.map_or(0.0, emphasised);
        }
    };
    let before = start.min(0).unsigned_abs().min(out.len());
    let (head, rest) = out.split_at_mut(before);
    fill(head, start);
    let first = (start.max(0) as usize).min(samples.len());
    let inside = rest.len().min(samples.len() - first);
    let (body, tail) = rest.split_at_mut(inside);
    body.copy_from_slice(&samples[first..first + inside]);
    if preemphasis != 0.0 {
        for (value, position) in body.iter_mut().zip(first..) {
            *value = emphasised(position);
        }
    }
    fill(tail, start + (before + inside) as isize);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_is_that_of_numpy() {
        let mut out = [0.0; 9];
        copy(&[0.0, 1.0, 2.0], -3, Outside::Mirrored, 0.0, &mut out);
        // numpy.pad([0, 1, 2], (3, 3), mode="reflect")
        assert_eq!(out, [1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0]);
        copy(&[0.0, 1.0, 2.0], -12, Outside::Mirrored, 0.0, &mut out);
        assert_eq!(out, [0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]);
        copy(&[0.0, 1.0, 2.0], 5, Outside::Mirrored, 0.0, &mut out);
        assert_eq!(out, [1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0]);
        copy(&[7.0], -3, Outside::Mirrored, 0.0, &mut out);
        assert_eq!(out, [7.0; 9]);
    }

    #[test]
    fn what_stands_outside_is_that_of_numpy() {
        let mut out = [0.0; 9];
        copy(
            &[1.0, 2.0, 3.0],
            -4,
            Outside::MirroredRepeated,
            0.0,
            &mut out,
        );
        // numpy.pad([1, 2, 3], 4, mode="symmetric")
        assert_eq!(out, [3.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0]);
        copy(&[1.0, 2.0, 3.0], -2, Outside::Zeros, 0.0, &mut out);
        assert_eq!(out, [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
        copy(&[1.0, 2.0, 4.0], -2, Outside::Zeros, 0.5, &mut out);
        assert_eq!(out, [0.0, 0.0, 1.0, 1.5, 3.0, 0.0, 0.0, 0.0, 0.0]);
        copy(
            &[1.0, 2.0, 4.0],
            1,
            Outside::MirroredRepeated,
            0.5,
            &mut out,
        );
        assert_eq!(out, [1.5, 3.0, 3.0, 1.5, 1.0, 1.0, 1.5, 3.0, 3.0]);
    }

    #[test]
    fn every_sample_of_every_frame_is_found() {
        let samples: Vec<f32> = (1..200).map(|v| v as f32).collect();
        for (window, hop) in [(10, 4), (8, 4), (3, 5), (4, 4), (40, 1)] {
            let mut hops = Hops::new(window, hop, Outside::Mirrored, 0.0);
            hops.load(&samples, 7, 1);
            for i in 0..window {
                let found = hops.sample::<pulp::Scalar>(i % hop, i / hop);
                assert_eq!(
                    found,
                    samples[7 + i],
                    "window {window}, hop {hop}, sample {i}"
                );
            }
        }
    }
}
