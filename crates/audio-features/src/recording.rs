//! A recording on disk or in memory to samples at the wanted rate.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::channel_choice::ChannelChoice;
use crate::decode::{
    self, Channels, Decoded, LARGEST_FILE_BYTES, LONGEST_S, Limit, MOST_SAMPLES, Sink,
};
use crate::error::AudioError;
use crate::formats::formats;
use crate::resample::{HIGHEST_RATE_HZ, LOWEST_RATE_HZ, Resampling, resample, resampled_len};
use crate::shape::Shape;
use crate::source::Source;
use crate::warning::AudioWarning;
use crate::waveform::Waveform;

/// Samples, what was odd about them, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Mono samples at the wanted rate.
    pub waveform: Waveform,
    /// What was odd; empty for a sound file.
    pub warnings: Vec<AudioWarning>,
    /// What the file said of its audio.
    pub source: Source,
}

/// Samples of every channel at the file's own rate.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSamples {
    /// Interleaved samples, `[num_frames * num_channels]`; none is NaN or infinite.
    pub samples: Vec<f32>,
    /// What was odd; empty for a sound file.
    pub warnings: Vec<AudioWarning>,
    /// What the file said of its audio.
    pub source: Source,
}

/// Reads a recording as mono samples at `sample_rate_hz`.
///
#[doc = concat!("A recording is ", formats!(), ",")]
/// told apart by its content, not by its name; `docs/formats.md` has the codings. Channels are mixed, see
/// [`ChannelChoice::Mix`]. Encoder delay and padding are left out as far as the file states them.
///
/// # Errors
///
/// [`AudioError`] for what cannot be opened, is not audio, is not supported, or holds nothing that can
/// be decoded. A file that is readable in part is not an error: see [`AudioWarning::PartlyReadable`].
pub fn read_recording(path: &Path, sample_rate_hz: u32) -> Result<Recording, AudioError> {
    read_recording_of(path, ChannelChoice::Mix, sample_rate_hz)
}

/// The same of the channels that are meant. No more than one channel is ever kept.
///
/// # Errors
///
/// As [`read_recording`], and [`AudioError::NoSuchChannel`].
pub fn read_recording_of(
    path: &Path,
    channels: ChannelChoice,
    sample_rate_hz: u32,
) -> Result<Recording, AudioError> {
    let name = path.display().to_string();
    check_rate(&name, sample_rate_hz)?;
    decode_recording_of(read_file(path)?, &name, channels, sample_rate_hz)
}

/// Decodes a recording that is in memory already, such as standard input; `name` stands for it in
/// messages. See [`read_recording`].
///
/// # Errors
///
/// As [`read_recording`].
pub fn decode_recording(
    bytes: Vec<u8>,
    name: &str,
    sample_rate_hz: u32,
) -> Result<Recording, AudioError> {
    decode_recording_of(bytes, name, ChannelChoice::Mix, sample_rate_hz)
}

/// The same of the channels that are meant. No more than one channel is ever kept.
///
/// # Errors
///
/// As [`read_recording`], and [`AudioError::NoSuchChannel`].
pub fn decode_recording_of(
    bytes: Vec<u8>,
    name: &str,
    channels: ChannelChoice,
    sample_rate_hz: u32,
) -> Result<Recording, AudioError> {
    let mut samples = Vec::new();
    let limit = Limit::Seconds(MOST_SAMPLES as f64 / f64::from(sample_rate_hz.max(1)));
    let heard = stream(bytes, name, channels, sample_rate_hz, limit, &mut samples)?;
    Ok(Recording {
        waveform: Waveform {
            samples,
            sample_rate_hz,
        },
        warnings: heard.warnings,
        source: heard.source,
    })
}

/// What takes a recording's samples block by block.
pub trait SampleSink {
    /// The samples begin, and are about so many where that is known. A second call means that all so far was for nothing
    /// and that the recording comes once more: that its channels cancel is known at the end only.
    fn begin(&mut self, num_samples: Option<usize>);

    /// The next samples.
    fn push(&mut self, samples: &[f32]);
}

impl SampleSink for Vec<f32> {
    fn begin(&mut self, num_samples: Option<usize>) {
        self.clear();
        self.reserve_exact(num_samples.unwrap_or(0));
    }

    fn push(&mut self, samples: &[f32]) {
        self.extend_from_slice(samples);
    }
}

/// A recording whose samples were given to a [`SampleSink`].
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Samples at the wanted rate.
    pub num_samples: u64,
    /// What was odd; empty for a sound file.
    pub warnings: Vec<AudioWarning>,
    /// What the file said of its audio.
    pub source: Source,
}

/// Gives a recording's samples to `sink` block by block, the same to the bit as [`read_recording_of`] has: the recording
/// takes memory for its file alone. Up to a day of audio is read.
///
/// # Errors
///
/// As [`read_recording_of`].
pub fn stream_recording(
    path: &Path,
    channels: ChannelChoice,
    sample_rate_hz: u32,
    sink: &mut dyn SampleSink,
) -> Result<Heard, AudioError> {
    let name = path.display().to_string();
    check_rate(&name, sample_rate_hz)?;
    stream_bytes(read_file(path)?, &name, channels, sample_rate_hz, sink)
}

/// The same of a recording that is in memory already; `name` stands for it in messages.
///
/// # Errors
///
/// As [`read_recording_of`].
pub fn stream_bytes(
    bytes: Vec<u8>,
    name: &str,
    channels: ChannelChoice,
    sample_rate_hz: u32,
    sink: &mut dyn SampleSink,
) -> Result<Heard, AudioError> {
    let limit = Limit::Seconds(LONGEST_S);
    stream(bytes, name, channels, sample_rate_hz, limit, sink)
}

fn stream(
    bytes: Vec<u8>,
    name: &str,
    channels: ChannelChoice,
    sample_rate_hz: u32,
    limit: Limit,
    sink: &mut dyn SampleSink,
) -> Result<Heard, AudioError> {
    check_rate(name, sample_rate_hz)?;
    let channels = match channels {
        ChannelChoice::Mix => Channels::Mean,
        ChannelChoice::One(channel) => Channels::One(channel),
    };
    let mut resampled = Resampled {
        name,
        from_hz: sample_rate_hz,
        to_hz: sample_rate_hz,
        resampling: None,
        num_samples: 0,
        sink,
    };
    let decoded = decode::decode(bytes, name, channels, limit, &mut resampled)?;
    resampled.finish()?;
    Ok(Heard {
        num_samples: resampled.num_samples,
        warnings: decoded.warnings,
        source: decoded.source,
    })
}

/// Brings samples to the wanted rate on their way.
struct Resampled<'a> {
    name: &'a str,
    from_hz: u32,
    to_hz: u32,
    resampling: Option<Resampling>,
    num_samples: u64,
    sink: &'a mut dyn SampleSink,
}

impl Resampled<'_> {
    fn refused(&self, found: String) -> AudioError {
        AudioError::Resample {
            file: self.name.to_owned(),
            from_hz: self.from_hz,
            to_hz: self.to_hz,
            found,
        }
    }

    fn finish(&mut self) -> Result<(), AudioError> {
        let Some(mut resampling) = self.resampling.take() else {
            return Ok(());
        };
        resampling
            .finish(&mut |block| {
                self.num_samples += block.len() as u64;
                self.sink.push(block);
            })
            .map_err(|found| self.refused(found))
    }
}

impl Sink for Resampled<'_> {
    fn begin(
        &mut self,
        sample_rate_hz: u32,
        _: usize,
        num_frames: Option<u64>,
    ) -> Result<(), AudioError> {
        self.from_hz = sample_rate_hz;
        let resampling = Resampling::new(sample_rate_hz, self.to_hz);
        self.resampling = Some(resampling.map_err(|found| self.refused(found))?);
        self.num_samples = 0;
        let expected =
            num_frames.map(|frames| resampled_len(frames, sample_rate_hz, self.to_hz) as usize);
        self.sink.begin(expected);
        Ok(())
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        let Some(mut resampling) = self.resampling.take() else {
            return Ok(());
        };
        let pushed = resampling.push(samples, &mut |block| {
            self.num_samples += block.len() as u64;
            self.sink.push(block);
        });
        self.resampling = Some(resampling);
        pushed.map_err(|found| self.refused(found))
    }
}

/// Bytes of a file that mostly hold its headers and a packet.
const HEAD_BYTES: u64 = 1 << 18;

/// Rate and channels of a recording, from its headers and its first packet.
///
/// # Errors
///
/// As [`read_recording`].
pub fn shape(path: &Path) -> Result<Shape, AudioError> {
    let name = path.display().to_string();
    let mut head = Vec::new();
    let unreadable = |source| AudioError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        file.take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        if let Ok(shape) = decode::shape(head, &name) {
            return Ok(shape);
        }
    }
    // Headers at the end, or long ones before the sound.
    decode::shape(read_file(path)?, &name)
}

/// The same of a recording that is in memory already; `name` stands for it in messages.
///
/// # Errors
///
/// As [`read_recording`].
pub fn shape_of(bytes: Vec<u8>, name: &str) -> Result<Shape, AudioError> {
    decode::shape(bytes, name)
}

/// Decoded samples at another rate, which is checked.
pub(crate) fn at_rate(
    samples: Vec<f32>,
    decoded: Decoded,
    name: &str,
    sample_rate_hz: u32,
) -> Result<Recording, AudioError> {
    check_rate(name, sample_rate_hz)?;
    let from_hz = decoded.source.sample_rate_hz;
    let samples =
        resample(samples, from_hz, sample_rate_hz).map_err(|found| AudioError::Resample {
            file: name.to_owned(),
            from_hz,
            to_hz: sample_rate_hz,
            found,
        })?;
    Ok(Recording {
        waveform: Waveform {
            samples,
            sample_rate_hz,
        },
        warnings: decoded.warnings,
        source: decoded.source,
    })
}

/// Reads every channel of a recording at its own rate, for parts of it and for checks of the decoder.
///
/// # Errors
///
/// As [`read_recording`].
pub fn read_channels(path: &Path) -> Result<ChannelSamples, AudioError> {
    decode_channels(read_file(path)?, &path.display().to_string())
}

/// The same of a recording that is in memory already; `name` stands for it in messages.
///
/// # Errors
///
/// As [`read_recording`].
pub fn decode_channels(bytes: Vec<u8>, name: &str) -> Result<ChannelSamples, AudioError> {
    let mut samples = Vec::new();
    let decoded = decode::decode(
        bytes,
        name,
        Channels::Interleaved,
        Limit::Samples(MOST_SAMPLES),
        &mut samples,
    )?;
    Ok(ChannelSamples {
        samples,
        warnings: decoded.warnings,
        source: decoded.source,
    })
}

/// Some of a recording's samples.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelWindow {
    /// Samples of every channel from [`Self::first_frame`] on.
    pub channels: ChannelSamples,
    /// Frame of the recording with which they begin.
    pub first_frame: usize,
    /// Frames of the whole recording; none where decoding stopped before its end.
    pub num_frames: Option<usize>,
}

/// Decodes every channel at the recording's own rate and keeps what lies between two times, and as much more as
/// `most_samples` allow: from the start of the recording on where the part lies in them, else from the part's start on.
/// Nothing else is ever held, and nothing behind it is decoded.
///
/// # Errors
///
/// As [`read_recording`].
pub fn decode_window(
    bytes: Vec<u8>,
    name: &str,
    part_s: std::ops::Range<f64>,
    most_samples: usize,
) -> Result<ChannelWindow, AudioError> {
    let mut window = Window {
        name,
        part_s,
        most_samples,
        first: 0,
        most: 0,
        passed: 0,
        width: 1,
        samples: Vec::new(),
    };
    let limit = Limit::Seconds(LONGEST_S);
    let decoded = decode::decode(bytes, name, Channels::Interleaved, limit, &mut window)?;
    let width = decoded.source.num_channels.max(1);
    let num_frames = (!decoded.is_cut_short).then_some(window.passed / width);
    Ok(ChannelWindow {
        first_frame: (window.first / width).min(window.passed / width),
        channels: ChannelSamples {
            samples: window.samples,
            warnings: decoded.warnings,
            source: decoded.source,
        },
        num_frames,
    })
}

/// Keeps some of the samples that pass.
struct Window<'a> {
    name: &'a str,
    part_s: std::ops::Range<f64>,
    most_samples: usize,
    /// Of the samples that pass, the first that is kept, and how many are.
    first: usize,
    most: usize,
    passed: usize,
    width: usize,
    samples: Vec<f32>,
}

impl Sink for Window<'_> {
    fn begin(
        &mut self,
        sample_rate_hz: u32,
        num_channels: usize,
        _: Option<u64>,
    ) -> Result<(), AudioError> {
        // A frame more on either side, whichever way times are rounded.
        let frame = |seconds: f64| (seconds * f64::from(sample_rate_hz)) as usize;
        let end = frame(self.part_s.end)
            .saturating_add(2)
            .saturating_mul(num_channels);
        let start = frame(self.part_s.start).saturating_sub(1) * num_channels;
        self.first = if end <= self.most_samples { 0 } else { start };
        self.most = self.most_samples.max(end - self.first);
        self.width = num_channels;
        (self.passed, self.samples) = (0, Vec::new());
        let wanted_s =
            self.most.min(end) as f64 / (num_channels as f64 * f64::from(sample_rate_hz.max(1)));
        let kept = (end - self.first) as u64;
        if kept > MOST_SAMPLES && self.part_s.end.is_finite() {
            return Err(AudioError::TooLong {
                file: self.name.to_owned(),
                seconds: wanted_s,
                limit_s: Limit::Samples(MOST_SAMPLES).seconds(sample_rate_hz, num_channels),
            });
        }
        Ok(())
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        let skipped = self.first.saturating_sub(self.passed).min(samples.len());
        let room = self.most.saturating_sub(self.samples.len());
        let kept = (samples.len() - skipped).min(room);
        self.samples
            .extend_from_slice(&samples[skipped..skipped + kept]);
        self.passed += samples.len();
        if self.samples.len() as u64 > MOST_SAMPLES {
            let limit = Limit::Samples(MOST_SAMPLES);
            return Err(AudioError::TooLong {
                file: self.name.to_owned(),
                seconds: self.passed as f64 / self.width as f64,
                limit_s: limit.seconds(1, self.width),
            });
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.samples.len() >= self.most
    }
}

/// Endings of the files that are taken for recordings when folders are walked, in any case. A recording that is named one
/// by one needs none of them: formats are told by the content.
pub const AUDIO_EXTENSIONS: [&str; 21] = [
    "wav", "wave", "w64", "au", "flac", "mp3", "mp2", "ogg", "oga", "m4a", "m4b", "mp4", "aac",
    "adts", "aif", "aiff", "aifc", "caf", "alac", "rf64", "sph",
];

/// Whether a path has one of [`AUDIO_EXTENSIONS`].
#[must_use]
pub fn is_audio_path(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            AUDIO_EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

fn check_rate(name: &str, wanted_hz: u32) -> Result<(), AudioError> {
    if (LOWEST_RATE_HZ..=HIGHEST_RATE_HZ).contains(&wanted_hz) {
        return Ok(());
    }
    Err(AudioError::WantedRate {
        file: name.to_owned(),
        wanted_hz,
        lowest_hz: LOWEST_RATE_HZ,
        highest_hz: HIGHEST_RATE_HZ,
    })
}

/// Whether a path stands for what a shell opened for this program: `<(command)` or standard input.
fn is_handed_over(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdin", "/proc/self/fd"]
        .iter()
        .any(|own| path.starts_with(own))
}

/// The bytes of an audio file, of 2 GiB at most.
///
/// # Errors
///
/// [`AudioError::Unreadable`], [`AudioError::IsDirectory`], [`AudioError::NotAFile`] and [`AudioError::TooLarge`].
pub fn read_file(path: &Path) -> Result<Vec<u8>, AudioError> {
    let unreadable = |source| AudioError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(AudioError::IsDirectory {
            path: path.to_owned(),
        });
    }
    // Opening a pipe would wait for its writer, for ever where there is none.
    if !metadata.is_file() && !is_handed_over(path) {
        return Err(AudioError::NotAFile {
            path: path.to_owned(),
        });
    }
    let file = File::open(path).map_err(unreadable)?;
    let too_large = || AudioError::TooLarge {
        file: path.display().to_string(),
        limit_bytes: LARGEST_FILE_BYTES,
    };
    if metadata.len() > LARGEST_FILE_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(LARGEST_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}
