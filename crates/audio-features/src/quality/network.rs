//! Speech by the network of the crate `earshot`.
//!
//! The network's scores depend on the level, so that each stretch of a recording is brought to one level first, at which noise, room
//! tone and rounding score low. The level and both thresholds were chosen on development recordings of speech, as they are, at 8 kHz
//! and 30 dB softer, and on recordings and synthetic signals without speech.

use earshot::Detector;

/// The rate that the network was trained for, in Hz.
pub(super) const SAMPLE_RATE_HZ: u32 = 16_000;

/// Samples of a frame.
const FRAME: usize = 256;

/// Frames of a stretch that is brought to one level: 30 s.
const STRETCH_FRAMES: usize = 1_875;

/// Root mean square of a stretch's loud frames (95 % of those with sound are softer) after it was brought to one level: -36 dB of
/// full scale.
const LOUD_RMS: f32 = 0.015_849;
const LOUD: f64 = 0.95;

/// A stretch that is softer than the loudest so far by more than this ratio of amplitudes (30 dB) is not raised further: pauses stay
/// pauses.
const MOST_RAISED: f32 = 31.6;

/// Speech begins where a score reaches the first and goes on, to both sides, while scores reach the second.
const BEGIN: f32 = 0.65;
const GO_ON: f32 = 0.4;

/// The network answers late: a run is this many frames longer at both ends.
const HANGOVER: usize = 3;

/// Scores a recording's frames.
#[derive(Default)]
pub(super) struct Network {
    detector: Detector,
    stretch: Vec<f32>,
    loudest: f32,
    scores: Vec<f32>,
}

/// Which frames hold speech.
pub(super) struct Heard {
    is_speech: Vec<bool>,
}

impl Network {
    pub(super) fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let room = FRAME * STRETCH_FRAMES - self.stretch.len();
            let (now, later) = samples.split_at(room.min(samples.len()));
            self.stretch.extend_from_slice(now);
            samples = later;
            if self.stretch.len() == FRAME * STRETCH_FRAMES {
                self.score();
            }
        }
    }

    /// Scores what waits.
    fn score(&mut self) {
        let mut powers: Vec<f32> = self
            .stretch
            .chunks(FRAME)
            .map(|frame| frame.iter().map(|x| x * x).sum::<f32>() / frame.len() as f32)
            .filter(|power| *power > 0.0)
            .collect();
        powers.sort_by(f32::total_cmp);
        let index = (powers.len().saturating_sub(1) as f64 * LOUD).round() as usize;
        let loud = powers.get(index).copied().unwrap_or_default().sqrt();
        self.loudest = self.loudest.max(loud);
        let gain = LOUD_RMS / loud.max(self.loudest / MOST_RAISED).max(f32::MIN_POSITIVE);
        for samples in self.stretch.chunks(FRAME) {
            let mut frame = [0.0; FRAME];
            for (to, sample) in frame.iter_mut().zip(samples) {
                *to = (sample * gain).clamp(-1.0, 1.0);
            }
            self.scores.push(self.detector.predict_f32(&frame));
        }
        self.stretch.clear();
    }

    pub(super) fn finish(mut self) -> Heard {
        self.score();
        let mut is_speech = vec![false; self.scores.len()];
        let mut start = 0;
        for run in self.scores.chunk_by(|a, b| (*a >= GO_ON) == (*b >= GO_ON)) {
            let end = start + run.len();
            if run.iter().any(|score| *score >= BEGIN) {
                let last = (end + HANGOVER).min(is_speech.len());
                is_speech[start.saturating_sub(HANGOVER)..last].fill(true);
            }
            start = end;
        }
        Heard { is_speech }
    }
}

impl Heard {
    /// Length of the speech, in s.
    pub(super) fn seconds(&self) -> f64 {
        let num = self.is_speech.iter().filter(|speech| **speech).count();
        (num * FRAME) as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// The same for `num_frames` frames of `len` samples each, by their middles.
    pub(super) fn in_frames(&self, num_frames: usize, len: usize) -> Vec<bool> {
        (0..num_frames)
            .map(|frame| (frame * len + len / 2) / FRAME)
            .map(|index| self.is_speech.get(index).copied().unwrap_or_default())
            .collect()
    }
}
