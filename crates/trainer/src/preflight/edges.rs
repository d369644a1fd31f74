//! Whether a recording was cut off in the middle of a sound, and another goes on there.

use audio_features::Features;

/// Frames at either end that are looked at, and that the level of the recording is taken of.
const FRAMES: [usize; 2] = [2, 5];

/// Nats (or what else the front end's compression counts in) below the loudest frames at which a recording begins or ends in silence.
const LOUD: f32 = 3.0;

/// Root mean square by which spectra differ, less their levels, where one sound goes on. On five corpora three quarters and more of
/// recordings that were cut in the middle of a sound lie below, a twentieth to a quarter of other sounds of the same voice.
const ONE_SOUND: f32 = 1.75;

/// Spectra at the ends of a recording, `[bins]`, less their levels; none where it is silent there.
pub(super) struct Edges {
    begin: Option<Vec<f32>>,
    end: Option<Vec<f32>>,
}

impl Edges {
    /// Of raw log-mel features; none of a recording of a few frames.
    pub(super) fn of(features: &Features) -> Option<Self> {
        let bins = features.num_bins().max(1);
        let frames: Vec<&[f32]> = features.data().chunks_exact(bins).collect();
        let [few, loudest] = FRAMES;
        if frames.len() < 2 * loudest {
            return None;
        }
        let mut levels: Vec<f32> = frames.iter().map(|frame| mean(frame)).collect();
        levels.sort_by(|a, b| b.total_cmp(a));
        let top = mean(&levels[..loudest]);
        let edge = |frames: &[&[f32]]| {
            let sum = |bin: usize| frames.iter().map(|frame| frame[bin]).sum::<f32>();
            let spectrum: Vec<f32> = (0..bins)
                .map(|bin| sum(bin) / frames.len() as f32)
                .collect();
            let level = mean(&spectrum);
            (level > top - LOUD).then(|| spectrum.iter().map(|value| value - level).collect())
        };
        Some(Self {
            begin: edge(&frames[..few]),
            end: edge(&frames[frames.len() - few..]),
        })
    }

    /// Whether `next` begins with the sound that this ends with.
    pub(super) fn goes_on_in(&self, next: &Self) -> bool {
        let (Some(end), Some(begin)) = (&self.end, &next.begin) else {
            return false;
        };
        let squares = end.iter().zip(begin).map(|(a, b)| (a - b) * (a - b));
        (squares.sum::<f32>() / end.len() as f32).sqrt() < ONE_SOUND
    }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a sound that changes slowly, between silences.
    fn sound(seed: usize) -> Vec<f32> {
        let value = |frame: usize, bin: usize| match frame {
            10..90 => 2.0 * ((frame as f32) * 0.02 + (bin * (seed + 1)) as f32).sin(),
            _ => -10.0,
        };
        (0..100)
            .flat_map(|frame| (0..20).map(move |bin| value(frame, bin)))
            .collect()
    }

    fn edges(values: &[f32]) -> Edges {
        Edges::of(&Features::new(values.to_vec(), 20)).unwrap()
    }

    #[test]
    fn halves_go_on_in_one_another_and_whole_recordings_do_not() {
        let whole = [sound(1), sound(2)];
        let halves = whole
            .each_ref()
            .map(|one| [edges(&one[..1_000]), edges(&one[1_000..])]);
        for [first, second] in &halves {
            assert!(first.goes_on_in(second) && !second.goes_on_in(first));
        }
        assert!(!halves[0][0].goes_on_in(&halves[1][1]));
        let [a, b] = whole.each_ref().map(|one| edges(one));
        assert!(!a.goes_on_in(&b) && !b.goes_on_in(&a) && !a.goes_on_in(&a));
        assert!(Edges::of(&Features::new(vec![0.0; 100], 20)).is_none());
    }
}
