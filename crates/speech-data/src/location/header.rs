//! How long an audio file is, by its header alone.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::{Holder, Location};

/// What the header of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) sample_rate_hz: u32,
    pub(crate) num_channels: usize,
    /// Samples of each channel.
    pub(crate) num_frames: u64,
}

impl Header {
    pub(crate) fn seconds(&self) -> f64 {
        self.num_frames as f64 / f64::from(self.sample_rate_hz)
    }
}

/// Chunks of a WAV file that are looked at before its samples.
const MOST_CHUNKS: usize = 64;

/// The header of a whole file of WAV or FLAC; `None` where it is another, is not there, or does not say.
pub(crate) fn of(location: &Location) -> Option<Header> {
    let Holder::File(path) = location.holder() else {
        return None;
    };
    // Opening a pipe would wait for its writer.
    let metadata = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    read(&mut File::open(path).ok()?, metadata.len())
}

/// The header of what `file` holds, which has `num_bytes`.
fn read(file: &mut (impl Read + Seek), num_bytes: u64) -> Option<Header> {
    let mut first = [0; 12];
    file.read_exact(&mut first).ok()?;
    let header = match (&first[..4], &first[8..]) {
        (b"RIFF", b"WAVE") => wav(file, num_bytes),
        (b"fLaC", _) => flac(file),
        _ => None,
    }?;
    (header.sample_rate_hz > 0 && header.num_channels > 0 && header.num_frames > 0)
        .then_some(header)
}

/// A WAV file whose frames have one size: PCM, floats, A-law and µ-law.
fn wav(file: &mut (impl Read + Seek), num_bytes: u64) -> Option<Header> {
    let mut format: Option<(u32, usize, u64)> = None;
    let mut at = 12u64;
    for _ in 0..MOST_CHUNKS {
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut chunk = [0; 8];
        file.read_exact(&mut chunk).ok()?;
        let size = u64::from(u32::from_le_bytes(chunk[4..].try_into().ok()?));
        match &chunk[..4] {
            b"fmt " => {
                let mut fields = [0; 16];
                file.read_exact(&mut fields).ok()?;
                let short = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
                let has_frames = matches!(short(0), 1 | 3 | 6 | 7 | 0xfffe);
                let rate = u32::from_le_bytes(fields[4..8].try_into().ok()?);
                format = has_frames.then_some((rate, usize::from(short(2)), u64::from(short(12))));
            }
            b"data" => {
                let (sample_rate_hz, num_channels, frame_bytes) = format?;
                // What was being recorded, or was piped, has no size yet.
                let size = if size == 0 { u64::MAX } else { size };
                let size = size.min(num_bytes.saturating_sub(at + 8));
                return Some(Header {
                    sample_rate_hz,
                    num_channels,
                    num_frames: size.checked_div(frame_bytes)?,
                });
            }
            _ => {}
        }
        at += 8 + size + size % 2;
    }
    None
}

/// The stream's facts, which come first (RFC 9639, section 8.2). A stream whose encoder did not know says 0 samples.
fn flac(file: &mut (impl Read + Seek)) -> Option<Header> {
    file.seek(SeekFrom::Start(4)).ok()?;
    let mut block = [0; 4 + 34];
    file.read_exact(&mut block).ok()?;
    if block[0] & 0x7f != 0 {
        return None;
    }
    let facts = u64::from_be_bytes(block[14..22].try_into().ok()?);
    Some(Header {
        sample_rate_hz: (facts >> 44) as u32,
        num_channels: ((facts >> 41) & 7) as usize + 1,
        num_frames: facts & ((1 << 36) - 1),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn the_header_of_a_wav_file_says_rate_channels_and_frames() {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 44_100,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        (0..2 * 777).for_each(|sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        let bytes = bytes.into_inner();
        let expected = Some(Header {
            sample_rate_hz: 44_100,
            num_channels: 2,
            num_frames: 777,
        });
        let read = |bytes: &[u8]| super::read(&mut Cursor::new(bytes), bytes.len() as u64);
        assert_eq!(read(&bytes), expected);
        // A recorder that was killed leaves sizes of 0.
        let mut killed = bytes.clone();
        let at = killed.windows(4).position(|four| four == b"data").unwrap();
        killed[at + 4..at + 8].fill(0);
        assert_eq!(read(&killed), expected);
        for end in 0..bytes.len().min(60) {
            assert!(read(&bytes[..end]).is_none_or(|header| header.num_frames < 777));
        }
    }
}
