//! Samples to FLAC, by the crate `flacenc`.

use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use flacenc::source::MemSource;

/// Samples of a FLAC block. The last one may be shorter.
const BLOCK: usize = 4_096;
/// The smallest block of `flacenc`, and of more than one decoder.
const FEWEST: usize = 32;

/// A FLAC file of mono 16-bit samples.
pub(super) fn encode(samples: &[i16], sample_rate_hz: u32) -> Result<Vec<u8>, String> {
    if samples.len() < FEWEST {
        return Err(format!(
            "it has {} samples, and FLAC takes at least {FEWEST}; use the encoding pcm",
            samples.len()
        ));
    }
    let mut config = flacenc::config::Encoder::default();
    config.block_size = BLOCK.min(samples.len());
    config.multithread = false;
    let block_size = config.block_size;
    let config = config
        .into_verified()
        .map_err(|(_, error)| format!("cannot encode FLAC: {error}"))?;
    let wide: Vec<i32> = samples.iter().map(|&sample| i32::from(sample)).collect();
    let source = MemSource::from_samples(&wide, 1, 16, sample_rate_hz as usize);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, block_size)
        .map_err(|error| format!("cannot encode FLAC: {error:?}"))?;
    // The format leaves the last block out of the smallest size, and flacenc does not; decoders then take the frames, which
    // say that they are of one size, for broken ones.
    stream
        .stream_info_mut()
        .set_block_sizes(block_size, block_size)
        .map_err(|error| format!("cannot encode FLAC: {error}"))?;
    let mut sink = ByteSink::new();
    stream
        .write(&mut sink)
        .map_err(|error| format!("cannot encode FLAC: {error:?}"))?;
    Ok(sink.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio_features::decode_recording;

    #[test]
    fn streams_of_any_length_are_decoded_bit_by_bit() {
        for len in [32, 33, 4_095, 4_096, 4_097, 4_111, 4_112, 8_193, 16_000] {
            let samples: Vec<i16> = (0..len)
                .map(|index| {
                    (9_000.0 * (f64::from(index) * 0.05).sin()) as i16 + (index % 7) as i16
                })
                .collect();
            let file = encode(&samples, 16_000).unwrap();
            let read = decode_recording(file, "x.flac", 16_000).unwrap();
            let read: Vec<i16> = read
                .waveform
                .samples
                .iter()
                .map(|sample| (sample * 32_768.0) as i16)
                .collect();
            assert_eq!(read, samples, "{len}");
        }
    }
}
