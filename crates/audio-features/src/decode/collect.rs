//! Gathers decoded frames: drops what is to be trimmed, replaces NaN and infinity, mixes.

use super::decoded::Channels;
use crate::levels::LevelMeter;

/// Gathers decoded frames.
#[derive(Debug)]
pub(super) struct Collector {
    channels: Channels,
    num_channels: usize,
    meter: LevelMeter,
    skip: u64,
    keep: u64,
    samples: Vec<f32>,
    num_frames: u64,
}

impl Collector {
    /// Drops `skip` frames, keeps up to `keep` after them.
    pub(super) fn new(
        channels: Channels,
        num_channels: usize,
        full_scale: f32,
        skip: u64,
        keep: u64,
    ) -> Self {
        Self {
            channels,
            num_channels,
            meter: LevelMeter::new(num_channels, full_scale),
            skip,
            keep,
            samples: Vec::new(),
            num_frames: 0,
        }
    }

    /// Takes interleaved frames, `[frames * channels]`.
    pub(super) fn push(&mut self, interleaved: &mut [f32]) {
        let frames = interleaved.len() / self.num_channels;
        let dropped = self.skip.min(frames as u64) as usize;
        self.skip -= dropped as u64;
        let kept = (self.keep - self.num_frames).min((frames - dropped) as u64) as usize;
        let heard =
            &mut interleaved[dropped * self.num_channels..(dropped + kept) * self.num_channels];
        self.meter.pass(heard);
        self.num_frames += kept as u64;
        match self.channels {
            Channels::Mean if self.num_channels > 1 => self.samples.extend(
                heard
                    .chunks_exact(self.num_channels)
                    .map(|frame| frame.iter().sum::<f32>() / self.num_channels as f32),
            ),
            _ => self.samples.extend_from_slice(heard),
        }
    }

    /// Number of frames kept so far.
    pub(super) fn num_frames(&self) -> u64 {
        self.num_frames
    }

    /// The samples and the meter that saw them.
    pub(super) fn finish(self) -> (Vec<f32>, LevelMeter) {
        (self.samples, self.meter)
    }
}
