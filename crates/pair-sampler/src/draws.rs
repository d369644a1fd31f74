//! Random numbers that depend on a key alone.
//!
//! The generator is ChaCha8 keyed by BLAKE3 of what is being drawn and for which (seed, epoch, step). The few
//! distributions needed are written out here, because a run must be repeatable across versions of this project:
//! the `rand` crate allows itself to change how a range or a shuffle is drawn between minor versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of draws is for. Streams of different purposes never coincide, whatever their keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The items of one batch; key: seed, epoch, step.
    Batch,
    /// The order of groups in one block of the schedule; key: seed, epoch, lap, block.
    GroupOrder,
    /// The order of a group's speakers in one round; key: seed, epoch, group, round.
    SpeakerOrder,
    /// Which speakers fill the last batch of a round; key: seed, epoch, group.
    SpeakerFill,
    /// A trial list; key: seed.
    Trials,
}

impl Purpose {
    fn context(self) -> &'static str {
        match self {
            Self::Batch => "siamang pair-sampler v1 batch",
            Self::GroupOrder => "siamang pair-sampler v1 group order",
            Self::SpeakerOrder => "siamang pair-sampler v1 speaker order",
            Self::SpeakerFill => "siamang pair-sampler v1 speaker fill",
            Self::Trials => "siamang pair-sampler v1 trials",
        }
    }
}

/// A stream of draws.
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of `purpose` and `key`: equal arguments give equal draws, on every machine.
    pub(crate) fn new(purpose: Purpose, key: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose.context());
        for word in key {
            hasher.update(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, in steps of 2⁻⁵³.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n` without bias (Lemire 2019); 0 for `n = 0`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n == 0 {
            return 0;
        }
        // Products whose low half falls below 2^64 mod n would favour some values: those are drawn again.
        let unfair = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= unfair {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts `items` into a uniformly random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }

    /// `min(count, n)` distinct numbers of `0..n` in random order, in time that depends on `count` alone
    /// (Floyd's method, then a shuffle).
    pub(crate) fn distinct(&mut self, n: usize, count: usize) -> Vec<usize> {
        let count = count.min(n);
        let mut chosen = Vec::with_capacity(count);
        for last in n - count..n {
            let candidate = self.below(last + 1);
            chosen.push(if chosen.contains(&candidate) {
                last
            } else {
                candidate
            });
        }
        self.shuffle(&mut chosen);
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_purpose_and_on_every_word_of_its_key() {
        let first = |purpose, key: &[u64]| Draws::new(purpose, key).bits();
        let one = first(Purpose::Batch, &[1, 2, 3]);
        assert_eq!(one, first(Purpose::Batch, &[1, 2, 3]));
        for other in [[0, 2, 3], [1, 0, 3], [1, 2, 0]] {
            assert_ne!(one, first(Purpose::Batch, &other));
        }
        assert_ne!(one, first(Purpose::GroupOrder, &[1, 2, 3]));
    }

    #[test]
    fn below_is_uniform() {
        // Chi-square with 6 degrees of freedom: 22.5 is exceeded once in a thousand seeds.
        let mut draws = Draws::new(Purpose::Batch, &[7]);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[draws.below(7)] += 1;
        }
        let chi: f64 = counts
            .iter()
            .map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4)
            .sum();
        assert!(chi < 22.5, "{counts:?} {chi}");
        assert_eq!(draws.below(0), 0);
        assert_eq!(draws.below(1), 0);
    }

    #[test]
    fn distinct_reaches_every_ordered_choice_equally() {
        let mut draws = Draws::new(Purpose::Batch, &[8]);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let chosen = draws.distinct(4, 2);
            assert_ne!(chosen[0], chosen[1]);
            *counts.entry(chosen).or_insert(0u32) += 1;
        }
        // Twelve ordered choices, 11 degrees of freedom: 31.3 at one in a thousand.
        assert_eq!(counts.len(), 12);
        let chi: f64 = counts
            .values()
            .map(|&c| (f64::from(c) - 2e3).powi(2) / 2e3)
            .sum();
        assert!(chi < 31.3, "{counts:?} {chi}");
        assert_eq!(draws.distinct(3, 9).len(), 3);
        assert!(draws.distinct(0, 2).is_empty());
    }
}
