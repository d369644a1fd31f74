//! Microphones and lines: gains of bands.

use super::bands::Bands;
use super::config::ChannelConfig;
use super::random::Draws;

/// The tilt is 0 dB here.
const TILT_CENTRE_HZ: f64 = 700.0;
/// Below, the tilt goes no further.
const TILT_LOW_HZ: f64 = 60.0;
/// Standard deviation of the bump, in octaves.
const BUMP_OCTAVES: f64 = 0.6;
/// A Butterworth filter of order `n` falls by `6 n` dB per octave.
const TELEPHONE_ORDER: i32 = 4;
const LOW_PASS_ORDER: i32 = 3;
const HIGH_PASS_ORDER: i32 = 2;
/// Deeper stop bands are hidden by the leakage of the analysis window and the recorder's own noise.
const DEEPEST_DB: f64 = -60.0;

/// Which frequencies a channel passes.
enum Passband {
    All,
    Above(f64),
    Below(f64),
    Between(f64, f64),
}

/// Sends `power` (`[frames, bands]`) through a random channel.
pub(super) fn colour(config: &ChannelConfig, draws: &mut Draws, bands: &Bands, power: &mut [f32]) {
    let passband = draw_passband(config, draws);
    let tilt = draws.within(config.tilt_db_per_octave);
    let bump = draws.within(config.bump_db);
    let bump_octave = draws.within(config.bump_hz.map(f64::log2));
    let gains: Vec<f32> = bands
        .centres_hz
        .iter()
        .map(|&hz| {
            let hz = hz.max(TILT_LOW_HZ);
            let offset = (hz.log2() - bump_octave) / BUMP_OCTAVES;
            tilt * (hz / TILT_CENTRE_HZ).log2() + bump * (-0.5 * offset * offset).exp()
        })
        .zip(&bands.centres_hz)
        .map(|(equaliser_db, &hz)| {
            let limit_db = (10.0 * passband.power(hz, bands.nyquist_hz).log10()).max(DEEPEST_DB);
            10f64.powf((equaliser_db + limit_db) / 10.0) as f32
        })
        .collect();
    for frame in power.chunks_exact_mut(gains.len()) {
        for (value, gain) in frame.iter_mut().zip(&gains) {
            *value *= gain;
        }
    }
}

fn draw_passband(config: &ChannelConfig, draws: &mut Draws) -> Passband {
    let telephone = config.telephone_probability;
    let low_pass = telephone + config.low_pass_probability;
    let high_pass = low_pass + config.high_pass_probability;
    match draws.unit() {
        choice if choice < telephone => Passband::Between(
            draws.within(config.telephone_low_hz),
            draws.within(config.telephone_high_hz),
        ),
        choice if choice < low_pass => Passband::Below(draws.within(config.low_pass_hz)),
        choice if choice < high_pass => Passband::Above(draws.within(config.high_pass_hz)),
        _ => Passband::All,
    }
}

impl Passband {
    /// Squared magnitude of the digital Butterworth filter (bilinear transform) at `hz`.
    fn power(&self, hz: f64, nyquist_hz: f64) -> f64 {
        // A cut-off at or above the Nyquist frequency limits nothing.
        let warp = |hz: f64| (std::f64::consts::FRAC_PI_2 * (hz / nyquist_hz).min(0.999)).tan();
        let at = warp(hz).max(1e-9);
        match *self {
            Self::All => 1.0,
            Self::Above(cut) => 1.0 / (1.0 + (warp(cut) / at).powi(2 * HIGH_PASS_ORDER)),
            Self::Below(cut) => 1.0 / (1.0 + (at / warp(cut)).powi(2 * LOW_PASS_ORDER)),
            Self::Between(low, high) => {
                let (low, high) = (warp(low), warp(high));
                let width = (high - low).max(1e-9);
                let prototype = (at * at - low * high) / (at * width);
                1.0 / (1.0 + prototype.powi(2 * TELEPHONE_ORDER))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(passband: &Passband, hz: f64) -> f64 {
        10.0 * passband.power(hz, 8_000.0).log10()
    }

    #[test]
    fn cut_offs_lie_three_decibels_down() {
        for (passband, cuts) in [
            (Passband::Above(200.0), vec![200.0]),
            (Passband::Below(5_000.0), vec![5_000.0]),
            (Passband::Between(300.0, 3_400.0), vec![300.0, 3_400.0]),
        ] {
            for cut in cuts {
                assert!((db(&passband, cut) + 3.0103).abs() < 1e-3, "{cut} Hz");
            }
        }
    }

    #[test]
    fn filters_equal_those_of_scipy() {
        // SciPy 1.17.1: 20 log10 |sosfreqz(butter(n, cut, kind, fs=16000, output="sos"), worN=[hz], fs=16000)|
        for (passband, hz, expected) in [
            (Passband::Between(300.0, 3_400.0), 100.0, -40.617_849),
            (Passband::Between(300.0, 3_400.0), 5_000.0, -24.260_653),
            (Passband::Below(4_000.0), 6_000.0, -22.988_421),
            (Passband::Above(200.0), 50.0, -24.107_674),
        ] {
            let found = db(&passband, hz);
            assert!(
                (found - expected).abs() < 1e-3,
                "{hz} Hz: {found}, expected {expected}"
            );
        }
    }

    #[test]
    fn a_cut_off_above_the_nyquist_frequency_limits_nothing() {
        assert!(db(&Passband::Below(1e6), 4_000.0).abs() < 1e-6);
        assert!(db(&Passband::Between(1e6, 1e6), 4_000.0).is_finite());
    }
}
