//! Which recordings make a batch: a function of seed and step alone.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::data::{Clip, FRAMES};
use crate::rung::{BATCH, Batches, Crop};

/// What a stream of random numbers is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Weights = 0,
    Dropout = 1,
    Batch = 2,
    Crop = 3,
    Labels = 4,
}

/// The generator for `purpose` number `index` under `seed`.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(((purpose as u64) << 48) | index);
    generator
}

/// One segment of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Index of the recording.
    pub(crate) clip: usize,
    /// First frame in the recording; none for the fixed crop.
    pub(crate) start: Option<usize>,
}

/// Draws batches from recordings.
pub(crate) struct Sampler<'a> {
    clips: &'a [Clip],
    by_speaker: Vec<Vec<usize>>,
    by_group: Vec<Vec<usize>>,
    batches: Batches,
    crop: Crop,
    seed: u64,
}

const SEGMENTS_A_SPEAKER: usize = 4;

impl<'a> Sampler<'a> {
    pub(crate) fn new(clips: &'a [Clip], batches: Batches, crop: Crop, seed: u64) -> Self {
        Self {
            clips,
            by_speaker: grouped(clips, |clip| clip.speaker),
            by_group: grouped(clips, |clip| clip.group),
            batches,
            crop,
            seed,
        }
    }

    /// Batch number `step`: of pairs, first all left sides, then all right sides.
    pub(crate) fn batch(&self, step: u64) -> Vec<Segment> {
        let rng = &mut stream(self.seed, Purpose::Batch, step);
        let clips = match self.batches {
            Batches::Pairs(share) => self.pairs(share, rng),
            Batches::Pk => self.speakers(false, rng),
            Batches::PkAcrossSessions => self.speakers(true, rng),
        };
        let places = &mut stream(self.seed, Purpose::Crop, step);
        clips
            .into_iter()
            .map(|clip| {
                let last = self.clips[clip].whole.num_frames() - FRAMES;
                let start = match self.crop {
                    Crop::Fixed => None,
                    Crop::Random => Some(places.random_range(0..=last)),
                };
                Segment { clip, start }
            })
            .collect()
    }

    /// Positives and negatives by turns.
    fn pairs(&self, share: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let num_pairs = BATCH / 2;
        let pairs: Vec<(usize, usize)> = (0..num_pairs)
            .map(|pair| {
                // As many positives among the first n pairs as the share of n.
                let so_far = |n: usize| (n as f64 * share).ceil() as usize;
                if so_far(pair + 1) > so_far(pair) {
                    self.positive(rng)
                } else {
                    self.negative(rng)
                }
            })
            .collect();
        let left = pairs.iter().map(|pair| pair.0);
        left.chain(pairs.iter().map(|pair| pair.1)).collect()
    }

    /// A recording drawn from all, and another one of its speaker.
    fn positive(&self, rng: &mut ChaCha8Rng) -> (usize, usize) {
        loop {
            let first = rng.random_range(0..self.clips.len());
            let others = &self.by_speaker[self.clips[first].speaker];
            if others.len() < 2 {
                continue;
            }
            let second = others[rng.random_range(0..others.len())];
            if second != first {
                return (first, second);
            }
        }
    }

    /// A recording drawn from all, and one of another speaker of its group.
    fn negative(&self, rng: &mut ChaCha8Rng) -> (usize, usize) {
        loop {
            let first = rng.random_range(0..self.clips.len());
            let others = &self.by_group[self.clips[first].group];
            let second = others[rng.random_range(0..others.len())];
            if self.clips[second].speaker != self.clips[first].speaker {
                return (first, second);
            }
        }
    }

    /// Some speakers with four segments each, of different recordings where there are enough.
    fn speakers(&self, across: bool, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut speakers: Vec<usize> = (0..self.by_speaker.len())
            .filter(|&speaker| self.by_speaker[speaker].len() >= 2)
            .collect();
        speakers.shuffle(rng);
        speakers.truncate(BATCH / SEGMENTS_A_SPEAKER);
        let mut clips = Vec::with_capacity(BATCH);
        for speaker in speakers {
            let mut own = self.by_speaker[speaker].clone();
            own.shuffle(rng);
            if across {
                self.alternate_sessions(&mut own);
            }
            clips.extend(own.iter().cycle().take(SEGMENTS_A_SPEAKER));
        }
        clips
    }

    /// Orders recordings so that each session has had its turn before one has its second.
    fn alternate_sessions(&self, clips: &mut [usize]) {
        let mut turns: Vec<(Option<usize>, usize)> = Vec::new();
        let mut order: Vec<(usize, usize)> = clips
            .iter()
            .map(|&clip| {
                let session = self.clips[clip].session;
                let turn = turns.iter_mut().find(|(known, _)| *known == session);
                let turn = match turn {
                    Some((_, turn)) => {
                        *turn += 1;
                        *turn
                    }
                    None => {
                        turns.push((session, 0));
                        0
                    }
                };
                (turn, clip)
            })
            .collect();
        order.sort_by_key(|&(turn, _)| turn);
        for (clip, (_, next)) in clips.iter_mut().zip(order) {
            *clip = next;
        }
    }

    /// Speaker of each segment.
    pub(crate) fn speakers_of(&self, batch: &[Segment]) -> Vec<usize> {
        batch
            .iter()
            .map(|segment| self.clips[segment.clip].speaker)
            .collect()
    }

    /// The frames of each segment.
    pub(crate) fn frames_of(&self, batch: &[Segment]) -> Vec<&'a [f32]> {
        batch
            .iter()
            .map(|segment| {
                let clip = &self.clips[segment.clip];
                match segment.start {
                    None => clip.fixed.data(),
                    Some(start) => crate::layout::segment(&clip.whole, start),
                }
            })
            .collect()
    }
}

/// Indices of the recordings by a key that counts from 0.
fn grouped(clips: &[Clip], key: impl Fn(&Clip) -> usize) -> Vec<Vec<usize>> {
    let mut groups = Vec::new();
    for (index, clip) in clips.iter().enumerate() {
        let key = key(clip);
        if groups.len() <= key {
            groups.resize(key + 1, Vec::new());
        }
        groups[key].push(index);
    }
    groups
}
