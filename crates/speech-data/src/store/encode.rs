//! Bytes of a file to the bytes that a store keeps of it, and back to samples.

use audio_features::AudioError;
use audio_features::AudioWarning;
use audio_features::{Recording, decode_recording};

use super::layout::checksum;
use super::remarks::Remark;
use super::settings::{StoreEncoding, StoreSettings};

/// What a store keeps of a recording.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) num_samples: u64,
    pub(super) checksum: [u8; 16],
    /// What was odd about the file.
    pub(super) remarks: Vec<Remark>,
}

/// Decodes a file and encodes it as the store keeps it. A recording that is readable in part only is refused: what
/// is in a store is whole.
pub(super) fn encode(
    file: Vec<u8>,
    name: &str,
    settings: &StoreSettings,
) -> Result<Encoded, String> {
    let original = (settings.encoding == StoreEncoding::Original).then(|| file.clone());
    let recording = decode_recording(file, name, settings.sample_rate_hz)
        .map_err(|error: AudioError| error.explained())?;
    for warning in &recording.warnings {
        if matches!(warning, AudioWarning::PartlyReadable { .. }) {
            return Err(warning.to_string());
        }
    }
    let Recording {
        waveform, warnings, ..
    } = recording;
    let num_samples = waveform.samples.len() as u64;
    if num_samples == 0 {
        return Err("it has no samples, expected audio".to_owned());
    }
    let bytes = match original {
        Some(bytes) => bytes,
        None => {
            let samples: Vec<i16> = waveform.samples.iter().map(|&x| to_i16(x)).collect();
            match settings.encoding {
                StoreEncoding::Flac => super::flac::encode(&samples, settings.sample_rate_hz)?,
                _ => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
            }
        }
    };
    Ok(Encoded {
        num_samples,
        checksum: checksum(&bytes),
        bytes,
        remarks: warnings.iter().map(|one| Remark::of(name, one)).collect(),
    })
}

/// What a store would keep of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedSize {
    /// Samples at the store's rate.
    pub num_samples: u64,
    /// Bytes in the shard.
    pub num_bytes: u64,
}

/// Does for one file what [`pack`](super::pack) does for many, to tell beforehand what that takes.
///
/// # Errors
/// In words, why the file would be left out.
pub fn encoded_size(
    file: Vec<u8>,
    name: &str,
    settings: &StoreSettings,
) -> Result<EncodedSize, String> {
    let encoded = encode(file, name, settings)?;
    Ok(EncodedSize {
        num_samples: encoded.num_samples,
        num_bytes: encoded.bytes.len() as u64,
    })
}

/// To the nearest of 65,536 steps; what came from 16 bits comes out as it was.
fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round_ties_even() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_survive_and_what_is_beyond_full_scale_is_clipped() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(to_i16(f32::from(sample) / 32_768.0), sample);
        }
        assert_eq!(
            (to_i16(1.0), to_i16(-1.5), to_i16(f32::NAN)),
            (i16::MAX, i16::MIN, 0)
        );
    }
}
