//! The recordings that a report lets one hear and see.

use std::collections::BTreeMap;

use run_report::{Audio, Examination, Sound, Spectrogram};

use super::development::Recordings;
use crate::console::Console;
use crate::engine::decode;

/// Of each recording, in s.
const LONGEST_S: usize = 4;
/// Samples per second of what is heard, in Hz.
const RATE_HZ: u32 = 16_000;

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
        let recording = decode(&self.inputs[index], RATE_HZ)?;
        let samples = &recording.waveform.samples;
        let part = &samples[..samples.len().min(LONGEST_S * RATE_HZ as usize)];
        let rate = self.front_end.config().sample_rate_hz;
        // What the network gets, before silence is dropped and levels are evened out.
        let seen = if rate == RATE_HZ {
            self.front_end.log_mel(part)
        } else {
            let recording = decode(&self.inputs[index], rate)?;
            let samples = &recording.waveform.samples;
            self.front_end
                .log_mel(&samples[..samples.len().min(LONGEST_S * rate as usize)])
        };
        let spectrogram = (seen.num_frames() > 0).then(|| Spectrogram {
            values: seen.data().to_vec(),
            num_bins: seen.num_bins(),
        });
        Ok(Sound {
            audio: Some(Audio {
                media_type: "audio/wav".to_owned(),
                bytes: wav(part),
                is_cut: part.len() < samples.len(),
            }),
            spectrogram,
        })
    }
}

/// A WAV file of 16 bits, which every browser plays.
fn wav(samples: &[f32]) -> Vec<u8> {
    let data_bytes = 2 * samples.len() as u32;
    let mut file = Vec::with_capacity(44 + data_bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + data_bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    file.extend([RATE_HZ, 2 * RATE_HZ].map(u32::to_le_bytes).concat());
    file.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(data_bytes.to_le_bytes());
    let sample = |sample: &f32| (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
    file.extend(samples.iter().flat_map(|value| sample(value).to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audio_is_a_wav_file_of_the_samples() {
        let samples = [0.0, 0.5, -1.0, 2.0];
        let recording = audio_features::decode_recording(wav(&samples), "x.wav", RATE_HZ).unwrap();
        let read = recording.waveform.samples;
        assert_eq!(read.len(), 4);
        for (read, expected) in read.iter().zip([0.0, 0.5, -1.0, 1.0]) {
            assert!((read - expected).abs() < 1e-4, "{read} for {expected}");
        }
    }
}
