//! What a training is made on, and where and how it runs: what does not belong to its recipe.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use diagnosis::journal::Event;
use speech_data::{Manifest, TrialList};

use crate::data::{Skipped, Teacher};
use crate::initial::Initial;

/// The recordings of a training.
#[derive(Clone, Debug)]
pub struct TrainData {
    /// Training utterances.
    pub train: Manifest,
    /// Development trials, over recordings below `dev_root`; may be empty.
    pub dev: Vec<TrialList>,
    /// Speakers and sessions of the development recordings, where they are known: their names are the trials'.
    pub dev_manifest: Option<Manifest>,
    /// What the trials' names are relative to.
    pub dev_root: PathBuf,
    /// The data in words, for the bundle.
    pub description: String,
    /// A model that is learned from: what it makes of the training recordings is what losses on a teacher compare with.
    pub teacher: Option<Teacher>,
    /// The model whose weights the training begins with; a run that goes on does not read it again.
    pub initial: Option<Initial>,
    /// A ready model that the run is measured against on the same development trials; it takes no part in the training.
    pub yardstick: Option<Teacher>,
    /// A ready model that listens to some of the recordings before the first step, and says whether their labels are right.
    pub listener: Option<Teacher>,
    /// Recordings of which nobody knows the speaker, or is to know: losses on a teacher hear them too.
    pub unlabelled: Option<Manifest>,
}

/// Where and how a training runs: what does not belong to its recipe. Steps compute the same whatever is here, but for
/// the device; how many are taken also depends on `resume`, `on_collapse` and `interrupted`.
#[derive(Debug)]
pub struct RunOptions<'a> {
    /// The run's directory.
    pub out: PathBuf,
    /// Where features are cached.
    pub cache: PathBuf,
    /// What computes.
    pub device: Device,
    /// Threads that make batches ahead.
    pub num_workers: usize,
    /// Whether to go on from the last checkpoint in `out`.
    pub resume: bool,
    /// What to do where all outputs have become alike.
    pub on_collapse: OnCollapse,
    /// Set from outside to stop after the step at hand, or the recording where they are prepared.
    pub interrupted: &'a AtomicBool,
    /// Commit of the program, for journal and bundle.
    pub commit: String,
    /// What was typed to begin the training, for the journal, where it was begun so.
    pub command: Option<String>,
}

impl RunOptions<'_> {
    /// Whether nobody has asked to stop.
    pub(crate) fn goes_on(&self) -> bool {
        !self.interrupted.load(Ordering::Relaxed)
    }
}

/// What a run does where its outputs have become alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCollapse {
    /// Says so, and goes on.
    #[default]
    Warn,
    /// Says so, saves and ends.
    Stop,
}

/// What a training tells whoever watches.
#[derive(Debug)]
pub enum Notice<'a> {
    /// So many of so many recordings have their features.
    Preparing {
        /// Recordings done.
        done: usize,
        /// Recordings in all.
        total: usize,
    },
    /// Another model has heard so many of so many recordings.
    Listening {
        /// Which model.
        who: &'a str,
        /// Recordings done.
        done: usize,
        /// Recordings in all.
        total: usize,
    },
    /// Recordings that cannot be used.
    Skipped(&'a [Skipped]),
    /// What became of the weights of the model that a training goes on from.
    Taken(&'a str),
    /// Something that costs time or steps, but no data.
    Warning(&'a str),
    /// A line of the journal.
    Event(&'a Event),
}

/// Who is told, from any thread.
pub(crate) type Notify<'a> = &'a (dyn Fn(Notice<'_>) + Sync);
