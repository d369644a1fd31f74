//! A run as far as it is known: what [`crate::judge`] looks at.

use serde::{Deserialize, Serialize};

use crate::journal::{EndReason, Event, StepSummary};
use crate::{Check, ListRate, Measurements};

/// Everything that is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// What does not change over the run.
    pub facts: Facts,
    /// What was checked before the first step.
    pub preflight: Vec<Check>,
    /// The training steps, or means over some of them, in order.
    pub trace: Vec<StepSummary>,
    /// The evaluations, in order; that of step 0 is of the untrained network.
    pub evaluations: Vec<Measurements>,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// What does not change over a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Distance that the loss asks for between different speakers, where it compares pairs; as [`crate::journal::PairFacts`] counts it.
    pub margin: Option<f64>,
    /// Steps at most.
    pub max_steps: Option<u64>,
    /// Training speakers.
    pub num_speakers: Option<usize>,
    /// Expected share of same-speaker pairs in a batch.
    pub same_share: Option<f64>,
    /// Segments in a batch.
    pub batch_segments: Option<usize>,
    /// Whether embeddings are centred before they are scored.
    pub centred: bool,
    /// Whether training recordings are changed (rooms, channels, noise).
    pub augments: bool,
    /// The teacher's own EER on the development lists, 0 to 1, where there is a teacher.
    pub teacher_eer: Option<f64>,
    /// The model whose weights the run began with, where it began with one.
    pub initial: Option<String>,
    /// EER of mean and deviation of the log-mel bands on the development lists: no network at all.
    pub statistics_eer: Option<f64>,
    /// The same after within-class whitening learned on the training speakers.
    pub whitened_statistics_eer: Option<f64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Steps taken.
    pub step: u64,
    /// Why.
    pub reason: EndReason,
}

impl Run {
    /// A run that begins with `facts` and has these lines in its journal.
    pub fn new<'a>(facts: Facts, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut run = Self {
            facts,
            ..Self::default()
        };
        for event in events {
            run.add(event);
        }
        run
    }

    /// Adds a line of the journal to what is known.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Start(start) => {
                self.facts.max_steps = Some(start.max_steps);
                self.facts.num_speakers = Some(start.num_speakers);
                self.facts.same_share = start.same_share;
                let teacher = start.teacher.as_ref();
                self.facts.teacher_eer = teacher.and_then(|teacher| teacher.dev_eer);
                let initial = start.initial.as_ref();
                self.facts.initial = initial.map(|initial| initial.name.clone());
                // A run that goes on has not ended.
                self.end = None;
            }
            Event::Preflight {
                checks,
                statistics_eer,
                whitened_statistics_eer,
                ..
            } => {
                self.preflight.clone_from(checks);
                self.facts.statistics_eer = *statistics_eer;
                self.facts.whitened_statistics_eer = *whitened_statistics_eer;
            }
            Event::Steps(summary) => self.trace.push(summary.clone()),
            Event::Evaluation(evaluation) => {
                let dev = evaluation.lists.iter().map(|result| ListRate {
                    list: result.list.clone(),
                    eer: result.eer,
                    untrained_eer: None,
                });
                self.measured(Measurements {
                    step: evaluation.step,
                    dev: dev.collect(),
                    dev_eer: evaluation.mean_eer,
                    untrained_eer: evaluation.untrained_eer,
                    ..Measurements::default()
                });
            }
            Event::Diagnosis { measurements, .. } => self.measured((**measurements).clone()),
            Event::End { step, reason, .. } => {
                self.end = Some(End {
                    step: *step,
                    reason: *reason,
                });
            }
            Event::Checkpoint { .. } | Event::Choice(_) | Event::Verdict { .. } => {}
        }
    }

    /// Puts the measurements of a step in the place of what was known of it.
    pub fn measured(&mut self, measurements: Measurements) {
        self.evaluations
            .retain(|evaluation| evaluation.step < measurements.step);
        self.evaluations.push(measurements);
    }
}
