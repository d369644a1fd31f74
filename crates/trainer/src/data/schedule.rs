//! Which batch a step has: what is drawn, of which length, and whether it is changed.

use pair_sampler::{BatchPlan, BatchSampler};
use speech_data::Manifest;

use crate::TrainError;
use crate::config::{Stage, TrainConfig};

/// The batches of all stages of a training; a pure function of the step.
#[derive(Debug)]
pub struct BatchSchedule {
    seed: u64,
    augment_from_step: u64,
    repeats_short: bool,
    /// Each with the number of its sampler.
    stages: Vec<(Stage, usize)>,
    /// Stages that draw alike share one.
    samplers: Vec<BatchSampler>,
}

/// What the batch of a step is made of.
#[derive(Debug)]
pub(crate) struct StepPlan {
    pub(crate) items: BatchPlan,
    /// Frames of its segments.
    pub(crate) crop_frames: usize,
    /// Whether recordings are changed.
    pub(crate) is_changed: bool,
    /// Whether a recording that is shorter than a segment is repeated to its length.
    pub(crate) repeats_short: bool,
}

impl BatchSchedule {
    /// Of a training with `config` on the recordings of `manifest`.
    ///
    /// # Errors
    /// [`TrainError::Sampler`] where they do not have the speakers or pairs that a batch needs.
    pub fn new<L>(config: &TrainConfig<L>, manifest: &Manifest) -> Result<Self, TrainError> {
        let mut samplers = Vec::new();
        let mut configs = Vec::new();
        let mut stages = Vec::new();
        for stage in config.all_stages() {
            let known = configs.iter().position(|&known| known == stage.sampler);
            if known.is_none() {
                configs.push(stage.sampler);
                samplers.push(BatchSampler::new(
                    manifest,
                    stage.sampler,
                    config.crop,
                    config.group_by.clone(),
                    config.seed,
                )?);
            }
            stages.push((stage, known.unwrap_or(samplers.len() - 1)));
        }
        Ok(Self {
            seed: config.seed,
            augment_from_step: config.augment_from_step,
            repeats_short: config.encoder.wants_equal_lengths(),
            stages,
            samplers,
        })
    }

    /// What draws the first batches.
    pub(crate) fn sampler(&self) -> &BatchSampler {
        &self.samplers[0]
    }

    /// What the batch of `step` is made of.
    pub(crate) fn at(&self, step: u64) -> StepPlan {
        let (stage, items) = self.draw(step);
        StepPlan {
            items,
            crop_frames: stage.crop_frames.of_step(self.seed, step),
            is_changed: stage.is_changed && step >= self.augment_from_step,
            repeats_short: self.repeats_short,
        }
    }

    /// Which utterances the batch of `step` has.
    pub(crate) fn plan(&self, step: u64) -> BatchPlan {
        self.draw(step).1
    }

    fn draw(&self, step: u64) -> (&Stage, BatchPlan) {
        // The first stage begins with step 0.
        let begun = self.stages.partition_point(|(stage, _)| stage.from <= step);
        let (stage, sampler) = &self.stages[begun.max(1) - 1];
        let sampler = &self.samplers[*sampler];
        let per_epoch = sampler.steps_per_epoch().max(1);
        (stage, sampler.batch(step / per_epoch, step % per_epoch))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use pair_sampler::SamplerConfig;
    use speech_data::Utterance;

    use super::*;
    use crate::config::{CropFrames, StageConfig, StageStart};

    #[test]
    fn batches_are_those_of_their_stage() {
        let utterances = (0..40).map(|i| {
            let id = format!("s{}/{i}", i % 8);
            Utterance::new(id.clone(), format!("{id}.wav"), format!("s{}", i % 8))
        });
        let manifest = Manifest::new("corpus", utterances.collect());
        let stage = |from, crop_frames, speakers, augment| StageConfig {
            from,
            crop_frames,
            speakers,
            segments: None,
            augment,
        };
        let config = TrainConfig {
            max_steps: 100,
            sampler: SamplerConfig::Pk {
                speakers: 4,
                segments: 3,
            },
            augment_from_step: 10,
            stages: vec![
                stage(
                    StageStart::Step(40),
                    Some(CropFrames::Between([200, 300])),
                    Some(8),
                    None,
                ),
                stage(
                    StageStart::Share(0.8),
                    Some(CropFrames::Fixed(400)),
                    Some(4),
                    Some(false),
                ),
            ],
            ..TrainConfig::paper(8)
        };
        let schedule = BatchSchedule::new(&config, &manifest).unwrap();
        assert_eq!(
            schedule.samplers.len(),
            2,
            "the first and the last draw alike"
        );
        let plain = TrainConfig {
            stages: Vec::new(),
            ..config.clone()
        };
        let plain = BatchSchedule::new(&plain, &manifest).unwrap();
        let mut lengths = std::collections::BTreeSet::new();
        for step in 0..100 {
            let plan = schedule.at(step);
            let size = plan.items.items.len();
            assert_eq!(plan.items, schedule.plan(step));
            match step {
                0..40 => {
                    assert_eq!((size, plan.crop_frames), (12, 40));
                    assert_eq!(plan.is_changed, step >= 10);
                    assert_eq!(plan.items, plain.plan(step));
                }
                40..80 => {
                    assert_eq!((size, plan.is_changed), (24, true));
                    assert_eq!(plan.crop_frames, schedule.at(step).crop_frames);
                    lengths.insert(plan.crop_frames);
                }
                _ => {
                    assert_eq!((size, plan.crop_frames, plan.is_changed), (12, 400, false));
                    assert_eq!(plan.items, plain.plan(step));
                }
            }
        }
        assert!(lengths.len() > 5 && lengths.iter().all(|frames| (200..=300).contains(frames)));
    }
}
