//! The lines of a journal by their kind.

use serde::{Deserialize, Serialize};

use super::number::{nan, null_is_nan};
use super::steps::StepSummary;
use crate::{Check, Finding, Measurements, Verdict};

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run starts or goes on.
    Start(Start),
    /// Means over the steps since the last such line.
    Steps(StepSummary),
    /// An evaluation on the development trials.
    Evaluation(Evaluation),
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
    /// Which model to use, before the run ends.
    Choice(Choice),
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
        /// Time since this part of the run began, with all that it prepared and evaluated, in s.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
        /// Time that the steps alone took, over all parts of the run, in s.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        training_seconds: Option<f64>,
    },
}

/// What a run says when it starts or goes on. A count that an older journal lacks is 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Start {
    /// Steps that were already taken.
    pub step: u64,
    /// Steps at most.
    pub max_steps: u64,
    /// Training speakers.
    pub num_speakers: usize,
    /// Training utterances.
    pub num_utterances: usize,
    /// Parameters of encoder and head.
    pub num_parameters: usize,
    /// Expected share of same-speaker pairs in a batch, 0 to 1.
    pub same_share: Option<f64>,
    /// Commit of the program.
    pub commit: String,
    /// What was typed to begin it, as a shell reads it, where it was begun so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What it is trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<StartData>,
    /// The model that it learns from, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<StartTeacher>,
    /// Recordings without labels, which the teacher alone says something of.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_unlabelled: usize,
    /// The share of a batch that they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlabelled_share: Option<f64>,
    /// The model whose weights it began with, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<StartInitial>,
    /// A ready model that the run is measured against, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yardstick: Option<Yardstick>,
}

/// A ready model on a run's development trials, over recordings as they are. It takes no part in the training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Yardstick {
    /// Its name.
    pub name: String,
    /// Hash of its bundle.
    pub hash: String,
    /// The development trials by its embeddings.
    pub dev: Vec<ListResult>,
    /// Their mean EER, 0 to 1.
    pub dev_eer: Option<f64>,
    /// Why it was not measured, or not on all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The training data of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartData {
    /// In words.
    pub description: String,
    /// Hash of the names of its utterances and their speakers.
    pub hash: String,
}

/// The model that a run went on from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartInitial {
    /// Its name.
    pub name: String,
    /// Hash of its bundle.
    pub hash: String,
    /// Tensors of its encoder that were taken.
    pub num_taken: usize,
    /// Tensors of the encoder that it had not.
    pub num_new: usize,
    /// Tensors of its encoder that fit nowhere.
    pub num_unused: usize,
}

/// The model that a run learns from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartTeacher {
    /// Its name.
    pub name: String,
    /// Commit of the program that trained it, or imported it.
    pub commit: String,
    /// Hash of its bundle.
    pub hash: String,
    /// The development trials by its own embeddings.
    pub dev: Vec<ListResult>,
    /// Their mean EER, 0 to 1.
    pub dev_eer: Option<f64>,
}

/// An evaluation on the development trials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// Steps taken; 0 is the untrained network.
    pub step: u64,
    /// Result by list.
    pub lists: Vec<ListResult>,
    /// Mean EER over the lists, 0 to 1.
    pub mean_eer: Option<f64>,
    /// Mean EER of the untrained network.
    pub untrained_eer: Option<f64>,
    /// Whether it is the best so far.
    pub best: bool,
    /// The thresholds that the development trials give, where they are enough for some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<FittedThresholds>,
    /// Why they give none, or not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_thresholds: Option<String>,
}

/// Thresholds that development trials give a model, and what they are made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FittedThresholds {
    /// Score of equal error rates, the mean over the lists over recordings as they are.
    pub verify: f64,
    /// Distance (1 - cosine, complete linkage) at which the recordings are best divided into their speakers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<f64>,
    /// Trials of one speaker.
    pub num_target: usize,
    /// Trials of two speakers.
    pub num_nontarget: usize,
    /// Recordings that the trials name.
    pub num_recordings: usize,
    /// Speakers of these, as far as they are known.
    pub num_speakers: usize,
}

/// Which of the models that a run knows does best on its development trials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Steps taken.
    pub step: u64,
    /// Which to use.
    pub model: ChosenModel,
    /// Best mean EER of the run, 0 to 1.
    pub run_eer: Option<f64>,
    /// Mean EER before the first step: of the untrained network, or of the model that the run went on from.
    pub before_eer: Option<f64>,
    /// The run at its best against the yardstick: mean EER of both over the lists that both were measured on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside_yardstick: Option<[f64; 2]>,
    /// Whether these two lie nearer to each other than chance puts them on so few trials.
    pub is_close: bool,
}

/// A model to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenModel {
    /// The best of the run.
    #[default]
    Run,
    /// The one that the run went on from.
    Initial,
    /// The ready one that the run was measured against.
    Yardstick,
    /// None that is known here: the run is no better than before its first step.
    None,
}

/// The result of one trial list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListResult {
    /// The list's name.
    pub list: String,
    /// Equal error rate, 0 to 1.
    #[serde(deserialize_with = "null_is_nan")]
    pub eer: f64,
    /// Normalised minimum detection cost at `p_target` 0.01 and unit costs.
    #[serde(default = "nan", deserialize_with = "null_is_nan")]
    pub min_dcf: f64,
    /// Number of target trials; 0 where an older journal does not say it.
    #[serde(default)]
    pub n_target: usize,
    /// Number of non-target trials; likewise.
    #[serde(default)]
    pub n_nontarget: usize,
    /// Where the EER would lie with other speakers, in 95 of 100 draws, where the trials allow to say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eer_interval: Option<RateInterval>,
}

/// Two ends of an error rate, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Why a run has ended. The other names are those of runs that the ladder wrote before it had the journal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// All steps were taken.
    #[serde(alias = "limit")]
    MaxSteps,
    /// The time was up.
    MaxMinutes,
    /// The development EER had not become better for too long.
    #[serde(alias = "patience")]
    EarlyStop,
    /// Somebody stopped it; it can go on.
    #[serde(alias = "interruption")]
    Interrupted,
    /// The outputs had become alike, and the run was to stop then.
    Collapse,
    /// The loss or its gradient was NaN or infinite.
    NonFinite,
}

impl EndReason {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxSteps => "max_steps",
            Self::MaxMinutes => "max_minutes",
            Self::EarlyStop => "early_stop",
            Self::Interrupted => "interrupted",
            Self::Collapse => "collapse",
            Self::NonFinite => "non_finite",
        }
    }
}

impl Event {
    /// Steps that had been taken when the line was written.
    #[must_use]
    pub fn step(&self) -> u64 {
        match self {
            Self::Start(start) => start.step,
            Self::Steps(summary) => summary.step,
            Self::Evaluation(evaluation) => evaluation.step,
            Self::Choice(choice) => choice.step,
            Self::Preflight { step, .. }
            | Self::Diagnosis { step, .. }
            | Self::Verdict { step, .. }
            | Self::Checkpoint { step }
            | Self::End { step, .. } => *step,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
