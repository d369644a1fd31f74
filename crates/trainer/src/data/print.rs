//! What a recording is known again by, whatever its name, its file, its format, its level and the silence around it.

use audio_features::Features;
use rayon::prelude::*;

/// Groups of neighbouring bands that a print has a level of.
const GROUPS: usize = 8;

/// Frames by which copies may differ: encoders add some samples at either end.
const FRAMES: usize = 5;

/// Nats (or what else the front end's compression counts in) below its loudest frames to which a recording is looked at: silence
/// before, within and behind it counts for nothing.
const LOUD: f64 = 3.0;

/// Loudest frames that this is counted from.
const LOUDEST: usize = 5;

/// Nats (or what else the front end's compression counts in) by which the levels of a copy's bands may differ.
const LEVELS: f32 = 0.3;

/// Correlation of spectra above which two recordings are one sound. Copies in MP3 of 64 kbit/s at a third of the level have a median of
/// 0.99 on four corpora (0.75 of telephone recordings, whose empty bands the encoder fills: of these some are missed); other
/// recordings of the same voice, the same word among them, have 0.75 at most.
const SAME: f64 = 0.85;

/// Loud frames that two recordings must have in common, and that are compared at most.
const COMPARED: [usize; 2] = [8, 150];

/// Recordings that are compared with one another; of more, this many, spread evenly.
const MOST: usize = 20_000;

/// How many loud frames a recording has, and how their mean level runs over the bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Print {
    num_loud: usize,
    levels: [f32; GROUPS],
}

impl Print {
    /// Of raw log-mel `values`, `[frames, bins]`; none of a recording whose bands are all alike, as those of silence are.
    pub(crate) fn of(values: &[f32], num_bins: usize) -> Option<Self> {
        let num_bins = num_bins.max(1);
        let loud = loud_frames(values, num_bins);
        let mut sums = [(0.0_f64, 0.0_f64); GROUPS];
        for &frame in &loud {
            let frame = &values[frame * num_bins..(frame + 1) * num_bins];
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
        varies.then_some(Self {
            num_loud: loud.len(),
            levels,
        })
    }

    /// How many loud frames a copy of this has, at least and at most.
    fn counts(&self) -> std::ops::RangeInclusive<usize> {
        self.num_loud.saturating_sub(FRAMES) * 8 / 9..=self.num_loud + FRAMES + self.num_loud / 8
    }

    fn is_like(&self, other: &Self) -> bool {
        self.counts().contains(&other.num_loud)
            && self
                .levels
                .iter()
                .zip(&other.levels)
                .all(|(a, b)| (a - b).abs() <= LEVELS)
    }
}

/// Mean over the bands of every frame of `values`, `[frames, bins]`.
fn frame_levels(values: &[f32], num_bins: usize) -> Vec<f64> {
    let frames = values.chunks_exact(num_bins);
    frames
        .map(|frame| frame.iter().map(|&v| f64::from(v)).sum::<f64>() / num_bins as f64)
        .collect()
}

/// The frames of `values`, `[frames, bins]`, that are not far below the loudest.
fn loud_frames(values: &[f32], num_bins: usize) -> Vec<usize> {
    let levels = frame_levels(values, num_bins);
    let mut sorted = levels.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.truncate(LOUDEST);
    let top = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
    (0..levels.len())
        .filter(|&frame| levels[frame] > top - LOUD)
        .collect()
}

/// Prints by the number of their loud frames.
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
        sorted.sort_by_key(|(print, number)| (print.num_loud, *number));
        Self { sorted }
    }

    /// The recordings that may be the one of `print`.
    fn like<'a>(&'a self, print: &'a Print) -> impl Iterator<Item = usize> + 'a {
        let counts = print.counts();
        let first = self
            .sorted
            .partition_point(|(other, _)| other.num_loud < *counts.start());
        let near = self.sorted[first..]
            .iter()
            .take_while(move |(other, _)| counts.contains(&other.num_loud));
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
                    .take_while(|(other, _)| print.counts().contains(&other.num_loud));
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

/// Whether two recordings, as raw log-mel features, are the same sound: whether their spectra change together, wherever in the
/// recordings the sound begins.
fn same_sound(a: &Features, b: &Features) -> bool {
    let bins = a.num_bins();
    if bins == 0 || bins != b.num_bins() {
        return false;
    }
    let loud = loud_frames(a.data(), bins);
    let step = loud.len().div_ceil(COMPARED[1]).max(1);
    let loud: Vec<usize> = loud.into_iter().step_by(step).collect();
    let reach = FRAMES as isize;
    let of_peaks = peak(b.data(), bins) - peak(a.data(), bins);
    let lags = (of_peaks - reach..=of_peaks + reach).chain(-reach..=reach);
    lags.into_iter()
        .any(|lag| correlation(a.data(), b.data(), bins, &loud, lag) > SAME)
}

/// Where the loudest few frames are.
fn peak(values: &[f32], bins: usize) -> isize {
    let levels = frame_levels(values, bins);
    let sums = levels.windows(LOUDEST.min(levels.len()).max(1));
    let sums = sums.map(|few| few.iter().sum::<f64>());
    let place = sums.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    place.map_or(0, |(place, _)| place as isize)
}

/// Correlation of the spectra of two recordings, `[frames, bins]`, over the `loud` frames of `a` and those of `b` that are `lag` later:
/// each frame less its level and each band less its mean, so that when somebody speaks counts for nothing, and what for all. 0
/// where one does not change, and of few frames.
fn correlation(a: &[f32], b: &[f32], bins: usize, loud: &[usize], lag: isize) -> f64 {
    let shape = |values: &[f32], frame: usize| {
        let frame = values.get(frame * bins..(frame + 1) * bins)?;
        let level = frame.iter().map(|&v| f64::from(v)).sum::<f64>() / bins as f64;
        let shape = frame.iter().map(|&v| f64::from(v) - level);
        Some(shape.collect::<Vec<f64>>())
    };
    let shapes: Vec<[Vec<f64>; 2]> = loud
        .iter()
        .filter_map(|&frame| {
            let later = frame.checked_add_signed(lag)?;
            Some([shape(a, frame)?, shape(b, later)?])
        })
        .collect();
    if shapes.len() < COMPARED[0].max(loud.len() / 2) {
        return 0.0;
    }
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
    fn a_copy_behind_any_silence_is_a_copy() {
        let original = sound(1, 80, 0.0);
        let behind = |frames: usize| {
            let mut data = vec![-15.0; 10 * frames];
            data.extend_from_slice(original.data());
            data.extend(vec![-15.0; 5 * frames]);
            Features::new(data, 10)
        };
        for frames in [2, 10, 300] {
            let later = behind(frames);
            assert_eq!(print(&later), print(&original));
            assert!(same_sound(&original, &later) && same_sound(&later, &original));
            assert!(!same_sound(&sound(2, 80, 0.0), &later));
        }
    }

    #[test]
    fn silence_is_no_copy_of_silence() {
        let silence = Features::new(vec![-15.0; 400], 10);
        assert_eq!(print(&silence), None);
        assert!(!same_sound(&silence, &silence));
    }
}
