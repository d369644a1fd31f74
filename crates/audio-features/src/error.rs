//! Why a recording could not be turned into samples.

use std::fmt;
use std::path::PathBuf;

use crate::formats::formats;

/// Where in a recording something was found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// A byte of the file, counted from 0.
    Byte(u64),
    /// A packet of the audio stream, counted from 0, and the time at which it would sound.
    Packet {
        /// Number of the packet, from 0.
        index: u64,
        /// Time of the packet's first sample, in s from the start of the stream.
        time_s: f64,
    },
    /// The headers, before the first packet.
    Header,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte) => write!(formatter, "at byte {byte}"),
            Self::Packet { index, time_s } => {
                write!(formatter, "at packet {index} ({time_s:.3} s)")
            }
            Self::Header => write!(formatter, "in the header"),
        }
    }
}

/// Why a recording could not be turned into samples. Each variant names the file and the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The operating system refused to open or read the file.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// The path is a directory.
    #[error("`{}` is a directory, expected an audio file", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },

    /// The path is a pipe, a socket or a device.
    #[error("`{}` is a pipe, a socket or a device, expected an audio file", path.display())]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },

    /// There is not one byte.
    #[error("`{file}` is empty (0 bytes), expected audio")]
    Empty {
        /// Name of the file.
        file: String,
    },

    /// The file is larger than what is read into memory.
    #[error("`{file}` has more than the {limit_bytes} bytes that one recording may have")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// Largest size that is read, in bytes.
        limit_bytes: u64,
    },

    /// The audio in it is longer than what is read.
    #[error("`{file}` holds {:.1} h of audio; at most {:.1} h of one recording are read", seconds / 3_600.0, limit_s / 3_600.0)]
    TooLong {
        /// Name of the file.
        file: String,
        /// Length that its header claims, or that was decoded when the limit was passed, in s.
        seconds: f64,
        /// Longest recording of its kind that is read, in s.
        limit_s: f64,
    },

    /// The bytes are of no audio format that is known here.
    #[error(
        "`{file}` is not recognised as audio: it starts with {found}, expected {}",
        formats!()
    )]
    NotRecognised {
        /// Name of the file.
        file: String,
        /// The first bytes, or what they look like.
        found: String,
    },

    /// A known format or codec, which is not decoded here.
    #[error("`{file}` is not supported: {found} ({place})")]
    Unsupported {
        /// Name of the file.
        file: String,
        /// Where that was found.
        place: Place,
        /// The format, codec or feature.
        found: String,
    },

    /// A header says something that cannot be.
    #[error("`{file}` is damaged {place}: {found}")]
    Malformed {
        /// Name of the file.
        file: String,
        /// Where.
        place: Place,
        /// What was found, and what was expected.
        found: String,
    },

    /// The headers may be read, but no audio comes after them.
    #[error("`{file}` holds no audio that can be decoded ({place}): {found}")]
    NoAudio {
        /// Name of the file.
        file: String,
        /// How far decoding came.
        place: Place,
        /// What stopped it.
        found: String,
    },

    /// The decoder itself failed on these bytes.
    #[error("the decoder failed on `{file}` {place} ({found})")]
    DecoderPanicked {
        /// Name of the file.
        file: String,
        /// How far decoding came.
        place: Place,
        /// Message of the panic.
        found: String,
    },

    /// A channel was asked for that is not there.
    #[error("`{file}` has {num_channels} channels, there is no channel {channel}; the first is 0")]
    NoSuchChannel {
        /// Name of the file.
        file: String,
        /// The channel that was asked for, counted from 0.
        channel: usize,
        /// Channels of the recording.
        num_channels: usize,
    },

    /// The wanted sample rate is outside of what can be made.
    #[error(
        "cannot bring `{file}` to {wanted_hz} Hz: a sample rate from {lowest_hz} to {highest_hz} Hz is expected"
    )]
    WantedRate {
        /// Name of the file.
        file: String,
        /// The rate that was asked for, in Hz.
        wanted_hz: u32,
        /// Lowest rate allowed, in Hz.
        lowest_hz: u32,
        /// Highest rate allowed, in Hz.
        highest_hz: u32,
    },

    /// The resampler refused its parameters.
    #[error("cannot resample `{file}` from {from_hz} Hz to {to_hz} Hz: {found}")]
    Resample {
        /// Name of the file.
        file: String,
        /// Rate of the file, in Hz.
        from_hz: u32,
        /// Rate that was asked for, in Hz.
        to_hz: u32,
        /// What the resampler said.
        found: String,
    },
}

impl AudioError {
    /// The message and what to do about it in one line, for a list of what was left out.
    pub fn explained(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }

    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::Unreadable { .. } => "check that the path exists and may be read",
            Self::IsDirectory { .. } => "name the files in it",
            Self::NotAFile { .. } => "give its bytes on standard input, or write them to a file",
            Self::Empty { .. } => "make or download the file again",
            Self::TooLarge { .. } => "split it into shorter files",
            Self::TooLong { .. } => "split it into shorter files",
            Self::NotRecognised { .. } => {
                "convert it, for example with `ffmpeg -i INPUT OUTPUT.flac`"
            }
            Self::Unsupported { .. } => {
                "convert it, for example with `ffmpeg -i INPUT OUTPUT.flac`"
            }
            Self::Malformed { .. } => "make or download the file again",
            Self::NoAudio { .. } => "make or download the file again",
            Self::DecoderPanicked { .. } => {
                "the file is likely damaged: convert it with another program, and please report it"
            }
            Self::NoSuchChannel { .. } => "choose a channel that it has, or the mean of all",
            Self::WantedRate { .. } => "change the wanted rate",
            Self::Resample { .. } => "resample it with another program",
        })
    }
}
