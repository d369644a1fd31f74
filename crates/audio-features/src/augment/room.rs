//! Reverberation: each band's power over time with an exponentially decaying tail.

use super::config::RoomConfig;
use super::random::Draws;

/// Puts `power` (`[frames, num_bins]`) into a room.
///
/// The tail of energy `10^(-ratio / 10)` falls by 60 dB in `rt60` seconds: a first-order recursion
/// over frames, `tail[t] = decay * tail[t - 1] + (1 - decay) * power[t]`, which begins within the
/// frame, since reflections arrive after a few milliseconds.
pub(super) fn reverberate(
    config: &RoomConfig,
    draws: &mut Draws,
    hop_s: f64,
    num_bins: usize,
    power: &mut [f32],
) {
    let rt60_s = draws.within(config.rt60_s);
    let energy = 10f64.powf(-draws.within(config.direct_to_reverberant_db) / 10.0);
    let decay = 10f64.powf(-6.0 * hop_s / rt60_s);
    let (decay, input) = (decay as f32, (energy * (1.0 - decay)) as f32);
    let mut tail = vec![0.0f32; num_bins];
    for frame in power.chunks_exact_mut(num_bins) {
        for (value, tail) in frame.iter_mut().zip(&mut tail) {
            *tail = decay * *tail + input * *value;
            *value += *tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    fn click(rt60_s: f64, ratio_db: f64) -> Vec<f32> {
        let config = RoomConfig {
            probability: 1.0,
            rt60_s: [rt60_s; 2],
            direct_to_reverberant_db: [ratio_db; 2],
        };
        let mut draws = Draws::when(1, Stream::Room, 1.0).unwrap();
        let mut power = vec![0.0; 100];
        power[0] = 1.0;
        reverberate(&config, &mut draws, 0.01, 1, &mut power);
        power
    }

    #[test]
    fn the_tail_falls_by_sixty_decibels_in_the_reverberation_time() {
        let power = click(0.3, 0.0);
        let fall = 10.0 * (power[5] / power[35]).log10();
        assert!((fall - 60.0).abs() < 0.01, "{fall} dB in 0.3 s");
    }

    #[test]
    fn the_tail_has_the_energy_that_was_asked_for() {
        for ratio_db in [-3.0, 0.0, 10.0] {
            let tail = click(0.2, ratio_db).iter().sum::<f32>() - 1.0;
            assert!(
                (10.0 * tail.log10() + ratio_db as f32).abs() < 0.01,
                "{ratio_db}: {tail}"
            );
        }
    }
}
