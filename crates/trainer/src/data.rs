//! Recordings to raw log-mel features, once: decoded, cached on disk, memory-mapped afterwards.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use audio_features::{CachedFeatures, FeatureCache, FrontEnd, decode_recording};
use pair_sampler::Manifest;
use rayon::prelude::*;

use crate::TrainError;

/// The raw log-mel features of recordings, from a cache that several processes may share.
pub struct FeatureBank {
    cache: FeatureCache,
    front_end: FrontEnd,
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
        })
    }

    /// The raw log-mel features of one recording, `[frames, bins]`.
    ///
    /// # Errors
    /// [`TrainError::Recording`] for one that cannot be decoded, [`TrainError::TooShort`] for one without a
    /// feature frame, [`TrainError::Io`] and [`TrainError::Features`] where file or cache cannot be used.
    pub fn log_mel(&self, path: &Path) -> Result<CachedFeatures, TrainError> {
        let audio = std::fs::read(path).map_err(TrainError::io(path))?;
        self.cache.get_or_compute(&audio, || {
            let rate = self.front_end.config().sample_rate_hz;
            let name = path.display().to_string();
            let recording = decode_recording(audio.clone(), &name, rate)?;
            let features = self.front_end.log_mel(&recording.waveform.samples);
            if features.num_frames() == 0 {
                return Err(TrainError::TooShort {
                    path: path.to_owned(),
                    num_samples: recording.waveform.samples.len(),
                });
            }
            Ok(features)
        })
    }

    /// Fills the cache with the recordings of `manifest` on all cores and gives the manifest of those that
    /// can be used, the others, and the mean of all frames. `progress` is told how many are done.
    #[must_use]
    pub fn prepare(&self, manifest: &Manifest, progress: &(dyn Fn(usize) + Sync)) -> Prepared {
        let done = AtomicUsize::new(0);
        let outcomes: Vec<Result<Sums, TrainError>> = manifest
            .utterances
            .par_iter()
            .map(|utterance| {
                let sums = self
                    .log_mel(&utterance.path)
                    .map(|features| Sums::of(&features));
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
    fn of(features: &CachedFeatures) -> Self {
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
        self.values.resize(other.values.len(), 0.0);
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
