//! Recordings and parts of recordings to samples.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use audio_features::{
    AudioError, ChannelChoice, ChannelSamples, ChannelWindow, Heard, Recording, SampleSink,
    decode_recording, decode_recording_of, decode_window, read_file, read_recording_of,
    stream_bytes, stream_recording,
};

use super::wav::wav;
use super::{Cut, Holder, Location};
use crate::error::DataError;
use crate::store::{Store, StoreError};

/// Samples of decoded recordings that are kept at most, all together: 1 GiB.
const MOST_KEPT_SAMPLES: usize = 1 << 28;

/// Reads recordings wherever they are, from any number of threads.
///
/// Recordings of which parts are read stay decoded, a few of them: neighbours in a list are mostly parts of one. Of one that
/// has more than a quarter of what is kept at most, a window around the part stays.
#[derive(Debug, Default)]
pub struct Reader {
    kept: Mutex<Vec<(Holder, Arc<ChannelWindow>)>>,
}

impl Reader {
    /// The recording as mono samples at `sample_rate_hz`; see [`Location::read`].
    ///
    /// # Errors
    /// As [`Location::read`].
    pub fn read(&self, location: &Location, sample_rate_hz: u32) -> Result<Recording, DataError> {
        let name = || location.to_string();
        if location.cut.is_some() {
            return Ok(decode_recording(
                self.part(location)?,
                &name(),
                sample_rate_hz,
            )?);
        }
        let channels = channels(location);
        let read = match &location.holder {
            Holder::File(path) => read_recording_of(path, channels, sample_rate_hz),
            Holder::Memory { name, bytes } => {
                decode_recording_of(bytes.to_vec(), name, channels, sample_rate_hz)
            }
            Holder::Member(member) => {
                let name = location.holder.to_string();
                decode_recording_of(member.read()?, &name, channels, sample_rate_hz)
            }
            Holder::Stored { store, name } => {
                if let Some(channel @ 1..) = location.channel {
                    // What a store gives is mono.
                    return Err(no_channel(location, channel, 1));
                }
                return Ok(store.recording(find(store, name)?, sample_rate_hz)?);
            }
        };
        read.map_err(|error| of_audio(error, location))
    }

    /// Gives the recording's samples to `sink` block by block: what is a whole file takes no more memory than the file.
    /// They are those that [`Self::read`] has, to the bit.
    ///
    /// # Errors
    /// As [`Location::read`].
    pub fn stream(
        &self,
        location: &Location,
        sample_rate_hz: u32,
        sink: &mut dyn SampleSink,
    ) -> Result<Heard, DataError> {
        let channels = channels(location);
        let streamed = match &location.holder {
            Holder::File(path) if location.cut.is_none() => {
                stream_recording(path, channels, sample_rate_hz, sink)
            }
            Holder::Memory { name, bytes } if location.cut.is_none() => {
                stream_bytes(bytes.to_vec(), name, channels, sample_rate_hz, sink)
            }
            _ => {
                let recording = self.read(location, sample_rate_hz)?;
                let samples = &recording.waveform.samples;
                sink.begin(Some(samples.len()));
                sink.push(samples);
                return Ok(Heard {
                    num_samples: samples.len() as u64,
                    warnings: recording.warnings,
                    source: recording.source,
                });
            }
        };
        streamed.map_err(|error| of_audio(error, location))
    }

    /// The part that `location` means as a WAV file with the samples and the rate of the recording: 16 bits where that
    /// changes none of them, 32-bit floats otherwise.
    ///
    /// # Errors
    /// As [`Location::read`].
    pub fn part(&self, location: &Location) -> Result<Vec<u8>, DataError> {
        let (decoded, frames) = self.decoded(location)?;
        let source = &decoded.channels.source;
        let num_channels = source.num_channels.max(1);
        let samples =
            &decoded.channels.samples[frames.start * num_channels..frames.end * num_channels];
        let file = match location.channel {
            None => wav(samples, source.sample_rate_hz, num_channels),
            Some(channel) if channel < num_channels => {
                let one: Vec<f32> = samples
                    .chunks_exact(num_channels)
                    .map(|frame| frame[channel])
                    .collect();
                wav(&one, source.sample_rate_hz, 1)
            }
            Some(channel) => {
                return Err(no_channel(location, channel, num_channels));
            }
        };
        file.map_err(|error| DataError::Part {
            recording: location.to_string(),
            found: error.to_string(),
        })
    }

    /// All channels of what `location` means, with others around it, and which of their frames it is.
    fn decoded(
        &self,
        location: &Location,
    ) -> Result<(Arc<ChannelWindow>, Range<usize>), DataError> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock()
            .iter()
            .filter(|(kept, _)| kept == &location.holder)
            .find_map(|(_, kept)| Some((Arc::clone(kept), place_in(kept, location)?)));
        if let Some((known, place)) = known {
            return Ok((known, place?));
        }
        let part_s = location
            .cut
            .map_or(0.0..f64::INFINITY, |cut| cut.start_s()..cut.end_s());
        let window =
            |bytes: Vec<u8>, name: &str| decode_window(bytes, name, part_s, MOST_KEPT_SAMPLES / 4);
        let decoded = Arc::new(match &location.holder {
            Holder::File(path) => window(read_file(path)?, &path.display().to_string())?,
            Holder::Memory { name, bytes } => window(bytes.to_vec(), name)?,
            Holder::Member(member) => window(member.read()?, &location.holder.to_string())?,
            Holder::Stored { store, name } => {
                let index = find(store, name)?;
                let Recording {
                    waveform,
                    warnings,
                    source,
                } = store.recording(index, store.entry(index)?.sample_rate_hz)?;
                // What a store gives is mono, whatever the file in it was.
                let source = audio_features::Source {
                    sample_rate_hz: waveform.sample_rate_hz,
                    num_channels: 1,
                    ..source
                };
                ChannelWindow {
                    num_frames: Some(waveform.samples.len()),
                    channels: ChannelSamples {
                        samples: waveform.samples,
                        warnings,
                        source,
                    },
                    first_frame: 0,
                }
            }
        });
        let place =
            place_in(&decoded, location).unwrap_or_else(|| Err(outside(&decoded, location)));
        let mut kept = lock();
        // Every thread may be at another recording.
        let most = rayon::current_num_threads().max(4);
        let len = |window: &ChannelWindow| window.channels.samples.len();
        let mut samples: usize = kept.iter().map(|(_, one)| len(one)).sum();
        while !kept.is_empty()
            && (kept.len() >= most || samples + len(&decoded) > MOST_KEPT_SAMPLES)
        {
            samples -= len(&kept.remove(0).1);
        }
        kept.push((location.holder.clone(), Arc::clone(&decoded)));
        drop(kept);
        Ok((decoded, place?))
    }
}

/// Which frames of a window `location` means, or that it lies outside of the recording; none where the window does not
/// tell.
fn place_in(
    window: &ChannelWindow,
    location: &Location,
) -> Option<Result<Range<usize>, DataError>> {
    let source = &window.channels.source;
    let there = window.channels.samples.len() / source.num_channels.max(1);
    let (first, end) = (window.first_frame, window.first_frame + there);
    let inside = |frames: Range<usize>| {
        (first <= frames.start && frames.end <= end)
            .then(|| Ok(frames.start - first..frames.end - first))
    };
    match (location.cut, window.num_frames) {
        (None, Some(num_frames)) => inside(0..num_frames),
        (None, None) => None,
        (Some(cut), Some(num_frames)) => match cut.frames(source.sample_rate_hz, num_frames) {
            Some(frames) => inside(frames),
            None => Some(Err(outside(window, location))),
        },
        // The recording goes on: the part lies in it where all of it lies in the window.
        (Some(cut), None) => cut
            .frames(source.sample_rate_hz, usize::MAX)
            .and_then(inside),
    }
}

fn outside(window: &ChannelWindow, location: &Location) -> DataError {
    let source = &window.channels.source;
    let there = window.channels.samples.len() / source.num_channels.max(1);
    let num_frames = window.num_frames.unwrap_or(window.first_frame + there);
    DataError::OutsideRecording {
        recording: location.holder.to_string(),
        start_s: location.cut.map_or(0.0, Cut::start_s),
        end_s: location.cut.map_or(0.0, Cut::end_s),
        seconds: num_frames as f64 / f64::from(source.sample_rate_hz.max(1)),
    }
}

fn of_audio(error: AudioError, location: &Location) -> DataError {
    match error {
        AudioError::NoSuchChannel {
            channel,
            num_channels,
            ..
        } => no_channel(location, channel, num_channels),
        error => error.into(),
    }
}

/// Which channels are meant.
fn channels(location: &Location) -> ChannelChoice {
    let one = location.channel;
    one.map_or(ChannelChoice::Mix, ChannelChoice::One)
}

fn no_channel(location: &Location, channel: usize, num_channels: usize) -> DataError {
    DataError::NoSuchChannel {
        recording: location.holder.to_string(),
        channel,
        num_channels,
    }
}

/// The number of an utterance, which has to be there.
fn find(store: &Store, name: &str) -> Result<usize, StoreError> {
    store.find(name).ok_or_else(|| StoreError::NoSuchName {
        path: store.path().to_owned(),
        name: name.to_owned(),
    })
}
