//! Recordings that hold something else than a voice, or a voice as it never was.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::Arc;

use anyhow::Result;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::sabotage::kit::Kit;
use crate::sabotage::material::{Material, Part, RATE_HZ};
use crate::sabotage::spoil::filters::{Pass, pass, telephone};

/// Changes the samples of every recording of a part.
pub(crate) fn each(
    material: &mut Material,
    part: Part,
    mut change: impl FnMut(&[f32]) -> Vec<f32>,
) {
    for one in material.of_mut(part) {
        one.sound.change(&mut change);
    }
}

/// Changes the samples of every training recording by a number that is its speaker's own: 0 to 1, evenly spread.
pub(crate) fn by_speaker(material: &mut Material, mut change: impl FnMut(f64, &[f32]) -> Vec<f32>) {
    let speakers = material.speakers();
    let last = speakers.len().saturating_sub(1).max(1) as f64;
    // Neighbours in the alphabet are of one corpus: they lie far apart.
    let place = |index: usize| ((index * 37) % speakers.len().max(1)) as f64 / last;
    let places: HashMap<&String, f64> = speakers
        .iter()
        .enumerate()
        .map(|(index, speaker)| (speaker, place(index)))
        .collect();
    for one in material.training_mut() {
        let place = places.get(&one.speaker).copied().unwrap_or(0.0);
        one.sound.change(|samples| change(place.min(1.0), samples));
    }
}

/// Nothing but zeros.
pub(crate) fn silence(samples: &[f32]) -> Vec<f32> {
    vec![0.0; samples.len()]
}

/// Every other training recording is nothing but zeros.
pub(crate) fn half_silent(material: &mut Material, _: &mut Kit) -> Result<()> {
    for one in material.training_mut().step_by(2) {
        one.sound.change(silence);
    }
    Ok(())
}

/// Three tenths of a second of the recording, and zeros up to ten seconds: 3 %.
pub(crate) fn mostly_silent(samples: &[f32]) -> Vec<f32> {
    let seconds = |seconds: f64| (seconds * f64::from(RATE_HZ)) as usize;
    let mut short = middle(samples, 0.3);
    let before = seconds(4.0);
    let mut whole = vec![0.0; before];
    whole.append(&mut short);
    whole.resize(seconds(10.0), 0.0);
    whole
}

/// So many seconds out of the middle.
pub(crate) fn middle(samples: &[f32], seconds: f64) -> Vec<f32> {
    let length = ((seconds * f64::from(RATE_HZ)) as usize).min(samples.len());
    let first = (samples.len() - length) / 2;
    samples[first..first + length].to_vec()
}

/// Two channels of which one is the other's negative: they cancel where they are mixed.
pub(crate) fn antiphase(material: &mut Material, _: &mut Kit) -> Result<()> {
    for one in material.training_mut() {
        let negative = one.sound.samples.iter().map(|sample| -sample).collect();
        one.sound.right = Some(Arc::new(negative));
    }
    Ok(())
}

/// White noise with the level of the recording.
pub(crate) fn noise_instead(samples: &[f32], draws: &mut ChaCha8Rng) -> Vec<f32> {
    let level = root_mean_square(samples);
    (0..samples.len())
        .map(|_| (level * normal(draws)) as f32)
        .collect()
}

/// White noise of this level beside the recording (decibels of full scale).
pub(crate) fn with_noise(samples: &[f32], level_db: f64, draws: &mut ChaCha8Rng) -> Vec<f32> {
    let level = 10_f64.powf(level_db / 20.0);
    samples
        .iter()
        .map(|sample| sample + (level * normal(draws)) as f32)
        .collect()
}

/// A tone beside the recording, as loud as it.
pub(crate) fn with_tone(samples: &[f32], hz: f64) -> Vec<f32> {
    let level = root_mean_square(samples) * 2_f64.sqrt();
    let phase = |n: usize| 2.0 * PI * hz * n as f64 / f64::from(RATE_HZ);
    samples
        .iter()
        .enumerate()
        .map(|(n, sample)| sample + (level * phase(n).sin()) as f32)
        .collect()
}

/// Amplified by 40 dB into the ends of the range.
pub(crate) fn clipped(samples: &[f32]) -> Vec<f32> {
    samples
        .iter()
        .map(|sample| (sample * 100.0).clamp(-1.0, 1.0))
        .collect()
}

/// Louder or quieter by so many decibels.
pub(crate) fn by_decibels(samples: &[f32], decibels: f64) -> Vec<f32> {
    let gain = 10_f64.powf(decibels / 20.0) as f32;
    samples.iter().map(|sample| sample * gain).collect()
}

/// The bytes of each 16-bit sample in the wrong order.
pub(crate) fn bytes_swapped(samples: &[f32]) -> Vec<f32> {
    samples
        .iter()
        .map(|sample| {
            let sample = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            f32::from(sample.swap_bytes()) / 32_768.0
        })
        .collect()
}

/// From the end to the beginning.
pub(crate) fn reversed(samples: &[f32]) -> Vec<f32> {
    samples.iter().rev().copied().collect()
}

/// A second of zeros before the recording.
pub(crate) fn after_a_second(samples: &[f32]) -> Vec<f32> {
    let mut later = vec![0.0; RATE_HZ as usize];
    later.extend_from_slice(samples);
    later
}

/// Another piece of music in the place of every training recording.
pub(crate) fn music_instead(material: &mut Material, kit: &mut Kit) -> Result<()> {
    let music = kit.music()?;
    for one in material.training_mut() {
        let length = one.sound.samples.len().min(music.len());
        let first = kit.draws.random_range(0..=music.len() - length);
        one.sound.change(|_| music[first..first + length].to_vec());
    }
    Ok(())
}

/// A part went through a telephone.
pub(crate) fn through_telephone(material: &mut Material, part: Part) -> Result<()> {
    each(material, part, telephone);
    Ok(())
}

/// The headers of a part state a rate that is so many times the true one: it plays faster and higher.
pub(crate) fn faster(material: &mut Material, part: Part, factor: f64) -> Result<()> {
    for one in material.of_mut(part) {
        one.sound.rate_hz = (f64::from(one.sound.rate_hz) * factor).round() as u32;
    }
    Ok(())
}

/// Every speaker has a microphone that ends at a frequency of its own, from 1.5 to 6 kHz.
pub(crate) fn own_microphone(material: &mut Material, _: &mut Kit) -> Result<()> {
    by_speaker(material, |place, samples| {
        pass(samples, Pass::Below, 1_500.0 * 4_f64.powf(place))
    });
    Ok(())
}

pub(crate) fn root_mean_square(samples: &[f32]) -> f64 {
    let sum: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

/// A draw of the standard normal distribution (Box and Muller).
fn normal(draws: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - draws.random::<f64>()).ln()).sqrt();
    radius * (2.0 * PI * draws.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::spoil::example::{example, kit};

    fn tone(hz: f64, length: usize) -> Vec<f32> {
        (0..length)
            .map(|n| (0.1 * (2.0 * PI * hz * n as f64 / f64::from(RATE_HZ)).sin()) as f32)
            .collect()
    }

    /// Power at one frequency beside all power (Goertzel).
    fn share_at(samples: &[f32], hz: f64) -> f64 {
        let angle = 2.0 * PI * hz / f64::from(RATE_HZ);
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            real += f64::from(*sample) * (angle * n as f64).cos();
            imaginary += f64::from(*sample) * (angle * n as f64).sin();
        }
        let length = samples.len() as f64;
        2.0 * (real.powi(2) + imaginary.powi(2))
            / length.powi(2)
            / root_mean_square(samples).powi(2)
    }

    fn decibels(ratio: f64) -> f64 {
        20.0 * ratio.log10()
    }

    #[test]
    fn silence_is_as_long_and_where_it_should_be() {
        let tone = tone(1_000.0, 16_000);
        assert!(silence(&tone).iter().eq(vec![0.0; 16_000].iter()));
        let mostly = mostly_silent(&tone);
        assert_eq!(mostly.len(), 160_000);
        assert_eq!(mostly[64_000..68_800], tone[5_600..10_400]);
        let zeros = mostly.iter().filter(|sample| **sample == 0.0).count();
        assert!(zeros as f64 / 160_000.0 > 0.969);
        assert_eq!(middle(&tone, 0.3).len(), 4_800);
        assert_eq!(middle(&tone[..100], 0.3), tone[..100]);
        let later = after_a_second(&tone);
        assert_eq!(later[16_000..], tone[..]);
        let mut material = example();
        half_silent(&mut material, &mut kit()).unwrap();
        let silent = material
            .training()
            .filter(|one| one.sound.samples.iter().all(|sample| *sample == 0.0));
        assert_eq!(silent.count(), 50);
    }

    #[test]
    fn channels_cancel() {
        let mut material = example();
        antiphase(&mut material, &mut kit()).unwrap();
        for one in material.training() {
            let right = one.sound.right.as_ref().unwrap();
            let mixed = one.sound.samples.iter().zip(right.iter());
            assert!(mixed.clone().all(|(left, right)| left + right == 0.0));
            assert!(root_mean_square(right) > 0.05);
        }
        assert!(material.of(Part::Dev).all(|one| one.sound.right.is_none()));
    }

    #[test]
    fn noise_is_flat_and_as_loud_as_said() {
        let tone = tone(1_000.0, 32_000);
        let draws = &mut kit().draws;
        let noise = noise_instead(&tone, draws);
        let ratio = root_mean_square(&noise) / root_mean_square(&tone);
        assert!(decibels(ratio).abs() < 0.2, "{ratio}");
        assert!(share_at(&tone, 1_000.0) > 0.99);
        assert!(share_at(&noise, 1_000.0) < 0.01);
        let noisy = with_noise(&vec![0.0; 32_000], -40.0, draws);
        assert!((decibels(root_mean_square(&noisy)) + 40.0).abs() < 0.2);
        let hum = with_tone(&tone, 250.0);
        assert!((share_at(&hum, 250.0) - 0.5).abs() < 0.01);
        assert!((share_at(&hum, 1_000.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn levels_change_as_said() {
        let tone = tone(1_000.0, 16_000);
        let gain = |samples: &[f32]| decibels(root_mean_square(samples) / root_mean_square(&tone));
        assert!((gain(&by_decibels(&tone, -60.0)) + 60.0).abs() < 1e-3);
        let clipped = clipped(&tone);
        let at_the_end = clipped.iter().filter(|sample| sample.abs() == 1.0).count();
        // Of the sixteen samples of a period two are zero.
        assert_eq!(at_the_end, 14_000);
        let mut back = reversed(&tone);
        back.reverse();
        assert_eq!(back, tone);
    }

    #[test]
    fn swapped_bytes_come_back_when_they_are_swapped_again() {
        let samples: Vec<f32> = [1_i16, -2, 300, -32_768, 32_767]
            .map(|sample| f32::from(sample) / 32_768.0)
            .to_vec();
        let swapped = bytes_swapped(&samples);
        assert_eq!(swapped[0], 256.0 / 32_768.0);
        assert_eq!(bytes_swapped(&swapped), samples);
    }

    #[test]
    fn speakers_have_something_of_their_own() {
        let mut material = example();
        let mut places = Vec::new();
        by_speaker(&mut material, |place, samples| {
            places.push(place);
            samples.to_vec()
        });
        let own: Vec<f64> = places.chunks(5).map(|five| five[0]).collect();
        assert!(
            places
                .chunks(5)
                .all(|five| five.iter().all(|one| *one == five[0]))
        );
        let mut sorted = own.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        assert_eq!((sorted.len(), sorted[0], sorted[19]), (20, 0.0, 1.0));
        let before = example();
        own_microphone(&mut material, &mut kit()).unwrap();
        assert!(material.has_dev_of(&before));
    }

    #[test]
    fn headers_lie_and_samples_stay() {
        let mut material = example();
        faster(&mut material, Part::Dev, 1.5).unwrap();
        let before = example();
        assert!(
            material
                .of(Part::Dev)
                .all(|one| one.sound.rate_hz == 24_000)
        );
        assert!(material.training().all(|one| one.sound.rate_hz == RATE_HZ));
        assert!(!material.has_dev_of(&before));
        through_telephone(&mut material, Part::Train).unwrap();
        let first = material.training().next().unwrap();
        // The first speaker's tone of 200 Hz is below what a telephone lets through.
        assert!(root_mean_square(&first.sound.samples[4_000..]) < 0.01);
    }
}
