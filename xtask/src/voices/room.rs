//! A synthetic room: the direct sound and a decaying tail of random reflections.
//!
//! The reflections are velvet noise (Karjalainen and Järveläinen, "Reverberation modeling using velvet noise", AES 30th
//! conference, 2007): sparse pulses of either sign, which sound as smooth as Gaussian noise and cost one addition a pulse.

use rand::RngExt;

/// Pulses a second: enough to sound smooth.
const DENSITY_HZ: f64 = 2000.0;

/// The reflections of one room, at one place in it.
pub(crate) struct Room {
    /// Delay in samples and height of each reflection; the squares of the heights sum to the tail's energy, where the
    /// direct sound has 1.
    reflections: Vec<(usize, f32)>,
    /// Share of the last output in the one-pole low-pass that the walls are: 0 reflects all frequencies alike.
    damping: f32,
}

impl Room {
    /// A room whose tail falls by 60 dB in `rt60_s` seconds and has `tail_db` of energy against the direct sound.
    pub(crate) fn new(
        rt60_s: f64,
        tail_db: f64,
        damping: f32,
        sample_rate_hz: u32,
        generator: &mut impl RngExt,
    ) -> Self {
        let rate = f64::from(sample_rate_hz);
        let spacing = rate / DENSITY_HZ;
        let first_delay = 0.002 * rate;
        // 40 dB below its beginning the tail is under the noise.
        let count = (rt60_s * DENSITY_HZ * 40.0 / 60.0).ceil() as usize;
        let mut reflections: Vec<(usize, f32)> = (0..count)
            .map(|pulse| {
                let delay = first_delay + (pulse as f64 + generator.random::<f64>()) * spacing;
                let sign = if generator.random::<bool>() {
                    1.0
                } else {
                    -1.0
                };
                let height = 10f64.powf(-3.0 * delay / (rt60_s * rate));
                (delay as usize, (sign * height) as f32)
            })
            .collect();
        let energy: f32 = reflections.iter().map(|(_, height)| height * height).sum();
        let scale = 10f32.powf(tail_db as f32 / 20.0) / energy.sqrt().max(f32::MIN_POSITIVE);
        for (_, height) in &mut reflections {
            *height *= scale;
        }
        Self {
            reflections,
            damping,
        }
    }

    /// What a microphone in the room hears of `dry`, for as long as `dry` lasts.
    pub(crate) fn reverberate(&self, dry: &[f32]) -> Vec<f32> {
        let mut tail = vec![0f32; dry.len()];
        for &(delay, height) in &self.reflections {
            for (out, sample) in tail.iter_mut().skip(delay).zip(dry) {
                *out += height * sample;
            }
        }
        let mut last = 0.0;
        dry.iter()
            .zip(tail)
            .map(|(direct, reflected)| {
                last = reflected + self.damping * (last - reflected);
                direct + last
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::streams::{Purpose, stream};
    use super::*;

    fn response(rt60_s: f64, tail_db: f64) -> Vec<f32> {
        let room = Room::new(
            rt60_s,
            tail_db,
            0.0,
            16_000,
            &mut stream(5, Purpose::Session, 0),
        );
        let mut impulse = vec![0.0; 16_000];
        impulse[0] = 1.0;
        room.reverberate(&impulse)
    }

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(x * x)).sum()
    }

    #[test]
    fn direct_sound_comes_first_and_unchanged() {
        let response = response(0.3, -3.0);
        assert_eq!(response[0], 1.0);
        assert!(response[1..32].iter().all(|x| *x == 0.0));
    }

    #[test]
    fn tail_has_the_energy_asked_for() {
        for tail_db in [-10.0, -3.0, 2.0] {
            let measured_db = 10.0 * energy(&response(0.3, tail_db)[1..]).log10();
            assert!((measured_db - tail_db).abs() < 0.3, "{measured_db}");
        }
    }

    #[test]
    fn tail_falls_at_the_rate_asked_for() {
        let response = response(0.6, 0.0);
        // 60 dB in 0.6 s are 20 dB in 0.2 s.
        let [early, late] = [800, 4000].map(|start: usize| energy(&response[start..start + 1600]));
        let fall_db = 10.0 * (early / late).log10();
        assert!((fall_db - 20.0).abs() < 1.0, "{fall_db}");
    }

    #[test]
    fn room_without_sound_is_silent() {
        let room = Room::new(0.3, 0.0, 0.4, 16_000, &mut stream(5, Purpose::Session, 1));
        assert!(room.reverberate(&[0.0; 5000]).iter().all(|x| *x == 0.0));
        assert!(room.reverberate(&[]).is_empty());
    }
}
