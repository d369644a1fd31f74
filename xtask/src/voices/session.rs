//! One recording session: a room, a microphone, a noise and a level, drawn without regard to who speaks.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::SAMPLE_RATE_HZ;
use super::noise::{coloured_noise, gaussian};
use super::room::Room;
use super::streams::{Purpose, stream};

/// Highest absolute sample: below the full scale by 1.4 dB, since Vorbis overshoots a little.
const PEAK: f32 = 0.85;

/// Where and with what a session was recorded.
pub(crate) struct Session {
    room: Room,
    /// Coefficient of `y[n] = x[n] - c x[n-1]`: positive is a thin microphone, negative a dull one.
    microphone_tilt: f32,
    noise_slope: f64,
    snr_db: f64,
    level_dbfs: f64,
}

impl Session {
    /// Session number `index` of the corpus.
    pub(crate) fn draw(seed: u64, index: u64) -> Self {
        let mut generator = stream(seed, Purpose::Session, index);
        let rt60_s = generator.random_range(0.15..0.55);
        let tail_db = generator.random_range(-12.0..-1.0);
        let damping = generator.random_range(0.1..0.6);
        Self {
            room: Room::new(rt60_s, tail_db, damping, SAMPLE_RATE_HZ, &mut generator),
            microphone_tilt: generator.random_range(-0.25..0.45),
            noise_slope: generator.random_range(0.0..1.6),
            snr_db: generator.random_range(12.0..30.0),
            level_dbfs: generator.random_range(-30.0..-20.0),
        }
    }

    /// `dry` speech as this session records it.
    pub(crate) fn record(&self, dry: &[f32], generator: &mut ChaCha8Rng) -> Vec<f32> {
        let mut signal = self.room.reverberate(dry);
        let speech = root_mean_square(&signal);
        let snr_db = self.snr_db + gaussian(generator);
        let noise_gain = speech * 10f32.powf(-snr_db as f32 / 20.0);
        let noise = coloured_noise(self.noise_slope, signal.len(), generator);
        for (sample, noise) in signal.iter_mut().zip(noise) {
            *sample += noise_gain * noise;
        }
        let mut last = 0.0;
        for sample in &mut signal {
            let tilted = *sample - self.microphone_tilt * last;
            last = *sample;
            *sample = tilted;
        }
        let level_dbfs = self.level_dbfs + gaussian(generator);
        set_level(&mut signal, level_dbfs as f32);
        signal
    }
}

/// Scales to `level_dbfs` of root mean square, or to as much as [`PEAK`] allows.
fn set_level(signal: &mut [f32], level_dbfs: f32) {
    let peak = signal.iter().fold(0f32, |peak, x| peak.max(x.abs()));
    let wanted = 10f32.powf(level_dbfs / 20.0) / root_mean_square(signal).max(f32::MIN_POSITIVE);
    let gain = wanted.min(PEAK / peak.max(f32::MIN_POSITIVE));
    for sample in signal {
        *sample *= gain;
    }
}

/// Root mean square of the samples, 0 for none.
pub(crate) fn root_mean_square(samples: &[f32]) -> f32 {
    let power: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dry() -> Vec<f32> {
        (0..16_000).map(|n| 0.3 * (n as f32 * 0.2).sin()).collect()
    }

    #[test]
    fn level_is_met_unless_the_peak_forbids() {
        let mut signal = dry();
        set_level(&mut signal, -26.0);
        assert!((20.0 * root_mean_square(&signal).log10() + 26.0).abs() < 1e-3);
        set_level(&mut signal, 0.0);
        let peak = signal.iter().fold(0f32, |peak, x| peak.max(x.abs()));
        assert!((peak - PEAK).abs() < 1e-5);
    }

    #[test]
    fn same_session_records_the_same_and_another_does_not() {
        let record = |session| {
            Session::draw(3, session).record(&dry(), &mut stream(3, Purpose::Utterance, 0))
        };
        assert_eq!(record(0), record(0));
        assert_ne!(record(0), record(1));
    }

    #[test]
    fn recording_is_finite_and_never_clips() {
        for session in 0..20 {
            let mut generator = stream(3, Purpose::Utterance, session);
            let recorded = Session::draw(3, session).record(&dry(), &mut generator);
            assert_eq!(recorded.len(), 16_000);
            assert!(recorded.iter().all(|x| x.abs() <= PEAK + 1e-5));
            let level_dbfs = 20.0 * root_mean_square(&recorded).log10();
            assert!((-36.0..-12.0).contains(&level_dbfs), "{level_dbfs}");
        }
        let nothing = Session::draw(3, 0).record(&[], &mut stream(3, Purpose::Utterance, 0));
        assert!(nothing.is_empty());
    }
}
