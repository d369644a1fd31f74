//! Gathers decoded frames: drops what is to be trimmed, replaces NaN and infinity, mixes.

use super::decoded::Channels;
use crate::levels::LevelMeter;
use crate::mixture::{Mixture, MixtureMeter};

/// Gathers decoded frames.
#[derive(Debug)]
pub(super) struct Collector {
    channels: Channels,
    num_channels: usize,
    meter: LevelMeter,
    /// Of several channels that are mixed.
    mixture: Option<MixtureMeter>,
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
        sample_rate_hz: u32,
        full_scale: f32,
        skip: u64,
        keep: u64,
    ) -> Self {
        Self {
            channels,
            num_channels,
            meter: LevelMeter::new(
                match channels {
                    Channels::One(_) => 1,
                    _ => num_channels,
                },
                full_scale,
            ),
            mixture: (channels == Channels::Mean && num_channels > 1)
                .then(|| MixtureMeter::new(num_channels, sample_rate_hz)),
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
        self.num_frames += kept as u64;
        if let Channels::One(channel) = self.channels {
            let before = self.samples.len();
            let one = heard.chunks_exact(self.num_channels);
            self.samples.extend(one.map(|frame| frame[channel]));
            self.meter.pass(&mut self.samples[before..]);
            return;
        }
        self.meter.pass(heard);
        if let Some(mixture) = &mut self.mixture {
            mixture.pass(heard);
        }
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

    /// The samples, the meter that saw them, and what the mean of the channels is worth.
    pub(super) fn finish(self) -> (Vec<f32>, LevelMeter, Mixture) {
        let mixture = self
            .mixture
            .map_or(Mixture::Sound, |mixture| mixture.judge());
        (self.samples, self.meter, mixture)
    }
}
