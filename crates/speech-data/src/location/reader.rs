//! Recordings and parts of recordings to samples.

use std::sync::{Arc, Mutex, PoisonError};

use audio_features::{
    AudioError, ChannelChoice, ChannelSamples, Recording, decode_channels, decode_recording,
    decode_recording_of, read_channels, read_recording_of,
};

use super::wav::wav;
use super::{Holder, Location};
use crate::error::DataError;
use crate::store::{Store, StoreError};

/// Samples of decoded recordings that are kept at most, all together: 1 GiB.
const MOST_KEPT_SAMPLES: usize = 1 << 28;

/// Reads recordings wherever they are, from any number of threads.
///
/// Recordings of which parts are read stay decoded, a few of them: neighbours in a list are mostly parts of one.
#[derive(Debug, Default)]
pub struct Reader {
    kept: Mutex<Vec<(Holder, Arc<ChannelSamples>)>>,
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
        let channels = location
            .channel
            .map_or(ChannelChoice::Mix, ChannelChoice::One);
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
        read.map_err(|error| match error {
            AudioError::NoSuchChannel {
                channel,
                num_channels,
                ..
            } => no_channel(location, channel, num_channels),
            error => error.into(),
        })
    }

    /// The part that `location` means as a WAV file with the samples and the rate of the recording: 16 bits where that
    /// changes none of them, 32-bit floats otherwise.
    ///
    /// # Errors
    /// As [`Location::read`].
    pub fn part(&self, location: &Location) -> Result<Vec<u8>, DataError> {
        let decoded = self.decoded(&location.holder)?;
        let source = &decoded.source;
        let num_channels = source.num_channels.max(1);
        let num_frames = decoded.samples.len() / num_channels;
        let frames = match location.cut {
            None => 0..num_frames,
            Some(cut) => cut
                .frames(source.sample_rate_hz, num_frames)
                .ok_or_else(|| DataError::OutsideRecording {
                    recording: location.holder.to_string(),
                    start_s: cut.start_s(),
                    end_s: cut.end_s(),
                    seconds: num_frames as f64 / f64::from(source.sample_rate_hz.max(1)),
                })?,
        };
        let samples = &decoded.samples[frames.start * num_channels..frames.end * num_channels];
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

    /// All channels of what `holder` holds.
    fn decoded(&self, holder: &Holder) -> Result<Arc<ChannelSamples>, DataError> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock()
            .iter()
            .find(|(kept, _)| kept == holder)
            .map(|(_, known)| Arc::clone(known));
        if let Some(known) = known {
            return Ok(known);
        }
        let decoded = Arc::new(match holder {
            Holder::File(path) => read_channels(path)?,
            Holder::Memory { name, bytes } => decode_channels(bytes.to_vec(), name)?,
            Holder::Member(member) => decode_channels(member.read()?, &holder.to_string())?,
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
                ChannelSamples {
                    samples: waveform.samples,
                    warnings,
                    source,
                }
            }
        });
        let mut kept = lock();
        // Every thread may be at another recording.
        let most = rayon::current_num_threads().max(4);
        let mut samples: usize = kept.iter().map(|(_, one)| one.samples.len()).sum();
        while !kept.is_empty()
            && (kept.len() >= most || samples + decoded.samples.len() > MOST_KEPT_SAMPLES)
        {
            samples -= kept.remove(0).1.samples.len();
        }
        kept.push((holder.clone(), Arc::clone(&decoded)));
        Ok(decoded)
    }
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
