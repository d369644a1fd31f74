//! Recordings to raw log-mel features. Those of files are computed once and cached on disk, those of packed stores
//! stay in memory while there is room, and are computed whenever they are needed after that.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use audio_features::{CachedFeatures, FeatureCache, Features, FrontEnd, decode_recording};
use rayon::prelude::*;
use speech_data::store::{Store, StoreError};
use speech_data::{Holder, Location, Manifest, Reader};

use crate::TrainError;

/// Utterances of a store that the mean of all frames is taken over, if there are more; they are spread evenly.
const SUMMED_UTTERANCES: usize = 20_000;

/// Bytes of features of stored utterances that stay in memory. A corpus that fits is decoded once; of a larger one, what
/// came first stays, and the rest is decoded for every crop.
const KEPT_BYTES: usize = 1 << 30;

/// A store that is read from, and the features that are kept of it.
struct Opened {
    store: Arc<Store>,
    /// By the number of the utterance.
    kept: Vec<OnceLock<Arc<Features>>>,
}

/// The raw log-mel features of recordings, from packed stores or from a cache that several processes may share.
pub struct FeatureBank {
    cache: FeatureCache,
    front_end: FrontEnd,
    reader: Reader,
    stores: RwLock<Vec<Arc<Opened>>>,
    /// Bytes that may still be kept.
    room: AtomicUsize,
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

    /// The features in memory, to be changed or kept.
    #[must_use]
    pub fn into_features(self) -> Features {
        match self {
            Self::Cached(features) => features.to_features(),
            Self::Computed(features) => Arc::unwrap_or_clone(features),
        }
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

/// A recording that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The utterance's id.
    pub utterance: String,
    /// The decoder's message.
    pub reason: String,
}

impl FeatureBank {
    /// A bank for the raw log-mel features of `front_end`, kept in `directory`.
    ///
    /// # Errors
    /// [`TrainError::Features`] where the directory cannot be used.
    pub fn open(directory: &Path, front_end: FrontEnd) -> Result<Self, TrainError> {
        Ok(Self {
            cache: FeatureCache::open(directory, front_end.config())?,
            front_end,
            reader: Reader::default(),
            stores: RwLock::default(),
            room: AtomicUsize::new(KEPT_BYTES),
        })
    }

    /// What is kept of a store, and the number of an utterance that is all there; `None` for recordings elsewhere.
    ///
    /// # Errors
    /// [`StoreError::NoSuchName`] for an utterance that is not in its store.
    fn stored(&self, location: &Location) -> Result<Option<(Arc<Opened>, usize)>, TrainError> {
        let Holder::Stored { store, name } = location.holder() else {
            return Ok(None);
        };
        if !location.is_whole() {
            return Ok(None);
        }
        let index = store.find(name).ok_or_else(|| StoreError::NoSuchName {
            path: store.path().to_owned(),
            name: name.clone(),
        })?;
        Ok(Some((self.opened(store), index)))
    }

    fn opened(&self, store: &Arc<Store>) -> Arc<Opened> {
        let find = |all: &[Arc<Opened>]| {
            let found = all.iter().find(|one| one.store.path() == store.path());
            found.map(Arc::clone)
        };
        let known = find(&self.stores.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(known) = known {
            return known;
        }
        let mut all = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been as quick.
        if let Some(known) = find(&all) {
            return known;
        }
        let new = Arc::new(Opened {
            store: Arc::clone(store),
            kept: (0..store.len()).map(|_| OnceLock::new()).collect(),
        });
        all.push(Arc::clone(&new));
        new
    }

    /// The features of an utterance of a store, kept in memory as long as there is room.
    fn of_store(
        &self,
        opened: &Opened,
        index: usize,
        location: &Location,
    ) -> Result<Arc<Features>, TrainError> {
        let kept = &opened.kept[index];
        if let Some(features) = kept.get() {
            return Ok(Arc::clone(features));
        }
        let rate = self.front_end.config().sample_rate_hz;
        let samples = opened.store.recording(index, rate)?.waveform.samples;
        let features = self.front_end.log_mel(&samples);
        if features.num_frames() == 0 {
            return Err(TrainError::TooShort {
                recording: location.to_string(),
                num_samples: samples.len(),
            });
        }
        let features = Arc::new(features);
        let bytes = size_of_val(features.data());
        let take = |room: usize| room.checked_sub(bytes);
        let order = Ordering::Relaxed;
        if self.room.fetch_update(order, order, take).is_ok() {
            // Another thread may have been as quick; its features are the same.
            let _ = kept.set(Arc::clone(&features));
        }
        Ok(features)
    }

    /// The raw log-mel features of one recording, `[frames, bins]`.
    ///
    /// # Errors
    /// [`TrainError::Recording`] for one that cannot be decoded, [`TrainError::TooShort`] for one without a
    /// feature frame, [`TrainError::Io`] and [`TrainError::Features`] where file or cache cannot be used.
    pub fn log_mel(&self, location: &Location) -> Result<RawFeatures, TrainError> {
        if let Some((opened, index)) = self.stored(location)? {
            let features = self.of_store(&opened, index, location)?;
            return Ok(RawFeatures::Computed(features));
        }
        let audio = match location.file().filter(|_| location.is_whole()) {
            Some(path) => std::fs::read(path).map_err(TrainError::io(path))?,
            None => self.reader.part(location)?,
        };
        let cached = self.cache.get_or_compute(&audio, || {
            let rate = self.front_end.config().sample_rate_hz;
            let recording = decode_recording(audio.clone(), &location.to_string(), rate)?;
            let features = self.front_end.log_mel(&recording.waveform.samples);
            if features.num_frames() == 0 {
                return Err(TrainError::TooShort {
                    recording: location.to_string(),
                    num_samples: recording.waveform.samples.len(),
                });
            }
            Ok::<_, TrainError>(features)
        })?;
        Ok(RawFeatures::Cached(cached))
    }

    /// Whether an utterance of a store has a feature frame, told by its length alone.
    fn check(&self, store: &Store, index: usize, location: &Location) -> Result<(), TrainError> {
        let entry = store.entry(index)?;
        let rate = u64::from(self.front_end.config().sample_rate_hz);
        let at_rate = entry.num_samples * rate / u64::from(entry.sample_rate_hz.max(1));
        let num_samples = usize::try_from(at_rate).unwrap_or(usize::MAX);
        match self.front_end.log_mel_stage().num_frames(num_samples) {
            0 => Err(TrainError::TooShort {
                recording: location.to_string(),
                num_samples,
            }),
            _ => Ok(()),
        }
    }

    /// Fills the cache with the recordings of `manifest` on all cores and gives the manifest of those that
    /// can be used, the others, and the mean of all frames. Utterances of a store are told by their lengths, and of a
    /// large store every n-th is in the mean. `progress` is told how many are done.
    #[must_use]
    pub fn prepare(&self, manifest: &Manifest, progress: &(dyn Fn(usize) + Sync)) -> Prepared {
        let done = AtomicUsize::new(0);
        let stride = manifest.utterances.len().div_ceil(SUMMED_UTTERANCES).max(1);
        let outcomes: Vec<Result<Sums, TrainError>> = manifest
            .utterances
            .par_iter()
            .enumerate()
            .map(|(number, utterance)| {
                let location = &utterance.location;
                let sums = match self.stored(location) {
                    Err(error) => Err(error),
                    Ok(Some((opened, index))) if number % stride != 0 => self
                        .check(&opened.store, index, location)
                        .map(|()| Sums::default()),
                    Ok(_) => self.log_mel(location).map(|features| Sums::of(&features)),
                };
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                sums
            })
            .collect();
        let mut usable = Vec::with_capacity(manifest.utterances.len());
        let mut skipped = Vec::new();
        let mut total = Sums::default();
        for (utterance, outcome) in manifest.utterances.iter().zip(outcomes) {
            match outcome {
                Ok(sums) => {
                    total.add(&sums);
                    usable.push(utterance.clone());
                }
                Err(reason) => skipped.push(Skipped {
                    utterance: utterance.id.clone(),
                    reason: reason.to_string(),
                }),
            }
        }
        let frames = total.num_frames.max(1) as f64;
        Prepared {
            manifest: Manifest::new(&manifest.root, usable),
            skipped,
            mean_frame: total.values.iter().map(|v| (v / frames) as f32).collect(),
            num_frames: total.num_frames,
        }
    }
}

/// What [`FeatureBank::prepare`] found.
#[derive(Debug)]
pub struct Prepared {
    /// The usable recordings.
    pub manifest: Manifest,
    /// The others.
    pub skipped: Vec<Skipped>,
    /// Mean of all frames of the usable recordings, `[bins]`.
    pub mean_frame: Vec<f32>,
    /// Number of those frames.
    pub num_frames: u64,
}

#[derive(Default)]
struct Sums {
    values: Vec<f64>,
    num_frames: u64,
}

impl Sums {
    fn of(features: &RawFeatures) -> Self {
        let mut sums = Self::default();
        for frame in features.chunks_exact(features.num_bins()) {
            sums.values.resize(frame.len(), 0.0);
            sums.values
                .iter_mut()
                .zip(frame)
                .for_each(|(sum, &v)| *sum += f64::from(v));
            sums.num_frames += 1;
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        let len = self.values.len().max(other.values.len());
        self.values.resize(len, 0.0);
        self.values
            .iter_mut()
            .zip(&other.values)
            .for_each(|(a, b)| *a += b);
        self.num_frames += other.num_frames;
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
