//! The loop over packets, with every limit and every fault kept.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{
    AdtsReader, AiffReader, CafReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader,
};

use super::collect::Collector;
use super::layout::{Container, Layout};
use super::{Channels, MOST_FRAMES};
use crate::error::{AudioError, Place};
use crate::levels::LevelMeter;
use crate::resample::{HIGHEST_RATE_HZ, LOWEST_RATE_HZ};

/// Most channels of one recording; more means a damaged header.
const MOST_CHANNELS: usize = 64;

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
    pub(super) num_packets: u64,
    pub(super) num_packet_bytes: u64,
    /// Packets that could not be decoded, and the first of them.
    pub(super) num_bad: u64,
    pub(super) first_bad: Option<(Place, String)>,
    /// What ended the stream before its end.
    pub(super) stopped: Option<(Place, String)>,
    /// Where packets do not follow one another in time.
    pub(super) gap: Option<Place>,
    /// Frames that the reader expects after trimming.
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
) -> Result<Outcome, AudioError> {
    let mut progress = Place::Header;
    // A decoder that panics on strange bytes must not take down a run over thousands of files. All
    // of its state is dropped here.
    catch_unwind(AssertUnwindSafe(|| {
        packets(bytes, layout, name, channels, &mut progress)
    }))
    .unwrap_or_else(|panic| {
        let found = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("panic")
            .to_owned();
        Err(AudioError::DecoderPanicked {
            file: name.to_owned(),
            place: progress,
            found,
        })
    })
}

fn packets(
    bytes: &[u8],
    layout: &Layout,
    name: &str,
    channels: Channels,
    progress: &mut Place,
) -> Result<Outcome, AudioError> {
    let in_header = |error: Error| failed(error, name, Place::Header);
    let mut reader = open(&bytes[layout.range.clone()], layout.container).map_err(in_header)?;
    let track = layout
        .track_id
        .and_then(|id| reader.tracks().iter().find(|track| track.id == id))
        .or_else(|| reader.default_track(TrackType::Audio))
        .ok_or_else(|| AudioError::NoAudio {
            file: name.to_owned(),
            place: Place::Header,
            found: "there is no sound track".into(),
        })?
        .clone();
    let mut parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| AudioError::Unsupported {
            file: name.to_owned(),
            place: Place::Header,
            found: "a codec that it does not name".into(),
        })?
        .clone();
    if let Some(config) = &layout.codec_config {
        parameters.with_extra_data(config.clone().into_boxed_slice());
    }
    check(
        parameters.sample_rate,
        parameters
            .channels
            .as_ref()
            .map(|channels| channels.count()),
        name,
    )?;
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &options)
        .map_err(in_header)?;

    let mut outcome = Outcome {
        codec: codec_name(decoder.as_ref()),
        sample_rate_hz: 0,
        num_channels: 0,
        samples: Vec::new(),
        num_frames: 0,
        num_decoded: 0,
        meter: LevelMeter::new(1, 1.0),
        num_packets: 0,
        num_packet_bytes: 0,
        num_bad: 0,
        first_bad: None,
        stopped: None,
        gap: None,
        num_expected: track.num_frames,
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
                outcome.sample_rate_hz = rate_hz;
                outcome.num_channels = num_channels;
                collector.insert(new_collector(
                    layout,
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
        if outcome.num_decoded > MOST_FRAMES {
            return Err(AudioError::TooLong {
                file: name.to_owned(),
                place,
                limit_frames: MOST_FRAMES,
            });
        }
        buffer.resize(audio.samples_interleaved(), 0.0);
        audio.copy_to_slice_interleaved(&mut buffer);
        collector.push(&mut buffer);
        outcome.num_frames = collector.num_frames();
    }
    outcome.checksum = decoder.finalize().verify_ok;
    if let Some(collector) = collector {
        (outcome.samples, outcome.meter) = collector.finish();
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

fn open(bytes: &[u8], container: Container) -> Result<Box<dyn FormatReader + '_>, Error> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let options = FormatOptions::default();
    Ok(match container {
        Container::Wav => Box::new(WavReader::try_new(stream, options)?),
        Container::Aiff => Box::new(AiffReader::try_new(stream, options)?),
        Container::Caf => Box::new(CafReader::try_new(stream, options)?),
        Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Container::Mpeg => Box::new(MpaReader::try_new(stream, options)?),
        Container::Adts => Box::new(AdtsReader::try_new(stream, options)?),
        Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Container::Mp4 => Box::new(IsoMp4Reader::try_new(stream, options)?),
    })
}

fn new_collector(
    layout: &Layout,
    channels: Channels,
    parameters: &AudioCodecParameters,
    rate_hz: u32,
    num_channels: usize,
) -> Collector {
    let trim = layout.trim;
    let frames = |ticks: u64| match trim.ticks_hz {
        0 => ticks,
        ticks_hz => crate::resample::resampled_len(ticks, ticks_hz, rate_hz),
    };
    let keep = trim.len.map_or(u64::MAX, frames);
    Collector::new(
        channels,
        num_channels,
        full_scale(parameters),
        frames(trim.start),
        keep,
    )
}

/// From where on a sample may be clipped: the largest value of the coding.
fn full_scale(parameters: &AudioCodecParameters) -> f32 {
    match parameters.codec {
        CODEC_ID_PCM_ALAW => 32_256.0 / 32_768.0,
        CODEC_ID_PCM_MULAW => 32_124.0 / 32_768.0,
        _ => match parameters.bits_per_sample {
            Some(bits @ 2..16) => 1.0 - (0.5f32).powi(bits as i32 - 1),
            _ => 32_767.0 / 32_768.0,
        },
    }
}

fn codec_name(decoder: &dyn AudioDecoder) -> String {
    decoder.codec_info().short_name.to_owned()
}

/// Refuses a rate or a number of channels that only a damaged header has.
fn check(rate_hz: Option<u32>, num_channels: Option<usize>, name: &str) -> Result<(), AudioError> {
    let rates = LOWEST_RATE_HZ..=HIGHEST_RATE_HZ;
    let found = match (rate_hz, num_channels) {
        (Some(rate_hz), _) if !rates.contains(&rate_hz) => {
            format!("it claims {rate_hz} Hz, expected {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz")
        }
        (_, Some(count)) if !(1..=MOST_CHANNELS).contains(&count) => {
            format!("it claims {count} channels, expected 1 to {MOST_CHANNELS}")
        }
        _ => return Ok(()),
    };
    Err(AudioError::Malformed {
        file: name.to_owned(),
        place: Place::Header,
        found,
    })
}

/// Turns what symphonia says into an error that names the file and the place.
fn failed(error: Error, name: &str, place: Place) -> AudioError {
    let file = name.to_owned();
    match error {
        Error::Unsupported(found) => AudioError::Unsupported {
            file,
            place,
            found: found.to_owned(),
        },
        other => AudioError::Malformed {
            file,
            place,
            found: other.to_string(),
        },
    }
}
