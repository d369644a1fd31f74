//! Draws of one part of the augmentation of one recording.

use std::sync::LazyLock;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Which part draws: each has its own stream under the seed.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Room,
    Channel,
    Noise,
    Gain,
    FrequencyMask,
    TimeMask,
}

impl From<Stream> for u64 {
    fn from(stream: Stream) -> Self {
        stream as Self
    }
}

/// A stream of draws: a pure function of a seed and the number of the stream under it, whatever else is drawn.
pub struct Draws(ChaCha8Rng);

const NUM_NORMALS: usize = 1024;

/// Quantiles of the standard normal distribution at equally spaced probabilities, scaled to unit
/// variance. Picking one is a draw to within 3.2 standard deviations, at a fraction of the cost of
/// Box and Muller's, which matters for one draw a frame and band.
static NORMALS: LazyLock<[f32; NUM_NORMALS]> = LazyLock::new(|| {
    let mut table = [0.0; NUM_NORMALS];
    let step = 1e-4;
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (mut x, mut probability) = (0.0, 0.5);
    for i in NUM_NORMALS / 2..NUM_NORMALS {
        let target = (i as f64 + 0.5) / NUM_NORMALS as f64;
        while probability < target {
            probability += density(x + step / 2.0) * step;
            x += step;
        }
        table[i] = x as f32;
        table[NUM_NORMALS - 1 - i] = -x as f32;
    }
    let variance = table.iter().map(|z| z * z).sum::<f32>() / NUM_NORMALS as f32;
    table.map(|z| z / variance.sqrt())
});

impl Draws {
    /// The stream, or nothing with probability `1 - probability`.
    pub fn when(seed: u64, stream: impl Into<u64>, probability: f64) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream.into());
        let mut draws = Self(rng);
        (draws.unit() < probability).then_some(draws)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// Uniform in `[low, high]`.
    pub fn within(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..end`; 0 if there is nothing to choose from.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// Independent standard normal values.
    pub fn normals(&mut self, out: &mut [f32]) {
        let table = &*NORMALS;
        for group in out.chunks_mut(6) {
            let mut bits = self.0.next_u64();
            for value in group {
                *value = table[(bits % NUM_NORMALS as u64) as usize];
                bits /= NUM_NORMALS as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64) -> Draws {
        Draws::when(seed, Stream::Noise, 1.0).unwrap()
    }

    #[test]
    fn normals_have_the_moments_of_a_normal_distribution() {
        let mut values = vec![0.0; 200_000];
        draws(1).normals(&mut values);
        let moment = |power: i32| {
            values
                .iter()
                .map(|z| f64::from(*z).powi(power))
                .sum::<f64>()
                / values.len() as f64
        };
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.01, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.1, "{}", moment(4));
    }

    #[test]
    fn the_chance_is_kept_and_streams_differ() {
        let taken = (0..10_000)
            .filter(|&seed| Draws::when(seed, Stream::Room, 0.3).is_some())
            .count();
        assert!((2_850..3_150).contains(&taken), "{taken}");
        let mut gain = Draws::when(7, Stream::Gain, 1.0).unwrap();
        assert_ne!(draws(7).unit(), gain.unit());
        assert_eq!(draws(7).unit(), draws(7).unit());
    }

    #[test]
    fn an_empty_choice_is_zero() {
        assert_eq!(draws(3).below(0), 0);
        assert!((0..100).all(|seed| draws(seed).below(3) < 3));
    }
}
