//! Results as they are written down: each names its list, the list's hash and its counts.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{BootstrapIntervals, BootstrapSettings, Interval, bootstrap_interval};
use crate::{
    Cut, CutResult, Dendrogram, EmbeddingMatrix, EvalError, Linkage, LowestRates, Metric,
    agglomerative, best_threshold, cut_and_score, eer, lowest_rates, min_dcf, roc_auc,
};

/// Which list a result belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListIdentity {
    /// Name of the trial list or set of points, a file name say.
    pub name: String,
    /// Hash of its content, so that equal names of different lists are told apart.
    pub hash: String,
}

/// Everything about one scored trial list. Rates are between 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationReport {
    /// The list.
    pub list: ListIdentity,
    /// Number of same-speaker trials.
    pub n_target: usize,
    /// Number of different-speaker trials.
    pub n_nontarget: usize,
    /// Equal error rate.
    pub eer: f64,
    /// Threshold of the equal error rate.
    pub eer_threshold: f64,
    /// Normalised minimum detection cost.
    pub min_dcf: f64,
    /// Threshold of the minimum detection cost.
    pub min_dcf_threshold: f64,
    /// Prior of a target trial in the detection cost.
    pub p_target: f64,
    /// Cost of a miss in the detection cost.
    pub c_miss: f64,
    /// Cost of a false alarm in the detection cost.
    pub c_false_alarm: f64,
    /// Area under the ROC.
    pub roc_auc: f64,
    /// Mean score of same-speaker trials.
    pub mean_same: f64,
    /// Mean score of different-speaker trials.
    pub mean_different: f64,
    /// Intervals over speakers, where the speakers are known and enough.
    pub interval: Option<IntervalReport>,
}

/// Bootstrap intervals over speakers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IntervalReport {
    /// Interval of the equal error rate.
    pub eer: Interval,
    /// Interval of the minimum detection cost.
    pub min_dcf: Interval,
    /// Share of the resamples inside.
    pub confidence: f64,
    /// Resamples that could be scored.
    pub resamples: usize,
    /// Number of speakers drawn from.
    pub n_speakers: usize,
}

impl From<BootstrapIntervals> for IntervalReport {
    fn from(intervals: BootstrapIntervals) -> Self {
        Self {
            eer: intervals.eer,
            min_dcf: intervals.min_dcf,
            confidence: intervals.confidence,
            resamples: intervals.usable_resamples,
            n_speakers: intervals.num_speakers,
        }
    }
}
