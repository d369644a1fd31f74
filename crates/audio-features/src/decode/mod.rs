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
use crate::shape::Shape;
pub(crate) use decoded::{Channels, Decoded, Limit, Sink};
use layout::Refusal;

/// Largest file that is read into memory, in bytes.
pub(crate) const LARGEST_FILE_BYTES: u64 = 2 << 30;

/// Most samples that are kept of one recording: 9.3 h of one channel at 16 kHz, 2 GiB of memory.
pub(crate) const MOST_SAMPLES: u64 = 1 << 29;

/// Longest recording of which samples are not kept, in s: a day.
pub(crate) const LONGEST_S: f64 = 86_400.0;

/// Decodes a recording up to the limit into `sink`; `name` is what messages call it.
pub(crate) fn decode(
    mut bytes: Vec<u8>,
    name: &str,
    channels: Channels,
    limit: Limit,
    sink: &mut dyn Sink,
) -> Result<Decoded, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty {
            file: name.to_owned(),
        });
    }
    let layout = sniff::inspect(&mut bytes).map_err(|refusal| refused(refusal, name))?;
    let limit_s = limit.seconds(layout.rate_hz.unwrap_or(1), layout.num_channels());
    if let Some(seconds) = stream::expected_s(&bytes, &layout).filter(|seconds| *seconds > limit_s)
        && layout.rate_hz.is_some()
    {
        return Err(AudioError::TooLong {
            file: name.to_owned(),
            seconds,
            limit_s,
        });
    }
    let mut outcome = stream::run(&bytes, &layout, name, channels, limit, sink)?;
    if let Mixture::Cancels(channel, _) = outcome.mixture {
        // Known only at the end; to keep every channel for this rare case would cost all others their memory.
        let mixture = outcome.mixture;
        let one = Channels::One(channel);
        outcome = stream::run(&bytes, &layout, name, one, limit, sink)?;
        outcome.mixture = mixture;
    }
    verdict::judge(outcome, &layout, name)
}

/// Rate and channels of a recording, of which the first packet alone is decoded.
pub(crate) fn shape(mut bytes: Vec<u8>, name: &str) -> Result<Shape, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty {
            file: name.to_owned(),
        });
    }
    let layout = sniff::inspect(&mut bytes).map_err(|refusal| refused(refusal, name))?;
    stream::shape(&bytes, &layout, name)
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
    fn audio_beyond_the_limit_is_refused_by_its_header_in_hours() {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for sample in 0..20_000 {
            writer.write_sample((sample * 7) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let decode = |limit| {
            let (bytes, mut samples) = (bytes.get_ref().clone(), Vec::new());
            decode(bytes, "long.wav", Channels::Mean, limit, &mut samples).map(|_| samples.len())
        };
        assert_eq!(decode(Limit::Seconds(1.25)).unwrap(), 10_000);
        assert_eq!(decode(Limit::Samples(20_000)).unwrap(), 10_000);
        for limit in [Limit::Seconds(1.2), Limit::Samples(19_999)] {
            let error = decode(limit).unwrap_err();
            assert!(
                matches!(&error, AudioError::TooLong { seconds, .. } if *seconds == 1.25),
                "{error}"
            );
        }
        let error = AudioError::TooLong {
            file: "day.flac".to_owned(),
            seconds: 36_000.0,
            limit_s: 33_554.4,
        };
        assert_eq!(
            error.to_string(),
            "`day.flac` holds 10.0 h of audio; at most 9.3 h of one recording are read"
        );
    }
}
