//! Samples as a WAV file.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

/// Full scale of 16 bits.
const SCALE: f32 = 32_768.0;

/// A WAV file of interleaved `samples`: of 16 bits where that changes none of them, of 32-bit floats otherwise.
pub(super) fn wav(
    samples: &[f32],
    sample_rate_hz: u32,
    num_channels: usize,
) -> Result<Vec<u8>, hound::Error> {
    let is_exact = |sample: &f32| (sample * SCALE).fract() == 0.0 && (-1.0..1.0).contains(sample);
    let is_short = samples.iter().all(is_exact);
    let spec = WavSpec {
        channels: num_channels as u16,
        sample_rate: sample_rate_hz,
        bits_per_sample: if is_short { 16 } else { 32 },
        sample_format: if is_short {
            SampleFormat::Int
        } else {
            SampleFormat::Float
        },
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for sample in samples {
        match is_short {
            true => writer.write_sample((sample * SCALE) as i16)?,
            false => writer.write_sample(*sample)?,
        }
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use audio_features::decode_channels;

    use super::*;

    #[test]
    fn samples_come_back_to_the_bit_in_sixteen_bits_where_they_fit_and_in_floats_otherwise() {
        for (samples, codec) in [
            (vec![0.5, -1.0, 32_767.0 / 32_768.0, 0.0], "pcm_s16le"),
            (vec![0.5, 1.0, 0.1, -0.3], "pcm_f32le"),
        ] {
            let file = wav(&samples, 8_000, 2).unwrap();
            let read = decode_channels(file, "x.wav").unwrap();
            assert_eq!(read.samples, samples);
            assert_eq!(read.source.codec, codec);
            assert_eq!(
                (read.source.sample_rate_hz, read.source.num_channels),
                (8_000, 2)
            );
        }
    }
}
