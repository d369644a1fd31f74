//! Recordings to raw log-mel features. Those of files are computed once and cached on disk; those of packed stores
//! stay in memory while there is room, and are computed whenever they are needed after that, of the crop alone where the
//! front end allows it.

mod files;
mod prepare;
mod raw;
mod stored;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audio_features::{Features, FrontEnd};
use speech_data::Location;

use super::samples::SampleBank;
use crate::TrainError;
use crate::data::content::Content;
use crate::data::kept::KEPT_BYTES;
use crate::data::remarks::Remarks;
use files::FileFeatures;
use stored::StoreFeatures;

pub use prepare::Prepared;
pub use raw::RawFeatures;

/// The raw log-mel features of recordings, from packed stores or from a cache that several processes may share.
pub struct FeatureBank {
    files: Files,
    stores: StoreFeatures,
}

/// Where the features of files come from.
enum Files {
    /// A cache of them.
    Features(Box<FileFeatures>),
    /// Samples that are kept: features are computed whenever they are asked for.
    Samples(Arc<SampleBank>, Box<FrontEnd>),
}

impl FeatureBank {
    /// A bank for the raw log-mel features of `front_end`, those of files kept in `directory`; where that cannot be written,
    /// they are kept in memory while there is room, and [`Self::cache_failure`] says why.
    ///
    /// # Errors
    /// [`TrainError::Features`] for a front end that there cannot be.
    pub fn open(directory: &Path, front_end: FrontEnd) -> Result<Self, TrainError> {
        Ok(Self {
            files: Files::Features(Box::new(FileFeatures::open(directory, front_end.clone())?)),
            stores: StoreFeatures::new(front_end, KEPT_BYTES),
        })
    }

    /// A bank that keeps no features: they are computed from the samples of `samples`.
    pub(crate) fn of_samples(samples: Arc<SampleBank>, front_end: FrontEnd) -> Self {
        Self {
            files: Files::Samples(samples, Box::new(front_end.clone())),
            stores: StoreFeatures::new(front_end, 0),
        }
    }

    /// Why the features of files could not be kept on disk, if they could not: it costs time, never recordings.
    #[must_use]
    pub fn cache_failure(&self) -> Option<&str> {
        match &self.files {
            Files::Features(files) => files.failure(),
            Files::Samples(samples, _) => samples.cache_failure(),
        }
    }

    /// The same, with at most `bytes` of features of stored utterances in memory.
    #[must_use]
    pub fn keeping(mut self, bytes: usize) -> Self {
        self.stores = StoreFeatures::new(self.stores.front_end().clone(), bytes);
        self
    }

    /// The raw log-mel features of one recording, `[frames, bins]`.
    ///
    /// # Errors
    /// [`TrainError::Recording`], [`TrainError::Store`] and [`TrainError::Data`] for one that cannot be decoded,
    /// and [`TrainError::TooShort`] for one without a feature frame.
    pub fn log_mel(&self, location: &Location) -> Result<RawFeatures, TrainError> {
        match self.stores.find(location)? {
            Some(stored) => Ok(RawFeatures::Computed(self.stores.whole(&stored)?)),
            None => self.of_file(location),
        }
    }

    /// What decoding said of files.
    pub(crate) fn remarks(&self) -> &Remarks {
        match &self.files {
            Files::Features(files) => files.remarks(),
            Files::Samples(samples, _) => samples.remarks(),
        }
    }

    /// The content of a recording that was asked for before, and of any utterance of a store.
    pub(crate) fn content(&self, location: &Location) -> Option<Content> {
        if let Ok(Some(stored)) = self.stores.find(location) {
            return StoreFeatures::content(&stored);
        }
        match &self.files {
            Files::Features(files) => files.content(location),
            Files::Samples(samples, _) => samples.content(location),
        }
    }

    fn of_file(&self, location: &Location) -> Result<RawFeatures, TrainError> {
        match &self.files {
            Files::Features(files) => files.get(location),
            Files::Samples(samples, front_end) => {
                let samples = samples.whole(location)?;
                let features = front_end.log_mel(&samples);
                if features.num_frames() == 0 {
                    return Err(TrainError::TooShort {
                        recording: location.to_string(),
                        num_samples: samples.len(),
                    });
                }
                Ok(RawFeatures::Computed(Arc::new(features)))
            }
        }
    }

    /// The frames that `choose` picks, told how many there are: those of [`log_mel`](Self::log_mel), to the bit. Of a
    /// stored utterance that is not in memory only what these frames depend on is decoded; of a file's entry in the cache
    /// only these frames are read.
    ///
    /// # Errors
    /// As [`log_mel`](Self::log_mel).
    pub fn crop(
        &self,
        location: &Location,
        choose: impl FnOnce(usize) -> Range<usize>,
    ) -> Result<Features, TrainError> {
        match self.stores.find(location)? {
            Some(stored) => self.stores.crop(&stored, choose),
            None => {
                let features = self.of_file(location)?;
                Ok(features.frames(choose(features.num_frames())))
            }
        }
    }
}

/// Where features are cached when nothing else is said: the user's cache directory, shared by all runs.
#[must_use]
pub fn default_cache_directory() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    base.join("siamang").join("features")
}
