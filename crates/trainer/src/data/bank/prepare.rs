//! The recordings of a training before its first step: which can be used, and the mean of their frames.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use speech_data::Manifest;

use super::FeatureBank;
use super::raw::RawFeatures;
use crate::TrainError;
use crate::data::print::Print;
use crate::data::skipped::Skipped;

/// Utterances of a store that the mean of all frames is taken over, if there are more; they are spread evenly.
const SUMMED_UTTERANCES: usize = 20_000;

impl FeatureBank {
    /// Fills the cache with the recordings of `manifest` on all cores and gives the manifest of those that
    /// can be used, the others, and the mean of all frames. Utterances of a store are told by their lengths, and of a
    /// large store every n-th is in the mean. `progress` is told how many are done, and says whether to go on.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] where `progress` says no; what was made until then lies in the cache.
    pub fn prepare(
        &self,
        manifest: &Manifest,
        progress: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Prepared, TrainError> {
        let done = AtomicUsize::new(0);
        let stride = manifest.utterances.len().div_ceil(SUMMED_UTTERANCES).max(1);
        let outcomes: Option<Vec<Result<Looked, TrainError>>> = manifest
            .utterances
            .par_iter()
            .enumerate()
            .map(|(number, utterance)| {
                let location = &utterance.location;
                let sums = match self.stores.find(location) {
                    Err(error) => Err(error.into()),
                    Ok(Some(stored)) if number % stride != 0 => {
                        let num_frames = self.stores.num_frames(&stored);
                        num_frames.map(|num_frames| (Sums::default(), num_frames, None))
                    }
                    Ok(_) => self.log_mel(location).map(|features| {
                        let num_frames = features.num_frames();
                        let print = Print::of(&features, features.num_bins());
                        (self.sums(features), num_frames, print)
                    }),
                };
                progress(done.fetch_add(1, Ordering::Relaxed) + 1).then_some(sums)
            })
            .collect();
        let outcomes = outcomes.ok_or(TrainError::Interrupted)?;
        let mut usable = Vec::with_capacity(manifest.utterances.len());
        let mut skipped = Vec::new();
        let mut total = Sums::default();
        let mut lengths = Vec::with_capacity(manifest.utterances.len());
        let mut prints = Vec::with_capacity(manifest.utterances.len());
        for (utterance, outcome) in manifest.utterances.iter().zip(outcomes) {
            match outcome {
                Ok((sums, num_frames, print)) => {
                    total.add(&sums);
                    lengths.push(num_frames);
                    prints.push(print);
                    usable.push(utterance.clone());
                }
                Err(reason) => skipped.push(Skipped {
                    utterance: utterance.id.clone(),
                    reason: reason.to_string(),
                }),
            }
        }
        let frames = total.num_kept.max(1) as f64;
        Ok(Prepared {
            manifest: manifest.with_utterances(usable),
            skipped,
            mean_frame: total.values.iter().map(|v| (v / frames) as f32).collect(),
            num_frames: total.num_frames,
            lengths,
            prints,
        })
    }

    /// Sums over the frames that the network will see, as they are before the mean is subtracted.
    fn sums(&self, features: RawFeatures) -> Sums {
        let front_end = self.stores.front_end();
        if !front_end.shapes() {
            return Sums::of(&features, features.num_bins());
        }
        let mut features = features.into_features();
        let num_frames = features.num_frames() as u64;
        front_end.shape(&mut features);
        Sums {
            num_frames,
            ..Sums::of(features.data(), features.num_bins())
        }
    }
}

/// What is kept of one recording: the sums over its frames, how many it has, and what it is known again by.
type Looked = (Sums, usize, Option<Print>);

/// What [`FeatureBank::prepare`] found.
#[derive(Debug)]
pub struct Prepared {
    /// The usable recordings.
    pub manifest: Manifest,
    /// The others.
    pub skipped: Vec<Skipped>,
    /// Mean of all frames of the usable recordings that the network will see, `[bins]`.
    pub mean_frame: Vec<f32>,
    /// Number of frames of the recordings that were looked at, those without speech included.
    pub num_frames: u64,
    /// Frames of each usable recording.
    pub lengths: Vec<usize>,
    /// What each of them is known again by; none of those that were not read, and of silence.
    pub(crate) prints: Vec<Option<Print>>,
}

#[derive(Default)]
struct Sums {
    values: Vec<f64>,
    /// Frames of the recordings, and how many of them are in the sums.
    num_frames: u64,
    num_kept: u64,
}

impl Sums {
    /// Of row-major `values`, `[frames, bins]`.
    fn of(values: &[f32], num_bins: usize) -> Self {
        let mut sums = Self::default();
        for frame in values.chunks_exact(num_bins.max(1)) {
            sums.values.resize(frame.len(), 0.0);
            sums.values
                .iter_mut()
                .zip(frame)
                .for_each(|(sum, &v)| *sum += f64::from(v));
            sums.num_kept += 1;
        }
        sums.num_frames = sums.num_kept;
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
        self.num_kept += other.num_kept;
    }
}
