//! The loop over packets, with every limit and every fault kept.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error;
use symphonia::core::formats::Track;

use super::collect::Collector;
use super::decoded::{Channels, Limit, Sink};
use super::layout::{Container, Layout, Trim};
use super::open::{Opened, check, full_scale, open};
use super::pcm::Pcm;
use crate::error::{AudioError, Place};
use crate::levels::LevelMeter;
use crate::mixture::Mixture;
use crate::shape::Shape;

/// Two recordings in one file that the walk over the container did not tell apart.
const SECOND_STREAM: &str = "a second stream begins, which is not read";

/// Frames of samples without a reader that are taken at a time.
const PCM_FRAMES: usize = 4_096;

/// What came out of all that a file holds.
pub(super) struct Outcome {
    /// Of the first link.
    pub(super) codec: String,
    pub(super) sample_rate_hz: u32,
    pub(super) num_channels: usize,
    /// Frames that were kept, at the rate of the first.
    pub(super) num_frames: u64,
    pub(super) meter: LevelMeter,
    /// What the mean of the channels is worth.
    pub(super) mixture: Mixture,
    /// In the order of the file; those that could not be opened are missing.
    pub(super) links: Vec<Link>,
    /// Later links that could not be opened.
    pub(super) lost: Vec<String>,
    /// Whether no more was wanted, so that the end was not reached.
    pub(super) is_cut_short: bool,
}

/// What came out of one link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) codec: String,
    pub(super) sample_rate_hz: u32,
    pub(super) num_channels: usize,
    /// Time in the file at which it begins, in s.
    pub(super) start_s: f64,
    /// Frames that the decoder gave, before trimming.
    pub(super) num_decoded: u64,
    pub(super) num_packets: u64,
    pub(super) num_packet_bytes: u64,
    /// Packets that could not be decoded, and the first of them.
    pub(super) num_bad: u64,
    pub(super) first_bad: Option<(Place, String)>,
    /// What ended the stream before its end.
    pub(super) stopped: Option<(Place, String)>,
    /// Where packets do not follow one another in time.
    pub(super) gap: Option<Place>,
    /// Frames that an MP3 file's own count promises, before trimming.
    pub(super) num_expected: Option<u64>,
    pub(super) delay_known: bool,
    /// Whether the checksum over all samples held.
    pub(super) checksum: Option<bool>,
}

impl Link {
    fn new(start_s: f64) -> Self {
        Self {
            codec: String::new(),
            sample_rate_hz: 0,
            num_channels: 0,
            start_s,
            num_decoded: 0,
            num_packets: 0,
            num_packet_bytes: 0,
            num_bad: 0,
            first_bad: None,
            stopped: None,
            gap: None,
            num_expected: None,
            delay_known: true,
            checksum: None,
        }
    }

    /// How far decoding came.
    pub(super) fn place(&self) -> Place {
        let seconds = self.num_decoded as f64 / f64::from(self.sample_rate_hz.max(1));
        Place::Packet {
            index: self.num_packets,
            time_s: self.start_s + seconds,
        }
    }
}

/// Decodes all packets of a walked container into `sink`.
pub(super) fn run(
    bytes: &[u8],
    layout: &Layout,
    name: &str,
    channels: Channels,
    limit: Limit,
    sink: &mut dyn Sink,
) -> Result<Outcome, AudioError> {
    let mut run = Run {
        bytes,
        name,
        channels,
        limit,
        num_channels: layout.num_channels(),
        expected_s: expected_s(bytes, layout),
        decoded_s: 0.0,
        is_full: false,
        progress: Place::Header,
    };
    // A decoder that panics on strange bytes must not take down a run over thousands of files. All
    // of its state is dropped here.
    catch_unwind(AssertUnwindSafe(|| run.links(layout, sink)))
        .unwrap_or_else(|panic| Err(panicked(panic, name, run.progress)))
}

/// Rate and channels of the first packet that can be decoded; channels of the link that has the most.
pub(super) fn shape(bytes: &[u8], layout: &Layout, name: &str) -> Result<Shape, AudioError> {
    if let Some(pcm) = &layout.pcm {
        check(Some(pcm.sample_rate_hz), Some(pcm.num_channels), name)?;
        return Ok(Shape {
            sample_rate_hz: pcm.sample_rate_hz,
            num_channels: pcm.num_channels,
        });
    }
    let first = || {
        let Opened {
            mut reader,
            mut decoder,
            track,
            ..
        } = open(bytes, layout, name)?;
        let mut found = "no frame came out".to_owned();
        loop {
            match reader.next_packet() {
                Ok(Some(packet)) if packet.track_id != track.id => {}
                Ok(Some(packet)) => match decoder.decode(&packet) {
                    Ok(audio) if audio.frames() > 0 => {
                        return Ok(Shape {
                            sample_rate_hz: audio.spec().rate(),
                            num_channels: audio.spec().channels().count(),
                        });
                    }
                    Ok(_) => {}
                    Err(error) => found = error.to_string(),
                },
                Ok(None) => break,
                Err(error) => {
                    found = error.to_string();
                    break;
                }
            }
        }
        Err(AudioError::NoAudio {
            file: name.to_owned(),
            place: Place::Header,
            found,
        })
    };
    let first: Shape = catch_unwind(AssertUnwindSafe(first))
        .unwrap_or_else(|panic| Err(panicked(panic, name, Place::Header)))?;
    Ok(Shape {
        num_channels: first.num_channels.max(layout.num_channels()),
        ..first
    })
}

fn panicked(panic: Box<dyn Any + Send>, name: &str, place: Place) -> AudioError {
    let found = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("panic")
        .to_owned();
    AudioError::DecoderPanicked {
        file: name.to_owned(),
        place,
        found,
    }
}

/// The collector, once the first frames are there.
type Started<'a> = Option<Collector<'a>>;

/// One way through a file.
struct Run<'a> {
    bytes: &'a [u8],
    name: &'a str,
    channels: Channels,
    limit: Limit,
    /// Channels that the walk saw at most; 0 where it saw none.
    num_channels: usize,
    /// How long it will be, where it was counted or cannot be far wrong.
    expected_s: Option<f64>,
    decoded_s: f64,
    /// Whether nothing more is wanted.
    is_full: bool,
    progress: Place,
}

impl Run<'_> {
    fn links(&mut self, layout: &Layout, sink: &mut dyn Sink) -> Result<Outcome, AudioError> {
        let mut waiting = Some(sink);
        let mut collector: Started<'_> = None;
        let (mut links, mut lost): (Vec<Link>, Vec<String>) = (Vec::new(), Vec::new());
        for (index, layout) in std::iter::once(layout).chain(&layout.rest).enumerate() {
            let start_s = match (&collector, links.first()) {
                (Some(collector), Some(first)) => {
                    collector.num_frames() as f64 / f64::from(first.sample_rate_hz.max(1))
                }
                _ => 0.0,
            };
            let mut link = Link::new(start_s);
            let found = match &layout.pcm {
                Some(pcm) => self.samples(pcm, &mut link, &mut waiting, &mut collector),
                None => self.packets(layout, &mut link, &mut waiting, &mut collector),
            };
            match found {
                Ok(()) => {
                    links.push(link);
                    if self.is_full {
                        break;
                    }
                }
                Err(
                    error @ (AudioError::TooLong { .. }
                    | AudioError::NoSuchChannel { .. }
                    | AudioError::Resample { .. }),
                ) => return Err(error),
                Err(error) if index == 0 => return Err(error),
                Err(error) => lost.push(format!("the part at {start_s:.3} s is lost: {error}")),
            }
        }
        let num_frames = collector.as_ref().map_or(0, Collector::num_frames);
        let (meter, mixture) = match collector {
            Some(collector) => collector.finish()?,
            None => (LevelMeter::new(1, 1.0), Mixture::Sound),
        };
        let first = links.iter().find(|link| link.num_channels > 0);
        Ok(Outcome {
            codec: links
                .first()
                .map_or_else(String::new, |link| link.codec.clone()),
            sample_rate_hz: first.map_or(0, |link| link.sample_rate_hz),
            num_channels: first
                .map_or(0, |link| link.num_channels)
                .max(if num_frames > 0 { self.num_channels } else { 0 }),
            num_frames,
            meter,
            mixture,
            links,
            lost,
            is_cut_short: self.is_full,
        })
    }

    /// The collector, which begins with the first frames.
    fn collector<'c, 's>(
        &mut self,
        rate_hz: u32,
        num_channels: usize,
        waiting: &mut Option<&'s mut dyn Sink>,
        collector: &'c mut Started<'s>,
    ) -> Result<&'c mut Collector<'s>, AudioError> {
        check(Some(rate_hz), Some(num_channels), self.name)?;
        if let Some(sink) = waiting.take() {
            self.num_channels = self.num_channels.max(num_channels);
            if let Channels::One(channel) = self.channels
                && channel >= self.num_channels
            {
                return Err(AudioError::NoSuchChannel {
                    file: self.name.to_owned(),
                    channel,
                    num_channels: self.num_channels,
                });
            }
            *collector = Some(Collector::new(
                self.channels,
                rate_hz,
                self.num_channels,
                self.expected_s
                    .map(|seconds| (seconds * f64::from(rate_hz)) as u64),
                sink,
            )?);
        }
        collector.as_mut().ok_or_else(|| AudioError::NoAudio {
            file: self.name.to_owned(),
            place: Place::Header,
            found: "no frame came out".to_owned(),
        })
    }

    fn count(&mut self, frames: usize, rate_hz: u32) -> Result<(), AudioError> {
        self.decoded_s += frames as f64 / f64::from(rate_hz);
        let limit_s = self.limit.seconds(rate_hz, self.num_channels);
        if self.decoded_s <= limit_s {
            return Ok(());
        }
        Err(AudioError::TooLong {
            file: self.name.to_owned(),
            seconds: self.decoded_s,
            limit_s,
        })
    }

    /// Samples that need no reader.
    fn samples<'s>(
        &mut self,
        pcm: &Pcm,
        link: &mut Link,
        waiting: &mut Option<&'s mut dyn Sink>,
        collector: &mut Started<'s>,
    ) -> Result<(), AudioError> {
        link.codec = pcm.codec();
        check(Some(pcm.sample_rate_hz), Some(pcm.num_channels), self.name)?;
        if pcm.data.is_empty() {
            return Ok(());
        }
        (link.sample_rate_hz, link.num_channels) = (pcm.sample_rate_hz, pcm.num_channels);
        let collector = self.collector(pcm.sample_rate_hz, pcm.num_channels, waiting, collector)?;
        collector.turn(pcm.full_scale(), 0, u64::MAX);
        let mut buffer = Vec::new();
        for block in self.bytes[pcm.data.clone()].chunks(PCM_FRAMES * pcm.frame_bytes()) {
            buffer.clear();
            pcm.decode(block, &mut buffer);
            let frames = buffer.len() / pcm.num_channels;
            self.count(frames, pcm.sample_rate_hz)?;
            link.num_packets += 1;
            link.num_packet_bytes += block.len() as u64;
            link.num_decoded += frames as u64;
            collector.push(&mut buffer, pcm.sample_rate_hz, pcm.num_channels)?;
            if collector.is_full() {
                self.is_full = true;
                break;
            }
        }
        Ok(())
    }

    fn packets<'s>(
        &mut self,
        layout: &Layout,
        link: &mut Link,
        waiting: &mut Option<&'s mut dyn Sink>,
        started: &mut Started<'s>,
    ) -> Result<(), AudioError> {
        let Opened {
            mut reader,
            mut decoder,
            track,
            parameters,
        } = open(self.bytes, layout, self.name)?;
        link.codec = decoder.codec_info().short_name.to_owned();
        link.num_expected = counted_frames(&track);
        link.delay_known = track.delay.is_some() || layout.container != Container::Mpeg;
        let mut buffer: Vec<f32> = Vec::new();
        let mut next_ts = None;
        loop {
            let place = link.place();
            self.progress = place.clone();
            let packet = match reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(Error::ResetRequired) => {
                    link.stopped = Some((place, SECOND_STREAM.to_owned()));
                    break;
                }
                Err(error) => {
                    link.stopped = Some((place, error.to_string()));
                    break;
                }
            };
            if packet.track_id != track.id {
                continue;
            }
            link.num_packets += 1;
            link.num_packet_bytes += packet.data.len() as u64;
            if layout.container == Container::Flac {
                if next_ts.is_some_and(|next| next != packet.pts) && link.gap.is_none() {
                    link.gap = Some(place.clone());
                }
                next_ts = packet.pts.checked_add(packet.dur);
            }
            let audio = match decoder.decode(&packet) {
                Ok(audio) => audio,
                Err(error @ (Error::DecodeError(_) | Error::IoError(_))) => {
                    link.num_bad += 1;
                    link.first_bad.get_or_insert((place, error.to_string()));
                    continue;
                }
                Err(Error::ResetRequired) => {
                    link.stopped = Some((place, SECOND_STREAM.to_owned()));
                    break;
                }
                Err(error) => {
                    link.stopped = Some((place, error.to_string()));
                    break;
                }
            };
            if audio.frames() == 0 {
                continue;
            }
            let (rate_hz, num_channels) = (audio.spec().rate(), audio.spec().channels().count());
            let collector = self.collector(rate_hz, num_channels, waiting, started)?;
            if link.num_channels == 0 {
                (link.sample_rate_hz, link.num_channels) = (rate_hz, num_channels);
                let trim = trim(layout, &track);
                let frames = |ticks: u64| match trim.ticks_hz {
                    0 => ticks,
                    ticks_hz => crate::resample::resampled_len(ticks, ticks_hz, rate_hz),
                };
                let keep = trim.len.map_or(u64::MAX, frames);
                collector.turn(full_scale(&parameters), frames(trim.start), keep);
            }
            if (rate_hz, num_channels) != (link.sample_rate_hz, link.num_channels) {
                link.stopped = Some((
                    place,
                    format!(
                        "the stream turns from {} Hz, {} channels to {rate_hz} Hz, {num_channels} channels",
                        link.sample_rate_hz, link.num_channels
                    ),
                ));
                break;
            }
            link.num_decoded += audio.frames() as u64;
            self.count(audio.frames(), rate_hz)?;
            buffer.resize(audio.samples_interleaved(), 0.0);
            audio.copy_to_slice_interleaved(&mut buffer);
            collector.push(&mut buffer, rate_hz, num_channels)?;
            if collector.is_full() {
                self.is_full = true;
                return Ok(());
            }
        }
        link.checksum = decoder.finalize().verify_ok;
        Ok(())
    }
}

/// Length in s of what will be decoded. Claims of headers count only as far as the bytes can hold them, so that memory
/// that is set aside stays in proportion to the file.
pub(super) fn expected_s(bytes: &[u8], layout: &Layout) -> Option<f64> {
    /// Compressed sound has rarely less than this.
    const LEAST_BYTES_PER_S: f64 = 500.0;
    let seconds = layout.seconds()?;
    (seconds <= bytes.len() as f64 / LEAST_BYTES_PER_S).then_some(seconds)
}

/// Frames before trimming of a track that counts them, delay and padding with them.
fn counted_frames(track: &Track) -> Option<u64> {
    let trimmed = track.delay.unwrap_or(0) + track.padding.unwrap_or(0);
    track.num_frames.map(|heard| heard + u64::from(trimmed))
}

/// What is to be heard: for MP3 the reader knows it from the LAME tag, else the container's walk.
fn trim(layout: &Layout, track: &Track) -> Trim {
    if layout.container != Container::Mpeg {
        return layout.trim;
    }
    // Files that were joined keep the count of the first: then all of the others is heard as well.
    let is_joined = layout.num_frames > counted_frames(track).map(|counted| counted + 2 * 1_152);
    Trim {
        start: u64::from(track.delay.unwrap_or(0)),
        len: track.num_frames.filter(|_| !is_joined),
        ticks_hz: 0,
    }
}
