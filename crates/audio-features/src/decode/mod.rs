//! Bytes of a recording to frames of samples.
//!
//! First the container's own structure is walked (what the reader cannot tell: cuts, delays,
//! claims), then symphonia decodes, then what came out is compared with what was promised.

mod aac_config;
mod caf;
mod collect;
mod flac;
mod iff;
mod layout;
mod mp4;
mod mpeg;
mod ogg;
mod sniff;
mod stream;
mod verdict;

use crate::error::{AudioError, Place};
use crate::recording::Source;
use crate::warning::AudioWarning;
use layout::Refusal;

/// Largest file that is read into memory, in bytes.
pub(crate) const LARGEST_FILE_BYTES: u64 = 2 << 30;

/// Most frames that are decoded of one recording: 3 h at 48 kHz, 9 h at 16 kHz, 2 GiB of memory.
pub(crate) const MOST_FRAMES: u64 = 1 << 29;

/// How the channels come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// The plain mean of all.
    Mean,
    /// All, interleaved.
    Interleaved,
}

/// Samples at the file's own rate, and what was odd about them.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) samples: Vec<f32>,
    pub(crate) source: Source,
    pub(crate) warnings: Vec<AudioWarning>,
}

/// Decodes a whole recording; `name` is what messages call it.
pub(crate) fn decode(
    mut bytes: Vec<u8>,
    name: &str,
    channels: Channels,
) -> Result<Decoded, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty {
            file: name.to_owned(),
        });
    }
    let layout = sniff::inspect(&mut bytes).map_err(|refusal| refused(refusal, name))?;
    let outcome = stream::run(&bytes, &layout, name, channels)?;
    verdict::judge(outcome, layout, name)
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
