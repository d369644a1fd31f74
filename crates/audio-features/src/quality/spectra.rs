//! How far up a recording's spectrum reaches.

use std::collections::BTreeMap;

/// Frames more than this below the loudest, in dB, are pauses: their noise is not the voice's.
const PAUSE_DB: i32 = 30;

/// The band reaches as far as the power is above this share of the mean power from 300 to 3,400 Hz (−50 dB). Of
/// speech from telephones the band ends there between 3.9 and 4.6 kHz, of wide-band speech above 5 kHz.
const FLOOR: f32 = 1e-5;

/// Bins over which the spectrum is smoothed.
const SMOOTHING: usize = 5;

/// Power spectra, summed over frames of equal level in whole dB, so that the loudest need not be known before the last.
#[derive(Debug, Default)]
pub(super) struct Spectra {
    by_level: BTreeMap<i32, Vec<f32>>,
}

impl Spectra {
    pub(super) fn add(&mut self, power: &[f32]) {
        let energy: f32 = power.iter().sum();
        if energy <= 0.0 {
            return;
        }
        let level_db = (10.0 * energy.log10()).floor() as i32;
        let sum = self.by_level.entry(level_db).or_default();
        sum.resize(power.len(), 0.0);
        sum.iter_mut()
            .zip(power)
            .for_each(|(sum, power)| *sum += power);
        // Nothing so far below can count any more.
        while self
            .by_level
            .first_key_value()
            .is_some_and(|(lowest, _)| *lowest < level_db - PAUSE_DB - 1)
        {
            self.by_level.pop_first();
        }
    }

    /// The highest frequency with sound, in Hz; bins are `bin_hz` apart.
    pub(super) fn highest_bin(&self, bin_hz: f64) -> Option<f64> {
        let (loudest, first) = self.by_level.last_key_value()?;
        let mut spectrum = vec![0.0f32; first.len()];
        for sums in self
            .by_level
            .range(loudest - PAUSE_DB..)
            .map(|(_, sums)| sums)
        {
            spectrum
                .iter_mut()
                .zip(sums)
                .for_each(|(sum, power)| *sum += power);
        }
        let voice =
            spectrum.get((300.0 / bin_hz).ceil() as usize..(3_400.0 / bin_hz) as usize + 1)?;
        let level = voice.iter().sum::<f32>() / voice.len() as f32;
        if level <= 0.0 {
            return None;
        }
        let smooth = spectrum
            .windows(SMOOTHING)
            .map(|bins| bins.iter().sum::<f32>() / SMOOTHING as f32);
        let (last, _) = smooth
            .enumerate()
            .rfind(|(_, power)| *power > FLOOR * level)?;
        Some((last + SMOOTHING / 2) as f64 * bin_hz)
    }
}
