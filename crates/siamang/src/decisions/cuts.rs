//! Short cuts of recordings, so that a calibration knows what little speech is worth.

use std::io::Cursor;

use rayon::prelude::*;
use speech_data::Location;

use crate::error::Error;
use crate::recordings::Input;

/// From the shortest to the longest cut, in s.
const CUT_S: [f64; 2] = [0.4, 1.5];

/// The loudest stretch of each recording, of 0.4 to 1.5 s: how long is drawn from the recording's name, so that it is the same every
/// time. Shorter recordings stay as they are, and those that cannot be read are none of them: embedding the whole ones names them.
#[must_use]
pub fn loud_cuts(inputs: &[Input], sample_rate_hz: u32) -> Vec<Input> {
    let cuts = inputs
        .par_iter()
        .map(|input| loud_cut(input, sample_rate_hz));
    cuts.filter_map(Result::ok).collect()
}

fn loud_cut(input: &Input, sample_rate_hz: u32) -> Result<Input, Error> {
    let recording = input.location.read(sample_rate_hz)?;
    let samples = &recording.waveform.samples;
    let length = (cut_s(&input.id) * f64::from(sample_rate_hz)) as usize;
    let start = loudest(samples, length);
    let end = (start + length).min(samples.len());
    let bytes = wav(&samples[start..end], sample_rate_hz)?;
    Ok(Input {
        location: Location::memory(&input.id, bytes),
        ..input.clone()
    })
}

/// How long the cut of a recording of this name is, in s, the logarithm evenly distributed.
fn cut_s(id: &str) -> f64 {
    let hash = blake3::hash(id.as_bytes());
    let bytes: [u8; 8] = hash.as_bytes()[..8].try_into().unwrap_or_default();
    let share = u64::from_le_bytes(bytes) as f64 / u64::MAX as f64;
    let [shortest, longest] = CUT_S;
    shortest * (longest / shortest).powf(share)
}

/// Where the `length` samples with the most energy begin, the first of several.
fn loudest(samples: &[f32], length: usize) -> usize {
    let energy = |sample: f32| f64::from(sample).powi(2);
    if samples.len() <= length {
        return 0;
    }
    let mut inside: f64 = samples[..length].iter().copied().map(energy).sum();
    let (mut most, mut best) = (inside, 0);
    for (start, (&out, &into)) in samples.iter().zip(&samples[length..]).enumerate() {
        inside += energy(into) - energy(out);
        if inside > most {
            (most, best) = (inside, start + 1);
        }
    }
    best
}

fn wav(samples: &[f32], sample_rate_hz: u32) -> Result<Vec<u8>, Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sample_rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut bytes = Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for &sample in samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    });
    written.map_err(|_| Error::Defect("samples in memory could not be written as a WAV"))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_stretch_is_found_and_lengths_are_those_of_names() {
        let mut samples = vec![0.01_f32; 1000];
        samples[600..700].fill(0.5);
        assert_eq!(loudest(&samples, 100), 600);
        assert_eq!(loudest(&samples, 2000), 0);
        let lengths: Vec<f64> = (0..200).map(|id| cut_s(&format!("{id}.wav"))).collect();
        assert!(
            lengths
                .iter()
                .all(|length| (CUT_S[0]..=CUT_S[1]).contains(length))
        );
        let below = lengths.iter().filter(|&&length| length < 0.775).count();
        assert!((70..=130).contains(&below), "{below}");
    }
}
