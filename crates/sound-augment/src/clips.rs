//! Recordings that sound is added from.

use audio_features::augment::Draws;

/// Recordings in memory, 16 bits a sample.
#[derive(Clone, Debug, Default)]
pub struct Clips {
    clips: Vec<Vec<i16>>,
}

impl Clips {
    /// No recordings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a recording, whose samples lie in [-1, 1]; whether it was taken, which silence is not.
    pub fn push(&mut self, samples: &[f32]) -> bool {
        let loudest = samples.iter().fold(0f32, |loudest, s| loudest.max(s.abs()));
        if !loudest.is_finite() || loudest == 0.0 {
            return false;
        }
        // All of 16 bits: levels are drawn anyway.
        let scale = 32_767.0 / loudest;
        let clip = samples.iter().map(|s| (s * scale).round() as i16);
        self.clips.push(clip.collect());
        true
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    /// A stretch of one of them from a drawn place on, begun again where it ends; its mean is 0. Empty where there are none.
    pub(crate) fn stretch(&self, draws: &mut Draws, len: usize) -> Vec<f32> {
        let Some(clip) = self.clips.get(draws.below(self.clips.len())) else {
            return Vec::new();
        };
        let start = draws.below(clip.len());
        let mut stretch: Vec<f32> = Vec::with_capacity(len);
        let mut rest = &clip[start..];
        while stretch.len() < len {
            let taken = rest.len().min(len - stretch.len());
            stretch.extend(rest[..taken].iter().map(|&s| f32::from(s) / 32_768.0));
            rest = clip;
        }
        remove_mean(&mut stretch);
        stretch
    }
}

/// Takes the mean away.
pub(crate) fn remove_mean(samples: &mut [f32]) {
    let sum: f64 = samples.iter().map(|&s| f64::from(s)).sum();
    let mean = (sum / samples.len().max(1) as f64) as f32;
    samples.iter_mut().for_each(|s| *s -= mean);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_goes_round_and_every_clip_and_place_is_reached() {
        let mut clips = Clips::new();
        assert!(clips.push(&[0.5, -0.5, 0.25, -0.25]));
        assert!(clips.push(&[1.0, -1.0]));
        assert!(!clips.push(&[0.0; 9]) && !clips.push(&[]) && !clips.push(&[f32::NAN]));
        assert_eq!(clips.len(), 2);
        let mut firsts = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut draws = Draws::when(seed, 1u64, 1.0).unwrap();
            let stretch = clips.stretch(&mut draws, 8);
            assert_eq!(stretch.len(), 8);
            assert_eq!(stretch[0], stretch[4], "{stretch:?}");
            firsts.insert((stretch[0] * 1_000.0) as i32);
        }
        assert_eq!(firsts.len(), 4, "{firsts:?}");
        let mut draws = Draws::when(1, 1u64, 1.0).unwrap();
        assert!(Clips::new().stretch(&mut draws, 8).is_empty());
    }
}
