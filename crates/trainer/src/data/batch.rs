//! A batch plan to a batch of numbers, and the workers that make batches ahead of the training step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use audio_features::FrontEnd;
use audio_features::augment::Augmenter;
use pair_sampler::BatchItem;
use sound_augment::Workspace;
use speaker_model::{LossBatch, TeacherRows};
use speech_data::Manifest;

use super::bank::FeatureBank;
use super::samples::{CropOf, SampleCrops};
use super::schedule::{BatchSchedule, StepPlan};
use super::teacher::TeacherVectors;
use crate::TrainError;

/// One training step's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[frames, segments, bins]`, row-major.
    pub features: Vec<f32>,
    /// `[frames, segments, bins]`
    pub shape: [usize; 3],
    /// Valid frames of each segment, where some recording is shorter than a crop.
    pub lengths: Option<Vec<usize>>,
    /// Speaker label of each segment.
    pub speakers: Vec<usize>,
    /// Explicit pairs of segments, where the sampler draws pairs.
    pub pairs: Option<Vec<(usize, usize)>>,
    /// Index of each segment's utterance in the manifest.
    pub utterances: Vec<usize>,
    /// The step that it is of, from 0.
    pub step: u64,
    /// What a teacher makes of the utterances, where there is a teacher.
    pub teacher: Option<Taught>,
}

/// A teacher's vectors of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// Numbers of a vector.
    pub dim: usize,
    /// `[segments, dim]`, row-major.
    pub vectors: Vec<f32>,
}

impl Batch {
    /// What its loss is a function of, beside the network's outputs.
    #[must_use]
    pub fn labels(&self) -> LossBatch<'_> {
        LossBatch {
            labels: &self.speakers,
            pairs: self.pairs.as_deref(),
            step: self.step,
            num_unlabelled: 0,
            teacher: self.teacher.as_ref().map(|taught| TeacherRows {
                dim: taught.dim,
                vectors: &taught.vectors,
                recordings: &self.utterances,
            }),
        }
    }
}

/// Makes the batch of any step; all it needs is shared and read-only.
pub struct BatchMaker<'a> {
    manifest: &'a Manifest,
    schedule: &'a BatchSchedule,
    bank: &'a FeatureBank,
    front_end: &'a FrontEnd,
    augmenter: Option<&'a Augmenter>,
    samples: Option<&'a SampleCrops>,
    teacher: Option<&'a TeacherVectors>,
}

impl<'a> BatchMaker<'a> {
    /// A maker of the batches of `schedule` over the usable recordings of `manifest`, changed by `augmenter` where the schedule
    /// says so.
    #[must_use]
    pub fn new(
        manifest: &'a Manifest,
        schedule: &'a BatchSchedule,
        bank: &'a FeatureBank,
        front_end: &'a FrontEnd,
        augmenter: Option<&'a Augmenter>,
    ) -> Self {
        Self {
            manifest,
            schedule,
            bank,
            front_end,
            augmenter,
            samples: None,
            teacher: None,
        }
    }

    /// The same, of crops of samples where there are some.
    #[must_use]
    pub(crate) fn with_samples(self, samples: Option<&'a SampleCrops>) -> Self {
        Self { samples, ..self }
    }

    /// The same, with what a teacher says where there is one.
    #[must_use]
    pub(crate) fn with_teacher(self, teacher: Option<&'a TeacherVectors>) -> Self {
        Self { teacher, ..self }
    }

    /// The batch of `step`, a pure function of the configuration, the data and the step.
    ///
    /// # Errors
    /// [`TrainError`] for a recording that could be read before training and no longer can.
    pub fn batch(&self, step: u64) -> Result<Batch, TrainError> {
        self.batch_in(step, &mut Workspace::default())
    }

    /// The same with the buffers of a thread.
    fn batch_in(&self, step: u64, workspace: &mut Workspace) -> Result<Batch, TrainError> {
        let plan = self.schedule.at(step);
        let num_bins = self.front_end.config().num_bins;
        let StepPlan {
            items, crop_frames, ..
        } = &plan;
        let num_segments = items.items.len();
        let shape = [*crop_frames, num_segments, num_bins];
        let mut features = vec![0.0; shape.iter().product()];
        let mut lengths = Vec::with_capacity(num_segments);
        for (index, item) in items.items.iter().enumerate() {
            let mut crop = self.crop(item, &plan, workspace)?;
            if plan.repeats_short {
                repeat(&mut crop, crop_frames * num_bins);
            }
            let length = crop.len() / num_bins.max(1);
            for (t, frame) in crop.chunks_exact(num_bins).enumerate() {
                let at = (t * num_segments + index) * num_bins;
                features[at..at + num_bins].copy_from_slice(frame);
            }
            lengths.push(length);
        }
        let teacher = self.teacher.map(|teacher| {
            let rows = items.items.iter();
            Taught {
                dim: teacher.dim(),
                vectors: rows
                    .flat_map(|item| teacher.of(item.utterance))
                    .copied()
                    .collect(),
            }
        });
        let full = lengths.iter().all(|&length| length == *crop_frames);
        Ok(Batch {
            features,
            shape,
            lengths: (!full).then_some(lengths),
            speakers: items.items.iter().map(|item| item.speaker).collect(),
            pairs: items.pairs.clone(),
            utterances: items.items.iter().map(|item| item.utterance).collect(),
            step,
            teacher,
        })
    }

    /// Network input of an item's crop, `[frames, bins]`.
    fn crop(
        &self,
        item: &BatchItem,
        plan: &StepPlan,
        workspace: &mut Workspace,
    ) -> Result<Vec<f32>, TrainError> {
        let &StepPlan {
            crop_frames,
            is_changed,
            ..
        } = plan;
        let augmenter = self.augmenter.filter(|_| is_changed);
        if let Some(samples) = self.samples {
            let of = CropOf {
                manifest: self.manifest,
                item,
                is_changed,
                augmenter,
                front_end: self.front_end,
                crop_frames,
            };
            return samples.crop(&of, workspace);
        }
        let location = &self.manifest.utterances[item.utterance].location;
        let hop_s = self.front_end.config().hop_s();
        let choose = |num_frames: usize| {
            let start = item.crop.start_frame(num_frames, crop_frames, hop_s);
            start..start + crop_frames.min(num_frames - start)
        };
        if augmenter.is_none() && self.front_end.finishes_frames_alone() {
            let mut crop = self.bank.crop(location, choose)?;
            self.front_end.finish(&mut crop);
            return Ok(crop.into_data());
        }
        // Rooms ring on, silence is found by the loudest frames, and a mean is over all: these need the whole recording.
        let mut recording = self.bank.log_mel(location)?.into_features();
        if let Some(augmenter) = augmenter {
            augmenter.augment(item.seed, &mut recording);
        }
        self.front_end.finish(&mut recording);
        let mut crop = recording.rows(choose(recording.num_frames())).to_vec();
        if let Some(augmenter) = augmenter {
            augmenter.mask(item.seed, &mut crop);
        }
        Ok(crop)
    }
}

/// Repeats what there is from its beginning until there are `wanted` numbers.
fn repeat(crop: &mut Vec<f32>, wanted: usize) {
    let (own, wanted) = (crop.len(), wanted.max(crop.len()));
    if own == 0 {
        return;
    }
    crop.reserve(wanted - own);
    while crop.len() < wanted {
        let missing = wanted - crop.len();
        crop.extend_from_within(..own.min(missing));
    }
}

/// Batches that one worker keeps ready.
const AHEAD: usize = 2;

/// Runs `consume` beside `num_workers` threads that make the batches from `first_step` on ahead of it.
///
/// Worker w makes steps w, w + n, w + 2n, … and has its own bounded queue, so that the order of batches never
/// depends on which worker is quicker.
pub(crate) fn with_batches<T>(
    maker: &BatchMaker<'_>,
    first_step: u64,
    num_workers: usize,
    consume: impl FnOnce(&mut BatchQueue) -> T,
) -> T {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut receivers = Vec::with_capacity(num_workers);
        for worker in 0..num_workers as u64 {
            let (sender, receiver) = sync_channel(AHEAD);
            receivers.push(receiver);
            let ended = &ended;
            let first = first_step + worker;
            scope.spawn(move || produce(maker, first, num_workers as u64, &sender, ended));
        }
        let mut queue = BatchQueue {
            receivers,
            next: 0,
            waited: Duration::ZERO,
        };
        let result = consume(&mut queue);
        ended.store(true, Ordering::Relaxed);
        // Dropping the receivers wakes workers that wait for room in their queues.
        drop(queue);
        result
    })
}

fn produce(
    maker: &BatchMaker<'_>,
    first: u64,
    stride: u64,
    sender: &SyncSender<Result<Batch, TrainError>>,
    ended: &AtomicBool,
) {
    let mut workspace = Workspace::default();
    let mut step = first;
    while !ended.load(Ordering::Relaxed)
        && sender.send(maker.batch_in(step, &mut workspace)).is_ok()
    {
        step += stride;
    }
}

/// The batches in the order of their steps.
pub(crate) struct BatchQueue {
    receivers: Vec<Receiver<Result<Batch, TrainError>>>,
    next: usize,
    waited: Duration,
}

impl BatchQueue {
    /// The next step's batch.
    pub(crate) fn next(&mut self) -> Result<Batch, TrainError> {
        let begin = Instant::now();
        let batch = self.receivers[self.next].recv();
        self.waited += begin.elapsed();
        self.next = (self.next + 1) % self.receivers.len();
        // Workers end only after this queue, or by a panic, which the scope passes on.
        batch.unwrap_or(Err(TrainError::WorkerDied))
    }

    /// Time that the training step has waited for data.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }
}
