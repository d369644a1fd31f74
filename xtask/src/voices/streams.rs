//! Every random draw has its own stream, named by what it is for, so that adding one changes no other.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Order of the sentences that a voice reads.
    Script = 0,
    /// Room, noise and level of a session.
    Session = 1,
    /// Noise, level and delivery of one utterance.
    Utterance = 2,
    /// Choice of non-target trials.
    Trials = 3,
}

/// The generator for `purpose` number `index` under `seed`.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream((purpose as u64) << 48 | index);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose, index| stream(seed, purpose, index).random::<u64>();
        let first = draw(1, Purpose::Session, 3);
        assert_eq!(first, draw(1, Purpose::Session, 3));
        assert_ne!(first, draw(1, Purpose::Session, 4));
        assert_ne!(first, draw(1, Purpose::Utterance, 3));
        assert_ne!(first, draw(2, Purpose::Session, 3));
    }
}
