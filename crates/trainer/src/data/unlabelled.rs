//! Recordings of which nobody knows the speaker: what a batch has of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use pair_sampler::{BatchItem, BatchSampler, SamplerConfig};
use speech_data::Manifest;

use super::teacher::TeacherVectors;
use crate::TrainError;
use crate::config::TrainConfig;
use crate::facts::batch_segments;

/// What tells their draws from those of the labelled ones.
const SEED: u64 = 0x756e_6c61_6265_6c6c;

/// Recordings without labels, and what the teacher makes of them.
pub(crate) struct Unlabelled {
    manifest: Manifest,
    vectors: TeacherVectors,
    share: f64,
    /// By the number of segments that they draw.
    samplers: BTreeMap<usize, BatchSampler>,
}

/// Segments without labels beside so many with one, where they are to be `share` of the batch; at least one.
pub(crate) fn num_unlabelled(num_labelled: usize, share: f64) -> usize {
    let count = num_labelled as f64 * share / (1.0 - share);
    // The cast saturates.
    (count.round() as usize).max(1)
}

impl Unlabelled {
    /// Of a training with `config`: of the recordings of `manifest`, each of which has a speaker of its own there.
    ///
    /// # Errors
    /// [`TrainError::Sampler`] for fewer than two recordings.
    pub(crate) fn new<L>(
        config: &TrainConfig<L>,
        manifest: Manifest,
        vectors: TeacherVectors,
    ) -> Result<Self, TrainError> {
        let share = config.teacher.unwrap_or_default().unlabelled_share;
        let mut samplers = BTreeMap::new();
        for stage in config.all_stages() {
            let segments = num_unlabelled(batch_segments(stage.sampler), share);
            if let Entry::Vacant(free) = samplers.entry(segments) {
                let uniform = SamplerConfig::Uniform { segments };
                let seed = config.seed ^ SEED;
                free.insert(BatchSampler::new(
                    &manifest,
                    uniform,
                    config.crop,
                    None,
                    seed,
                )?);
            }
        }
        Ok(Self {
            manifest,
            vectors,
            share,
            samplers,
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The share of a batch that they are.
    pub(crate) fn share(&self) -> f64 {
        self.share
    }

    /// What the teacher makes of a recording.
    pub(super) fn vector(&self, recording: usize) -> &[f32] {
        self.vectors.of(recording)
    }

    /// What stands behind `num_labelled` segments in the batch of `step`.
    pub(super) fn items(&self, step: u64, num_labelled: usize) -> Vec<BatchItem> {
        let count = num_unlabelled(num_labelled, self.share);
        let Some(sampler) = self.samplers.get(&count) else {
            return Vec::new();
        };
        let per_epoch = sampler.steps_per_epoch().max(1);
        sampler.batch(step / per_epoch, step % per_epoch).items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_one_of_the_whole_batch() {
        for (num_labelled, share, expected) in [
            (64, 0.5, 64),
            (60, 0.25, 20),
            (64, 0.2, 16),
            (10, 0.01, 1),
            (4, 0.9, 36),
        ] {
            assert_eq!(num_unlabelled(num_labelled, share), expected);
        }
    }
}
