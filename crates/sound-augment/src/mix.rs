//! One sound over another.

use crate::level::mean_power;

/// Adds `noise` to `sound`, so loud that `power`, that of the speech in it, is `snr_db` above the noise's mean power. Where
/// either is silent nothing is added.
pub fn add_at_snr(sound: &mut [f32], noise: &[f32], power: f64, snr_db: f64) {
    let heard = noise.len().min(sound.len());
    let noise_power = mean_power(&noise[..heard]);
    if noise_power <= 0.0 || power <= 0.0 {
        return;
    }
    let factor = (power / noise_power / 10f64.powf(snr_db / 10.0)).sqrt() as f32;
    for (sample, noise) in sound.iter_mut().zip(noise) {
        *sample += factor * noise;
    }
}
