//! What a run says about itself: one JSON object a line in `journal.jsonl`, and to whoever watches.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use diagnosis::{Check, Finding, Measurements, Verdict};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::evaluate::ListResult;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run starts or goes on.
    Start {
        /// Steps that were already taken.
        step: u64,
        /// Steps at most.
        max_steps: u64,
        /// Training speakers.
        num_speakers: usize,
        /// Training utterances.
        num_utterances: usize,
        /// Parameters of encoder and head.
        num_parameters: usize,
        /// Expected share of same-speaker pairs in a batch.
        same_share: f64,
        /// Commit of the program.
        commit: String,
    },
    /// Means over the steps since the last such line.
    Steps(StepSummary),
    /// An evaluation on the development trials.
    Evaluation {
        /// Steps taken; 0 is the untrained network.
        step: u64,
        /// Result by list.
        lists: Vec<ListResult>,
        /// Mean EER over the lists.
        mean_eer: Option<f64>,
        /// Mean EER of the untrained network.
        untrained_eer: Option<f64>,
        /// Whether it is the best so far.
        best: bool,
    },
    /// What was checked before the first step.
    Preflight {
        /// Steps that were already taken.
        step: u64,
        /// Every check with its answer.
        checks: Vec<Check>,
        /// EER of mean and deviation of the log-mel bands on the development lists: no network at all.
        statistics_eer: Option<f64>,
        /// The same after within-class whitening learned on training speakers.
        whitened_statistics_eer: Option<f64>,
        /// Time that it took.
        seconds: f64,
    },
    /// What an evaluation measured beside the development EER, and what is new about it.
    Diagnosis {
        /// Steps taken.
        step: u64,
        /// The measurements.
        measurements: Box<Measurements>,
        /// Findings that are new, or graver than before.
        findings: Vec<Finding>,
        /// Time that it took.
        seconds: f64,
    },
    /// What the whole run amounts to, after its end.
    Verdict {
        /// Steps taken.
        step: u64,
        /// In a word.
        verdict: Verdict,
        /// Findings that no earlier line has.
        findings: Vec<Finding>,
    },
    /// A checkpoint is whole on disk.
    Checkpoint {
        /// Steps taken.
        step: u64,
    },
    /// The run has ended.
    End {
        /// Steps taken.
        step: u64,
        /// Why.
        reason: EndReason,
    },
}

/// Means over some steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepSummary {
    /// Steps taken.
    pub step: u64,
    /// Loss.
    pub loss: f64,
    /// Loss while all outputs are alike.
    pub plateau: f64,
    /// Mean divergence of same-speaker pairs (nats).
    pub same_divergence: f64,
    /// Mean divergence of different-speaker pairs (nats).
    pub different_divergence: f64,
    /// Mean hinge of different-speaker pairs (nats).
    pub different_hinge: f64,
    /// Gradient norm before clipping.
    pub gradient_norm: f64,
    /// Norm of all weights after the last of the steps.
    pub weight_norm: f64,
    /// Learning rate of the last of the steps.
    pub learning_rate: f64,
    /// Training speakers visited since the run's first step.
    pub speakers_visited: usize,
    /// Training utterances visited since the run's first step.
    pub utterances_visited: usize,
    /// Segments a second, all included.
    pub segments_per_second: f64,
    /// Share of the time spent waiting for batches.
    pub wait_share: f64,
}

/// Why a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// All steps were taken.
    MaxSteps,
    /// The time was up.
    MaxMinutes,
    /// The EER had not become better for too long.
    EarlyStop,
    /// Somebody asked.
    Interrupted,
    /// The outputs had become alike, and the run was to stop then.
    Collapse,
    /// The loss or its gradient was no longer a number.
    NonFinite,
}

/// Appends events to `journal.jsonl`.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
}

/// The lines of the journal in a run's directory. A last line that is only half written, as in a run that goes on, and
/// lines of kinds that this version does not know are left out.
///
/// # Errors
/// [`TrainError::Io`] where it cannot be read.
pub fn read_journal(run: &Path) -> Result<Vec<Event>, TrainError> {
    let path = run.join("journal.jsonl");
    let text = std::fs::read(&path).map_err(TrainError::io(&path))?;
    let lines = text.split(|&byte| byte == b'\n');
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

impl Journal {
    /// Opens the journal in `run`, empty for a new run; where it goes on from a step, later lines, which the interrupted process had
    /// written after its last checkpoint, are dropped, so that each step stands there once.
    pub(crate) fn open(run: &Path, resumed_at: Option<u64>) -> Result<Self, TrainError> {
        let path = run.join("journal.jsonl");
        let mut kept = Vec::new();
        if let Ok(file) = File::open(&path) {
            for line in BufReader::new(file).lines() {
                let line = line.map_err(TrainError::io(&path))?;
                match serde_json::from_str::<Event>(&line) {
                    Ok(event) if resumed_at.is_some_and(|step| event.step() <= step) => {
                        kept.extend_from_slice(line.as_bytes());
                        kept.push(b'\n');
                    }
                    _ => {}
                }
            }
        }
        durable::write(&path, &kept).map_err(TrainError::io(&path))?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(TrainError::io(&path))?;
        Ok(Self { path, file })
    }

    pub(crate) fn write(&mut self, event: &Event) -> Result<(), TrainError> {
        let mut line =
            serde_json::to_vec(event).map_err(|error| TrainError::io(&self.path)(error.into()))?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(TrainError::io(&self.path))
    }
}

impl Event {
    fn step(&self) -> u64 {
        match self {
            Self::Start { step, .. }
            | Self::Evaluation { step, .. }
            | Self::Preflight { step, .. }
            | Self::Diagnosis { step, .. }
            | Self::Verdict { step, .. }
            | Self::Checkpoint { step }
            | Self::End { step, .. } => *step,
            Self::Steps(summary) => summary.step,
        }
    }
}
