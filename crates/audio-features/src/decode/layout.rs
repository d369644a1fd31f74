//! What a walk over a container's own structure finds out before any sample is decoded.

use std::ops::Range;

use symphonia::core::codecs::audio::AudioCodecId;

use super::pcm::Pcm;

/// Which reader takes the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// Samples that need no reader.
    Pcm,
    Wav,
    Caf,
    Flac,
    Mpeg,
    Adts,
    Ogg,
    Mp4,
}

/// The part of the decoded sound that is meant to be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trim {
    /// Ticks to drop at the start.
    pub(super) start: u64,
    /// Ticks to keep after that; all, where the file does not say.
    pub(super) len: Option<u64>,
    /// Ticks per second; 0 means that a tick is a frame.
    pub(super) ticks_hz: u32,
}

/// What is known of an AAC stream's upper half band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum UpperBand {
    /// Nothing is coded apart.
    #[default]
    Whole,
    /// Coded as SBR, which is not decoded here.
    Sbr,
    /// The container leaves it open.
    Unknown,
}

/// A container as its own structure shows it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) container: Container,
    /// The bytes that the reader should see, tags and junk around them left out.
    pub(super) range: Range<usize>,
    pub(super) trim: Trim,
    /// Bytes of coded audio that are there, and that the headers promise.
    pub(super) bytes: Option<(u64, u64)>,
    /// Bytes that must all belong to packets, where that is so.
    pub(super) audio_bytes: Option<u64>,
    /// Frames that the headers promise, or that the walk counted (MPEG), before trimming.
    pub(super) num_frames: Option<u64>,
    /// Packets that the headers promise.
    pub(super) num_packets: Option<u64>,
    /// Length that the headers claim or that was counted, in s.
    pub(super) claimed_s: Option<f64>,
    /// Channels, where the walk saw them; 0 where not.
    pub(super) most_channels: usize,
    /// Faults, each half a sentence with its place.
    pub(super) damage: Vec<String>,
    /// What is odd and loses nothing, each a whole sentence with its place.
    pub(super) notes: Vec<String>,
    /// Whether the container says how long the encoder's delay is, or has none.
    pub(super) delay_known: bool,
    pub(super) upper_band: UpperBand,
    /// Decoder configuration to use in place of the container's.
    pub(super) codec_config: Option<Vec<u8>>,
    /// Rate of what is decoded, as far as the walk saw it.
    pub(super) rate_hz: Option<u32>,
    /// Codec to use in place of the one that the reader takes it for.
    pub(super) codec: Option<AudioCodecId>,
    /// Where the samples lie if they need no reader.
    pub(super) pcm: Option<Pcm>,
    /// What comes after it in the same file: streams that are chained, frames of another rate.
    pub(super) rest: Vec<Layout>,
    /// The track to decode, where there are several.
    pub(super) track_id: Option<u32>,
}

impl Layout {
    /// A layout of which nothing is known but its reader and its bytes.
    pub(super) fn new(container: Container, range: Range<usize>) -> Self {
        Self {
            container,
            range,
            trim: Trim::default(),
            bytes: None,
            audio_bytes: None,
            num_frames: None,
            num_packets: None,
            claimed_s: None,
            most_channels: 0,
            damage: Vec::new(),
            notes: Vec::new(),
            rate_hz: None,
            codec: None,
            pcm: None,
            rest: Vec::new(),
            delay_known: true,
            upper_band: UpperBand::Whole,
            codec_config: None,
            track_id: None,
        }
    }

    /// A layout of samples that need no reader.
    pub(super) fn of_pcm(pcm: Pcm) -> Self {
        Self {
            rate_hz: Some(pcm.sample_rate_hz),
            most_channels: pcm.num_channels,
            pcm: Some(pcm.clone()),
            ..Self::new(Container::Pcm, pcm.data)
        }
    }

    /// Length of all of it, in s, as far as it is claimed or was counted.
    pub(super) fn seconds(&self) -> Option<f64> {
        let own = match &self.pcm {
            Some(pcm) => {
                let frames = pcm.data.len() / pcm.frame_bytes().max(1);
                Some(frames as f64 / f64::from(pcm.sample_rate_hz.max(1)))
            }
            None => self.claimed_s,
        };
        let rest = self.rest.iter().filter_map(Self::seconds);
        own.map(|own| own + rest.sum::<f64>())
    }

    /// Channels that the most of it has, as far as they are known beforehand.
    pub(super) fn num_channels(&self) -> usize {
        let rest = self.rest.iter().map(Self::num_channels);
        rest.fold(self.most_channels, usize::max)
    }
}

/// Why a walk stopped: where, and what was found and expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The structure contradicts itself at this byte.
    Malformed(u64, String),
    /// The structure is sound, its content is not supported.
    Unsupported(u64, String),
    /// Nothing that is known.
    NotRecognised(String),
}

/// `len` bytes from `at` on as an array, where they are there.
pub(super) fn array<const LEN: usize>(bytes: &[u8], at: usize) -> Option<[u8; LEN]> {
    bytes.get(at..at.checked_add(LEN)?)?.try_into().ok()
}

/// A big-endian `u32` at a byte.
pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// A big-endian `u64` at a byte.
pub(super) fn u64_be(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// A big-endian `u16` at a byte.
pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// A little-endian `u64` at a byte.
pub(super) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// A little-endian `u32` at a byte.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// A little-endian `u16` at a byte.
pub(super) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}
