//! Everything that changes the recordings of a training: in samples, and in mel bands.

use audio_features::augment::Augmenter;
use audio_features::{Features, FrontEnd};
use sound_augment::Workspace;
use speech_data::Location;

use super::samples::SampleCrops;
use crate::TrainError;

/// What changes recordings; without either part nothing does.
#[derive(Default)]
pub(crate) struct Changes {
    /// Of mel bands.
    pub(crate) augmenter: Option<Augmenter>,
    /// Of samples.
    pub(crate) samples: Option<SampleCrops>,
}

impl Changes {
    /// Whether any recording is changed.
    pub(crate) fn any(&self) -> bool {
        self.augmenter.is_some() || self.samples.is_some()
    }

    /// Raw log-mel of a whole recording, changed as `seed` says; `features` gives those of the recording as it is.
    ///
    /// # Errors
    /// [`TrainError`] for a recording that cannot be read, and those of `features`.
    pub(crate) fn recording(
        &self,
        location: &Location,
        seed: u64,
        front_end: &FrontEnd,
        features: impl FnOnce() -> Result<Features, TrainError>,
        workspace: &mut Workspace,
    ) -> Result<Features, TrainError> {
        let mut features = match &self.samples {
            Some(samples) => samples.whole(location, seed, front_end, workspace)?,
            None => features()?,
        };
        if let Some(augmenter) = &self.augmenter {
            augmenter.augment(seed, &mut features);
        }
        Ok(features)
    }
}
