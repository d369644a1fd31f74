//! From a walked container to a reader and a decoder that agree with sane headers.

use std::io::Cursor;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::default::formats::{
    AdtsReader, CafReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader,
};

use super::layout::{Container, Layout};
use super::mpeg;
use crate::error::{AudioError, Place};
use crate::resample::{HIGHEST_RATE_HZ, LOWEST_RATE_HZ};

/// Most channels of one recording; more means a damaged header.
const MOST_CHANNELS: usize = 64;

/// A reader, and a decoder for one of its tracks.
pub(super) struct Opened<'a> {
    pub(super) reader: Box<dyn FormatReader + 'a>,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) track: Track,
    pub(super) parameters: AudioCodecParameters,
}

/// Opens the sound track.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    layout: &Layout,
    name: &str,
) -> Result<Opened<'a>, AudioError> {
    let in_header = |error: Error| match layout.container {
        // The walk over the frames found nothing wrong with them.
        Container::Mpeg => AudioError::Unsupported {
            file: name.to_owned(),
            place: Place::Byte(layout.range.start as u64),
            found: mpeg::describe(&bytes[layout.range.clone()]),
        },
        _ => failed(error, name, Place::Header),
    };
    let reader = read(&bytes[layout.range.clone()], layout.container).map_err(in_header)?;
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
    if let Some(rate_hz) = layout.rate_hz
        && parameters.sample_rate.is_none_or(|said| said == 0)
    {
        parameters.with_sample_rate(rate_hz);
    }
    if let Some(codec) = layout.codec {
        parameters.for_codec(codec);
    }
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
    let options = AudioDecoderOptions::default()
        .verify(true)
        .gapless(layout.container != Container::Mpeg);
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &options)
        .map_err(in_header)?;
    Ok(Opened {
        reader,
        decoder,
        track,
        parameters,
    })
}

fn read(bytes: &[u8], container: Container) -> Result<Box<dyn FormatReader + '_>, Error> {
    let source: Box<dyn MediaSource + '_> = match container {
        // Of an MP3 file without a count of frames the reader guesses one from the length of the
        // file, and cuts the audio off there; without a length it cannot.
        Container::Mpeg => Box::new(ReadOnlySource::new(bytes)),
        _ => Box::new(Cursor::new(bytes)),
    };
    let stream = MediaSourceStream::new(source, Default::default());
    let options = FormatOptions::default();
    Ok(match container {
        Container::Wav | Container::Pcm => Box::new(WavReader::try_new(stream, options)?),
        Container::Caf => Box::new(CafReader::try_new(stream, options)?),
        Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Container::Mpeg => Box::new(MpaReader::try_new(stream, options)?),
        Container::Adts => Box::new(AdtsReader::try_new(stream, options)?),
        Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Container::Mp4 => Box::new(IsoMp4Reader::try_new(stream, options)?),
    })
}

/// From where on a sample may be clipped: the largest value of the coding.
pub(super) fn full_scale(parameters: &AudioCodecParameters) -> f32 {
    match parameters.codec {
        CODEC_ID_PCM_ALAW => 32_256.0 / 32_768.0,
        CODEC_ID_PCM_MULAW => 32_124.0 / 32_768.0,
        _ => match parameters.bits_per_sample {
            Some(bits @ 2..16) => 1.0 - (0.5f32).powi(bits as i32 - 1),
            _ => 32_767.0 / 32_768.0,
        },
    }
}

/// Refuses a rate or a number of channels that only a damaged header has.
pub(super) fn check(
    rate_hz: Option<u32>,
    num_channels: Option<usize>,
    name: &str,
) -> Result<(), AudioError> {
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
