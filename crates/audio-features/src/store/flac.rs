//! Samples to FLAC, by the crate `flacenc`.

use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use flacenc::source::MemSource;

/// Samples of a FLAC block. The last one may be shorter.
const BLOCK: usize = 4_096;
/// Shorter streams are padded by the format's rules for block sizes, which decoders treat in different ways.
const FEWEST: usize = 16;

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
    let stream = flacenc::encode_with_fixed_block_size(&config, source, block_size)
        .map_err(|error| format!("cannot encode FLAC: {error:?}"))?;
    let mut sink = ByteSink::new();
    stream
        .write(&mut sink)
        .map_err(|error| format!("cannot encode FLAC: {error:?}"))?;
    Ok(sink.as_slice().to_vec())
}
