//! Reverberation: each band's power over time with an exponentially decaying tail.

use super::bands::Bands;
use super::config::RoomConfig;
use super::random::Draws;
use super::scatter::Scatter;

/// Puts `power` (`[frames, bands]`) into a random room.
pub(super) fn reverberate(
    config: &RoomConfig,
    draws: &mut Draws,
    hop_s: f64,
    bands: &Bands,
    power: &mut [f32],
) {
    let rt60_s = draws.within(config.rt60_s);
    let energy = 10f64.powf(-draws.within(config.direct_to_reverberant_db) / 10.0);
    let mut tail = Tail::new(rt60_s, energy, hop_s, bands.len());
    let mut scatter = Scatter::new(draws, bands);
    for frame in power.chunks_exact_mut(bands.len()) {
        let reflected = tail.next(frame);
        scatter.add(draws, frame, reflected);
    }
}

/// Mean power of the reflections: `tail[t] = decay * tail[t - 1] + (1 - decay) * energy * power[t]`.
///
/// It begins within the frame, since reflections arrive after a few milliseconds.
struct Tail {
    decay: f32,
    input: f32,
    power: Vec<f32>,
}

impl Tail {
    fn new(rt60_s: f64, energy: f64, hop_s: f64, num_bins: usize) -> Self {
        let decay = 10f64.powf(-6.0 * hop_s / rt60_s);
        let input = (energy * (1.0 - decay)) as f32;
        Self {
            decay: decay as f32,
            input,
            power: vec![0.0; num_bins],
        }
    }

    fn next(&mut self, frame: &[f32]) -> &[f32] {
        for (tail, value) in self.power.iter_mut().zip(frame) {
            *tail = self.decay * *tail + self.input * value;
        }
        &self.power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail of a click, over 100 frames of 10 ms.
    fn click(rt60_s: f64, energy: f64) -> Vec<f32> {
        let mut tail = Tail::new(rt60_s, energy, 0.01, 1);
        (0..100)
            .map(|frame| tail.next(&[if frame == 0 { 1.0 } else { 0.0 }])[0])
            .collect()
    }

    #[test]
    fn the_tail_falls_by_sixty_decibels_in_the_reverberation_time() {
        let power = click(0.3, 1.0);
        let fall = 10.0 * (power[5] / power[35]).log10();
        assert!((fall - 60.0).abs() < 0.01, "{fall} dB in 0.3 s");
    }

    #[test]
    fn the_tail_has_the_energy_that_was_asked_for() {
        for energy in [0.1, 1.0, 2.0] {
            let sum: f32 = click(0.2, energy).iter().sum();
            assert!(
                (f64::from(sum) / energy - 1.0).abs() < 1e-4,
                "{energy}: {sum}"
            );
        }
    }
}
