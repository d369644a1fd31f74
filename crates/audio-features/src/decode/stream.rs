//! The loop over packets, with every limit and every fault kept.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::Error;
use symphonia::core::formats::Track;

use super::collect::Collector;
use super::decoded::Channels;
use super::layout::{Container, Layout, Trim};
use super::open::{Opened, check, full_scale, open};
use crate::error::{AudioError, Place};
use crate::levels::LevelMeter;
use crate::mixture::Mixture;

/// Two recordings in one file, one after the other: only the first is meant by a frame count, a
/// delay, a rate.
const SECOND_STREAM: &str = "a second stream begins, which is not read";

/// What came out of the decoder.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) codec: String,
    pub(super) sample_rate_hz: u32,
    pub(super) num_channels: usize,
    pub(super) samples: Vec<f32>,
    /// Frames that were kept.
    pub(super) num_frames: u64,
    /// Frames that the decoder gave, before trimming.
    pub(super) num_decoded: u64,
    pub(super) meter: LevelMeter,
    /// What the mean of the channels is worth.
    pub(super) mixture: Mixture,
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

/// Decodes all packets of a walked container.
pub(super) fn run(
    bytes: &[u8],
    layout: &Layout,
    name: &str,
    channels: Channels,
    most_frames: u64,
) -> Result<Outcome, AudioError> {
    let mut progress = Place::Header;
    // A decoder that panics on strange bytes must not take down a run over thousands of files. All
    // of its state is dropped here.
    catch_unwind(AssertUnwindSafe(|| {
        packets(bytes, layout, name, channels, most_frames, &mut progress)
    }))
    .unwrap_or_else(|panic| Err(panicked(panic, name, progress)))
}

/// Channels of the first packet that can be decoded.
pub(super) fn count_channels(
    bytes: &[u8],
    layout: &Layout,
    name: &str,
) -> Result<usize, AudioError> {
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
                    Ok(audio) if audio.frames() > 0 => return Ok(audio.spec().channels().count()),
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
    catch_unwind(AssertUnwindSafe(first))
        .unwrap_or_else(|panic| Err(panicked(panic, name, Place::Header)))
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

fn packets(
    bytes: &[u8],
    layout: &Layout,
    name: &str,
    channels: Channels,
    most_frames: u64,
    progress: &mut Place,
) -> Result<Outcome, AudioError> {
    let Opened {
        mut reader,
        mut decoder,
        track,
        parameters,
    } = open(bytes, layout, name)?;
    let mut outcome = Outcome {
        codec: decoder.codec_info().short_name.to_owned(),
        sample_rate_hz: 0,
        num_channels: 0,
        samples: Vec::new(),
        num_frames: 0,
        num_decoded: 0,
        meter: LevelMeter::new(1, 1.0),
        mixture: Mixture::Sound,
        num_packets: 0,
        num_packet_bytes: 0,
        num_bad: 0,
        first_bad: None,
        stopped: None,
        gap: None,
        num_expected: counted_frames(&track),
        delay_known: track.delay.is_some() || layout.container != Container::Mpeg,
        checksum: None,
    };
    let mut collector: Option<Collector> = None;
    let mut buffer: Vec<f32> = Vec::new();
    let mut next_ts = None;
    loop {
        let place = outcome.place();
        *progress = place.clone();
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(Error::ResetRequired) => {
                outcome.stopped = Some((place, SECOND_STREAM.to_owned()));
                break;
            }
            Err(error) => {
                outcome.stopped = Some((place, error.to_string()));
                break;
            }
        };
        if packet.track_id != track.id {
            continue;
        }
        outcome.num_packets += 1;
        outcome.num_packet_bytes += packet.data.len() as u64;
        if layout.container == Container::Flac {
            if next_ts.is_some_and(|next| next != packet.pts) && outcome.gap.is_none() {
                outcome.gap = Some(place.clone());
            }
            next_ts = packet.pts.checked_add(packet.dur);
        }
        let audio = match decoder.decode(&packet) {
            Ok(audio) => audio,
            Err(error @ (Error::DecodeError(_) | Error::IoError(_))) => {
                outcome.num_bad += 1;
                outcome.first_bad.get_or_insert((place, error.to_string()));
                continue;
            }
            Err(Error::ResetRequired) => {
                outcome.stopped = Some((place, SECOND_STREAM.to_owned()));
                break;
            }
            Err(error) => {
                outcome.stopped = Some((place, error.to_string()));
                break;
            }
        };
        if audio.frames() == 0 {
            continue;
        }
        let (rate_hz, num_channels) = (audio.spec().rate(), audio.spec().channels().count());
        let collector = match &mut collector {
            Some(collector) => collector,
            None => {
                check(Some(rate_hz), Some(num_channels), name)?;
                if let Channels::One(channel) = channels
                    && channel >= num_channels
                {
                    return Err(AudioError::NoSuchChannel {
                        file: name.to_owned(),
                        channel,
                        num_channels,
                    });
                }
                outcome.sample_rate_hz = rate_hz;
                outcome.num_channels = num_channels;
                collector.insert(new_collector(
                    trim(layout, &track),
                    channels,
                    &parameters,
                    rate_hz,
                    num_channels,
                ))
            }
        };
        if (rate_hz, num_channels) != (outcome.sample_rate_hz, outcome.num_channels) {
            outcome.stopped = Some((
                place,
                format!(
                    "the stream turns from {} Hz, {} channels to {rate_hz} Hz, {num_channels} channels",
                    outcome.sample_rate_hz, outcome.num_channels
                ),
            ));
            break;
        }
        outcome.num_decoded += audio.frames() as u64;
        if outcome.num_decoded > most_frames {
            return Err(AudioError::TooLong {
                file: name.to_owned(),
                place,
                limit_frames: most_frames,
            });
        }
        buffer.resize(audio.samples_interleaved(), 0.0);
        audio.copy_to_slice_interleaved(&mut buffer);
        collector.push(&mut buffer);
        outcome.num_frames = collector.num_frames();
    }
    outcome.checksum = decoder.finalize().verify_ok;
    if let Some(collector) = collector {
        (outcome.samples, outcome.meter, outcome.mixture) = collector.finish();
    }
    Ok(outcome)
}

impl Outcome {
    /// How far decoding came.
    pub(super) fn place(&self) -> Place {
        Place::Packet {
            index: self.num_packets,
            time_s: self.num_decoded as f64 / f64::from(self.sample_rate_hz.max(1)),
        }
    }
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

fn new_collector(
    trim: Trim,
    channels: Channels,
    parameters: &AudioCodecParameters,
    rate_hz: u32,
    num_channels: usize,
) -> Collector {
    let frames = |ticks: u64| match trim.ticks_hz {
        0 => ticks,
        ticks_hz => crate::resample::resampled_len(ticks, ticks_hz, rate_hz),
    };
    let keep = trim.len.map_or(u64::MAX, frames);
    Collector::new(
        channels,
        num_channels,
        rate_hz,
        full_scale(parameters),
        frames(trim.start),
        keep,
    )
}
