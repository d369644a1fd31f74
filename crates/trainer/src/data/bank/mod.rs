//! Recordings to raw log-mel features. Those of files are computed once and cached on disk; those of packed stores
//! stay in memory while there is room, and are computed whenever they are needed after that, of the crop alone where the
//! front end allows it.

mod files;
mod prepare;
mod stored;

use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audio_features::{CachedFeatures, Features, FrontEnd};
use speech_data::Location;

use crate::TrainError;
use files::FileFeatures;
use stored::StoreFeatures;

pub use prepare::{Prepared, Skipped};

/// The raw log-mel features of recordings, from packed stores or from a cache that several processes may share.
pub struct FeatureBank {
    files: FileFeatures,
    stores: StoreFeatures,
}

/// Raw log-mel features; dereferences to the values, `[frames, bins]` row-major.
pub enum RawFeatures {
    /// From the cache of a file.
    Cached(CachedFeatures),
    /// Computed from a store.
    Computed(Arc<Features>),
}

impl RawFeatures {
    /// Number of bins (columns).
    #[must_use]
    pub fn num_bins(&self) -> usize {
        match self {
            Self::Cached(features) => features.num_bins(),
            Self::Computed(features) => features.num_bins(),
        }
    }

    /// Number of frames (rows).
    #[must_use]
    pub fn num_frames(&self) -> usize {
        match self {
            Self::Cached(features) => features.num_frames(),
            Self::Computed(features) => features.num_frames(),
        }
    }

    /// The features in memory, to be changed or kept.
    #[must_use]
    pub fn into_features(self) -> Features {
        match self {
            Self::Cached(features) => features.to_features(),
            Self::Computed(features) => Arc::unwrap_or_clone(features),
        }
    }

    /// Some frames in memory; those that there are not are left out.
    fn frames(&self, frames: Range<usize>) -> Features {
        let (bins, end) = (self.num_bins(), frames.end.min(self.num_frames()));
        let values = &self[frames.start.min(end) * bins..end * bins];
        Features::new(values.to_vec(), bins)
    }
}

impl Deref for RawFeatures {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Cached(features) => features,
            Self::Computed(features) => features.data(),
        }
    }
}

impl FeatureBank {
    /// A bank for the raw log-mel features of `front_end`, those of files kept in `directory`.
    ///
    /// # Errors
    /// [`TrainError::Features`] where the directory cannot be used.
    pub fn open(directory: &Path, front_end: FrontEnd) -> Result<Self, TrainError> {
        Ok(Self {
            files: FileFeatures::open(directory, front_end.clone())?,
            stores: StoreFeatures::new(front_end, stored::KEPT_BYTES),
        })
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
    /// [`TrainError::TooShort`] for one without a feature frame, and [`TrainError::Features`] where the cache cannot be
    /// used.
    pub fn log_mel(&self, location: &Location) -> Result<RawFeatures, TrainError> {
        match self.stores.find(location)? {
            Some(stored) => Ok(RawFeatures::Computed(self.stores.whole(&stored)?)),
            None => Ok(RawFeatures::Cached(self.files.get(location)?)),
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
                let features = RawFeatures::Cached(self.files.get(location)?);
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
