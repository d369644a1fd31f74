//! Plans and buffers of transforms, which one thread uses again and again.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// A spectrum of real samples: `size / 2 + 1` bins.
pub(crate) type Bins = Vec<Complex<f32>>;

/// Plans of Fourier transforms and their buffers. One a thread; what it holds changes no result.
pub struct Workspace {
    planner: RealFftPlanner<f32>,
    padded: Vec<f32>,
    bins: Bins,
    scratch: Bins,
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            planner: RealFftPlanner::new(),
            padded: Vec::new(),
            bins: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

/// The smallest of 2ⁿ, 3 · 2ⁿ and 5 · 2ⁿ that is not below `least`.
pub(crate) fn fast_size(least: usize) -> usize {
    let at_least = |odd: usize| odd * least.div_ceil(odd).next_power_of_two().max(2);
    at_least(1).min(at_least(3)).min(at_least(5))
}

impl Workspace {
    /// The spectrum of `samples` with zeros behind them up to `size`.
    pub(crate) fn transform(&mut self, samples: &[f32], size: usize) -> &mut Bins {
        self.padded.clear();
        self.padded.extend(samples.iter().take(size));
        self.padded.resize(size, 0.0);
        self.transform_again()
    }

    /// The spectrum of what [`inverse`](Self::inverse) gave, as it is by now.
    pub(crate) fn transform_again(&mut self) -> &mut Bins {
        let plan = self.planner.plan_fft_forward(self.padded.len());
        self.bins
            .resize(self.padded.len() / 2 + 1, Complex::default());
        self.scratch
            .resize(plan.get_scratch_len(), Complex::default());
        let done = plan.process_with_scratch(&mut self.padded, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers are as long as the plan wants them");
        &mut self.bins
    }

    /// The samples whose spectrum the last transform's bins are, as they are by now, times `size`.
    pub(crate) fn inverse(&mut self, size: usize) -> &mut Vec<f32> {
        self.bins.resize(size / 2 + 1, Complex::default());
        // Rounding leaves imaginary parts where a real signal has none.
        if let [first, .., last] = self.bins.as_mut_slice() {
            (first.im, last.im) = (0.0, 0.0);
        }
        let plan = self.planner.plan_fft_inverse(size);
        self.padded.resize(size, 0.0);
        self.scratch
            .resize(plan.get_scratch_len(), Complex::default());
        let done = plan.process_with_scratch(&mut self.bins, &mut self.padded, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers are as long as the plan wants them");
        &mut self.padded
    }

    /// Multiplies the spectrum of `samples`, which is taken over `size` of them, by `factors`, and puts them back `lag`
    /// samples earlier. The filter goes round in a circle: where it reaches over the ends there have to be samples that
    /// nobody hears.
    pub(crate) fn filter(
        &mut self,
        samples: &mut [f32],
        size: usize,
        lag: usize,
        factors: impl FnOnce(&mut Bins),
    ) {
        factors(self.transform(samples, size));
        let filtered = self.inverse(size);
        let scale = 1.0 / size as f32;
        let (begin, end) = filtered.split_at(lag.min(size));
        for (sample, filtered) in samples.iter_mut().zip(end.iter().chain(begin)) {
            *sample = filtered * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_smallest_of_their_kind() {
        for (least, size) in [
            (1, 2),
            (1000, 1024),
            (1025, 1280),
            (1281, 1536),
            (1537, 2048),
        ] {
            assert_eq!(fast_size(least), size, "{least}");
        }
    }

    #[test]
    fn a_spectrum_that_is_not_changed_gives_the_samples_back_earlier() {
        let mut samples: Vec<f32> = (0..100).map(|i| (i as f32 * 0.7).sin()).collect();
        let before = samples.clone();
        Workspace::default().filter(&mut samples, 128, 3, |_| ());
        for (after, before) in samples.iter().zip(&before[3..]) {
            assert!((after - before).abs() < 1e-6);
        }
    }
}
