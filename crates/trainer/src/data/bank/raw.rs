//! Raw log-mel features, wherever they lie.

use std::ops::{Deref, Range};
use std::sync::Arc;

use audio_features::{CachedFeatures, Features};

/// Raw log-mel features; dereferences to the values, `[frames, bins]` row-major.
pub enum RawFeatures {
    /// From the cache of a file.
    Cached(CachedFeatures),
    /// Computed from a store, or from a file where the cache cannot be written.
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
    pub(super) fn frames(&self, frames: Range<usize>) -> Features {
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
