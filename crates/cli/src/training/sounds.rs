//! What the samples of training recordings are changed by: folders that the command line names.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args as ClapArgs;
use sound_augment::SamplesConfig;
use trainer::TrainConfig;

use crate::fault::usage;

/// Folders of sounds.
#[derive(ClapArgs, Debug)]
pub(crate) struct SoundArgs {
    /// Change the samples of training recordings, and put some of them into these rooms: a folder of measured impulse responses
    #[arg(long, value_name = "DIR")]
    rooms: Option<PathBuf>,
    /// Change the samples, with noise from this folder behind some of them
    #[arg(long, value_name = "DIR")]
    noise: Option<PathBuf>,
    /// Change the samples, with music from this folder behind some of them
    #[arg(long, value_name = "DIR")]
    music: Option<PathBuf>,
    /// Change the samples, with babble from this folder behind some of them (else babble is made of training recordings)
    #[arg(long, value_name = "DIR")]
    babble: Option<PathBuf>,
    /// Change the samples, some of them through microphones, loudspeakers or radios: a folder of impulse responses
    #[arg(long, value_name = "DIR")]
    devices: Option<PathBuf>,
}

impl SoundArgs {
    fn any(&self) -> bool {
        let folders = [
            &self.rooms,
            &self.noise,
            &self.music,
            &self.babble,
            &self.devices,
        ];
        folders.into_iter().any(Option::is_some)
    }

    /// What is said of a training that one of these flags changes.
    pub(super) fn note(&self) -> Option<String> {
        self.any().then(|| {
            "the samples of training recordings are changed (`[samples]` in the configuration of the run); rooms, channels, noise and \
             gain of `[augment]` give way to that, its masks stay"
                .to_owned()
        })
    }

    /// Sets the folders; a configuration that does not change samples yet gets all that needs no recordings, too.
    pub(super) fn apply(&self, config: &mut TrainConfig) -> Result<()> {
        if !self.any() {
            return Ok(());
        }
        if config.samples.is_none() {
            // What they imitate in mel bands is heard in samples now.
            config.augment = config.augment.take().and_then(|mut augment| {
                (augment.room, augment.channel, augment.noise, augment.gain) =
                    (None, None, None, None);
                (augment != Default::default()).then_some(augment)
            });
        }
        let samples = config.samples.get_or_insert_with(SamplesConfig::usual);
        if let Some(folder) = found(self.rooms.as_deref(), "--rooms")? {
            samples.room.get_or_insert_default().folder = Some(folder);
        }
        if let Some(folder) = found(self.noise.as_deref(), "--noise")? {
            samples.noise.get_or_insert_default().folder = Some(folder);
        }
        if let Some(folder) = found(self.music.as_deref(), "--music")? {
            samples.music.get_or_insert_default().folder = Some(folder);
        }
        if let Some(folder) = found(self.babble.as_deref(), "--babble")? {
            samples.babble.get_or_insert_default().folder = Some(folder);
        }
        if let Some(folder) = found(self.devices.as_deref(), "--devices")? {
            samples.device.get_or_insert_default().folder = Some(folder);
        }
        Ok(())
    }
}

/// The folder that a flag names; it has to be there.
fn found(folder: Option<&Path>, flag: &str) -> Result<Option<PathBuf>> {
    match folder {
        Some(folder) if !folder.is_dir() => Err(usage(
            format!("`{flag} {}` is no folder", folder.display()),
            "name a folder of sound files",
        )),
        folder => Ok(folder.map(Path::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shipped;
    use super::*;

    #[test]
    fn a_folder_switches_the_change_of_samples_on_and_that_of_mel_bands_off() {
        let folder = tempfile::tempdir().unwrap();
        let args = SoundArgs {
            rooms: Some(folder.path().to_owned()),
            noise: None,
            music: None,
            babble: None,
            devices: None,
        };
        let mut config = shipped::config("best").unwrap();
        assert!(config.augment.is_some() && config.samples.is_none());
        args.apply(&mut config).unwrap();
        assert!(config.augment.is_none());
        let samples = config.samples.clone().unwrap();
        assert_eq!(samples.room.unwrap().folder.as_deref(), Some(folder.path()));
        assert!(samples.telephone.is_some() && samples.music.is_none());
        // What a configuration says of samples stays.
        let samples = config.samples.as_mut().unwrap();
        samples.telephone = None;
        args.apply(&mut config).unwrap();
        assert!(config.samples.unwrap().telephone.is_none());
        let args = SoundArgs {
            rooms: Some("nowhere".into()),
            ..args
        };
        assert!(args.apply(&mut shipped::config("best").unwrap()).is_err());
    }
}
