//! From one sample rate to another, for any stretch of the result by itself.
//!
//! A windowed sinc as a table of phases: every sample of the result depends on a known stretch of the input, so that crops have
//! the samples of the whole recording. The resampler of `audio-features` goes through a recording in blocks and cannot begin
//! in the middle.

use pulp::{Arch, NullaryFnOnce};

use crate::error::SoundError;

/// Zero crossings of the sinc on either side.
const CROSSINGS: usize = 48;

/// Kaiser's parameter for a stop band 60 dB down.
const BETA: f64 = 5.65;

/// Middle of the transition band, as a share of the lower Nyquist frequency: the stop band begins there.
const CUTOFF: f64 = 0.965;

/// Largest number of a ratio in lowest terms.
const LARGEST: usize = 1_000;

/// Sums that a product is divided into: the same for every processor, and so are the bits.
const LANES: usize = 16;

/// Changes the rate by the factor `up / down`.
#[derive(Clone, Debug)]
pub struct Resampler {
    up: usize,
    down: usize,
    /// Input samples on either side of a sample of the result.
    reach: usize,
    /// `[up][2 · reach]`
    phases: Vec<f32>,
}

impl Resampler {
    /// Prepares the factor `up / down`.
    ///
    /// # Errors
    /// [`SoundError::Ratio`] for a factor that is not made of whole numbers from 1 to 1,000 in lowest terms.
    pub fn new(up: usize, down: usize) -> Result<Self, SoundError> {
        let divisor = greatest_common_divisor(up, down).max(1);
        let (up, down) = (up / divisor, down / divisor);
        if !(1..=LARGEST).contains(&up) || !(1..=LARGEST).contains(&down) {
            return Err(SoundError::Ratio { up, down });
        }
        // Relative to the input's Nyquist frequency.
        let lower = (up as f64 / down as f64).min(1.0);
        let cutoff = CUTOFF * lower;
        let half_width = CROSSINGS as f64 / lower;
        let reach = (half_width.ceil() as usize).next_multiple_of(LANES / 2);
        let mut phases = Vec::with_capacity(up * 2 * reach);
        for phase in 0..up {
            let fraction = phase as f64 / up as f64;
            let taps: Vec<f64> = (0..2 * reach)
                .map(|tap| {
                    let distance = tap as f64 - (reach - 1) as f64 - fraction;
                    let inside = distance / half_width;
                    if inside.abs() >= 1.0 {
                        return 0.0;
                    }
                    let window = bessel(BETA * (1.0 - inside * inside).sqrt()) / bessel(BETA);
                    window * cutoff * sinc(cutoff * distance)
                })
                .collect();
            // A constant stays what it is.
            let sum: f64 = taps.iter().sum();
            phases.extend(taps.iter().map(|tap| (tap / sum) as f32));
        }
        Ok(Self {
            up,
            down,
            reach,
            phases,
        })
    }

    /// Input samples that samples `from..to` of the result depend on; the first may lie before the recording.
    #[must_use]
    pub fn input(&self, from: usize, to: usize) -> std::ops::Range<isize> {
        let place = |sample: usize| (sample * self.down / self.up) as isize;
        let reach = self.reach as isize;
        if to <= from {
            return place(from)..place(from);
        }
        place(from) - reach + 1..place(to - 1) + reach + 1
    }

    /// Samples in all that `num_samples` become.
    #[must_use]
    pub fn len(&self, num_samples: usize) -> usize {
        (num_samples * self.up).div_ceil(self.down)
    }

    /// Samples `from..to` of the result, of `input` whose first sample is the recording's number `first`; there is silence
    /// around it.
    pub fn run(&self, input: &[f32], first: isize, from: usize, to: usize, out: &mut Vec<f32>) {
        let needed = self.input(from, to);
        // What is needed, with silence where there is no input.
        let mut padded = Vec::new();
        let input = if needed.start >= first && needed.end <= first + input.len() as isize {
            let begin = (needed.start - first) as usize;
            &input[begin..begin + (needed.end - needed.start) as usize]
        } else {
            padded.resize((needed.end - needed.start).max(0) as usize, 0.0);
            let begin = needed.start.max(first);
            let end = needed.end.min(first + input.len() as isize);
            if begin < end {
                let to = (begin - needed.start) as usize;
                let len = (end - begin) as usize;
                let from = (begin - first) as usize;
                padded[to..to + len].copy_from_slice(&input[from..from + len]);
            }
            &padded
        };
        let origin = from * self.down / self.up;
        let begin = out.len();
        out.resize(begin + to.saturating_sub(from), 0.0);
        Arch::new().dispatch(Products {
            of: self,
            input,
            origin,
            from,
            out: &mut out[begin..],
        });
    }

    /// All of `input` at the new rate.
    #[must_use]
    pub fn whole(&self, input: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        self.run(input, 0, 0, self.len(input.len()), &mut out);
        out
    }
}

/// The products of a stretch, compiled for the vectors that the processor has.
struct Products<'a> {
    of: &'a Resampler,
    input: &'a [f32],
    origin: usize,
    from: usize,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Resampler {
            up,
            down,
            reach,
            phases,
        } = self.of;
        let width = 2 * reach;
        for (place, out) in self.out.iter_mut().enumerate() {
            let at = (self.from + place) * down;
            let taps = &phases[at % up * width..][..width];
            let samples = &self.input[at / up - self.origin..][..width];
            let mut sums = [0.0f32; LANES];
            for (taps, samples) in taps.chunks_exact(LANES).zip(samples.chunks_exact(LANES)) {
                for ((sum, tap), sample) in sums.iter_mut().zip(taps).zip(samples) {
                    *sum += tap * sample;
                }
            }
            let mut width = LANES;
            while width > 1 {
                width /= 2;
                for lane in 0..width {
                    sums[lane] += sums[lane + width];
                }
            }
            *out = sums[0];
        }
    }
}

fn sinc(x: f64) -> f64 {
    let x = std::f64::consts::PI * x;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

/// The modified Bessel function of the first kind and order 0.
fn bessel(x: f64) -> f64 {
    let square = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        term *= square / f64::from(k * k);
        sum += term;
    }
    sum
}

pub(crate) fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sine(hz: f64, rate: f64, count: usize) -> Vec<f32> {
        let turn = std::f64::consts::TAU * hz / rate;
        (0..count).map(|i| (turn * i as f64).sin() as f32).collect()
    }

    /// Closed form: the same sine, sampled at the other rate from the same instant on.
    #[test]
    fn a_sine_keeps_its_phase_and_amplitude() {
        for (up, down) in [(1, 2), (2, 1), (10, 9), (10, 11), (160, 441)] {
            let resampler = Resampler::new(up, down).unwrap();
            let lower = 16_000.0 * (up as f64 / down as f64).min(1.0);
            for share in [0.05, 0.4, 0.85] {
                let hz = share * lower / 2.0;
                let found = resampler.whole(&sine(hz, 16_000.0, 8_000));
                let expected = sine(hz, 16_000.0 * up as f64 / down as f64, found.len());
                let edge = 400;
                let (mut signal, mut error) = (0.0, 0.0);
                for (found, expected) in found.iter().zip(&expected).skip(edge).rev().skip(edge) {
                    signal += f64::from(expected * expected);
                    error += f64::from((found - expected) * (found - expected));
                }
                let ratio = 10.0 * (signal / error).log10();
                assert!(ratio > 55.0, "{up}/{down} at {share}: {ratio:.1} dB");
            }
        }
    }

    #[test]
    fn what_lies_above_the_new_nyquist_frequency_is_gone() {
        let halved = Resampler::new(1, 2).unwrap();
        let found = halved.whole(&sine(4_300.0, 16_000.0, 8_000));
        let peak = found[200..3_800]
            .iter()
            .fold(0f32, |peak, x| peak.max(x.abs()));
        assert!(peak < 2e-3, "{peak}");
    }

    #[test]
    fn a_factor_that_no_table_holds_is_refused() {
        for (up, down) in [(0, 1), (1, 0), (1_009, 1_000)] {
            assert!(Resampler::new(up, down).is_err(), "{up}/{down}");
        }
        assert!(Resampler::new(3_000, 1_500).is_ok());
    }

    proptest! {
        /// A stretch is a part of the whole, to the bit, if it gets what it asks for.
        #[test]
        fn a_stretch_has_the_bits_of_the_whole(
            ratio in prop::sample::select(vec![(1, 2), (2, 1), (10, 9), (10, 11), (3, 2)]),
            len in 1usize..900,
            cut in (0.0f64..1.0, 0.0f64..1.0),
        ) {
            let resampler = Resampler::new(ratio.0, ratio.1).unwrap();
            let input: Vec<f32> = (0..len).map(|i| (i as f32 * 0.37).sin()).collect();
            let whole = resampler.whole(&input);
            let (a, b) = ((cut.0 * whole.len() as f64) as usize, (cut.1 * whole.len() as f64) as usize);
            let (from, to) = (a.min(b), a.max(b));
            let needed = resampler.input(from, to);
            let begin = needed.start.clamp(0, len as isize) as usize;
            let end = needed.end.clamp(begin as isize, len as isize) as usize;
            let mut part = Vec::new();
            resampler.run(&input[begin..end], begin as isize, from, to, &mut part);
            prop_assert_eq!(&part, &whole[from..to]);
        }
    }
}
