//! The recordings that a report lets one hear and see.

use std::collections::BTreeMap;
use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};
use run_report::{Audio, Examination, Sound, Spectrogram};

use super::development::Recordings;
use crate::console::Console;

/// Of each recording, in s.
const LONGEST_S: usize = 4;

impl Recordings {
    /// The beginnings of the recordings of the worst trials, as long as their audio fits into `limit` bytes.
    pub(super) fn sounds(
        &self,
        examination: &Examination,
        limit: usize,
        console: &Console,
    ) -> BTreeMap<usize, Sound> {
        let mut room = limit;
        let mut sounds = BTreeMap::new();
        for index in examination.wanted_sounds() {
            match self.sound(index) {
                Ok(mut sound) => {
                    let size = sound.audio.as_ref().map_or(0, Audio::size);
                    if size > room {
                        sound.audio = None;
                    } else {
                        room -= size;
                    }
                    sounds.insert(index, sound);
                }
                Err(reason) => console.warn(&reason),
            }
        }
        sounds
    }

    fn sound(&self, index: usize) -> Result<Sound, String> {
        let rate_hz = self.front_end.config().sample_rate_hz;
        let recording = self.inputs[index].location.read(rate_hz);
        let recording = recording.map_err(|error| error.explained())?;
        let samples = &recording.waveform.samples;
        let part = &samples[..samples.len().min(LONGEST_S * rate_hz as usize)];
        // What the network gets, before silence is dropped and levels are evened out.
        let seen = self.front_end.log_mel(part);
        let spectrogram = (seen.num_frames() > 0).then(|| Spectrogram {
            values: seen.data().to_vec(),
            num_bins: seen.num_bins(),
        });
        Ok(Sound {
            audio: Some(Audio {
                media_type: "audio/wav".to_owned(),
                bytes: wav(part, rate_hz).map_err(|error| error.to_string())?,
                is_cut: part.len() < samples.len(),
            }),
            spectrogram,
        })
    }
}

/// A WAV file of 16 bits, which every browser plays.
fn wav(samples: &[f32], sample_rate: u32) -> Result<Vec<u8>, hound::Error> {
    let spec = WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for sample in samples {
        writer.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audio_is_a_wav_file_of_the_samples() {
        let samples = [0.0, 0.5, -1.0, 2.0];
        let recording =
            audio_features::decode_recording(wav(&samples, 16_000).unwrap(), "x.wav", 16_000)
                .unwrap();
        let read = recording.waveform.samples;
        assert_eq!(read.len(), 4);
        for (read, expected) in read.iter().zip([0.0, 0.5, -1.0, 1.0]) {
            assert!((read - expected).abs() < 1e-4, "{read} for {expected}");
        }
    }
}
