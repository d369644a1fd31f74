//! Bytes of a recording to frames of samples.
//!
//! First the container's own structure is walked (what the reader cannot tell: cuts, delays,
//! claims), then symphonia decodes, then what came out is compared with what was promised.

mod aac_config;
mod aiff;
mod au;
mod caf;
mod chunks;
mod collect;
mod decoded;
mod flac;
mod layout;
mod mp4;
mod mpeg;
mod names;
mod ogg;
mod open;
mod pcm;
mod sniff;
mod sphere;
mod stream;
mod verdict;
mod wav;

use crate::error::{AudioError, Place};
use crate::mixture::Mixture;
pub(crate) use decoded::{Channels, Decoded, Sink};
use layout::Refusal;

/// Largest file that is read into memory, in bytes.
pub(crate) const LARGEST_FILE_BYTES: u64 = 2 << 30;

/// Most frames that are decoded of one recording: 3 h at 48 kHz, 9 h at 16 kHz, 2 GiB of memory.
pub(crate) const MOST_FRAMES: u64 = 1 << 29;

/// Decodes a whole recording into `sink`; `name` is what messages call it.
pub(crate) fn decode(
    bytes: Vec<u8>,
    name: &str,
    channels: Channels,
    sink: &mut dyn Sink,
) -> Result<Decoded, AudioError> {
    decode_up_to(MOST_FRAMES, bytes, name, channels, sink)
}

fn decode_up_to(
    most_frames: u64,
    mut bytes: Vec<u8>,
    name: &str,
    channels: Channels,
    sink: &mut dyn Sink,
) -> Result<Decoded, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty {
            file: name.to_owned(),
        });
    }
    let layout = sniff::inspect(&mut bytes).map_err(|refusal| refused(refusal, name))?;
    let mut outcome = stream::run(&bytes, &layout, name, channels, most_frames, sink)?;
    if let Mixture::Cancels(channel, _) = outcome.mixture {
        // Known only at the end; to keep every channel for this rare case would cost all others their memory.
        let mixture = outcome.mixture;
        let one = Channels::One(channel);
        outcome = stream::run(&bytes, &layout, name, one, most_frames, sink)?;
        outcome.mixture = mixture;
    }
    verdict::judge(outcome, &layout, name)
}

/// The number of channels of a recording, of which the first packet alone is decoded.
pub(crate) fn count_channels(mut bytes: Vec<u8>, name: &str) -> Result<usize, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty {
            file: name.to_owned(),
        });
    }
    let layout = sniff::inspect(&mut bytes).map_err(|refusal| refused(refusal, name))?;
    stream::count_channels(&bytes, &layout, name)
}

fn refused(refusal: Refusal, name: &str) -> AudioError {
    let file = name.to_owned();
    match refusal {
        Refusal::Malformed(byte, found) => AudioError::Malformed {
            file,
            place: Place::Byte(byte),
            found,
        },
        Refusal::Unsupported(byte, found) => AudioError::Unsupported {
            file,
            place: Place::Byte(byte),
            found,
        },
        Refusal::NotRecognised(found) => AudioError::NotRecognised { file, found },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_beyond_the_limit_is_refused_with_the_place() {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for sample in 0..10_000i16 {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let decode = |limit| {
            let bytes = bytes.get_ref().clone();
            let mut samples = Vec::new();
            decode_up_to(limit, bytes, "long.wav", Channels::Mean, &mut samples)
                .map(|_| samples.len())
        };
        assert_eq!(decode(10_000).unwrap(), 10_000);
        let error = decode(9_999).unwrap_err();
        assert!(matches!(
            &error,
            AudioError::TooLong {
                limit_frames: 9_999,
                place: Place::Packet { .. },
                ..
            }
        ));
        assert!(error.to_string().contains("`long.wav`"), "{error}");
    }
}
