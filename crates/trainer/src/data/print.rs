//! What a recording is known again by, whatever its name, its file, its format and its level.

use audio_features::Features;
use rayon::prelude::*;

/// Groups of neighbouring bands that a print has a level of.
const GROUPS: usize = 8;

/// Frames by which copies may differ: encoders add some samples at either end.
const FRAMES: usize = 5;

/// Nats (or what else the front end's compression counts in) by which the levels of a copy's bands may differ.
const LEVELS: f32 = 0.3;

/// Correlation of spectra above which two recordings are one sound. Copies in MP3 of 64 kbit/s at a third of the level have a median of
/// 0.99 on four corpora (0.75 of telephone recordings, whose empty bands the encoder fills: of these some are missed); other
/// recordings of the same voice, the same word among them, have 0.75 at most.
const SAME: f64 = 0.85;

/// Loud frames that two recordings must have in common.
const LEAST_FRAMES: usize = 8;

/// Recordings that are compared with one another; of more, this many, spread evenly.
const MOST: usize = 20_000;

/// A recording's length and how its mean level runs over the bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Print {
    num_frames: usize,
    levels: [f32; GROUPS],
}

impl Print {
    /// Of raw log-mel `values`, `[frames, bins]`; none of a recording whose bands are all alike, as those of silence are.
    pub(crate) fn of(values: &[f32], num_bins: usize) -> Option<Self> {
        let num_frames = values.len() / num_bins.max(1);
        let mut sums = [(0.0_f64, 0.0_f64); GROUPS];
        for frame in values.chunks_exact(num_bins.max(1)) {
            for (bin, &value) in frame.iter().enumerate() {
                let (sum, count) = &mut sums[bin * GROUPS / num_bins];
                *sum += f64::from(value);
                *count += 1.0;
            }
        }
        let means = sums.map(|(sum, count)| sum / count.max(1.0));
        let mean = means.iter().sum::<f64>() / GROUPS as f64;
        let levels = means.map(|level| (level - mean) as f32);
        let varies = levels.iter().any(|level| level.abs() > 1e-3);
        (num_frames > 0 && varies).then_some(Self { num_frames, levels })
    }

    fn is_like(&self, other: &Self) -> bool {
        self.num_frames.abs_diff(other.num_frames) <= FRAMES
            && self
                .levels
                .iter()
                .zip(&other.levels)
                .all(|(a, b)| (a - b).abs() <= LEVELS)
    }
}

/// Prints by their length.
pub(crate) struct Prints {
    /// Each with the number of its recording.
    sorted: Vec<(Print, usize)>,
}

impl Prints {
    /// Of recordings that are numbered in order.
    pub(crate) fn of(prints: &[Option<Print>]) -> Self {
        let numbered = prints.iter().zip(0..);
        let mut sorted: Vec<(Print, usize)> = numbered
            .filter_map(|(print, number)| Some(((*print)?, number)))
            .collect();
        sorted.sort_by_key(|(print, number)| (print.num_frames, *number));
        Self { sorted }
    }

    /// The recordings that may be the one of `print`.
    fn like<'a>(&'a self, print: &'a Print) -> impl Iterator<Item = usize> + 'a {
        let least = print.num_frames.saturating_sub(FRAMES);
        let first = self
            .sorted
            .partition_point(|(other, _)| other.num_frames < least);
        let near = self.sorted[first..]
            .iter()
            .take_while(|(other, _)| other.num_frames <= print.num_frames + FRAMES);
        near.filter(|(other, _)| print.is_like(other))
            .map(|&(_, number)| number)
    }

    /// The recording that `features` with `print` are, if `read` says of one that has such a print that it sounds the same.
    pub(crate) fn find(
        &self,
        print: &Print,
        features: &Features,
        read: impl Fn(usize) -> Option<Features>,
    ) -> Option<usize> {
        self.like(print)
            .find(|&number| read(number).is_some_and(|other| same_sound(features, &other)))
    }

    /// For each of the recordings, or of twenty thousand of them, an earlier one that sounds the same, if there is one: copy, original.
    pub(crate) fn copies(
        &self,
        read: impl Fn(usize) -> Option<Features> + Sync,
    ) -> (usize, Vec<(usize, usize)>) {
        let stride = self.sorted.len().div_ceil(MOST).max(1);
        let some: Vec<&(Print, usize)> = self.sorted.iter().step_by(stride).collect();
        let copies = some
            .par_iter()
            .enumerate()
            .filter_map(|(place, (print, number))| {
                let before = some[..place]
                    .iter()
                    .rev()
                    .take_while(|(other, _)| other.num_frames + FRAMES >= print.num_frames);
                let mut alike = before.filter(|(other, _)| print.is_like(other)).peekable();
                alike.peek()?;
                let features = read(*number)?;
                let original = alike.map(|(_, other)| *other).find(|&other| {
                    read(other).is_some_and(|other| same_sound(&features, &other))
                })?;
                Some((*number, original))
            });
        (some.len(), copies.collect())
    }
}

/// Whether two recordings, as raw log-mel features, are the same sound: whether their spectra change together.
fn same_sound(a: &Features, b: &Features) -> bool {
    let bins = a.num_bins();
    if bins != b.num_bins() || a.num_frames().abs_diff(b.num_frames()) > FRAMES {
        return false;
    }
    (0..=FRAMES).any(|lag| {
        let [later_a, later_b] = [a, b].map(|of| of.data().get(lag * bins..).unwrap_or_default());
        correlation(later_a, b.data(), bins) > SAME || correlation(a.data(), later_b, bins) > SAME
    })
}

/// Correlation of the spectra of two recordings, `[frames, bins]`, as far as both reach, over the louder third of the frames of `a`:
/// each frame less its level and each band less its mean, so that when somebody speaks counts for nothing, and what for all. 0
/// where one does not change, and of less than ten such frames.
fn correlation(a: &[f32], b: &[f32], bins: usize) -> f64 {
    let level = |frame: &[f32]| frame.iter().map(|&v| f64::from(v)).sum::<f64>() / bins as f64;
    let mut frames: Vec<(f64, &[f32], &[f32])> = a
        .chunks_exact(bins.max(1))
        .zip(b.chunks_exact(bins.max(1)))
        .map(|(a, b)| (level(a), a, b))
        .collect();
    frames.sort_by(|a, b| b.0.total_cmp(&a.0));
    frames.truncate(frames.len() / 3);
    if frames.len() < LEAST_FRAMES {
        return 0.0;
    }
    let shape = |frame: &[f32]| {
        let level = level(frame);
        let shape = frame.iter().map(|&v| f64::from(v) - level);
        shape.collect::<Vec<f64>>()
    };
    let shapes: Vec<[Vec<f64>; 2]> = frames
        .iter()
        .map(|(_, a, b)| [shape(a), shape(b)])
        .collect();
    let mut means = vec![[0.0_f64; 2]; bins];
    for [a, b] in &shapes {
        for ((mean, a), b) in means.iter_mut().zip(a).zip(b) {
            mean[0] += a / shapes.len() as f64;
            mean[1] += b / shapes.len() as f64;
        }
    }
    let [mut ab, mut aa, mut bb] = [0.0_f64; 3];
    for [a, b] in &shapes {
        for ((mean, a), b) in means.iter().zip(a).zip(b) {
            let (a, b) = (a - mean[0], b - mean[1]);
            ab += a * b;
            aa += a * a;
            bb += b * b;
        }
    }
    if aa <= 0.0 || bb <= 0.0 {
        return 0.0;
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of ten bands that rise and fall, from a seed of their own, at a level.
    fn sound(seed: u32, frames: usize, level: f32) -> Features {
        let value = |at: usize| {
            let mixed = (at as u32 + 1)
                .wrapping_mul(2_654_435_761)
                .wrapping_add(seed.wrapping_mul(40_503))
                .rotate_left(13)
                .wrapping_mul(2_246_822_519);
            level + 3.0 * (mixed >> 8) as f32 / (1 << 24) as f32 + (at % 10) as f32 * 0.3
        };
        Features::new((0..10 * frames).map(value).collect(), 10)
    }

    fn print(features: &Features) -> Option<Print> {
        Print::of(features.data(), features.num_bins())
    }

    #[test]
    fn a_copy_is_known_by_its_sound_at_any_level_and_with_frames_before_it() {
        let original = sound(1, 80, 0.0);
        let louder = sound(1, 80, 4.0);
        let mut padded = sound(9, 3, -5.0).into_data();
        padded.extend_from_slice(original.data());
        let padded = Features::new(padded, 10);
        let other = sound(2, 80, 0.0);
        let all = [&original, &other, &louder, &padded];
        let prints: Vec<Option<Print>> = all.iter().map(|one| print(one)).collect();
        let (compared, mut copies) = Prints::of(&prints).copies(|number| Some(all[number].clone()));
        copies.sort_unstable();
        assert_eq!((compared, copies), (4, vec![(2, 0), (3, 2)]));
    }

    #[test]
    fn silence_is_no_copy_of_silence() {
        let silence = Features::new(vec![-15.0; 400], 10);
        assert_eq!(print(&silence), None);
        assert!(!same_sound(&silence, &silence));
    }
}
