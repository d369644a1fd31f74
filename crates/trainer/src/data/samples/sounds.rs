//! The recordings that effects are made of, from the folders that a configuration names.

use std::path::{Path, PathBuf};

use audio_features::read_recording;
use rayon::prelude::*;
use sound_augment::{Clips, SamplesConfig, Sounds};
use speech_data::AudioFiles;

use crate::TrainError;
use crate::data::content::Content;
use crate::data::skipped::Skipped;

/// Bytes of 16-bit samples of a folder that stay in memory: of more, each recording is heard from its beginning as far as its share
/// goes.
const MOST_BYTES: usize = 512 << 20;

/// Seconds that a recording is heard at least, however many there are.
const LEAST_S: usize = 4;

/// What was found in the folders.
#[derive(Default)]
pub(crate) struct LoadedSounds {
    pub(crate) sounds: Sounds,
    /// What cannot be used of it.
    pub(crate) skipped: Vec<Skipped>,
    /// The files, in order: what tells whether they are the same later.
    pub(crate) files: Vec<SoundFile>,
}

/// A file that samples are changed by.
#[derive(Clone, Debug)]
pub(crate) struct SoundFile {
    /// Where it belongs, and its name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) num_bytes: u64,
    /// What is heard of it.
    pub(crate) content: Content,
}

/// Reads the folders of `config` at a rate.
///
/// # Errors
/// [`TrainError::Config`] for a folder in which there is nothing that can be used.
pub(crate) fn load(
    config: &SamplesConfig,
    sample_rate_hz: u32,
) -> Result<LoadedSounds, TrainError> {
    let mut loaded = LoadedSounds::default();
    let folder = |folder: Option<&Option<PathBuf>>| folder.cloned().flatten();
    let room = folder(config.room.as_ref().map(|part| &part.folder));
    let device = folder(config.device.as_ref().map(|part| &part.folder));
    let noise = folder(config.noise.as_ref().map(|part| &part.folder));
    let music = folder(config.music.as_ref().map(|part| &part.folder));
    let babble = folder(config.babble.as_ref().map(|part| &part.folder));
    for (place, folder, take) in [
        ("samples.room.folder", room, Taken::Rooms),
        ("samples.device.folder", device, Taken::Devices),
        ("samples.noise.folder", noise, Taken::Noise),
        ("samples.music.folder", music, Taken::Music),
        ("samples.babble.folder", babble, Taken::Babble),
    ] {
        if let Some(folder) = folder {
            loaded.add(place, &folder, take, sample_rate_hz)?;
        }
    }
    Ok(loaded)
}

/// What the recordings of a folder are.
#[derive(Clone, Copy)]
enum Taken {
    Rooms,
    Devices,
    Noise,
    Music,
    Babble,
}

impl LoadedSounds {
    fn add(
        &mut self,
        place: &str,
        folder: &Path,
        take: Taken,
        sample_rate_hz: u32,
    ) -> Result<(), TrainError> {
        let unusable = |found: String| TrainError::Config {
            place: place.to_owned(),
            found,
            remedy: "name a folder of sound files, or leave it out",
        };
        let found = AudioFiles::below(folder).files;
        if found.is_empty() {
            let what = match folder.is_dir() {
                true => "holds no sound file",
                false => "is no folder",
            };
            return Err(unusable(format!("`{}` {what}", folder.display())));
        }
        let share = MOST_BYTES / size_of::<i16>() / found.len();
        let most = share.max(LEAST_S * sample_rate_hz as usize);
        let read: Vec<_> = found
            .par_iter()
            .map(|file| {
                let recording = read_recording(&file.path, sample_rate_hz)?;
                let mut samples = recording.waveform.samples;
                samples.truncate(most);
                Ok::<_, audio_features::AudioError>(samples)
            })
            .collect();
        let mut num_taken = 0;
        for (file, read) in found.iter().zip(read) {
            let size = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
            let heard = read.as_deref().map_or(&[][..], bytemuck::cast_slice);
            self.files.push(SoundFile {
                name: format!("{place} {}", file.name),
                num_bytes: size,
                content: Content::of(heard),
            });
            let reason = match read {
                Err(error) => error.to_string(),
                Ok(samples) => match self.take(take, samples) {
                    true => {
                        num_taken += 1;
                        continue;
                    }
                    false => "it is silent".to_owned(),
                },
            };
            self.skipped.push(Skipped {
                utterance: file.path.display().to_string(),
                reason,
            });
        }
        if num_taken == 0 {
            let first = self.skipped.last().map(|s| s.reason.as_str());
            return Err(unusable(format!(
                "of the sound files in `{}` none can be used: {}",
                folder.display(),
                first.unwrap_or_default()
            )));
        }
        Ok(())
    }

    fn take(&mut self, take: Taken, samples: Vec<f32>) -> bool {
        let clips: &mut Clips = match take {
            Taken::Rooms | Taken::Devices => {
                let is_heard = samples.iter().any(|&s| s != 0.0);
                let responses = match take {
                    Taken::Rooms => &mut self.sounds.rooms,
                    _ => &mut self.sounds.devices,
                };
                if is_heard {
                    responses.push(samples);
                }
                return is_heard;
            }
            Taken::Noise => &mut self.sounds.noise,
            Taken::Music => &mut self.sounds.music,
            Taken::Babble => &mut self.sounds.babble,
        };
        clips.push(&samples)
    }
}
