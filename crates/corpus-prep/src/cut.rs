//! Parts of recordings as recordings of their own.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use audio_features::{ChannelSamples, read_channels};
use hound::{SampleFormat, WavSpec, WavWriter};

/// Decoded recordings that are kept: neighbours in a list are mostly parts of one.
const KEPT: usize = 4;

/// Cuts parts out of recordings.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    kept: Mutex<Vec<(PathBuf, Arc<ChannelSamples>)>>,
}

impl Cutter {
    /// The part between two times, in s, as a WAV file with the samples, rate and channels of the recording: 16 bits
    /// where that changes none of them, 32-bit floats otherwise. A part that runs past the end by up to 50 ms, as
    /// rounded times do, ends there. An error is a sentence.
    pub(crate) fn cut(&self, path: &Path, start_s: f64, end_s: f64) -> Result<Vec<u8>, String> {
        let recording = self.recording(path)?;
        let source = &recording.source;
        let frame = |time_s: f64| (time_s * f64::from(source.sample_rate_hz)).round() as usize;
        let num_frames = recording.samples.len() / source.num_channels;
        let (start, end) = (frame(start_s), frame(end_s).min(num_frames));
        if start >= end || frame(end_s - 0.05) > num_frames {
            return Err(format!(
                "the segment from {start_s} to {end_s} s does not lie in `{}`, which has {:.3} s",
                path.display(),
                num_frames as f64 / f64::from(source.sample_rate_hz)
            ));
        }
        let samples = &recording.samples[start * source.num_channels..end * source.num_channels];
        wav(samples, source.sample_rate_hz, source.num_channels).map_err(|error| error.to_string())
    }

    fn recording(&self, path: &Path) -> Result<Arc<ChannelSamples>, String> {
        let lock = || self.kept.lock().map_err(|error| error.to_string());
        let known = lock()?
            .iter()
            .find(|(kept, _)| kept == path)
            .map(|(_, known)| Arc::clone(known));
        if let Some(known) = known {
            return Ok(known);
        }
        let decoded = Arc::new(read_channels(path).map_err(|error| error.explained())?);
        let mut kept = lock()?;
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((path.to_owned(), Arc::clone(&decoded)));
        Ok(decoded)
    }
}

fn wav(samples: &[f32], sample_rate: u32, num_channels: usize) -> Result<Vec<u8>, hound::Error> {
    const SCALE: f32 = 32_768.0;
    let is_exact = |sample: &f32| (sample * SCALE).fract() == 0.0 && (-1.0..1.0).contains(sample);
    let is_short = samples.iter().all(is_exact);
    let spec = WavSpec {
        channels: num_channels as u16,
        sample_rate,
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
