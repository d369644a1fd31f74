//! A batch plan to a batch of numbers, and the workers that make batches ahead of the training step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use audio_features::FrontEnd;
use audio_features::augment::Augmenter;
use pair_sampler::BatchItem;
use sound_augment::{Speed, Workspace};
use speaker_model::{LossBatch, TeacherRows};
use speech_data::{Manifest, Utterance};

use super::bank::FeatureBank;
use super::samples::{CropOf, SampleCrops};
use super::schedule::{BatchSchedule, StepPlan};
use super::teacher::TeacherVectors;
use super::unlabelled::Unlabelled;
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
    /// Speaker label of each segment that has one; those without stand behind them.
    pub speakers: Vec<usize>,
    /// Explicit pairs of segments, where the sampler draws pairs.
    pub pairs: Option<Vec<(usize, usize)>>,
    /// Index of each segment's utterance in the manifest; recordings without a label are counted on behind those.
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
            num_unlabelled: self.utterances.len() - self.speakers.len(),
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
    unlabelled: Option<&'a Unlabelled>,
}

/// A segment that is to be cut out of an utterance.
struct Drawn<'a> {
    item: BatchItem,
    utterance: &'a Utterance,
    /// The speed that it is heard at; none for that of the recording.
    speed: Option<&'a Speed>,
    /// What the teacher makes of the utterance, where there is a teacher.
    vector: Option<&'a [f32]>,
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
            unlabelled: None,
        }
    }

    /// The same, of crops of samples where there are some.
    #[must_use]
    pub(crate) fn with_samples(self, samples: Option<&'a SampleCrops>) -> Self {
        Self { samples, ..self }
    }

    /// The same, with what a teacher says where there is one, also of recordings without labels where there are some.
    #[must_use]
    pub(crate) fn with_teacher(
        self,
        teacher: Option<&'a TeacherVectors>,
        unlabelled: Option<&'a Unlabelled>,
    ) -> Self {
        Self {
            teacher,
            unlabelled,
            ..self
        }
    }

    /// The segments of the batch of `step`, those with a label first.
    fn drawn(&self, step: u64, items: &[BatchItem]) -> Vec<Drawn<'a>> {
        let num_labelled = self.manifest.utterances.len();
        let labelled = items.iter().map(|&item| Drawn {
            item,
            utterance: &self.manifest.utterances[item.utterance],
            speed: self
                .samples
                .and_then(|samples| samples.speed(item.utterance)),
            vector: self.teacher.map(|teacher| teacher.of(item.utterance)),
        });
        let unlabelled = self.unlabelled.into_iter().flat_map(|unlabelled| {
            let drawn = unlabelled.items(step, items.len()).into_iter();
            drawn.map(move |item| Drawn {
                item: BatchItem {
                    utterance: num_labelled + item.utterance,
                    ..item
                },
                utterance: &unlabelled.manifest().utterances[item.utterance],
                speed: None,
                vector: Some(unlabelled.vector(item.utterance)),
            })
        });
        labelled.chain(unlabelled).collect()
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
        let drawn = self.drawn(step, &items.items);
        let num_segments = drawn.len();
        let shape = [*crop_frames, num_segments, num_bins];
        let mut features = vec![0.0; shape.iter().product()];
        let mut lengths = Vec::with_capacity(num_segments);
        for (index, drawn) in drawn.iter().enumerate() {
            let mut crop = self.crop(drawn, &plan, workspace)?;
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
            let rows = drawn.iter().filter_map(|drawn| drawn.vector);
            Taught {
                dim: teacher.dim(),
                vectors: rows.flatten().copied().collect(),
            }
        });
        let full = lengths.iter().all(|&length| length == *crop_frames);
        Ok(Batch {
            features,
            shape,
            lengths: (!full).then_some(lengths),
            speakers: items.items.iter().map(|item| item.speaker).collect(),
            pairs: items.pairs.clone(),
            utterances: drawn.iter().map(|drawn| drawn.item.utterance).collect(),
            step,
            teacher,
        })
    }

    /// Network input of a segment's crop, `[frames, bins]`.
    fn crop(
        &self,
        drawn: &Drawn<'_>,
        plan: &StepPlan,
        workspace: &mut Workspace,
    ) -> Result<Vec<f32>, TrainError> {
        let &StepPlan {
            crop_frames,
            is_changed,
            ..
        } = plan;
        let item = &drawn.item;
        let augmenter = self.augmenter.filter(|_| is_changed);
        if let Some(samples) = self.samples {
            let of = CropOf {
                utterance: drawn.utterance,
                speed: drawn.speed,
                others: self.manifest,
                item,
                is_changed,
                augmenter,
                front_end: self.front_end,
                crop_frames,
            };
            return samples.crop(&of, workspace);
        }
        let location = &drawn.utterance.location;
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
