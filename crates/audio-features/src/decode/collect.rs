//! Takes decoded frames: drops what is to be trimmed, replaces NaN and infinity, brings all to one rate and one number of
//! channels, mixes, and hands on block by block.

use super::decoded::{Channels, Sink};
use crate::error::AudioError;
use crate::levels::LevelMeter;
use crate::mixture::{Mixture, MixtureMeter};
use crate::resample::resample;

/// Takes decoded frames and hands them on.
pub(super) struct Collector<'a> {
    channels: Channels,
    sink: &'a mut dyn Sink,
    /// Rate and channels of all that comes out, of the first frames; channels the most that are known of.
    format: (u32, usize),
    /// Rate and channels of what comes in.
    now: (u32, usize),
    meter: LevelMeter,
    /// Of several channels that are mixed.
    mixture: Option<MixtureMeter>,
    skip: u64,
    keep: u64,
    /// Frames of all channels, where they are fewer or more than they should be.
    widened: Vec<f32>,
    mixed: Vec<f32>,
    /// What came at another rate than that of the first frames, as it will come out but for the rate.
    segment: Vec<f32>,
    /// Frames that were kept, at the rate of the first.
    num_frames: u64,
}

impl<'a> Collector<'a> {
    /// A collector of recordings that begin at this rate and have at most so many channels.
    pub(super) fn new(
        channels: Channels,
        sample_rate_hz: u32,
        num_channels: usize,
        num_frames: Option<u64>,
        sink: &'a mut dyn Sink,
    ) -> Result<Self, AudioError> {
        let outputs = match channels {
            Channels::Interleaved => num_channels,
            _ => 1,
        };
        sink.begin(sample_rate_hz, outputs, num_frames)?;
        let metered = match channels {
            Channels::One(_) => 1,
            _ => num_channels,
        };
        Ok(Self {
            channels,
            sink,
            format: (sample_rate_hz, num_channels),
            now: (sample_rate_hz, num_channels),
            meter: LevelMeter::new(metered, 1.0),
            mixture: (channels == Channels::Mean && num_channels > 1)
                .then(|| MixtureMeter::new(num_channels, sample_rate_hz)),
            skip: 0,
            keep: u64::MAX,
            widened: Vec::new(),
            mixed: Vec::new(),
            segment: Vec::new(),
            num_frames: 0,
        })
    }

    /// What comes from now on has these limits: samples from `full_scale` on may be clipped, `skip` frames are dropped,
    /// up to `keep` kept after them.
    pub(super) fn turn(&mut self, full_scale: f32, skip: u64, keep: u64) {
        self.meter.set_full_scale(full_scale);
        self.skip = skip;
        self.keep = keep;
    }

    /// Takes interleaved frames, `[frames * channels]`.
    pub(super) fn push(
        &mut self,
        interleaved: &mut [f32],
        sample_rate_hz: u32,
        num_channels: usize,
    ) -> Result<(), AudioError> {
        let frames = interleaved.len() / num_channels;
        let dropped = self.skip.min(frames as u64) as usize;
        self.skip -= dropped as u64;
        let kept = self.keep.min((frames - dropped) as u64) as usize;
        self.keep -= kept as u64;
        let heard = &mut interleaved[dropped * num_channels..(dropped + kept) * num_channels];
        if sample_rate_hz != self.now.0 {
            self.end_segment()?;
        }
        self.now = (sample_rate_hz, num_channels);
        if num_channels == self.format.1 {
            return self.take(heard);
        }
        let mut widened = std::mem::take(&mut self.widened);
        widened.clear();
        for frame in heard.chunks_exact(num_channels) {
            let mean = frame.iter().sum::<f32>() / num_channels as f32;
            // Channels that are missing are the mean of those there; of more than there should be the mean stands for all.
            let there = if num_channels < self.format.1 {
                frame
            } else {
                &[]
            };
            widened.extend_from_slice(there);
            widened.extend((there.len()..self.format.1).map(|_| mean));
        }
        let taken = self.take(&mut widened);
        self.widened = widened;
        taken
    }

    /// Takes frames of as many channels as come out, at the present rate.
    fn take(&mut self, heard: &mut [f32]) -> Result<(), AudioError> {
        let width = self.format.1;
        let frames = (heard.len() / width) as u64;
        let mut mixed = std::mem::take(&mut self.mixed);
        mixed.clear();
        let out: &[f32] = match self.channels {
            Channels::One(channel) => {
                mixed.extend(heard.chunks_exact(width).map(|frame| frame[channel]));
                self.meter.pass(&mut mixed);
                &mixed
            }
            channels => {
                self.meter.pass(heard);
                if let Some(mixture) = &mut self.mixture {
                    mixture.pass(heard);
                }
                if channels == Channels::Mean && width > 1 {
                    mixed.extend(
                        heard
                            .chunks_exact(width)
                            .map(|frame| frame.iter().sum::<f32>() / width as f32),
                    );
                    &mixed
                } else {
                    heard
                }
            }
        };
        if self.now.0 == self.format.0 {
            self.num_frames += frames;
            self.sink.push(out)?;
        } else {
            self.segment.extend_from_slice(out);
        }
        self.mixed = mixed;
        Ok(())
    }

    /// Brings what came at another rate to that of the first frames.
    fn end_segment(&mut self) -> Result<(), AudioError> {
        if self.segment.is_empty() {
            return Ok(());
        }
        let width = match self.channels {
            Channels::Interleaved => self.format.1,
            _ => 1,
        };
        let segment = std::mem::take(&mut self.segment);
        let mut out = Vec::new();
        for channel in 0..width {
            let one = segment.chunks_exact(width).map(|frame| frame[channel]);
            let one = resample(one.collect(), self.now.0, self.format.0).map_err(|found| {
                AudioError::Resample {
                    file: String::new(),
                    from_hz: self.now.0,
                    to_hz: self.format.0,
                    found,
                }
            })?;
            out.resize(one.len() * width, 0.0);
            for (frame, sample) in out.chunks_exact_mut(width).zip(one) {
                frame[channel] = sample;
            }
        }
        self.num_frames += (out.len() / width) as u64;
        self.sink.push(&out)
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.sink.is_full()
    }

    /// Frames that were kept so far, at the rate of the first.
    pub(super) fn num_frames(&self) -> u64 {
        let width = match self.channels {
            Channels::Interleaved => self.format.1,
            _ => 1,
        };
        let waiting = (self.segment.len() / width) as u64;
        self.num_frames + crate::resample::resampled_len(waiting, self.now.0, self.format.0)
    }

    /// The meter that saw all of it, and what the mean of the channels is worth.
    pub(super) fn finish(mut self) -> Result<(LevelMeter, Mixture), AudioError> {
        self.end_segment()?;
        let mixture = self
            .mixture
            .map_or(Mixture::Sound, |mixture| mixture.judge());
        Ok((self.meter, mixture))
    }
}
