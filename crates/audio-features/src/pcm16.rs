//! Mono samples of 16 bits without a container, as a packed store keeps them.

use crate::decode::Decoded;
use crate::error::AudioError;
use crate::levels::LevelMeter;
use crate::recording::{Recording, at_rate};
use crate::source::Source;

/// The largest sample of 16 bits, full scale being 1.
const LARGEST: f32 = 32_767.0 / 32_768.0;

/// Appends the samples of little-endian 16-bit `bytes` to `out`, full scale being 1.
pub fn pcm16_samples(bytes: &[u8], out: &mut Vec<f32>) {
    let samples = bytes.chunks_exact(2);
    out.extend(samples.map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0));
}

/// The recording whose samples are little-endian 16-bit `bytes` at `from_hz`, brought to `sample_rate_hz`: what
/// [`decode_recording`](crate::decode_recording) gives for a WAV file of them. `name` stands for it in messages.
///
/// # Errors
/// [`AudioError`] for a rate that cannot be resampled from or to.
pub fn pcm16_recording(
    bytes: &[u8],
    from_hz: u32,
    name: &str,
    sample_rate_hz: u32,
) -> Result<Recording, AudioError> {
    let mut samples = Vec::with_capacity(bytes.len() / 2);
    pcm16_samples(bytes, &mut samples);
    let mut levels = LevelMeter::new(1, LARGEST);
    levels.pass(&mut samples);
    let decoded = Decoded {
        source: Source {
            codec: "pcm_s16le".to_owned(),
            sample_rate_hz: from_hz,
            num_channels: 1,
            num_frames: samples.len() as u64,
        },
        warnings: levels.warnings(from_hz),
        is_cut_short: false,
    };
    at_rate(samples, decoded, name, sample_rate_hz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AudioWarning;

    #[test]
    fn bytes_without_a_container_are_the_recording_of_their_wav_file() {
        let samples: Vec<i16> = (0..4_000)
            .map(|i| (i * 37 % 20_000 - 10_000) as i16)
            .collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        samples
            .iter()
            .for_each(|s| writer.write_sample(*s).unwrap());
        writer.finalize().unwrap();
        for rate in [16_000, 8_000] {
            let raw = pcm16_recording(&bytes, 16_000, "x", rate).unwrap();
            let read = crate::decode_recording(file.get_ref().clone(), "x", rate).unwrap();
            assert_eq!(raw.waveform, read.waveform, "{rate}");
        }
        let silent = pcm16_recording(&[0; 400], 16_000, "x", 16_000).unwrap();
        assert!(matches!(
            silent.warnings[..],
            [AudioWarning::DigitalSilence { .. }]
        ));
    }
}
